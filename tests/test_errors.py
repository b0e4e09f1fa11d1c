"""What traces get wrong first: every kind on written completions, one kind for any text, tables that add up."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collect_traces
import tabulate_results
from make_items import make_items, write_runs
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.collect import collect, write_items, write_table
from trap.analysis.summaries import Summaries
from trap.files import InputError, write_json, write_jsonl
from trap.studies.hops.analysis.branches import (
    BINS,
    branch_table,
    branches_text,
    question_branches,
    walk_chance,
)
from trap.studies.hops.analysis.error_tables import ACROSS, ERROR_COLUMNS, error_table, errors_text
from trap.studies.hops.analysis.errors import KINDS, STEPPED, TraceReader
from trap.studies.hops.analysis.traces import TRACE_COLUMNS, read_traces
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import Edge, Entity, GraphFile, Question, QuestionMeta, Reference, Relation
from trap.studies.hops.records import Path as Walk
from trap.studies.hops.reward import to_episode
from trap.studies.hops.study import Options, Study
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
# Two ways from Slow: by Disk to Cache and on to two fixes, of which one is an option, and by Net to a dead end.
EDGES = (
    ("Slow", "leads_to", "Disk"), ("Slow", "leads_to", "Net"), ("Slow", "caused_by", "Cache"),
    ("Disk", "caused_by", "Cache"), ("Disk", "leads_to", "Net"), ("Net", "caused_by", "Cable"),
    ("Cache", "fixed_by", "Purge"), ("Cache", "fixed_by", "Restart"), ("Purge", "leads_to", "Slow"),
)  # fmt: skip
NAMES = ("Slow", "Disk", "Net", "Cache", "Cable", "Purge", "Restart", "Wait", "Retry", "Resize")
FILE = GraphFile(
    entities=[Entity(id=name, type="cause") for name in NAMES],
    relations=[Relation(id=name) for name in ("leads_to", "caused_by", "fixed_by")],
    edges=[Edge(src=src, rel=rel, dst=dst) for src, rel, dst in EDGES],
)
CHAIN = ["leads_to", "caused_by", "fixed_by"]
FIRST, SECOND, THIRD = "Slow leads to Disk", "Disk is caused by Cache", "Cache is fixed by Purge"


def question(number: int = 0, pool: str = "eval_hard", chain: list[str] = CHAIN) -> Question:
    entities = ["Slow", "Disk", "Cache", "Purge"][: len(chain) + 1]
    options = {"A": entities[-1], "B": "Wait", "C": "Retry", "D": "Resize"}
    edges = [Edge(src=a, rel=r, dst=b) for a, r, b in zip(entities, chain, entities[1:], strict=False)]
    return Question(
        id=f"{pool}_{number}", split="eval", hop_len=len(chain), question="?", options=options, answer_star="A",
        path_star=Walk(entities=entities, edges=edges), prompt="?", ref=Reference(trace=""),
        meta=QuestionMeta(start="Slow", chain=chain, pool=pool),
    )  # fmt: skip


def written(*clauses: str, letter: str = "A") -> str:
    return f"TRACE: {', and '.join(clauses)}\nANSWER: {letter}"


@pytest.fixture(scope="module")
def reader() -> TraceReader:
    return TraceReader(Graph(FILE))


@pytest.fixture(scope="module")
def spec(root: Path) -> ClaimsFile:
    return msgspec.structs.replace(load_claims(root / "config/hops/claims.yaml", Study), replicates=50)


def summaries(spec: ClaimsFile, items: pl.DataFrame | None = None, sheet: dict | None = None) -> Summaries:
    """Of no runs, or of these items."""
    if items is None:
        items = make_items({"sft": {}}, seeds=1, questions=1)
    study = Study(Options(), Path("nowhere"))
    return Summaries(spec, study, {}, items, pl.DataFrame(), sheet or {}, Path("nowhere"))


@pytest.mark.parametrize(
    ("completion", "reading"),
    [
        (written(FIRST, SECOND, THIRD), ("faithful", 0, 0)),
        (written(FIRST, SECOND, THIRD, letter="B"), ("wrong_letter", 0, 0)),
        (written(FIRST, SECOND, "Cache is fixed by Restart"), ("other_end", 0, 3)),
        (written(FIRST, SECOND, THIRD, "Purge leads to Slow"), ("ran_on", 4, 0)),
        (written(FIRST, SECOND, THIRD, "Purge leads to Wait"), ("ran_on", 4, 0)),
        (written(FIRST, SECOND), ("stopped_early", 3, 0)),
        (written(FIRST, letter="C"), ("stopped_early", 2, 0)),
        (written(), ("stopped_early", 1, 0)),
        (written("Slow leads to Net", "Net is caused by Cable"), ("stopped_early", 3, 1)),
        (written("Slow is caused by Cache", THIRD), ("wrong_relation", 1, 0)),
        (written(FIRST, "Disk leads to Net"), ("wrong_relation", 2, 0)),
        (written(SECOND, THIRD), ("broken_chain", 1, 0)),
        (written(FIRST, "Net is caused by Cable"), ("broken_chain", 2, 0)),
        (written("Slow leads to Cache"), ("false_edge", 1, 0)),
        (written("Disk leads to Slow"), ("false_edge", 1, 0)),  # an edge the other way round
        (written("nobody knows", SECOND), ("false_edge", 1, 0)),
        (written("Slow leads to Net", "Net is caused by Cable", "Cable is fixed by Purge"), ("false_edge", 3, 1)),
        # where two things are wrong with one clause, the order of the module decides
        (written("Wait leads to Retry"), ("false_edge", 1, 0)),
        (written(THIRD), ("broken_chain", 1, 0)),
        # what comes after the first wrong clause is not read
        (written("Slow is caused by Cache", "Cache leads to Purge", "Net leads to Disk"), ("wrong_relation", 1, 0)),
        ("", ("no_format", 0, 0)),
        ("ANSWER: A", ("no_format", 0, 0)),
        (f"{written(FIRST, SECOND, THIRD)}\nANSWER: B", ("no_format", 0, 0)),
    ],
)  # fmt: skip
def test_each_kind(reader: TraceReader, completion: str, reading: tuple) -> None:
    grade, found = reader.read(question(), completion)
    assert tuple(found) == reading
    assert grade.faithful == (reading[0] == "faithful")


def test_every_kind_is_tested_above() -> None:
    marks = [mark for mark in test_each_kind.pytestmark if mark.name == "parametrize"]
    assert {reading[0] for _, reading in marks[0].args[1]} == set(KINDS)


CLAUSES = st.builds(
    "{} {} {}".format, st.sampled_from(NAMES),
    st.sampled_from(["leads to", "is caused by", "is fixed by", "eats"]), st.sampled_from(NAMES),
)  # fmt: skip
TRUE = st.sampled_from([FIRST, SECOND, THIRD])
COMPLETIONS = st.one_of(
    st.text(),
    st.builds(
        lambda clauses, letter, tail: written(*clauses, letter=letter) + tail,
        st.lists(st.one_of(TRUE, CLAUSES, st.text(max_size=12)), max_size=6), st.sampled_from("ABCDE"),
        st.sampled_from(["", "\n", "\nANSWER: A"]),
    ),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(completion=COMPLETIONS)
def test_exactly_one_kind_for_any_text(reader: TraceReader, completion: str) -> None:
    asked = question()
    grade, found = reader.read(asked, completion)
    assert found.kind in KINDS
    assert (found.kind == "no_format") == (not grade.valid_format)
    assert (found.kind == "faithful") == grade.faithful
    assert (found.hop > 0) == (found.kind in STEPPED)
    assert found.kind not in ("faithful", "wrong_letter") or not found.astray
    assert found.kind != "other_end" or found.astray
    assert not found.hop or found.astray < found.hop
    if found.kind == "wrong_letter":
        assert not grade.correct
    if found.kind in (
        "stopped_early",
        "faithful",
        "wrong_letter",
        "other_end",
        "wrong_relation",
        "broken_chain",
    ):
        assert grade.first_false < 0 or grade.first_false >= found.hop
    assert (grade, found) == reader.read(asked, completion)


ANSWERS = st.tuples(
    st.sampled_from(list(KINDS)), st.booleans(), st.integers(1, 2), st.sampled_from(["Slow", "Disk"]),
    st.sampled_from([4, 5]),
)  # fmt: skip


def frame(answers: list[tuple]) -> pl.DataFrame:
    """Traces of one arm: (kind, right letter, seed, start, hops) each."""
    rows = [
        ("hops", "nano", "torch", "sft", seed, "eval_hard", f"q{number}", hops, start,
         kind == "faithful" or (right and kind not in ("wrong_letter", "no_format")), kind,
         2 if kind in STEPPED else 0, int(kind == "other_end"))
        for number, (kind, right, seed, start, hops) in enumerate(answers)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=TRACE_COLUMNS, orient="row")


@settings(max_examples=12, deadline=None)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=12))
def test_shares_add_up(spec: ClaimsFile, answers: list[tuple]) -> None:
    traces = frame(answers)
    table = error_table(traces, summaries(spec))
    assert table.schema == ERROR_COLUMNS
    for _, part in table.group_by("level"):
        values = {row["kind"]: row for row in part.filter(letter="any", hop=0).to_dicts()}
        assert set(values) == {*KINDS, *ACROSS}
        assert sum(values[kind]["value"] for kind in KINDS) == pytest.approx(1, abs=1e-5)
        right = {row["kind"]: row["value"] for row in part.filter(letter="right").to_dicts()}
        assert sum(right.values()) == pytest.approx(values["lucky"]["value"], abs=1e-5)
        for kind in STEPPED:
            by_hop = part.filter(pl.col("kind") == kind, pl.col("hop") > 0)["value"].sum()
            assert by_hop == pytest.approx(values[kind]["value"], abs=1e-5)
            assert right[kind] <= values[kind]["value"]
        assert (part["low"] <= part["value"]).all() and (part["value"] <= part["high"]).all()
    whole = table.filter(pl.col("level") == table["level"].min(), letter="any", hop=0, kind="other_end")
    assert whole["value"].item() == pytest.approx((traces["kind"] == "other_end").mean(), abs=1e-6)


def write_run(folder: Path, arm: str, seed: int, completions: list[str], **changes: Any) -> Path:
    """A run folder with one answer to each question, and one to a pool whose key is wrong."""
    reader = TraceReader(Graph(FILE))
    folder.mkdir(parents=True)
    write_json(
        folder / "meta.json",
        {"study": "hops", "model": "nano", "platform": "torch", "arm": arm, "seed": seed},
    )
    episodes = []
    for number, completion in enumerate(completions):
        for pool in ("eval_hard", "eval_leak_permuted"):
            asked = question(number, pool)
            grade, _ = reader.read(asked, completion)
            episodes.append(
                msgspec.to_builtins(to_episode(asked, completion, grade, phase=arm, step=1)) | changes
            )
    write_jsonl(folder / "episodes.jsonl", episodes)
    return folder


def call(script: Any, **arguments: Any) -> int:
    flat = list(STUDY)
    for name, value in arguments.items():
        flat += [f"--{name}", *map(str, value if isinstance(value, list) else [value])]
    return script.main(flat)


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Graph, one pool of four questions, and two seeds that each answer them."""
    write_json(tmp_path / "kg.json", FILE)
    write_jsonl(tmp_path / "eval_hard.jsonl", [question(number) for number in range(4)])
    answers = [
        written(FIRST, SECOND, THIRD), written(FIRST), written("Slow leads to Cache", letter="D"), "no idea",
    ]  # fmt: skip
    for seed in (1, 2):
        write_run(tmp_path / f"runs/sft/s{seed}", "sft", seed, answers)
    return tmp_path


