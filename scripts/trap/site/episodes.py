"""Stored answers for the page: what each arm wrote, and what it earned, without repeating either.

Many arms give one question the same answer, and samples of one sampler serve many arms, so a model's file
holds every completion once and every graded answer (a question with a completion) once:

    pieces       parts of completions; joined, they give a completion again, character by character
    completions  [[piece, ...], ...]
    answers      one list per column of ANSWER: question and completion by index, then the grade
    arms         {arm: {"eval": [answer, ...], "rollouts": [[answer, round, sample, kept], ...]}}, in the order of the table,
                 but round after round, as they were sampled

Questions are indices into `questions.json`, which all models share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from trap.figures.estimates import read_table
from trap.files import InputError, iter_jsonl
from trap.studies.hops.records import Question

GRADE = (
    "answer", "correct", "faithful", "valid", "format", "correctness", "coverage", "path_reward", "spam_penalty", "total",
    "validity", "hops_used", "true_clauses", "first_false",
)  # fmt: skip
ANSWER = ("question", "completion", *GRADE)
NEEDED = (
    "model",
    "arm",
    "seed",
    "kind",
    "pool",
    "id",
    "round",
    "sample",
    "kept",
    "completion",
    "prompt",
    *GRADE,
)
DECIMALS = 4
_CUT = re.compile(r"(?<=, and )|(?<=\n)")


def read_episodes(tables: Path) -> pl.DataFrame:
    """`episodes.parquet`. Raises InputError where a column is missing or it holds more than one seed."""
    rows = read_table(tables, "episodes", NEEDED)
    if rows["seed"].n_unique() > 1:
        raise InputError(f"{tables / 'episodes.parquet'}: seed: the page shows one, the table holds several")
    return rows


def read_questions(pools: Iterable[Path], wanted: set[tuple[str, str]]) -> list[tuple[str, Question]]:
    """(pool, question) of those (pool, id), sorted. Raises InputError naming the first that no file has."""
    found: dict[tuple[str, str], Question] = {}
    for path in pools:
        named = {identifier for pool, identifier in wanted if pool == path.stem}
        if not named:
            continue
        for question in iter_jsonl(path, Question):
            if question.id in named:
                found[path.stem, question.id] = question
                if len(named) == sum(pool == path.stem for pool, _ in found):
                    break
    if missing := sorted(wanted - set(found)):
        raise InputError(f"episodes.parquet: id: no question {missing[0][1]!r} in a pool {missing[0][0]!r}")
    return [(key[0], found[key]) for key in sorted(found)]


def question_row(question: Question, pool: str) -> dict[str, Any]:
    """What the page needs to ask, show and grade one question, as a row of a pool."""
    return {
        "id": question.id,
        "pool": pool,
        "hop_len": question.hop_len,
        "question": question.question,
        "prompt": question.prompt,
        "options": question.options,
        "answer_star": question.answer_star,
        "path": question.path_star.entities,
        "start": question.meta.start or question.path_star.entities[0],
        "chain": question.meta.chain or [edge.rel for edge in question.path_star.edges],
        "relations": [edge.rel for edge in question.path_star.edges],
    }


class _Numbered:
    """Values in the order in which they first came."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.places.setdefault(value, len(self.places))


def pack(rows: pl.DataFrame, place: dict[tuple[str, str], int]) -> dict[str, Any]:
    """One model's file. `place`: (pool, id) -> index into questions.json."""
    pieces, completions, answers = _Numbered(), _Numbered(), _Numbered()
    arms: dict[str, Any] = {}
    for row in rows.sort("round", maintain_order=True).iter_rows(named=True):
        grade = tuple(_short(row[name]) for name in GRADE)
        answer = answers((place[row["pool"], row["id"]], completions(row["completion"]), *grade))
        held = arms.setdefault(row["arm"], {"eval": [], "rollouts": []})
        if row["kind"] == "eval":
            held["eval"].append(answer)
        else:
            held["rollouts"].append([answer, row["round"], row["sample"], int(bool(row["kept"]))])
    cut = [[pieces(part) for part in _CUT.split(text)] for text in completions.places]
    return {
        "pieces": list(pieces.places),
        "completions": cut,
        "answers": {name: list(column) for name, column in zip(ANSWER, zip(*answers.places, strict=True), strict=True)}
        if answers.places else {name: [] for name in ANSWER},
        "arms": arms,
    }  # fmt: skip


def _short(value: Any) -> Any:
    """Numbers in as few characters as say the same: booleans as 0 and 1, whole floats without a fraction."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        value = round(value, DECIMALS)
        return int(value) if value.is_integer() else value
    return value
