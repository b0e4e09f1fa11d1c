"""Stored answers for the page: what each arm wrote, and what it earned, without repeating either.

Many arms give one question the same answer, samples of one sampler serve many arms, and many answers earn the same, so
a model's file holds every completion, every score and every answer (a question with both) once:

    pieces       parts of completions; joined, they give a completion again, character by character
    completions  [[piece, ...], ...]
    scores       {field: one value for each score}
    flags        the score fields that are true or false (written as 1 and 0)
    answers      {question, completion, score: one index for each answer}
    arms         {arm: {"eval": [answer, ...], "rollouts": [[answer, round, sample, kept], ...]}}, in the order of the table,
                 but round after round, as they were sampled

Score fields are all columns of the table that say neither whose answer it is nor what was asked; lists are left out, and
columns without a value.
Questions are indices into `questions.json`, which all models share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.figures.estimates import read_table
from trap.files import InputError

ASKED = ("pool", "id", "level", "prompt")
KEYS = ("model", "arm", "seed", "kind", "round", "sample", "kept", "completion", *ASKED)
OWNER = ("study", "platform", "cluster")
DECIMALS = 4
_CUT = re.compile(r"(?<=, )|(?<=\n)")


def read_episodes(evidence: Path) -> pl.DataFrame:
    """`episodes.parquet`. Raises InputError where a column is missing or it holds more than one seed."""
    rows = read_table(evidence, "episodes", (*KEYS, "correct"))
    if rows["seed"].n_unique() > 1:
        raise InputError(
            f"{evidence / 'episodes.parquet'}: seed: the page shows one, the table holds several"
        )
    return rows


def question_rows(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """What every page knows of the questions that were answered, sorted by pool and id: id, pool, level, prompt."""
    asked = rows.select(ASKED).unique(["pool", "id"], keep="first", maintain_order=True).sort("pool", "id")
    return asked.select("id", "pool", "level", "prompt").rows(named=True)


def score_fields(rows: pl.DataFrame) -> list[str]:
    """Names of the columns that say what an answer earned, in table order."""
    named = {*KEYS, *OWNER}
    return [
        name
        for name, kind in rows.schema.items()
        if name not in named and not kind.is_nested() and rows[name].null_count() < rows.height
    ]


class _Numbered:
    """Values in the order in which they first came."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.places.setdefault(value, len(self.places))

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Values that are tuples, as one list for each name."""
        filled = zip(*self.places, strict=True) if self.places else ([] for _ in names)
        return {name: list(column) for name, column in zip(names, filled, strict=True)}


def pack(rows: pl.DataFrame, place: dict[tuple[str, str], int]) -> dict[str, Any]:
    """One model's file. `place`: (pool, id) -> index into questions.json."""
    fields = score_fields(rows)
    pieces, completions, scores, answers = _Numbered(), _Numbered(), _Numbered(), _Numbered()
    arms: dict[str, Any] = {}
    for row in rows.sort("round", maintain_order=True).iter_rows(named=True):
        score = scores(tuple(_short(row[name]) for name in fields))
        answer = answers((place[row["pool"], row["id"]], completions(row["completion"]), score))
        held = arms.setdefault(row["arm"], {"eval": [], "rollouts": []})
        if row["kind"] == "eval":
            held["eval"].append(answer)
        else:
            held["rollouts"].append([answer, row["round"], row["sample"], int(bool(row["kept"]))])
    cut = [[pieces(part) for part in _CUT.split(text)] for text in completions.places]
    return {
        "pieces": list(pieces.places),
        "completions": cut,
        "scores": scores.columns(fields),
        "flags": [name for name in fields if rows.schema[name] == pl.Boolean],
        "answers": answers.columns(("question", "completion", "score")),
        "arms": arms,
    }


def _short(value: Any) -> Any:
    """Numbers in as few characters as say the same: booleans as 0 and 1, whole floats without a fraction."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        value = round(value, DECIMALS)
        return int(value) if value.is_integer() else value
    return value
