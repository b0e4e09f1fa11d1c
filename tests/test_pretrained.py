"""Pretrained models in the programs that the rules call: asked through their template, trained as they want it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import sample_questions
import yaml

import build_graph
import run_pretrained
import train_adapter
import train_base
from trap.files import InputError, read_json
from trap.models.prompted import prompted
from trap.platforms.torch import TorchModel
from trap.workflow.config import Chat, Model
from trap.workflow.running import folder_hash

TWICE = "{% for m in messages %}{{ m.content }}\n{{ m.content }}{% endfor %}"
COUNTS = {"easy": 12, "valid_easy": 2, "valid_hard": 2, "eval_hard": 3}
SHAPE = {"hidden": 32, "layers": 1, "heads": 2, "kv_heads": 2, "intermediate": 48}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A graph, a few questions, and a small model folder with a chat template."""
    folder = tmp_path_factory.mktemp("prepared")
    graph = str(folder / "data/kg.json")
    assert build_graph.main(["--source", str(root / "config/graph"), "--output", graph]) == 0
    for pool, count in COUNTS.items():
        how = [
            "--pool",
            pool,
            "--count",
            str(count),
            "--seed",
            "0",
            "--style",
            "well_posed",
            "--prompt",
            "minimal",
        ]
        assert (
            sample_questions.main(["--graph", graph, *how, "--output", str(folder / f"data/{pool}.jsonl")])
            == 0
        )
    train_base.fresh_model(Model(**SHAPE), graph, 1, "cpu").save(folder / "source")
    (folder / "source/chat_template.jinja").write_text(TWICE)
    return folder


class Project:
    """Those in a folder of their own, with settings."""

    def __init__(self, folder: Path, root: Path, prepared: Path) -> None:
        self.folder, self.root, self.data = folder, root, folder / "data"
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        self.model(folder / "source")

    @property
    def graph(self) -> str:
        return str(self.data / "kg.json")

    def settings(self, **model: Any) -> str:
        values = yaml.safe_load((self.root / "config/config.yaml").read_text(encoding="utf-8"))
        values |= {"arms": str(self.root / "config/arms.tsv"), "device": "cpu"}
        values["catalogue"] = str(self.root / "config/models.yaml")
        values["models"]["own"] = model
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        return str(path)

    def model(self, source: Path, most: int = 300, **more: Any) -> None:
        """Settings of a model that learns with hyperparameters of its own."""
        small = {"tune": "lora", "optimizer": "adamw", "batch": 4, "max_tokens": most, "max_new_tokens": 5}
        hyper = {"all": {**small, "prompts": 8, "probes": 1}, "sft": {"steps": 2}}
        self.config = self.settings(source=str(source), chat={}, hyper=hyper, **more)

    def run(self, name: str) -> str:
        return str(self.folder / "runs" / name)

    def arguments(self, arm: str) -> list[str]:
        return [
            "--config", self.config, "--arms", str(self.root / "config/arms.tsv"), "--arm", arm, "--study", "hops",
            "--model", "own", "--platform", "torch", "--seed", "1", "--graph", self.graph, "--output", self.run(arm),
        ]  # fmt: skip

    def link(self) -> None:
        same = self.arguments("base")
        del same[2:6]  # --arms and --arm
        assert run_pretrained.main(["train_base", *same, "--facts", str(self.data / "easy.jsonl")]) == 0

    def train(self) -> int:
        more = ["--data", str(self.data), "--parents", self.run("base")]
        return run_pretrained.main(["train_adapter", *self.arguments("sft"), *more])


