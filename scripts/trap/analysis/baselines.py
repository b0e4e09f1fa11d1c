"""Baselines: answers that need no model. They are the floor and the ceiling of every accuracy.

A study says which answers need no model, and how often each is right on an item (`BaseStudy.baselines`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from trap.analysis.cells import BASELINE_KEYS
from trap.files import InputError
from trap.studies.base import BaseStudy

_KEYS: dict[str, Any] = {"pool": pl.String, "id": pl.String, "level": pl.Int16, "cluster": pl.String}


def baseline_items(study: BaseStudy, pools: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """Expected correctness, from 0 to 1, of every baseline on every item.

    Columns: pool id level cluster, then one per baseline. Raises InputError for numbers that do not fit the items.
    """
    frames = []
    for pool, items in sorted(pools.items()):
        scores = study.baselines(items)
        for name, values in scores.items():
            if len(values) != len(items) or name in BASELINE_KEYS:
                raise InputError(
                    f"{pool}: baseline {name!r}: one number an item, under a name of its own, please"
                )
        keys = [(pool, item.id, item.level, item.cluster or item.id) for item in items]
        frame = pl.DataFrame(keys, schema=_KEYS, orient="row")
        frames.append(
            frame.with_columns(pl.Series(name, values, pl.Float64) for name, values in scores.items())
        )
    if not frames:
        return pl.DataFrame(schema=_KEYS)
    return pl.concat(frames, how="diagonal").sort("pool", "id")


def baseline_table(items: pl.DataFrame) -> pl.DataFrame:
    """Means by pool and level: pool, level (null: of the whole pool), baseline, value, n."""
    rows = []
    names = [name for name in items.columns if name not in BASELINE_KEYS]
    for (pool,), of_pool in items.partition_by("pool", as_dict=True, maintain_order=True).items():
        for level in [None, *of_pool["level"].unique().sort().to_list()]:
            part = of_pool if level is None else of_pool.filter(pl.col("level") == level)
            for name in names:
                if part[name].null_count() < part.height:
                    rows.append((pool, level, name, round(float(part[name].mean()), 6), part.height))
    schema = {"pool": pl.String, "level": pl.Int16, "baseline": pl.String, "value": pl.Float64, "n": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
