"""A study as tasks of lm-evaluation-harness: the functions that the exported YAML files name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trap.exports.contents import open_export, rows


def rows_of(folder: Path) -> Callable[..., dict[str, Any]]:
    """A function that gives the splits of a pool, as the harness asks for a dataset of a task's own."""

    def load(pool: str, **_: Any) -> dict[str, Any]:
        from datasets import Dataset

        return {"test": Dataset.from_list(list(rows(open_export(folder), pool)))}

    return load


def scorer(folder: Path) -> Callable[[dict[str, Any], Sequence[str]], dict[str, float]]:
    """A function that scores the first answer to a row."""

    def score(doc: dict[str, Any], results: Sequence[str]) -> dict[str, float]:
        export = open_export(folder)
        return export.numbers(export.score(export.reopened(msgspec.json.decode(doc["item"])), results[0]))

    return score
