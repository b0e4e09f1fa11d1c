"""The decisive contrasts: paired differences with intervals, exact McNemar tests per seed, Holm's correction."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile, Contrast
from trap.analysis.resampling import Estimate
from trap.analysis.room import room_of
from trap.analysis.statistics import detectable, equivalent, holm, mcnemar
from trap.analysis.variance import parts_of


def contrast_rows(spec: ClaimsFile, table: ItemTable, items: pl.DataFrame) -> list[dict[str, Any]]:
    """One row for every declared contrast and model that has both arms on the pool.

    Holm corrects over the computed contrasts of one family in one model.
    """
    rows = []
    for model, platform in sorted({key[:2] for key in table.conditions}):
        for declared in spec.contrasts:
            cells = [
                table.cell(model, platform, arm, declared.pool, declared.metric)
                for arm in (declared.arm, declared.minus)
            ]
            if cells[0] is None or cells[1] is None or not set(cells[0].seeds) & set(cells[1].seeds):
                continue
            found = resampling.difference(
                cells[0], cells[1], replicates=spec.replicates, confidence=spec.confidence
            )
            unit = table.metrics[declared.metric].unit
            margin = (
                declared.margin if declared.margin is not None else spec.margin if unit == "share" else None
            )
            room = room_of(
                table, declared.pool, declared.metric, cells, spec.margin if margin is None else margin,
                replicates=spec.replicates, confidence=spec.confidence,
            )  # fmt: skip
            parts = parts_of(cells, [1.0, -1.0])
            tests = _mcnemar_by_seed(items, table, model, platform, declared)
            rows.append(
                {
                    "study": table.name,
                    "name": declared.name,
                    "model": model,
                    "platform": platform,
                    "arm": declared.arm,
                    "minus": declared.minus,
                    "pool": declared.pool,
                    "metric": declared.metric,
                    "unit": "points" if unit == "share" else unit,
                    "value": found.value,
                    "low": found.low,
                    "high": found.high,
                    "se": found.se,
                    "df": found.df if found.df < 1e6 else None,
                    "p": found.p,
                    "p_holm": None,
                    "family": declared.family,
                    "margin": margin,
                    "equivalent": equivalent(found.low, found.high, margin) if margin else None,
                    "room": room.place,
                    "room_reason": room.reason,
                    "part_seeds": parts and parts.seeds,
                    "part_items": parts and parts.items,
                    "part_rest": parts and parts.rest,
                    "detectable": _detectable(found),
                    "n": found.n,
                    "seeds": found.seeds,
                    "mcnemar_p": [round(test[0], resampling.DIGITS) for test in tests],
                    "only_arm": [test[1] for test in tests],
                    "only_minus": [test[2] for test in tests],
                    "mcnemar_below_05": sum(test[0] < 0.05 for test in tests),
                    "statement": declared.statement,
                }
            )
    for key in {(row["model"], row["platform"], row["family"]) for row in rows}:
        family = [row for row in rows if (row["model"], row["platform"], row["family"]) == key]
        for row, corrected in zip(family, holm([row["p"] for row in family]), strict=True):
            row["p_holm"] = round(corrected, resampling.DIGITS)
    return rows


CONTRAST_COLUMNS: dict[str, Any] = {
    "study": pl.String,
    "name": pl.String,
    "model": pl.String,
    "platform": pl.String,
    "arm": pl.String,
    "minus": pl.String,
    "pool": pl.String,
    "metric": pl.String,
    "unit": pl.String,
    **dict.fromkeys(("value", "low", "high", "se", "df", "p", "p_holm"), pl.Float64),
    "family": pl.String,
    "margin": pl.Float64,
    "equivalent": pl.Boolean,
    "room": pl.String,
    "room_reason": pl.String,
    **dict.fromkeys(("part_seeds", "part_items", "part_rest", "detectable"), pl.Float64),
    "n": pl.Int64,
    "seeds": pl.Int64,
    "mcnemar_p": pl.List(pl.Float64),
    "only_arm": pl.List(pl.Int64),
    "only_minus": pl.List(pl.Int64),
    "mcnemar_below_05": pl.Int64,
    "statement": pl.String,
}


def _detectable(found: Estimate) -> float | None:
    """The smallest difference that the contrast could have seen; None where nothing varied."""
    if not found.se:
        return None
    return round(detectable(found.se, found.df if found.df < 1e6 else math.inf), resampling.DIGITS)


def _mcnemar_by_seed(
    items: pl.DataFrame, table: ItemTable, model: str, platform: str, declared: Contrast
) -> list[tuple[float, int, int]]:
    """McNemar's test within each seed, for a metric that is true or false of every item; None for other metrics."""
    metric = table.metrics[declared.metric]
    column = metric.column
    if not metric.share or not column:
        return []
    chosen = items.filter(
        (pl.col("model") == model) & (pl.col("platform") == platform) & (pl.col("pool") == declared.pool)
    )
    first, second = (
        chosen.filter(pl.col("arm") == arm).select("seed", "id", column).drop_nulls(column)
        for arm in (declared.arm, declared.minus)
    )
    pairs = first.join(second, on=["seed", "id"], suffix="_minus").sort("seed", "id")
    return [
        mcnemar(part[column].to_numpy(), part[f"{column}_minus"].to_numpy())
        for part in pairs.partition_by("seed", maintain_order=True)
    ]
