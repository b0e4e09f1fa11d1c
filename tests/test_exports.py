"""Studies as tasks of other packages: each export is loaded by the real package and agrees with our scores, item by item."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

import export_task
from skips import needs
from trap.exports.contents import Export
from trap.exports.formats import FORMATS, identifier
from trap.files import InputError
from trap.studies.base import score_item
from trap.workflow.config import load_config
from trap.workflow.opening import open_study

ROOT = Path(__file__).resolve().parent.parent
COUNT = 6
# A study of each kind: pools of a graph, programs, puzzles, and a task of a package.
STUDIES = [
    "hops",
    "traces",
    "clues",
    pytest.param("spell_backward", marks=pytest.mark.filterwarnings("ignore")),
]


@pytest.fixture
def made(tmp_path: Path, hops_data: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Exports a study; gives the folder and the study that it was exported from."""
    monkeypatch.chdir(ROOT)

    def export(study: str, kind: str, *more: str) -> tuple[Path, Any]:
        folder = tmp_path / f"{study}_{kind}"
        data = ["--data", str(hops_data)]
        arguments = [
            "--study",
            study,
            "--format",
            kind,
            "--count",
            str(COUNT),
            "--output",
            str(folder),
            *data,
            *more,
        ]
        assert export_task.main(arguments) == 0
        return folder, open_study(load_config("config/config.yaml"), study, hops_data)

    return export


