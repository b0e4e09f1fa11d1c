"""The stored answers of the page, packed into one compact file per model.

Many answers repeat: arms agree, one sampler serves several arms, and scores are few. So a file holds every piece of
text, every completion, every score and every answer once, and refers to them by index:

    pieces       parts of completions
    completions  [[piece, ...], ...]; the pieces, joined, are the completion
    scores       {field: [value of each score]}
    flags        the score fields that are true or false, written as 1 and 0
    answers      {question, completion, score: [index of each answer]}
    arms         {arm: {"eval": [answer, ...], "rollouts": [[answer, round, sample, kept], ...]}}, in table order; rollouts
                 are sorted by round

The score fields are all columns of `episodes.parquet` except those that identify the answer or its question (`KEYS`,
`OWNER`), lists, and columns without any value. A question is an index into `questions.json`, which all models share.
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
    """The table `episodes.parquet`. Raises InputError if a column is missing or there is more than one seed."""
    rows = read_table(evidence, "episodes", (*KEYS, "correct"))
    if rows["seed"].n_unique() > 1:
        raise InputError(
            f"{evidence / 'episodes.parquet'}: seed: the table has several seeds, and the page shows only one"
        )
    return rows


def question_rows(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The questions that were answered, sorted by pool and id, as {id, pool, level, prompt}."""
    asked = rows.select(ASKED).unique(["pool", "id"], keep="first", maintain_order=True).sort("pool", "id")
    return asked.select("id", "pool", "level", "prompt").rows(named=True)


def score_fields(rows: pl.DataFrame) -> list[str]:
    """Names of the score fields (see above), in table order."""
    named = {*KEYS, *OWNER}
    return [
        name
        for name, kind in rows.schema.items()
        if name not in named and not kind.is_nested() and rows[name].null_count() < rows.height
    ]


class _Numbered:
    """Gives each distinct value an index, in the order of first use."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.places.setdefault(value, len(self.places))

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """The values, which are tuples, as one list per name."""
        filled = zip(*self.places, strict=True) if self.places else ([] for _ in names)
        return {name: list(column) for name, column in zip(names, filled, strict=True)}


def pack(rows: pl.DataFrame, place: dict[tuple[str, str], int]) -> dict[str, Any]:
    """The content of one model's file. place: {(pool, id): index into questions.json}."""
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
    """A value in few characters: booleans as 0 and 1, floats with at most DECIMALS decimals."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        value = round(value, DECIMALS)
        return int(value) if value.is_integer() else value
    return value
