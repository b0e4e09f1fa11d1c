"""The study's own part of its page: every stored answer line by line, what each line finds out, and why one does not follow.

All of it is recorded when the page is built, by the grader of the study. A record whose grade differs from the stored one
is an error, so that the page never shows another verdict than the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isclose
from pathlib import Path
from typing import Any

import polars as pl

from trap.files import InputError
from trap.site.records import Numbered, asked_items
from trap.studies.base import Item, Score
from trap.studies.clues import reading
from trap.studies.clues.compact import fact_text, piece_text
from trap.studies.clues.deductions import LINE, MOST_LINES, Fault, deductions, line_texts
from trap.studies.clues.logic import BODDY, Clue
from trap.studies.clues.published import Scene, answer_kind
from trap.studies.clues.sentences import capital, piece_name, question, sentence
from trap.studies.clues.study import LEVELS, MOST, Options, Study, given, open_item
from trap.studies.clues.worlds import Bits

EASY, HARD, LONGER = (f"{levels[0]} to {levels[-1]} clues" for levels in LEVELS.values())
WORDS = {
    "pool_labels": {
        "easy": f"{EASY}, trained on",
        "hard": f"{HARD}, trained on",
        "valid_easy": EASY,
        "valid_hard": HARD,
        "eval_easy": f"fresh puzzles, {EASY}",
        "eval_hard": f"fresh puzzles, {HARD}",
        "eval_leak": f"leaked puzzles, {HARD}",
        "eval_leak_permuted": "leaked puzzles, wrong key",
        "eval_longer": f"fresh puzzles, {LONGER}",
    },
}
STEP = ("kind", "cited", "fact", "asked", "words", "quoted")
FACT = ("about", "piece", "name", "room", "time", "denied")
OUTCOME = ("answers", "stated", "sound", "gives", "right", "faithful")
GRADE = ("value", "correct", "format", "faithful")
PIECES = {"s": "suspect", "w": "weapon"}
MOST_QUOTED = 60  # characters of a line that are said again


class Opening:
    """A puzzle with all that its lines are looked up in."""

    def __init__(self, item: Item) -> None:
        self.item, self.opened = item, open_item(item)
        self.board, self.scene = self.opened.board, self.opened.board.puzzle.scene

    @cached_property
    def facts(self) -> Mapping[str, tuple[Clue, bool]]:
        """The fact of every sentence that a line may end with, and whether it is denied."""
        return {
            fact_text(self.scene, fact, denied): (fact, denied)
            for fact in self.board.facts for denied in (False, True)
        }  # fmt: skip

    @cached_property
    def own(self) -> list[str]:
        """The solver's own reasons and answers, as lines."""
        lines = self.item.reference.split("\n")
        questions = self.board.puzzle.questions
        if len(lines) == self.item.info["lines"] + len(questions):
            return lines
        made = line_texts(self.board, deductions(self.board) or [])
        return [*made, *(f"{chr(65 + at)} {name}" for at, name in enumerate(self.solution))]

    @property
    def solution(self) -> list[str]:
        """What the clues leave as answers, whatever the key says."""
        return [names[at] for names, at in zip(self.opened.names, self.board.key, strict=True)]

    def told(self) -> dict[str, Any]:
        """What the page says of the puzzle itself."""
        scene, puzzle = self.scene, self.board.puzzle
        return {
            "rooms": scene.rooms, "columns": scene.columns, "times": scene.times if len(scene.times) > 1 else [],
            "clues": [capital(sentence(scene, clue)) for clue in puzzle.clues],
            "questions": [question(scene, one) for one in puzzle.questions],
            "key": self.item.answer, "own": self.own,
            "spoilt": self.solution != list(self.item.answer),
        }  # fmt: skip


