"""Pretrained models in the programs that the rules call: asked through their template, trained as they want it."""

from __future__ import annotations

import re
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

import build_graph
import evaluate_adapter
import sample_items
import train_adapter
import train_base
from trap.files import InputError, read_json, read_jsonl, write_jsonl
from trap.models.loading import link_model, load_model
from trap.models.prompted import Prompted, prompted
from trap.platforms.torch import TorchModel
from trap.workflow.config import Chat, Model, load_config
from trap.workflow.opening import open_study
from trap.workflow.running import folder_hash

TWICE = "{% for m in messages %}{{ m.content }}\n{{ m.content }}{% endfor %}"
COUNTS = {"easy": 12, "valid_easy": 2, "valid_hard": 2, "eval_hard": 3}
SHAPE = {"hidden": 32, "layers": 1, "heads": 2, "kv_heads": 2, "intermediate": 48}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """A graph, a few questions, and a small model folder with a chat template."""
    folder = tmp_path_factory.mktemp("prepared")
    data, config = folder / "data", str(root / "config/config.yaml")
    source = str(root / "config/hops/graph")
    assert build_graph.main(["--source", source, "--output", str(data / "kg.json")]) == 0
    for pool, count in COUNTS.items():
        how = [
            "--config",
            config,
            "--study",
            "hops",
            "--pool",
            pool,
            "--count",
            str(count),
            "--data",
            str(data),
        ]
        assert sample_items.main([*how, "--output", str(data / f"{pool}.jsonl")]) == 0
    study = open_study(load_config(config), "hops", data)
    train_base.fresh_model(Model(**SHAPE), study, 1, "cpu").save(folder / "source")
    (folder / "source/chat_template.jinja").write_text(TWICE)
    return folder


class Project:
    """Those in a folder of their own, with settings."""

    def __init__(self, folder: Path, root: Path, prepared: Path) -> None:
        self.folder, self.root, self.data = folder, root, folder / "data"
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        self.model(folder / "source")

    def settings(self, **model: Any) -> str:
        values = yaml.safe_load((self.root / "config/config.yaml").read_text(encoding="utf-8"))
        values |= {"device": "cpu", "catalogue": str(self.root / "config/models.yaml")}
        values["models"]["own"] = model
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(values))
        return str(path)

    def model(self, source: Path, most: int = 300, **more: Any) -> None:
        """Settings of a model that learns with hyperparameters of its own."""
        small = {
            "tune": "lora",
            "optim": "adamw",
            "batch_size": 4,
            "max_length": most,
            "max_completion_length": 5,
        }
        hyper = {"all": {**small, "prompts": 8, "probes": 1}, "sft": {"max_steps": 2}}
        self.config = self.settings(source=str(source), chat={}, hyper=hyper, **more)

    def run(self, name: str) -> str:
        return str(self.folder / "runs" / name)

    def arguments(self, arm: str) -> list[str]:
        return [
            "--config", self.config, "--study", "hops", "--model", "own", "--platform", "torch", "--seed", "1",
            "--data", str(self.data), "--output", self.run(arm),
        ]  # fmt: skip

    def of(self, arm: str) -> list[str]:
        return [*self.arguments(arm), "--sheet", str(self.root / "config/hops/arms.tsv"), "--arm", arm]

    def link(self) -> None:
        corpus = str(self.data / "easy.jsonl")  # which a linked model does not read
        assert train_base.main([*self.arguments("base"), "--corpus", corpus]) == 0

    def train(self) -> int:
        return train_adapter.main([*self.of("sft"), "--lineage", self.run("base")])


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
    assert (meta["hyper"]["batch_size"], meta["hyper"]["max_steps"], meta["data"]["steps"]) == (4, 2, 2)
    assert meta["adapter"]["format"] == "peft"
    asked.clear()
    more = [
        "--lineage",
        project.run("base"),
        project.run("sft"),
        "--pools",
        str(project.data / "eval_hard.jsonl"),
    ]
    more += ["--validation", *(str(project.data / f"valid_{kind}.jsonl") for kind in ("easy", "hard"))]
    assert evaluate_adapter.main([*project.of("sft"), *more]) == 0
    assert len(asked) >= 3 and all(map(doubled, asked))
    assert read_json(Path(project.run("sft")) / "metrics.json", dict)["splits"]