def collected(folder: Path, output: str = "traces.parquet") -> int:
    return call(
        collect_traces, runs=sorted((folder / "runs").glob("*/s*"), reverse=output != "traces.parquet"),
        data=folder, pools=[folder / "eval_hard.jsonl"], output=folder / output,
    )  # fmt: skip


def test_traces_of_runs(evidence: Path) -> None:
    assert collected(evidence) == collected(evidence, "again.parquet") == 0
    assert (evidence / "traces.parquet").read_bytes() == (evidence / "again.parquet").read_bytes()
    traces = read_traces(evidence / "traces.parquet")
    assert traces.schema == TRACE_COLUMNS and set(traces["pool"]) == {"eval_hard"}
    first = traces.filter(seed=1).sort("id")
    assert first["kind"].to_list() == ["faithful", "stopped_early", "false_edge", "no_format"]
    assert first["hop"].to_list() == [0, 2, 1, 0]
    assert first["correct"].to_list() == [True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ex_id": "eval_hard_9"}, "episodes.jsonl:1: ex_id: eval_hard has no question 'eval_hard_9'"),
        ({"completion": written(FIRST)}, "episodes.jsonl:1: reward: graded otherwise"),
        ({"completion": None}, "episodes.jsonl:1"),
    ],
)
def test_answers_to_something_else_are_one_clear_error(
    evidence: Path, capsys, changes: dict, message: str
) -> None:
    write_run(evidence / "runs/sft/s3", "sft", 3, [written(FIRST, SECOND, THIRD)], **changes)
    assert collected(evidence) == 1
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_table_of_something_else(tmp_path: Path) -> None:
    traces = frame([("faithful", True, 1, "Slow", 4)])
    write_items(traces.with_columns(kind=pl.lit("perfect")), tmp_path / "traces.parquet")
    with pytest.raises(InputError, match="kind: unknown 'perfect'"):
        read_traces(tmp_path / "traces.parquet")
    write_items(traces, tmp_path / "traces.parquet")
    pl.read_parquet(tmp_path / "traces.parquet").drop("astray").write_parquet(tmp_path / "traces.parquet")
    with pytest.raises(InputError, match="astray: column missing"):
        read_traces(tmp_path / "traces.parquet")


