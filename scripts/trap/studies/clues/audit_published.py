"""Audit the published puzzles: do they read, have one solution, and what do two graders and two readings make of them?

    PYTHONPATH=scripts python -m trap.studies.clues.audit_published --puzzles val.json --output audit.json

`val.json` is the file of bradhilton/temporal-clue: a list of {num_clues, prompt, solution}. This takes ortools.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from math import log10
from pathlib import Path

import msgspec
from msgspec import Struct

from trap.cli import run_main
from trap.files import InputError, read_text, write_text
from trap.studies.clues import cpsat, reading
from trap.studies.clues.answers import choices, told
from trap.studies.clues.published import Puzzle, answer_kind, read_puzzle

SMALLEST = 11  # puzzles with an "or" that a person can check by hand


class Published(Struct):
    """A puzzle of the file."""

    num_clues: int
    prompt: str
    solution: dict[str, str]


class Row(Struct, kw_only=True):
    """One puzzle. conflicts: of the proof that it has one solution. space: digits of the number of combinations.

    inclusive: whether its solution is the only one if "or" means "one or both"; asked: whether the answers at least are.
    both are None without an "or". published, ours: what each grader gives the gold answers. guess: what uniform
    guessing earns, in questions, under each.
    """

    clues: int
    questions: int
    conflicts: int
    space: float
    solutions: int
    gold: bool
    inclusive: bool | None
    asked: bool | None
    published: float
    ours: float
    guess_published: float
    guess_ours: float


class Audit(Struct, kw_only=True):
    """`audit.json`."""

    puzzles: int
    clues: int
    questions: int
    one_solution: int  # under the exclusive reading
    equal_to_gold: int
    with_or: int
    several_cases: int  # of those, under the inclusive reading
    several_answers: int  # and such that the questions have more than one answer
    several_answers_of_smallest: int  # of the smallest with an "or"
    smallest: int
    gold_published: float  # mean score of the gold answers
    gold_ours: float
    never_right: int  # questions whose gold answer the published grader cannot read
    never_full: int  # puzzles with such a question
    guess_published: float  # mean share of questions that uniform guessing answers
    guess_ours: float
    rows: list[Row]


def read_puzzles(path: Path | str) -> list[Published]:
    """The puzzles of a file. Raises InputError naming it."""
    try:
        return msgspec.json.decode(read_text(path), type=list[Published])
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not a list of published puzzles: {error}") from None


def audit(puzzles: Sequence[Published]) -> Audit:
    """All of the above. Raises InputError naming the number of a puzzle that does not read."""
    rows = []
    for number, one in enumerate(puzzles):
        try:
            rows.append(_row(one))
        except InputError as error:
            raise InputError(f"puzzle {number}: {error}") from None
    with_or = sorted((row for row in rows if row.asked is not None), key=lambda row: row.clues)
    questions = sum(row.questions for row in rows)
    unread = [_unread(one) for one in puzzles]
    return Audit(
        puzzles=len(rows), clues=sum(row.clues for row in rows), questions=questions,
        one_solution=sum(row.solutions == 1 for row in rows), equal_to_gold=sum(row.gold for row in rows),
        with_or=len(with_or), several_cases=sum(not row.inclusive for row in with_or),
        several_answers=sum(not row.asked for row in with_or),
        several_answers_of_smallest=sum(not row.asked for row in with_or[:SMALLEST]), smallest=min(SMALLEST, len(with_or)),
        gold_published=sum(row.published for row in rows) / len(rows), gold_ours=sum(row.ours for row in rows) / len(rows),
        never_right=sum(unread), never_full=sum(map(bool, unread)),
        guess_published=sum(row.guess_published / row.questions for row in rows) / len(rows),
        guess_ours=sum(row.guess_ours / row.questions for row in rows) / len(rows), rows=rows,
    )  # fmt: skip


def _row(one: Published) -> Row:
    puzzle = read_puzzle(one.prompt)
    if len(puzzle.clues) != one.num_clues or list(one.solution) != [
        chr(65 + at) for at in range(len(puzzle.questions))
    ]:
        raise InputError("its clues or questions are not as many as the file says")
    shape, gold = puzzle.scene.shape, list(one.solution.values())
    found = cpsat.solutions(shape, puzzle.clues)
    has_or = any(clue[0] == "xor" for clue in puzzle.clues)
    names = _names(puzzle)
    text = "\n".join(f"{letter}. {value}" for letter, value in one.solution.items())
    read, _ = reading.answers(text, [reading.forms(each) for each in names])
    right = [at is not None and each[at] == value for at, each, value in zip(read, names, gold, strict=True)]
    published = [reading.published_score({"A": value}, f"A. {value}") for value in gold]
    paths = shape.rooms * (
        1 + sum(len(shape.neighbours(room)) for room in range(shape.rooms)) / shape.rooms
    ) ** (shape.times - 1)
    return Row(
        clues=len(puzzle.clues), questions=len(gold), solutions=len(found), inclusive=_only(puzzle) if has_or else None,
        conflicts=cpsat.conflicts(found[0], puzzle.clues) if len(found) == 1 else 0,
        space=round((shape.suspects + 1 + shape.weapons) * log10(paths), 1),
        gold=len(found) == 1 and told(puzzle, found[0]) == gold,
        asked=_answers_are_only(puzzle, gold) if has_or else None,
        published=reading.published_score(one.solution, text), ours=sum(right) / len(right),
        guess_published=sum(able / len(each) for able, each in zip(published, names, strict=True)),
        guess_ours=sum(1 / len(each) for each in names),
    )  # fmt: skip


def _names(puzzle: Puzzle) -> list[list[str]]:
    """The possible answers of each question."""
    scene = puzzle.scene
    return [
        [scene.value(answer_kind(asked), at) for at in range(len(choices(asked, scene.shape)))]
        for asked in puzzle.questions
    ]


def _only(puzzle: Puzzle) -> bool:
    return len(cpsat.solutions(puzzle.scene.shape, puzzle.clues, inclusive=True)) == 1


def _answers_are_only(puzzle: Puzzle, gold: Sequence[str]) -> bool:
    """Whether no case fits the clues, with an inclusive "or", and answers a question otherwise."""
    solver = cpsat.Solver(puzzle.scene.shape)
    solver.insist(solver.literal(clue, True) for clue in puzzle.clues)
    facts = [
        choices(asked, puzzle.scene.shape)[names.index(value)]
        for asked, names, value in zip(puzzle.questions, _names(puzzle), gold, strict=True)
    ]
    solver.forbid([solver.literal(fact) for fact in facts])
    return isinstance(solver.solve(), list)


def _unread(one: Published) -> int:
    """How many gold answers the published grader cannot read."""
    return sum(not reading.published_score({"A": value}, f"A. {value}") for value in one.solution.values())


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 after one line about what is wrong."""
    return run_main(lambda: _run(arguments))


def _run(arguments: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--puzzles", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    options = parser.parse_args(arguments)
    found = audit(read_puzzles(options.puzzles))
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_text(options.output, json.dumps(msgspec.to_builtins(found), indent=1) + "\n")
    print(
        f"{found.puzzles} puzzles, {found.one_solution} with one solution, {found.equal_to_gold} equal to gold; with an"
        f' inclusive "or" {found.several_cases} of {found.with_or} have several cases, {found.several_answers} several'
        f" answers; the published grader gives the gold answers {found.gold_published:.1%}, ours {found.gold_ours:.1%}"
    )


if __name__ == "__main__":
    sys.exit(main())