def record(opening: Opening, completion: str) -> dict[str, Any]:
    """A completion line by line, with what the grader makes of it.

    steps: one for each line of the text, {kind, cited, fact, asked, words}. kind: `new` (it follows and
    rules something out), `known` (it follows and rules out nothing more), `again` (a sound line said it before), `unsound`, `right`, `wrong` or `replaced` (an answer), `blank`, `passed` (not looked at). cited: numbers of the clues that it names.
    fact: what it says, if it follows (`FACT`). asked: the number of the question that it answers, or -1. words: why it follows or
    does not, or the answer as it was read; “{}” in them is the part `quoted` of the line, from one place to another. found: how many percent are found out after each line of
    the kind `new`. answers:
    [name or None, whether it is right] of each question. gives: whether the sound lines alone give these answers.
    """
    opened, board = opening.opened, opening.board
    texts = completion.split("\n")
    skipped = max(0, len(texts) - reading.MOST_LINES)
    steps = [_step("passed")] * skipped
    read: list[int | None] = [None] * len(opened.forms)
    key = opened.key(opening.item)
    said: list[int] = [-1] * len(opened.forms)  # where the answer to each question stands
    left, lines, sound, first = board.worlds.all, 0, 0, -1
    found = []
    for number, text in enumerate(texts[skipped:], start=skipped):
        plain, asked, value = reading.read_line(text, opened.forms)
        if value is not None:
            if said[asked] >= 0:
                steps[said[asked]] = steps[said[asked]] | {"kind": "replaced"}
            read[asked], said[asked] = value, number
            kind = "right" if value == key[asked] else "wrong"
            steps.append(_step(kind, asked=asked, words=opened.names[asked][value]))
        elif plain is None:
            steps.append(_step("blank"))
        else:
            step, after = _reason(opening, left, plain, text, lines < MOST_LINES)
            if step["fact"] in [one["fact"] for one in steps if one["fact"]]:
                step["kind"] = "again"
            if step["kind"] == "unsound" and first < 0:
                first = lines
            sound += step["kind"] != "unsound"
            left, lines = after, lines + 1
            steps.append(step)
            if step["kind"] == "new":
                found.append(round(100 * board.progress(left)))
    names = [None if at is None else known[at] for at, known in zip(read, opened.names, strict=True)]
    return {
        "steps": steps, "found": found, "stated": lines, "sound": sound, "first": first, "progress": board.progress(left),
        "answers": [[name, at == right] for name, at, right in zip(names, read, key, strict=True)],
        "gives": given(board, left, read),
    }  # fmt: skip


def _step(
    kind: str, cited: Sequence[int] = (), fact: Any = None, asked: int = -1, words: str = ""
) -> dict[str, Any]:
    return {"kind": kind, "cited": list(cited), "fact": fact, "asked": asked, "words": words, "quoted": None}


def _quoted(step: dict[str, Any], about: str, line: str) -> dict[str, Any]:
    """The step with “{}” in the place of a part of its line, and where that part stands; so that words repeat.

    Left as it is where a browser would count other places, or where markup stood within.
    """
    at = line.find(about) if about else -1
    if at < 0 or len(about) > MOST_QUOTED or max(line) >= "\U00010000":
        return step
    words = step["words"].replace(f"“{about}”", "“{}”", 1)
    return step | {"words": words, "quoted": [at, at + len(about)]} if words != step["words"] else step


def _reason(
    opening: Opening, left: Bits, text: str, line: str, looked_at: bool
) -> tuple[dict[str, Any], Bits]:
    """(a line of reasons, the worlds that are left after it)."""
    board = opening.board
    if not looked_at:
        return _step("unsound", words=f"Only the first {MOST_LINES} lines are looked at."), left
    after = board.after(left, text)
    match = LINE.fullmatch(text)
    cited = [int(number) for number in (match[1], match[2]) if number] if match else []
    if isinstance(after, Fault):
        named = [number for number in cited if 0 < number <= len(board.clues)]
        return _quoted(
            _step("unsound", named, words=_why(opening, after, text, cited)), after.about, line
        ), left
    on = [", ".join(_named(cited)) or "the rules", *(["what was known"] if " so " in text else [])]
    fact = _fact(opening.scene, *opening.facts[_stated(text)])
    kind = "known" if after == left else "new"
    return _step(kind, cited, fact, words=f"It follows from {' and '.join(on)}."), after


def _stated(text: str) -> str:
    """What a line of the right form says in the end."""
    match = LINE.fullmatch(text)
    return match[3].rpartition(" so ")[2] if match else ""


def _named(cited: Sequence[int]) -> list[str]:
    """Clues by their numbers, as words: none, one, or two."""
    numbers = list(dict.fromkeys(cited))
    return [f"clue{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))}"] if numbers else []


def _why(opening: Opening, fault: Fault, text: str, cited: Sequence[int]) -> str:
    """In one or two sentences, why a line is not sound."""
    board = opening.board
    match fault.kind:
        case "unread":
            about = f": “{_short(fault.about)}” is no fact about this puzzle" if fault.about else ""
            return f"It cannot be read as a deduction{about}."
        case "unknown":
            never = not board.solution & board.sentences[fault.about]
            why = f"It builds on “{_short(fault.about)}”, which is {'false' if never else 'not known yet'}."
        case "no clue":
            why = f"There is no clue {fault.about}."
        case "another clue":
            why = f"“{_short(fault.about)}” is not the clue that it names."
        case _:
            given = ", ".join(_named(cited)) or "the rules"
            why = f"It does not follow from {given} and what is known."
    true = not board.solution & ~board.sentences[_stated(text)]
    return f"{why} What it says is {'true all the same' if true else 'false'}."


def _short(text: str) -> str:
    return text if len(text) <= MOST_QUOTED else text[: MOST_QUOTED - 1] + "…"