def test_the_template_is_linked_with_the_model(project: Project) -> None:
    linked = Path(project.run("base")) / "adapter"
    assert (linked / "chat_template.jinja").read_text(encoding="utf-8") == TWICE
    assert read_json(linked.parent / "meta.json", dict)["hashes"]["adapter"] == folder_hash(linked)


def test_a_pretrained_base_goes_on_with_the_corpus(project: Project, asked: list[str]) -> None:
    linked = Path(project.run("base")) / "adapter"
    before = read_json(linked.parent / "meta.json", dict)["hashes"]["adapter"]
    hyper = {
        "all": {"optim": "adamw", "batch_size": 2, "max_length": 300, "max_completion_length": 5, "prompts": 8, "probes": 0},
        "base": {"tune": "full", "max_steps": 2},
        "sft": {"tune": "lora", "max_steps": 2},
    }  # fmt: skip
    project.config = project.settings(
        source=str(project.folder / "source"), chat={}, corpus=True, hyper=hyper
    )
    study = open_study(load_config(project.config), "hops", project.data)
    corpus = project.folder / "corpus.jsonl"
    write_jsonl(corpus, list(islice(study.corpus(), 6)))
    assert train_base.main([*project.arguments("base"), "--corpus", str(corpus)]) == 0
    meta = read_json(linked.parent / "meta.json", dict)
    assert meta["data"] == {"n_train": 6, "steps": 2} and meta["hashes"]["adapter"] != before
    assert asked and not any(map(doubled, asked))  # plain text, not through the template
    assert (linked / "chat_template.jinja").read_text(encoding="utf-8") == TWICE
    assert [row["step"] for row in read_jsonl(linked.parent / "log.jsonl", dict)] == [1, 2]
    assert project.train() == 0  # and arms start from it


def test_a_model_of_the_hub_is_linked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    commit = "c" * 40
    snapshot = tmp_path / "models--some--model/snapshots" / commit
    snapshot.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "chat_template.jinja", "model.bin", "README.md"):
        (snapshot / name).write_text(name)
    known = huggingface_hub.snapshot_download

    def cached(*names: str, **how: Any) -> str:
        return known(*names, cache_dir=tmp_path, local_files_only=True, **how)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", cached)
    spec = Model(source="some/model", revision=commit)
    assert link_model(spec, tmp_path / "linked") == {
        "format": "model",
        "source": "some/model",
        "revision": commit,
    }
    linked = sorted(path.name for path in (tmp_path / "linked").iterdir())
    assert linked == ["chat_template.jinja", "config.json", "model.safetensors"]
    with pytest.raises(
        InputError, match=r"^models: source 'some/other' is no local folder and could not be fetched"
    ):
        link_model(Model(source="some/other", revision=commit), tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: no config\.json: not a model folder"):
        link_model(Model(source=str(tmp_path / "empty")), tmp_path / "other")


def test_a_model_that_is_trained_here_is_asked_in_plain_text(project: Project) -> None:
    base = [Path(project.run("base")) / "adapter"]
    config = load_config(project.config)
    assert isinstance(load_model(config, "own", "torch", base), Prompted)
    assert isinstance(load_model(config, "nano", "torch", base, "cpu"), TorchModel)
    with pytest.raises(InputError, match="unknown platform 'abacus'"):
        load_model(config, "own", "abacus", base)


def test_no_memory_while_it_is_loaded_is_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("trap.platforms.torch.read_model", fails)
    with pytest.raises(InputError, match=r"^models\.own: not enough memory \(MemoryError\)"):
        load_model(load_config(project.config), "own", "torch", [Path(project.run("base")) / "adapter"])


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
    def fit(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(TorchModel, "fit", fit)
    assert project.train() == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and words in error[0] and "list_models.py" in error[0]
    assert not list(Path(project.run("sft")).glob("*"))


def test_other_failures_keep_their_traceback(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: Any, **__: Any) -> None:
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
    arguments = project.of("sft")
    arguments[arguments.index("own")] = "nobody"
    assert train_adapter.main([*arguments, "--lineage", project.run("base")]) == 1
    assert capsys.readouterr().err.startswith("error: config: no model `nobody` (known: ")
