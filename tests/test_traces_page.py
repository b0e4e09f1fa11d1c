"""What the page of traces records of a run: every step with what it changed, and the grade of the released answer."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trap.files import InputError, write_jsonl
from trap.studies.base import load_study, study_class
from trap.studies.traces.page import STEP, WORDS, answers, places, record
from trap.studies.traces.study import Study

STORY = Path(__file__).resolve().parent.parent / "results/released/traces/story/episodes.parquet"
POOLS = ("eval_easy", "eval_leak_permuted")


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("traces", {}, "nowhere", 0)


def test_the_places_of_numbers_are_those_words_of_the_question() -> None:
    question = "Ann has 1,200 pens, twenty-five caps and half a pie."
    found = {question[start:end]: values for start, end, values in places(question)}
    assert found["1,200"] == (1200,) and found["twenty-five"] == (25,) and 2 in found["half"]


def test_a_solution_has_no_mark_and_ends_with_its_answer(study: Study) -> None:
    for index in range(30):
        item = study.make_item(study.pool("eval_hard"), index)
        found = record(item, item.reference)
        assert found["sound"] and found["reward"] == 1 and found["answer"] == item.answer
        assert all(step["ran"] and not step["marks"] for step in found["steps"])


def test_flaws_are_marked_at_their_steps(study: Study) -> None:
    item = study.make_item(study.pool("eval_easy"), 0)
    lines = item.reference.split("\n")
    extra = [*lines[:2], "- {op: init, var: spare, value: 9871}", *lines[2:]]
    found = record(item, "\n".join(extra))
    assert found["steps"][0]["marks"] == ["invented number", "unused"] and not found["sound"]
    lost = [*lines[:2], "- {op: query, var: nobody}", *lines[2:]]
    found = record(item, "\n".join(lost))
    assert found["reward"] == 0.5 and found["steps"][0]["marks"] == ["stops here"]
    assert not any(step["ran"] for step in found["steps"])


@pytest.mark.parametrize(
    "text", ["", "no trace", "expert: x", "- {", "[]", "\x00", "expert: arithmetic\ntrace: []"]
)
def test_any_text_has_a_record(study: Study, text: str) -> None:
    found = record(study.make_item(study.pool("eval_easy"), 1), text)
    assert found["reward"] <= 0.5 and found["fault"]


def test_records_agree_with_the_released_grades(study: Study, tmp_path: Path) -> None:
    rows = pl.read_parquet(STORY).filter(
        pl.col("kind") == "eval", pl.col("pool").is_in(POOLS), pl.col("arm").is_in(["sft", "base"])
    )
    for pool in POOLS:
        ids = {int(name.rsplit("-", 1)[1]) for name in rows.filter(pool=pool)["id"]}
        write_jsonl(tmp_path / f"{pool}.jsonl", [study.make_item(study.pool(pool), i) for i in sorted(ids)])
    made = answers(sorted(tmp_path.glob("*.jsonl")), rows)["runs.json"]
    assert rows.height > 50
    for row in rows.iter_rows(named=True):
        number = made["of"][row["model"]][row["arm"]][f"{row['pool']}/{row['id']}"]
        question, steps, outcome, _ = made["runs"][number]
        told = made["outcomes"][outcome]
        assert (told["reward"], told["right"], told["sound"]) == (
            pytest.approx(row["value"]), row["correct"], bool(row["faithful"]),
        )  # fmt: skip
        assert row["prompt"].strip() == made["questions"][question]["text"]
        assert all(len(made["steps"][step]) == len(STEP) for step in steps)


def test_an_answer_to_an_unknown_problem_is_refused(tmp_path: Path) -> None:
    rows = pl.read_parquet(STORY).filter(kind="eval").head(1)
    with pytest.raises(InputError, match=r"episodes\.parquet: id: no item"):
        answers([], rows)


def test_the_page_has_words_for_every_pool_that_a_reader_meets() -> None:
    shown = {
        pool.name for pool in study_class("traces").pools if pool.honest and (pool.scored or pool.trainable)
    }
    assert shown - {"train_families"} <= WORDS["pool_labels"].keys()