def test_errors_text_names_every_kind(spec: ClaimsFile) -> None:
    traces = frame([(kind, True, seed, "Slow", 4) for kind in KINDS for seed in (1, 2)])
    sheet = load_arms(ROOT / "config/hops/arms.tsv")
    sheet["sft"] = msgspec.structs.replace(sheet["sft"], label="SFT on easy")
    text = errors_text(error_table(traces, summaries(spec, sheet=sheet)))
    for name in [*KINDS.values(), *ACROSS.values()]:
        assert f"| {name} |" in text
    assert "| SFT on easy | 4 | 9 x 2 | 11 % [" in text


# --- branches ------------------------------------------------------------------------------------------


def test_branches_of_questions() -> None:
    graph, asked = Graph(FILE), question()
    # one of two ways to Cache, then one of its two fixes; by Net there is none
    assert walk_chance(graph, asked) == 1 / 4
    assert walk_chance(graph, question(chain=CHAIN[:2])) == 1 / 2
    measured = question_branches(graph, {"eval_hard": [asked]})
    assert measured.to_dicts() == [{"pool": "eval_hard", "id": "eval_hard_0", "reachable": 2, "walk": 0.25}]


@given(number=st.integers(1, 60), chance=st.floats(1e-6, 1))
def test_every_question_has_one_bin(number: int, chance: float) -> None:
    for value, by in ((number, "reachable"), (chance, "walk")):
        edges = BINS[by]
        assert sum(low < value <= high for low, high in pairwise(edges)) == 1


