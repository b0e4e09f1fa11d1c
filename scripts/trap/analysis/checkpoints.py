"""The last checkpoint against the best one, which is chosen on another validation pool than the one it is scored on.

The best of many probes of one pool is too good: it is chosen for its luck as well. Chosen on another pool, whose items
it shares none of, the luck of the choice is no luck of the score.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from trap.analysis.resampling import DIGITS
from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.statistics import mean_interval
from trap.analysis.summaries import MEASURED, Summaries

CHECKPOINT_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    **dict.fromkeys(("pool", "chosen_on", "metric"), pl.String),
    "probes": pl.Int64,
    **dict.fromkeys(("step", "last", "best", "difference", "low", "high"), pl.Float64),
    "n": pl.Int64,
    "seeds": pl.Int64,
}
NOTE = (
    "On validation items. last: after the last step. best: at the probe that was best on the pool chosen_on (the earliest"
    " of equals), on average at step. difference: best - last, with a 95 % interval over seeds by Student's t. Two pools"
    " share no item, so that the choice favours no score."
)


def checkpoint_table(summaries: Summaries, curves: pl.DataFrame) -> pl.DataFrame:
    """A row for every arm that was probed, ordered pair of validation pools and metric. curves: of `collect_runs.py`."""
    asked = curves.filter((pl.col("kind") == "valid") & pl.col("pool").is_not_null())
    rows = []
    key = ["model", "platform", "arm"]
    for names, part in asked.partition_by(key, as_dict=True, maintain_order=True).items():
        pools = part["pool"].unique().sort().to_list()
        labels = summaries.labels(*map(str, names))
        for pool in pools:
            for other in pools:
                if other != pool:
                    rows += [labels | row for row in _compared(part, pool, other)]
    return pl.DataFrame(rows, schema=CHECKPOINT_COLUMNS)


def _compared(part: pl.DataFrame, pool: str, other: str) -> Iterator[dict[str, Any]]:
    for metric in MEASURED:
        found = [
            seen
            for of_seed in part.drop_nulls(metric).partition_by("seed", maintain_order=True)
            if (seen := best_and_last(_by_step(of_seed, other, metric), _by_step(of_seed, pool, metric)))
        ]
        if not found:
            continue
        mean, low, high = mean_interval([best - last for _, best, last in found])
        steps, best, last = (sum(column) / len(found) for column in zip(*found, strict=True))
        numbers = {"step": steps, "last": last, "best": best, "difference": mean, "low": max(low, -1.0), "high": min(high, 1.0)}  # fmt: skip
        yield {
            "pool": pool,
            "chosen_on": other,
            "metric": metric,
            "probes": part.filter(pl.col("pool") == pool)["step"].n_unique(),
            **{name: round(value, DIGITS) for name, value in numbers.items()},
            "n": part.filter(pl.col("pool") == pool)["n"].max(),
            "seeds": len(found),
        }


def best_and_last(
    chosen_on: Sequence[tuple[int, float]], scored_on: Sequence[tuple[int, float]]
) -> tuple[int, float, float] | None:
    """(step that is best on the first curve, value there on the second, value at its last step).

    Curves of (step, value); only steps of both count, and of equal ones the earliest is best. None where they share none.
    """
    values = dict(scored_on)
    shared = [(step, value) for step, value in chosen_on if step in values]
    if not shared:
        return None
    step = max(shared, key=lambda seen: (seen[1], -seen[0]))[0]
    return step, values[step], values[max(step for step, _ in shared)]


def _by_step(of_seed: pl.DataFrame, pool: str, metric: str) -> list[tuple[int, float]]:
    return of_seed.filter(pl.col("pool") == pool).select("step", metric).sort("step").rows()