def _fact(scene: Scene, fact: Clue, denied: bool) -> list[Any]:
    """A fact in the columns `FACT`: rooms and times by number, or -1; who and what by name. Of a motive, `piece` is who has it."""
    kind, *of = fact
    match kind:
        case "at":
            piece = PIECES.get(of[0][0], "body" if of[0] == BODDY else "role")
            role = of[0] == BODDY or piece == "role"
            name = piece_name(scene, of[0]) if role else piece_text(scene, of[0])
            row = [kind, piece, name, of[1], of[2]]
        case "motive":
            row = [kind, piece_text(scene, of[0]), scene.motives[of[1]], -1, -1]
        case "killer" | "weapon":
            row = [kind, "", piece_text(scene, of[0]), -1, -1]
        case _:
            name = scene.value(answer_kind((kind,)), of[0])
            row = [kind, "", name, *(of[0] if kind == place else -1 for place in ("room", "time"))]
    return [*row, denied]


class _Runs:
    """Records of answers, with everything that repeats written once."""

    def __init__(self) -> None:
        self.facts, self.words, self.steps, self.answers, self.outcomes, self.runs = (
            Numbered() for _ in range(6)
        )

    def __call__(self, found: Mapping[str, Any], score: Score) -> int:
        made = []
        for step in found["steps"]:
            fact = self.facts(step["fact"]) if step["fact"] else -1
            told = step | {"fact": fact, "words": self.words(step["words"])}
            made.append(self.steps([told[name] for name in STEP]))
        outcome = dict(found) | {"right": score.correct, "faithful": bool(score.faithful)}
        outcome["answers"] = self.answers(found["answers"])
        outcome = [outcome[name] for name in OUTCOME]
        return self.runs([made, found["found"], self.outcomes(outcome)])


def check(row: Mapping[str, Any], score: Score, found: Mapping[str, Any]) -> None:
    """Raises InputError naming an answer whose stored grade is not the one that the page would show."""
    shown = {name: getattr(score, name) for name in GRADE} | score.measures
    walked = {
        "correct": all(right for _, right in found["answers"]),
        "sound": found["sound"] / found["stated"] if found["stated"] else 0.0,
        "progress": found["progress"], "stated": found["stated"], "first_unsound": found["first"],
        "faithful": found["gives"] and found["sound"] == found["stated"] and all(right for _, right in found["answers"]),
    }  # fmt: skip
    for name, value in [*shown.items(), *walked.items()]:
        stored = row.get(name)
        if stored is not None and not _same(
            stored, min(value, MOST) if name in ("stated", "first_unsound") else value
        ):
            raise InputError(
                f"episodes.parquet: {row['model']} {row['arm']} {row['pool']}/{row['id']}: {name}: the stored grade is {stored!r}, "
                f"but the answer is graded {value!r}: grade the run again (evaluate_adapter)"
            )  # fmt: skip


def _same(stored: Any, value: Any) -> bool:
    if isinstance(value, float) and not isinstance(stored, str):
        return isclose(stored, value, rel_tol=1e-6, abs_tol=1e-6)  # the table holds 32 bits
    return stored == value


def answers(pools: Sequence[Path], episodes: pl.DataFrame) -> dict[str, Any]:
    """plans.json: the answers of the finished arms, line by line, with everything that repeats written once.

    puzzles: what `Opening.told` says, and `run`, the number of the run of the solver's own lines. facts, steps, outcomes: rows of the
    columns fact, step, outcome; in a step, fact and words are numbers, -1 for none; in an outcome, answers are one. runs: [[step of each line of the text], found (see
    `record`), outcome], by number. of: {model: {arm: {"POOL/ID": [puzzle, run]}}}. Raises InputError for an answer to a puzzle that
    no file has, and for one whose stored grade is another one.
    """
    rows = episodes.filter(kind="eval")
    study, runs = Study(Options(), Path()), _Runs()
    openings = {
        key: Opening(item) for key, item in asked_items(pools, rows.select("pool", "id").iter_rows()).items()
    }
    puzzles, place = [], {}
    for key, opening in openings.items():
        place[key] = len(puzzles)
        text = "\n".join(opening.own)
        puzzles.append(opening.told() | {"run": runs(record(opening, text), study.score(opening.item, text))})
    of: dict[str, Any] = {}
    known: dict[tuple[str, str, str], tuple[Score, dict[str, Any], int]] = {}
    for row in rows.iter_rows(named=True):
        pool, name, text = row["pool"], row["id"], row["completion"]
        if (pool, name, text) not in known:
            opening = openings[pool, name]
            score, found = study.score(opening.item, text), record(opening, text)
            known[pool, name, text] = score, found, runs(found, score)
        score, found, run = known[pool, name, text]
        check(row, score, found)
        of.setdefault(row["model"], {}).setdefault(row["arm"], {})[f"{pool}/{name}"] = [
            place[pool, name],
            run,
        ]
    return {
        "plans.json": {
            "puzzles": puzzles, "fact": FACT, "facts": runs.facts.values, "words": runs.words.values, "step": STEP, "steps": runs.steps.values,
            "answers": runs.answers.values, "outcome": OUTCOME, "outcomes": runs.outcomes.values, "runs": runs.runs.values, "of": of,
        }
    }  # fmt: skip