def test_branch_table(spec: ClaimsFile) -> None:
    items = make_items({"sft": {"accuracy": 0.5, "faithful": 0.5}}, questions=60, starts=15)
    hard = items.filter(pool="eval_hard")
    names = hard["id"].unique().sort().to_list()
    measured = pl.DataFrame(
        {"pool": "eval_hard", "id": names, "reachable": [1 + n % 3 for n in range(60)], "walk": [0.5, 0.1] * 30}
    )  # fmt: skip
    found = summaries(spec, items)
    table = branch_table(found, measured)
    assert set(table["pool"]) == {"eval_hard"}  # no other was measured
    whole = table.filter(pl.col("above").is_null(), level=0, metric="accuracy").row(0, named=True)
    assert whole["value"] == pytest.approx(hard["correct"].mean(), abs=1e-6)
    assert (whole["n"], whole["seeds"], whole["walk"]) == (60, 3, 0.3)
    for by, bins in (("reachable", 3), ("walk", 2)):
        part = table.filter(pl.col("above").is_not_null(), by=by, level=0, metric="accuracy")
        assert part.height == bins and part["n"].sum() == 60
        assert (part["value"] * part["n"]).sum() / 60 == pytest.approx(whole["value"], abs=1e-5)
    text = branches_text(table)
    assert "by reachable" in text and "| 1/16-1/8 |" in text and "| 30 % |" in text
    with pytest.raises(InputError, match="eval_hard: no question 'eval_hard_0000'"):
        branch_table(found, measured.tail(59))


def test_tabulated_twice_gives_the_same_bytes(evidence: Path) -> None:
    assert collected(evidence) == 0
    items = make_items({"sft": {"accuracy": 0.5}}, seeds=2, questions=4, starts=2, pools=("eval_hard",))
    items = items.with_columns(id=pl.col("id").str.replace("_000", "_"))
    found = collect(write_runs(evidence / "item_runs", items), Study)
    write_items(found.items, evidence / "items.parquet")
    write_table(found.runs, evidence / "runs.parquet")
    write_json(evidence / "seconds.json", found.seconds)
    for output in ("a", "b"):
        assert call(
            tabulate_results, sheet=ROOT / "config/hops/arms.tsv", evidence=evidence, data=evidence,
            pools=[evidence / "eval_hard.jsonl"], own=["errors", "branches"], output=evidence / output,
        ) == 0  # fmt: skip
    for name in ("errors.parquet", "errors.md", "branches.parquet", "branches.md"):
        assert (evidence / "a" / name).read_bytes() == (evidence / "b" / name).read_bytes(), name
    table = pl.read_parquet(evidence / "a/errors.parquet").filter(letter="any", hop=0)
    assert {row["kind"]: row["value"] for row in table.to_dicts() if row["value"]} == {
        "faithful": 0.25, "stopped_early": 0.25, "false_edge": 0.25, "no_format": 0.25, "lucky": 0.25,
    }  # fmt: skip
    assert set(table["label"]) == {"SFT"} and set(table["n"]) == {4}