def completions(study: Any, item: Any, other: Any) -> list[str]:
    """Right, wrong, half, empty and odd ones."""
    right = study.reference(item)
    return [
        right,
        study.reference(other),
        right[: len(right) // 2],
        f" {right} ",
        "",
        "so it is \u2028 {",
        *study.options_of(item),
    ]


def asked(study: Any, pool: str) -> list[Any]:
    """The first items of a pool, as its file holds them."""
    made = study.items(pool, COUNT)
    return [msgspec.json.decode(msgspec.json.encode(item), type=study.record) for item in made]


def pairs(study: Any, pool: str) -> list[tuple[Any, str]]:
    items = asked(study, pool)
    return [(item, text) for at, item in enumerate(items) for text in completions(study, item, items[at - 1])]


def numbers(study: Any, item: Any, text: str) -> dict[str, float]:
    """Our score, straight from the study, as numbers."""
    score = score_item(study, item, text)
    told = {**score.measures, "value": score.value, "correct": score.correct, "format": score.format}
    if score.faithful is not None:
        told["faithful"] = score.faithful
    return {name: float(value) for name, value in told.items() if isinstance(value, bool | int | float)}


@pytest.fixture
def importing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports the package of an export, which is forgotten after the test."""
    names = []

    def load(folder: Path, study: str) -> Any:
        names.append(identifier(study))
        monkeypatch.syspath_prepend(str(folder))
        return importlib.import_module(names[-1])

    yield load
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("study", STUDIES)
def test_an_export_opens_as_the_study_that_it_was(study: str, made: Any) -> None:
    folder, source = made(study, "dataset")
    export = Export(folder / "export")
    for pool in export.about.pools:
        assert export.items(pool) == asked(source, pool)
    pool = export.pool().name
    for item, text in pairs(source, pool):
        again = export.reopened(json.loads(json.dumps(msgspec.to_builtins(item))))
        assert again == item
        assert export.numbers(export.score(again, text)) == pytest.approx(numbers(source, item, text))
        for reward in source.reward_names[:4]:
            score = score_item(source, item, text)
            ours = sum(source.rewards[reward](item, score, text).values())
            assert export.reward(again, score, text, reward) == pytest.approx(ours)


@needs("trl")  # which brings datasets
@pytest.mark.parametrize("study", STUDIES)
def test_a_dataset_folder_is_loaded_and_scored(study: str, made: Any, tmp_path: Path) -> None:
    from datasets import load_dataset

    folder, source = made(study, "dataset")
    export = Export(folder / "export")
    splits = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert set(splits) == set(export.about.pools)
    pool = export.pool().name
    items = asked(source, pool)
    for row, item in zip(splits[pool], items, strict=True):
        assert (row["id"], row["prompt"], row["level"]) == (item.id, item.prompt, item.level)
        again = export.reopened(json.loads(row["item"]))
        assert (
            export.score(again, row["reference"]).value
            == 1
            == score_item(source, item, row["reference"]).value
        )
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| `{pool}` | {COUNT} |" in card and "a model that trained on it is contaminated" in card


@needs("gym")
@pytest.mark.parametrize("study", STUDIES)
def test_reasoning_gym_scores_as_we_do(study: str, made: Any, importing: Any) -> None:
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    folder, source = made(study, "reasoning-gym")
    name = identifier(study)
    try:
        importing(folder, study)
        dataset = reasoning_gym.create_dataset(name)
        pool = Export(folder / name).pool().name
        assert len(dataset) == COUNT
        items = asked(source, pool)
        for at, (entry, item) in enumerate(zip(dataset, items, strict=True)):
            assert entry["question"] == item.prompt
            assert dataset.score_answer(entry["answer"], entry) == 1
            assert dataset.score_answer(None, entry) == score_item(source, item, "").value
            for text in completions(source, item, items[at - 1]):
                assert dataset.score_answer(text, entry) == score_item(source, item, text).value
    finally:
        DATASETS.pop(name, None)


@needs("tasks")
@pytest.mark.parametrize("study", STUDIES)
def test_lm_eval_scores_as_we_do(study: str, made: Any) -> None:
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    folder, source = made(study, "lm-eval")
    pool = Export(folder / identifier(study)).pool().name
    items = asked(source, pool)
    by_prompt = {item.prompt: (at, item) for at, item in enumerate(items)}
    task = f"{identifier(study)}_{pool}"
    for turn in range(len(completions(source, items[0], items[1]))):
        said: dict[str, str] = {}

        class Written(LM):
            """Answers each prompt with one of the texts."""

            def generate_until(
                self, requests: Any, disable_tqdm: bool = False, turn: int = turn, said: Any = said
            ) -> list[str]:
                for request in requests:
                    at, item = by_prompt[request.args[0]]
                    said[item.id] = completions(source, item, items[at - 1])[turn]
                return [said[by_prompt[request.args[0]][1].id] for request in requests]

            def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
                raise NotImplementedError

            loglikelihood_rolling = loglikelihood

        found = lm_eval.simple_evaluate(
            model=Written(), tasks=[task], task_manager=TaskManager(include_path=str(folder), include_defaults=False),
            bootstrap_iters=0, log_samples=True,
        )  # fmt: skip
        samples = found["samples"][task]
        assert len(samples) == COUNT
        for sample in samples:
            item = next(one for one in items if one.id == sample["doc"]["id"])
            ours = numbers(source, item, said[item.id])
            theirs = {name: sample[name] for name in ours}
            assert theirs == pytest.approx(ours)
        mean = sum(score_item(source, item, said[item.id]).value for item in items) / COUNT
        assert found["results"][task]["value,none"] == pytest.approx(mean)


@needs("tasks")
@pytest.mark.parametrize("study", STUDIES)
def test_verifiers_scores_as_we_do(study: str, made: Any, importing: Any) -> None:
    import verifiers.v1 as vf
    from verifiers.v1.configs.agent import AgentConfig
    from verifiers.v1.graph import MessageNode
    from verifiers.v1.trace import AgentInfo, Trace, TraceTask
    from verifiers.v1.utils.loaders import taskset_class

    folder, source = made(study, "verifiers")
    module = importing(folder, study)
    assert taskset_class(identifier(study)) is module.ExportedTaskset
    from trap.exports.for_verifiers import StudyTaskConfig, StudyTasksetConfig

    # in a thread of its own, for the browser of other tests leaves this one with a running loop
    alone = ThreadPoolExecutor(max_workers=1)
    reward = source.reward_names[-1]
    for name in ("", reward):
        config = StudyTasksetConfig(id=identifier(study), task=StudyTaskConfig(reward=name))
        tasks = list(module.ExportedTaskset(config))
        pool = Export(folder / identifier(study)).pool().name
        items = asked(source, pool)
        assert [task.data.prompt for task in tasks] == [item.prompt for item in items]
        for at, (task, item) in enumerate(zip(tasks, items, strict=True)):
            for text in completions(source, item, items[at - 1]):
                trace = Trace(
                    task=TraceTask(type=type(task).__name__, data=task.data), agent=AgentInfo(config=AgentConfig()),
                    nodes=[
                        MessageNode(message=vf.UserMessage(content=item.prompt)),
                        MessageNode(message=vf.AssistantMessage(content=text), parent=0, sampled=True),
                    ],
                )  # fmt: skip
                alone.submit(asyncio.run, task.score(trace)).result()
                score = score_item(source, item, text)
                ours = sum(source.rewards[name](item, score, text).values()) if name else score.value
                assert trace.rewards["value"].value == pytest.approx(ours)
                assert trace.metrics == pytest.approx(numbers(source, item, text))


def test_every_format_is_refused_alike(made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in FORMATS:
        for arguments, words in (
            (["--study", "nothing"], "no study `nothing`"),
            (["--study", "traces", "--pools", "elsewhere"], "no pool 'elsewhere'"),
            (["--study", "traces", "--count", "0"], "--count: at least 1, not 0"),
        ):
            where = [
                "--config",
                str(ROOT / "config/config.yaml"),
                "--format",
                kind,
                "--output",
                str(tmp_path / "made"),
            ]
            assert export_task.main([*arguments, *where]) == 1
            lines = capsys.readouterr().err.splitlines()
            assert len(lines) == 1 and words in lines[0], lines
            assert not (tmp_path / "made").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    where = ["--study", "traces", "--count", "2", "--format", "dataset", "--output", str(tmp_path / "mine")]
    assert export_task.main(where) == 1
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "mine/notes.txt").read_text() == "mine"


def test_an_export_says_what_it_lacks(made: Any) -> None:
    folder, _ = made("traces", "dataset", "--pools", "valid_easy")
    export = Export(folder / "export")
    assert export.pool().name == "valid_easy"
    with pytest.raises(InputError, match=r"pool 'easy' was not exported \(there are valid_easy\)"):
        export.items("easy")
    item = export.items()[0]
    with pytest.raises(InputError, match="no reward 'none'"):
        export.reward(item, export.score(item, ""), "", "none")
    with pytest.raises(InputError, match=r"export\.json: no such file"):
        Export(folder)
