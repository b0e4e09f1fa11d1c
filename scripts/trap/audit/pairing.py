"""Two runs on the same items: the paired difference with an interval, an exact test where one applies, and what it would take."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from trap.analysis import resampling
from trap.analysis.resampling import Cell
from trap.analysis.statistics import (
    CONFIDENCE,
    clopper_pearson,
    clustered_error,
    detectable,
    mcnemar,
    paired_items_needed,
)

CLUSTERS = 3000  # more than this many, and the analytic error says the same as the bootstrap
FEW = 25  # discordant pairs below which the interval is exact


@dataclass(frozen=True)
class Paired:
    """second - first. p: exact McNemar where every item has one answer a run and no cluster, else of the estimate.

    needed: items that would have shown this difference four times in five; None for no difference. detectable: the
    smallest difference that this many items show four times in five. disagreement: share of items on which they differ.
    """

    value: float
    low: float
    high: float
    p: float
    exact: bool
    n: int
    clusters: int
    seeds: int
    disagreement: float
    only_first: float
    only_second: float
    needed: int | None
    detectable: float


def compare(first: pl.DataFrame, second: pl.DataFrame) -> Paired | None:
    """Two runs, frames with the columns item, seed, group and right. None where they share no scored item."""
    one, two = _by_item(first), _by_item(second)
    both = one.join(two, on="item", suffix="_2").sort("item")
    if not both.height:
        return None
    difference = (both["right_2"] - both["right"]).to_numpy()
    group = both["group"].to_numpy()
    grouped = bool((group != 0).any())
    cluster = np.where(group != 0, group, both["item"].to_numpy())
    n, clusters = len(difference), len(np.unique(cluster))
    kept = both.select("item")
    seeds = _shared_seeds(first, second)
    if len(seeds) > 1 and clusters <= CLUSTERS:
        cells = [_cell(frame.join(kept, on="item", how="semi"), seeds) for frame in (second, first)]
        found = resampling.difference(*cells)
        value, low, high, p, error = found.value, found.low, found.high, found.p, found.se
    else:
        value, low, high, p, error = _paired(difference, cluster, clusters)
    binary = bool(np.isin(both["right"], (0, 1)).all() and np.isin(both["right_2"], (0, 1)).all())
    single = binary and int(both["n"].max()) == 1 == int(both["n_2"].max())
    only_first, only_second = float((difference < 0).mean()), float((difference > 0).mean())
    exact = single and not grouped
    if exact:
        p, lost, gained = mcnemar(both["right"].to_numpy() == 1, both["right_2"].to_numpy() == 1)
        if lost + gained < FEW:
            low, high = exact_interval(gained, lost, n)
    disagreement = only_first + only_second
    error = max(
        error, (high - low) / 2 / float(special.ndtri((1 + CONFIDENCE) / 2))
    )  # no pair may differ by luck
    needed = None
    if value and binary and abs(value) <= disagreement:
        needed = paired_items_needed(value, disagreement)
    return Paired(
        value, low, high, p, exact, n, clusters if grouped else n, len(seeds), disagreement, only_first, only_second,
        needed, detectable(error),
    )  # fmt: skip


def exact_interval(gained: int, lost: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """An interval of P(gained) - P(lost) that never covers too rarely: two exact ones, each at half the error (Bonferroni)."""
    half = 1 - (1 - confidence) / 2
    up, down = clopper_pearson(gained, n, half), clopper_pearson(lost, n, half)
    return up[0] - down[1], up[1] - down[0]


def mean_of(values: np.ndarray, cluster: np.ndarray) -> tuple[float, float, float, float]:
    """(mean, low, high, standard error) of numbers in clusters, by the bootstrap or, where they are many, the normal."""
    clusters = len(np.unique(cluster))
    value, low, high, _, error = _paired(values, cluster, clusters)
    return value, low, high, error


def over_seeds(frame: pl.DataFrame, column: str) -> tuple[float, float, float, float] | None:
    """As `mean_of`, over training seeds as well; None where there are none, or too many clusters."""
    seeds = sorted(set(frame["seed"].unique()) - {""})
    if len(seeds) < 2 or frame.filter(pl.col("seed") == "").height:
        return None
    cell = _cell(frame.with_columns(pl.col(column).cast(pl.Float64).alias("right")), seeds)
    if len(cell.clusters) > CLUSTERS:
        return None
    found = resampling.estimate([cell])
    return found.value, found.low, found.high, found.se


def _paired(
    difference: np.ndarray, cluster: np.ndarray, clusters: int
) -> tuple[float, float, float, float, float]:
    if clusters <= CLUSTERS:
        _, place = np.unique(cluster, return_inverse=True)
        total = np.bincount(place, weights=difference, minlength=clusters)[None, :]
        count = np.bincount(place, minlength=clusters).astype(float)[None, :]
        names = tuple(f"{number:06d}" for number in range(clusters))
        found = resampling.estimate([Cell("", (0,), names, total, count, share=False, low=-1.0, high=1.0)])
        return found.value, found.low, found.high, found.p, found.se
    value = float(difference.mean())
    error = clustered_error(difference, cluster)  # type: ignore[arg-type]
    reach = float(special.ndtri((1 + CONFIDENCE) / 2)) * error
    p = 1.0 if value == 0 else 0.0 if error == 0 else float(2 * special.ndtr(-abs(value) / error))
    return value, max(-1.0, value - reach), min(1.0, value + reach), p, error


def _by_item(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.filter(pl.col("right").is_not_null() & (pl.col("item") != 0))
        .group_by("item")
        .agg(pl.col("right").mean(), pl.col("group").max(), pl.len().alias("n"))
    )


def _shared_seeds(first: pl.DataFrame, second: pl.DataFrame) -> list[str]:
    return sorted(set(first["seed"].unique()) & set(second["seed"].unique()) - {""})


def _cell(frame: pl.DataFrame, seeds: list[str]) -> Cell:
    """Sums by seed and cluster, as the bootstrap over seeds and questions wants them."""
    frame = frame.filter(pl.col("seed").is_in(seeds) & pl.col("right").is_not_null())
    frame = frame.with_columns(
        pl.when(pl.col("group") != 0).then("group").otherwise("item").alias("cluster"),
    )
    clusters = frame["cluster"].unique().sort().to_numpy()
    column = np.searchsorted(clusters, frame["cluster"].to_numpy())
    row = np.searchsorted(np.array(seeds), frame["seed"].to_numpy().astype(str))
    shape = (len(seeds), len(clusters))
    at = row * shape[1] + column
    total = np.bincount(at, weights=frame["right"].to_numpy(), minlength=math.prod(shape)).reshape(shape)
    count = np.bincount(at, minlength=math.prod(shape)).reshape(shape).astype(float)
    names = tuple(f"{cluster:020d}" for cluster in clusters.tolist())
    return Cell("model", tuple(range(len(seeds))), names, total, count, low=0.0, high=1.0)