@pytest.fixture
def project(tmp_path: Path, root: Path, prepared: Path) -> Project:
    made = Project(tmp_path, root, prepared)
    made.link()
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the model beneath is asked, to fit, to sample and to score."""
    texts: list[str] = []
    for name, prompts in (
        ("sample", lambda made: made),
        ("fit", lambda made: [e.prompt for e in made]),
        ("logprobs", lambda made: [e.prompt for e in made]),
    ):
        before = getattr(TorchModel, name)

        def spy(self: Any, made: Any, *rest: Any, before: Any = before, prompts: Any = prompts, **more: Any) -> Any:  # fmt: skip
            texts.extend(prompts(made))
            return before(self, made, *rest, **more)

        monkeypatch.setattr(TorchModel, name, spy)
    return texts


def doubled(text: str) -> bool:
    half = (len(text) - 1) // 2
    return text[:half] == text[half + 1 :] and text[half] == "\n"


def test_training_and_evaluation_go_through_the_template(project: Project, asked: list[str]) -> None:
    assert project.train() == 0
    assert len(asked) == 8 + 2 * 2 and all(
        map(doubled, asked)
    )  # what was learned, and one probe of two pools
    meta = read_json(Path(project.run("sft")) / "meta.json", dict)
    assert (meta["hyper"]["batch"], meta["hyper"]["steps"], meta["data"]["steps"]) == (4, 2, 2)
    assert meta["adapter"]["format"] == "peft"
    asked.clear()
    more = [
        "--chain",
        project.run("base"),
        project.run("sft"),
        "--pools",
        str(project.data / "eval_hard.jsonl"),
    ]
    more += ["--validation", *(str(project.data / f"valid_{kind}.jsonl") for kind in ("easy", "hard"))]
    assert run_pretrained.main(["evaluate_adapter", *project.arguments("sft"), *more]) == 0
    assert len(asked) >= 3 and all(map(doubled, asked))
    assert read_json(Path(project.run("sft")) / "metrics.json", dict)["splits"]


def test_the_template_is_linked_with_the_model(project: Project) -> None:
    linked = Path(project.run("base")) / "adapter"
    assert (linked / "chat_template.jinja").read_text(encoding="utf-8") == TWICE
    assert train_base.link_model.__module__ == "train_base"  # what was replaced is back
    assert read_json(linked.parent / "meta.json", dict)["hashes"]["adapter"] == folder_hash(linked)


def test_a_template_in_a_file_of_its_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked, source = tmp_path / "linked", tmp_path / "source"
    for folder in (linked, source):
        folder.mkdir()
    spec = Model(source=str(source))
    assert run_pretrained.described(linked, spec) == linked  # no such file: the tokenizer's settings hold it
    (source / "chat_template.jinja").write_text(TWICE)
    assert run_pretrained.described(linked, spec) == source
    (linked / "chat_template.jinja").write_text(TWICE)
    assert run_pretrained.described(linked, spec) == linked


def test_a_template_in_the_hub_s_cache_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    commit = "c" * 40
    snapshot = tmp_path / "models--some--model/snapshots" / commit
    snapshot.mkdir(parents=True)
    known = huggingface_hub.try_to_load_from_cache
    monkeypatch.setattr(
        huggingface_hub, "try_to_load_from_cache", lambda *a, **how: known(*a, cache_dir=tmp_path, **how)
    )
    spec = Model(source="some/model", revision=commit)
    assert run_pretrained.described(tmp_path / "linked", spec) == tmp_path / "linked"
    (snapshot / "chat_template.jinja").write_text(TWICE)
    assert run_pretrained.described(tmp_path / "linked", spec) == snapshot


def test_the_program_itself_is_left_as_it_was(project: Project) -> None:
    before = train_adapter.load_platform, train_adapter.load_config
    assert project.train() == 0
    assert (train_adapter.load_platform, train_adapter.load_config) == before


def test_nothing_is_cut_to_fit_and_nothing_half_written(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.model(project.folder / "source", most=20)
    assert project.train() == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and "8 of 8 examples (100.0%) do not fit 20 tokens" in error[0]
    assert not list(Path(project.run("sft")).glob("*"))


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (MemoryError(), "not enough memory (MemoryError)"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory\nmore"),
            "can't allocate memory)",
        ),
    ],
)
def test_no_memory_is_one_line(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, raised: Exception, words: str
) -> None:  # fmt: skip
    def fit(*_: Any) -> None:
        raise raised

    monkeypatch.setattr(TorchModel, "fit", fit)
    assert project.train() == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and words in error[0] and "list_models.py" in error[0]
    assert not list(Path(project.run("sft")).glob("*"))


def test_other_failures_keep_their_traceback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: Any) -> None:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(TorchModel, "fit", fit)
    with pytest.raises(RuntimeError, match="shapes differ"):
        project.train()


def test_a_tokenizer_of_another_model_is_refused(project: Project) -> None:
    source = project.folder / "source"
    config = source / "config.json"
    config.write_text(re.sub(r'"vocab_size": \d+', '"vocab_size": 20', config.read_text()))
    with pytest.raises(InputError, match=r"tokenizer\.json: token \d+, but config\.json says vocab_size 20"):
        prompted(None, source, Chat())


def test_a_model_that_the_settings_do_not_have_is_one_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = project.arguments("sft")
    arguments[arguments.index("own")] = "nobody"
    assert run_pretrained.main(["train_adapter", *arguments]) == 1
    assert f"error: {project.config}: no model `nobody` (known: " in capsys.readouterr().err
