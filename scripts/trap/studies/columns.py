"""The columns of `items.parquet`, one row per answered item: common ones first, then the study's measures."""

from __future__ import annotations

from typing import Any

import polars as pl

from trap.files import InputError
from trap.studies.base import BaseStudy

GENERIC: dict[str, Any] = {
    "study": pl.String,
    "model": pl.String,
    "platform": pl.String,
    "arm": pl.String,
    "seed": pl.Int16,
    "pool": pl.String,
    "id": pl.String,
    "level": pl.Int16,
    "cluster": pl.String,
    "correct": pl.Boolean,
    "format": pl.Boolean,
    "faithful": pl.Boolean,  # null if the study asks for no reasons
    "value": pl.Float32,
    "ranked": pl.Boolean,  # whether the right option is the most probable; null if not asked
    "tokens": pl.Int32,
}
TYPES = {"flag": pl.Boolean, "number": pl.Float32, "integer": pl.Int16, "text": pl.String}


def item_columns(kind: type[BaseStudy]) -> dict[str, Any]:
    """Names and types of a study's columns, in order. Raises InputError for a measure named as a common column."""
    if twice := sorted({measure.name for measure in kind.measures} & GENERIC.keys()):
        raise InputError(f"{kind.__module__}: measure {twice[0]!r} is a column of every study")
    return {**GENERIC, **{measure.name: TYPES[measure.type] for measure in kind.measures}}
