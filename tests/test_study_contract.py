"""What every study owes the workflow: its gates hold, any text has a score, items depend on their index alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import check_study
from hops_data import write_graph
from trap.files import InputError, read_json, write_jsonl
from trap.studies import gates
from trap.studies.base import BaseStudy, Score, load_study, rank_item, reward_parts, score_item, study_class
from trap.studies.columns import GENERIC, item_columns
from trap.studies.making import lines
from trap.workflow.config import read_yaml
from trap.workflow.registry import members

ROOT = Path(__file__).resolve().parent.parent
LITTLE = ROOT / "tests/data/little_study"
ITEMS = 12


class Case(NamedTuple):
    """A study as it is opened: its module and its options."""

    module: str
    options: dict[str, Any]
    seed: int


def cases() -> dict[str, Case]:
    """Every study that has settings here (config/STUDY/study.yaml), and the little one of the tests."""
    found = {"sums": Case("sums", {}, 0)}
    for path in sorted((ROOT / "config").glob("*/study.yaml")):
        values = read_yaml(path)
        found[path.parent.name] = Case(
            values.get("module") or path.parent.name, values.get("options") or {}, values.get("seed", 0)
        )
    return found


CASES = cases()
SOURCES = {"hops": write_graph}  # what writes the files that items are made from


class Opened(NamedTuple):
    study: BaseStudy
    files: dict[str, Path]

    def fresh(self) -> BaseStudy:
        return load_study(
            self.study.name, msgspec.to_builtins(self.study.options), self.study.data, self.study.seed
        )


@pytest.fixture(scope="module", params=sorted(CASES))
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """A study with a few items of each pool that every run reads."""
    case = CASES[request.param]
    data = tmp_path_factory.mktemp(case.module)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(LITTLE)  # where a study of one's own lies in `studies/`
        kind = study_class(case.module)
        if kind.sources(msgspec.convert(case.options, kind.Options)):
            SOURCES[case.module](data)
        study = load_study(case.module, case.options, data, case.seed)
        try:
            files = {pool.name: data / f"{pool.name}.jsonl" for pool in study.pools if not pool.extra}
            for name, path in files.items():
                write_jsonl(path, study.items(name, ITEMS))
        except InputError as error:
            if "is missing" in str(error):
                pytest.skip(str(error))
            raise
        yield Opened(study, files)


def test_every_study_here_is_among_the_cases() -> None:
    assert set(members("study")) <= {case.module for case in CASES.values()}


def test_the_gates_hold(opened: Opened) -> None:
    found = gates.check(opened.study, opened.files)
    assert found.violations == []
    assert {pool.pool for pool in found.pools} == set(opened.files)
    honest = [pool for pool in found.pools if opened.study.pool(pool.pool).honest]
    assert honest and all(pool.reference == 1 and pool.empty < 1 and pool.permuted_items for pool in honest)


def texts_of(study: BaseStudy, item: Any) -> st.SearchStrategy[str]:
    """Any text, and texts like an answer: parts of the reference, twice, cut, with something between."""
    reference = study.reference(item)
    cut = st.integers(0, len(reference))
    part = st.builds(lambda a, b: reference[min(a, b) : max(a, b)], cut, cut)
    piece = st.one_of(
        part, st.text(max_size=20), st.just(reference), st.sampled_from(["", "\n", *study.options_of(item)])
    )
    return st.one_of(st.text(), st.lists(piece, max_size=4).map("".join))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_text_has_a_score_and_a_row(opened: Opened, data: st.DataObject) -> None:
    study = opened.study
    pool = data.draw(st.sampled_from(sorted(opened.files)))
    item = data.draw(st.sampled_from(study.read(opened.files[pool])))
    text = data.draw(texts_of(study, item))
    score = score_item(study, item, text, pool)
    assert isinstance(score, Score) and 0 <= score.value <= 1 and score == study.score(item, text)
    assert score.faithful is None or (score.correct or not score.faithful)
    assert study.answers_with_reasons == (score.faithful is not None)
    row = study.row(item, score)
    columns = item_columns(type(study))
    assert row.keys() == columns.keys() - {
        "study",
        "model",
        "platform",
        "arm",
        "seed",
        "pool",
        "ranked",
        "tokens",
    }
    pl.DataFrame([row], schema={name: columns[name] for name in row}, strict=True)
    for reward in study.reward_names:
        parts = reward_parts(study, reward, item, score, text)
        assert all(isinstance(name, str) for name in parts)
        assert rank_item(study, reward, item, score, text)[0] == pytest.approx(sum(parts.values()))
    episode = msgspec.to_builtins(study.episode(item, text, score, phase="p", step=1, kept=True, pool=pool))
    assert (episode["ex_id"], episode["completion"], episode["kept"]) == (item.id, text, True)
    assert study.choose(item, [text, text]) == text


def test_items_depend_on_their_index_alone(opened: Opened) -> None:
    encode, backwards, in_between = msgspec.json.encode, opened.fresh(), opened.fresh()
    for name, path in reversed(opened.files.items()):
        known, pool = path.read_bytes().splitlines(), backwards.pool(name)
        made = [encode(backwards.make_item(pool, index)) for index in reversed(range(len(known)))]
        assert made[::-1] == known
        assert [line.rstrip() for line in lines(in_between, name, 3, 4)] == known[3:7]
        assert [encode(item) for item in opened.study.read(path)] == known  # read as it was written


def test_a_summary_holds_numbers(opened: Opened) -> None:
    study = opened.study
    for name, path in opened.files.items():
        scores = [study.score(item, study.reference(item)) for item in study.read(path)]
        found = study.summary(scores)
        assert found["n_examples"] == len(scores) and 0 <= found["accuracy"] <= 1
        assert json.loads(json.dumps(found)) == found, name


def test_declarations_fit_each_other(opened: Opened) -> None:
    study = opened.study
    assert set(study.reward_names) == set(study.rewards)
    assert not {measure.name for measure in study.measures} & GENERIC.keys()
    assert {"train", "evaluation"} <= {pool.role for pool in study.pools}
    for pool in study.pools:
        if pool.ranked and pool.name in opened.files:
            assert all(len(study.options_of(item)) > 1 for item in study.read(opened.files[pool.name]))


# --- gates that must not hold -----------------------------------------------------------------------

FAULTS = {
    "no_reference": ("def reference(self, item): return ''", "of references that should score 1"),
    "no_key": ("def score(self, item, text): return Score(1.0, True) if text else Score(0.0, False)", "under a permuted"),
    "rewards_nothing": ("def score(self, item, text): return Score(1.0, True)", "of empty completions that score too"),
    "raises": ("def score(self, item, text): return 1 / 0", "pool small: item small-0: the grader raised ZeroDivision"),
    "no_score": ("def score(self, item, text): return Score(7.0, True)", "the grader gave no score from 0 to 1"),
    "shares": (
        "def make_item(self, pool, index): return Item(id=f'{pool.name}-{index}', prompt=f'{index}?', answer=index,"
        " reference=str(index))\n"
        "    def score(self, item, text): return Score(float(text == str(item.answer)), text == str(item.answer))",
        "share the prompt of 12 items",
    ),
    "counts_calls": (
        "calls = 0\n"
        "    def make_item(self, pool, index):\n"
        "        self.calls += 1\n"
        "        return msgspec.structs.replace(super().make_item(pool, index), id=f'{index} {self.calls}')",
        "other bytes than one",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_study_does_not_pass(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, words = FAULTS[fault]
    shutil.copytree(LITTLE / "studies/sums", tmp_path / f"studies/sound_{fault}")
    folder = tmp_path / f"studies/broken_{fault}"
    folder.mkdir()
    source = f"import msgspec\nfrom trap.studies.sound_{fault}.study import Study as Sound, Item, Score\n\n\n"
    (folder / "study.py").write_text(f"{source}class Study(Sound):\n    {body}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    study = load_study(folder.name, {}, tmp_path / "data")
    files = {name: tmp_path / "data" / f"{name}.jsonl" for name in ("small", "asked_small")}
    for name, path in files.items():
        write_jsonl(path, study.items(name, ITEMS))
    violations = gates.check(study, files).violations
    assert any(words in line and f"study {folder.name}" in line for line in violations), violations
    assert all("\n" not in line for line in violations)


def test_the_program_says_what_is_wrong(
    tmp_path: Path, root: Path, hops_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaked = load_study("hops", {}, hops_data).items("eval_leak", ITEMS)
    write_jsonl(tmp_path / "eval_leak.jsonl", leaked)
    shutil.copy(tmp_path / "eval_leak.jsonl", tmp_path / "valid_hard.jsonl")  # what it evaluates on
    common = ["--config", str(root / "config/config.yaml"), "--study", "hops", "--data", str(hops_data)]
    common += ["--output", str(tmp_path / "gates.json"), "--pools", str(tmp_path / "eval_leak.jsonl")]
    assert check_study.main([*common, "--gate"]) == 0
    bad = [*common, str(tmp_path / "valid_hard.jsonl")]
    capsys.readouterr()
    assert check_study.main(bad) == 0 and check_study.main([*bad, "--gate"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert all(line.startswith("error: ") for line in said)
    assert any("share the start and chain of 12 items" in line for line in said)
    assert any("valid_hard.jsonl: its items are not those that the study makes now" in line for line in said)
    assert [line.removeprefix("error: ") for line in said[: len(said) // 2]] == read_json(
        tmp_path / "gates.json", dict
    )["violations"]
    (tmp_path / "nonsense.jsonl").write_text("", encoding="utf-8")
    assert check_study.main([*common, str(tmp_path / "nonsense.jsonl")]) == 1
    assert "error: " in capsys.readouterr().err
