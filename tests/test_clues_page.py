"""What the page of clues records of an answer: what each line finds out, why one does not follow, and the stored grade."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from clues_answers import LITTLE, NAMES, TWICE, WHY, item_of, row_of
from trap.files import InputError, write_jsonl
from trap.studies.base import load_study
from trap.studies.clues.deductions import MOST_LINES
from trap.studies.clues.page import FACT, OUTCOME, STEP, WORDS, Opening, answers, record
from trap.studies.clues.published import Puzzle
from trap.studies.clues.study import Study

HOSTILE = ("", "\x00", "<img src=x onerror=alert(1)>", "1 " * 5000, "A" * 9000, "\n" * 900, "² Green in Study", "rule " + " so " * 90, "1 Green in Study so so", "A <script>", "\ud7ff so", "rule so killer Plum")  # fmt: skip


def told(puzzle: Puzzle, *lines: str) -> list[dict[str, Any]]:
    return record(Opening(item_of(puzzle)), "\n".join(lines))["steps"]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["Green in Study"], "It cannot be read as a deduction."),
        (["1 2 3 killer Plum"], "It cannot be read as a deduction: “3 killer Plum” is no fact about this puzzle."),
        (["1 Green in Attic"], "It cannot be read as a deduction: “Green in Attic” is no fact about this puzzle."),
        (["1 Green in Study", "2 Green in Study so Green in Study so Knife in Study"], "It cannot be read as a deduction."),
        (["1 Green in Study", "2 Green in Attic so Knife in Study"], "It cannot be read as a deduction: “Green in Attic” is no fact about this puzzle."),
        (["2 Green in Study so Knife in Study"], "It builds on “Green in Study”, which is not known yet. What it says is true all the same."),
        (["2 Green in Hall so Knife in Hall"], "It builds on “Green in Hall”, which is false. What it says is false."),
        (["9 Green in Study"], "There is no clue 9. What it says is true all the same."),
        (["0 Green in Hall"], "There is no clue 0. What it says is false."),
        (["2 Knife with Plum given Green in Study so Knife in Study"], "“Knife with Plum” is not the clue that it names. What it says is true all the same."),
        (["2 Knife in Study"], "It does not follow from clue 2 and what is known. What it says is true all the same."),
        (["1 2 Rope in Study"], "It does not follow from clues 1 and 2 and what is known. What it says is false."),
        (["rule killer Plum"], "It does not follow from the rules and what is known. What it says is true all the same."),
    ],
)  # fmt: skip
def test_a_line_that_does_not_follow_says_why(lines: list[str], why: str) -> None:
    *before, step = told(LITTLE, *lines)
    said = step["words"].replace("{}", lines[-1][slice(*step["quoted"])]) if step["quoted"] else step["words"]
    assert (step["kind"], said, step["fact"]) == ("unsound", why, None)
    assert [one["kind"] for one in before] == ["new"] * len(before)


@pytest.mark.parametrize(
    "line", ["1 **Green** in *Attic*", "1 Green in \U0001f409", f"1 Green in {'x' * 80}"]
)
def test_a_part_of_a_line_that_has_no_place_in_it_is_said_again(line: str) -> None:
    (step,) = told(LITTLE, line)
    assert step["quoted"] is None and "“Green in " in step["words"] and "{}" not in step["words"]


def test_a_line_beyond_the_last_that_counts_says_so() -> None:
    *before, last = told(LITTLE, *["1 Green in Study"] * (MOST_LINES + 1))
    assert [one["kind"] for one in before] == ["new", *["again"] * (MOST_LINES - 1)]
    assert last["kind"] == "unsound" and str(MOST_LINES) in last["words"]


def test_a_line_that_follows_says_from_what_and_what_it_found() -> None:
    lines = ["1 Green in Study", "2 Green in Study so Knife in Study", "3 Boddy in Hall", "rule Boddy in Hall so killer not Green",
             "rule Boddy in Hall and Green in Study so killer Plum", "", "A Plum", "B Study", "B Hall"]  # fmt: skip
    found = record(Opening(item_of(LITTLE)), "\n".join(lines))
    first, second, body, denied, killer, blank, *said = found["steps"]
    assert (first["words"], first["cited"]) == ("It follows from clue 1.", [1])
    assert dict(zip(FACT, first["fact"], strict=True)) == {
        "about": "at", "piece": "suspect", "name": "Green", "room": 1, "time": 0, "denied": False,
    }  # fmt: skip
    assert second["words"] == "It follows from clue 2 and what was known." and second["fact"][1] == "weapon"
    assert body["fact"][1:3] == ["body", "Mr. Boddy"]
    assert denied["fact"] == ["killer", "", "Green", -1, -1, True]
    assert killer["words"] == "It follows from the rules and what was known."
    assert (killer["kind"], killer["cited"]) == ("known", [])  # of two suspects it is the other one
    assert blank["kind"] == "blank"
    assert [(one["kind"], one["asked"], one["words"]) for one in said] == [
        ("right", 0, "Plum"), ("replaced", 1, "Study"), ("right", 1, "Hall"),
    ]  # fmt: skip
    kinds = [step["kind"] for step in found["steps"]]
    assert (
        found["found"] == sorted(found["found"])
        and len(found["found"]) == kinds.count("new")
        and found["gives"]
        and found["first"] == -1
    )
    assert (found["stated"], found["sound"]) == (5, 5) and found["answers"] == [
        ["Plum", True],
        ["Hall", True],
    ]


@pytest.mark.parametrize("puzzle", [LITTLE, TWICE, WHY, msgspec.structs.replace(LITTLE, scene=NAMES)])
@pytest.mark.parametrize("published", [False, True])
def test_the_solvers_own_lines_all_follow_and_give_the_answers(puzzle: Puzzle, published: bool) -> None:
    item = item_of(puzzle, published)
    found = record(Opening(item), item.reference)
    assert found["first"] == -1 and found["gives"] and found["sound"] == item.info["lines"] > 2
    assert all(right for _, right in found["answers"])


def test_facts_of_two_times_name_their_time() -> None:
    at = {
        tuple(step["fact"][2:5]) for step in told(TWICE, "1 Green at nine in Hall", "1 Green at ten in Study")
    }
    assert at == {("Green", 0, 0), ("Green", 1, 1)}
    shown = Opening(item_of(TWICE)).told()
    assert shown["times"] == ("nine", "ten") and Opening(item_of(LITTLE)).told()["times"] == []
    assert shown["clues"][0] == "Green moved from the Hall to the Study at ten"
    (when,) = told(TWICE, "3 murder at ten")
    assert when["fact"] == ["time", "", "ten", -1, 1, False]


def test_motives_are_facts_about_who_has_them() -> None:
    mine, role, why, not_so = told(WHY, "1 Green has Fear", "2 Fear in Study", "rule motive Greed", "rule Plum has not Fear")  # fmt: skip
    assert mine["fact"] == ["motive", "Green", "Fear", -1, -1, False]
    assert role["fact"][1:4] == ["role", "the suspect motivated by Fear", 1]
    assert why["kind"] == "unsound"  # nothing has said yet who did it
    assert not_so["fact"] == ["motive", "Plum", "Fear", -1, -1, True]


def test_a_published_wording_is_told_in_its_own_sentences() -> None:
    puzzle = msgspec.structs.replace(LITTLE, scene=NAMES)
    opening = Opening(item_of(puzzle, published=True))
    shown = opening.told()
    assert shown["clues"][1] == "The Lead Pipe was in the same room as Mr. Green"
    assert shown["questions"][0] == "Who murdered Mr. Boddy?" and shown["key"] == ["Professor Plum", "Hall"]
    one, said = record(opening, "1 Mr. Green in Cloak Room.\n**A. Professor Plum**")["steps"]
    assert one["fact"][1:4] == ["suspect", "Mr. Green", 1]
    assert (said["kind"], said["words"]) == ("right", "Professor Plum")


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_has_a_record_with_a_step_a_line(text: str) -> None:
    item = item_of(LITTLE)
    found = record(Opening(item), text)
    assert len(found["steps"]) == len(text.split("\n"))
    assert not found["gives"] and not any(step["kind"] == "new" for step in found["steps"])
    assert all(len(step["words"]) < 200 for step in found["steps"])


def test_a_key_that_is_wrong_is_told_and_the_solver_still_solves() -> None:
    study = load_study("clues", {}, "nowhere", 0)
    item = item_of(LITTLE)
    wrong = msgspec.structs.replace(study.permuted(item, item), reference="A Green\nB Study")
    opening = Opening(wrong)
    shown = opening.told()
    assert shown["spoilt"] and not Opening(item).told()["spoilt"]
    found = record(opening, "\n".join(shown["own"]))
    assert found["gives"] and found["first"] == -1 and found["answers"] == [["Plum", False], ["Hall", False]]


def test_what_repeats_is_written_once_and_read_back_whole(tmp_path: Path) -> None:
    items = [item_of(puzzle, index=at) for at, puzzle in enumerate((LITTLE, TWICE, WHY))]
    write_jsonl(tmp_path / "eval_easy.jsonl", items)
    rows = [
        row_of(item, text, arm) for item in items for arm in ("sft", "base") for text in (item.reference,)
    ]
    rows.append(row_of(items[0], "1 Green in Hall\nA Green", "grpo"))
    made = answers([tmp_path / "eval_easy.jsonl"], pl.DataFrame(rows))["plans.json"]
    assert len(made["puzzles"]) == 3 and len(made["runs"]) == 4
    for item in items:
        puzzle, run = made["of"]["nano"]["sft"][f"eval_easy/{item.id}"]
        assert [puzzle, run] == made["of"]["nano"]["base"][f"eval_easy/{item.id}"]
        assert made["puzzles"][puzzle]["run"] == run and made["puzzles"][puzzle][
            "own"
        ] == item.reference.split("\n")
        steps, found, outcome = made["runs"][run]
        back = [dict(zip(STEP, made["steps"][one], strict=True)) for one in steps]
        for one in back:
            one["fact"] = made["facts"][one["fact"]] if one["fact"] >= 0 else None
            one["words"] = made["words"][one["words"]]
        want = record(Opening(item), item.reference)
        assert back == want["steps"] and found == want["found"]
        told = dict(zip(OUTCOME, made["outcomes"][outcome], strict=True))
        assert told["faithful"] and made["answers"][told["answers"]] == want["answers"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("correct", False), ("faithful", False), ("value", 0.5), ("sound", 0.1), ("progress", 0.2), ("stated", 1), ("first_unsound", 0), ("read", "A=Green")],
)  # fmt: skip
def test_another_grade_than_the_stored_one_is_an_error_that_names_the_answer(
    tmp_path: Path, column: str, value: Any
) -> None:
    item = item_of(LITTLE)
    write_jsonl(tmp_path / "eval_easy.jsonl", [item])
    row = row_of(item, item.reference)
    answers([tmp_path / "eval_easy.jsonl"], pl.DataFrame([row]))
    with pytest.raises(InputError, match=rf"nano sft eval_easy/eval_easy-0: {column}: the stored grade is"):
        answers([tmp_path / "eval_easy.jsonl"], pl.DataFrame([row | {column: value}]))


def test_an_answer_to_an_unknown_puzzle_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"episodes\.parquet: id: no item 'eval_easy-0' in a pool 'eval_easy'"
    ):
        answers([], pl.DataFrame([row_of(item_of(LITTLE), "")]))


def test_the_page_has_words_for_every_pool_that_a_reader_meets() -> None:
    assert {pool.name for pool in Study.pools if pool.honest and (pool.scored or pool.trainable)} <= WORDS[
        "pool_labels"
    ].keys()
