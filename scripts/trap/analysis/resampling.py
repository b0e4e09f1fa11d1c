"""Hierarchical bootstrap over training seeds and questions, the questions in clusters.

Model of the data: every seed of an arm answers the same questions, so seeds and questions are
crossed. A replicate draws seeds with replacement, then clusters with replacement (whole
clusters: questions that share facts or a template), and takes the mean of what it drew. Cells that
are compared (two arms, two pools) share the draws, which makes every difference a paired one.

Corrections, because 3 seeds are few and both levels contain the noise of the single answers:
* n - 1 units are drawn out of n at each level (Rao and Wu 1988), so that the variance of the
  replicates is the unbiased s^2/n instead of (n-1)/n of it.
* the variance is V_seeds + V_clusters - V_both', where V_both' is by how much drawing both levels exceeds the
  sum. Crossed resampling counts the noise of single answers at each level (Owen 2007, the pigeonhole
  bootstrap; the sum and difference of Cameron, Gelbach and Miller 2011). The interval is the percentile
  interval scaled to that variance.
* it is stretched about the value by t / z, with Satterthwaite's degrees of freedom from the variance
  components, df = (sum v)^2 / sum(v^2 / (n - 1)), and never narrower than value -+ t se: the mean of
  three seeds drawn again has too few different values for its percentiles to reach that far.
* a share with fewer than 5 expected successes or failures gets at least its exact binomial
  interval: a bootstrap of zeros would claim a width of zero (Bowyer 2025, arXiv 2503.01747).

Clustered errors and paired differences after Miller 2024 (arXiv 2411.00640); seeds as the upper level
after Hochlehnert 2025 (arXiv 2504.07086).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from trap.analysis.statistics import CONFIDENCE, clopper_pearson

REPLICATES = 2000
DIGITS = 6  # digits that are kept, well above the noise of any order of summation
RARE = 5


@dataclass(frozen=True)
class Cell:
    """Sums of one metric in one condition, by seed and cluster.

    total, count: float arrays (seeds, clusters); the value of the cell is total.sum() / count.sum().
    group: cells of one group share their training seeds (one model); "" means nothing was trained.
    share: the metric lies in 0..1, each item counting 0 or 1.
    low, high: the range that the metric cannot leave; infinite where it has no end.
    """

    group: str
    seeds: tuple[int, ...]
    clusters: tuple[str, ...]
    total: np.ndarray
    count: np.ndarray
    share: bool = True
    low: float = -math.inf
    high: float = math.inf

    @property
    def value(self) -> float:
        count = self.count.sum()
        return float(self.total.sum() / count) if count else math.nan

    @property
    def per_seed(self) -> np.ndarray:
        """The mean of each seed, in the order of `seeds`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.total.sum(axis=1) / self.count.sum(axis=1)

    @property
    def n(self) -> int:
        """Distinct items counted (per seed); at least one where any seed counted any."""
        counted = float(self.count.sum())
        return max(round(counted / max(1, self.count.shape[0])), int(counted > 0))


@dataclass(frozen=True)
class Estimate:
    """A value with its interval. n: distinct items. seeds: training seeds behind it; 0 if nothing was trained."""

    value: float
    low: float
    high: float
    se: float
    df: float
    p: float
    n: int
    seeds: int


@lru_cache(maxsize=256)
def _draws(units: int, replicates: int, stream: int) -> np.ndarray:
    """How often each unit was drawn, an array (replicates, units). Equal arguments give equal draws."""
    if units < 2:
        return np.ones((replicates, units))
    generator = np.random.default_rng([20240, stream, units])
    counts = generator.multinomial(units - 1, np.full(units, 1 / units), size=replicates).astype(float)
    counts.setflags(write=False)
    return counts


class _Drawn(NamedTuple):
    """Sums of a cell over each replicate, arrays (replicates,): seeds and clusters drawn, clusters alone, seeds alone."""

    both: np.ndarray
    clusters: np.ndarray
    seeds: np.ndarray | None


def _drawn(
    sums: np.ndarray, clusters: int, places: tuple[int, ...] | None, stream: int | None, replicates: int
) -> _Drawn:
    """Sums of a cell over each replicate.

    places: indices of the cell's clusters among those that are drawn; None if it has all of them. stream: the random
    stream of its seeds; None if nothing was trained."""
    draws = _draws(clusters, replicates, 0)
    by_cluster = (draws if places is None else draws[:, list(places)]) @ sums.T  # (replicates, seeds)
    of_clusters = by_cluster @ np.ones(len(sums))
    if stream is None:
        return _Drawn(of_clusters, of_clusters, None)
    seeds = _draws(len(sums), replicates, stream)
    return _Drawn(np.einsum("rs,rs->r", seeds, by_cluster), of_clusters, seeds @ sums.sum(axis=1))


@lru_cache(maxsize=64)
def _counted(counts: bytes, shape: tuple[int, int], *how: Any) -> _Drawn:
    """`_drawn` for counts. Many metrics of a condition share them, so that the result is kept."""
    return _drawn(np.frombuffer(counts).reshape(shape), *how)


def estimate(
    cells: Sequence[Cell],
    weights: Sequence[float] = (1.0,),
    *,
    replicates: int = REPLICATES,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """The weighted sum of cell means, with a bootstrap interval. This covers one cell, a difference and a slope.

    Seeds that not every cell of a group has are left out. Raises ValueError for no cells, cells
    without items, or no common seed.
    """
    if not cells or len(cells) != len(weights):
        raise ValueError("one weight for each of at least one cell")
    cells = with_common_seeds(cells)
    clusters = sorted({cluster for cell in cells for cluster in cell.clusters})
    column = {cluster: number for number, cluster in enumerate(clusters)}
    groups = sorted({cell.group for cell in cells if cell.group})
    seeds_of = {cell.group: len(cell.seeds) for cell in cells if cell.group}
    value, both = 0.0, np.zeros(replicates)
    by_level = {level: np.zeros(replicates) for level in ["", *groups]}  # "": clusters alone
    for cell, weight in zip(cells, weights, strict=True):
        places = None
        if len(cell.clusters) < len(clusters):
            places = tuple(column[cluster] for cluster in cell.clusters)
        stream = 1 + groups.index(cell.group) if cell.group else None
        drawn = _drawn(cell.total, len(clusters), places, stream, replicates)
        counted = _counted(cell.count.tobytes(), cell.count.shape, len(clusters), places, stream, replicates)
        value += weight * cell.value
        both += weight * _ratio(drawn.both, counted.both)
        for level, replicate in by_level.items():
            if level == "":
                replicate += weight * _ratio(drawn.clusters, counted.clusters)
            elif level == cell.group:
                replicate += weight * _ratio(drawn.seeds, counted.seeds)
            else:
                replicate += weight * cell.value
    if math.isnan(value):
        raise ValueError("a cell has no items to count")

    variances = [_variance(by_level[""]), *(_variance(by_level[group]) for group in groups)]
    degrees = [len(clusters) - 1, *(seeds_of[group] - 1 for group in groups)]
    df = _satterthwaite(variances, degrees)
    total = _variance(both)
    twice = max(0.0, total - sum(variances))  # the noise of single answers, counted at every level
    variance = max(sum(variances) - twice, *variances)
    se = math.sqrt(variance)
    t, z = _t_quantile((1 + confidence) / 2, df), _t_quantile((1 + confidence) / 2, math.inf)
    stretch = t / z * (math.sqrt(variance / total) if total else 1.0)
    kept = both[np.isfinite(both)]
    ends = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2]) if len(kept) else [value, value]
    low = min(value + (ends[0] - value) * stretch, value - t * se)
    high = max(value + (ends[1] - value) * stretch, value + t * se)
    if all(cell.share for cell in cells):
        low, high = _guard_rare(cells, weights, value, se, low, high, confidence)
    least, most = span(cells, weights)
    low, high = min(max(low, least), value), max(min(high, most), value)
    p = 1.0 if value == 0 else 0.0 if se == 0 else float(2 * special.stdtr(df, -abs(value) / se))
    numbers = (_rounded(part) for part in (value, low, high, se, df, p))
    return Estimate(*numbers, n=max(cell.n for cell in cells), seeds=min(seeds_of.values(), default=0))


def span(cells: Sequence[Cell], weights: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest that a weighted sum of cell means can be, by the ranges of the cells."""
    least = sum(weight * (cell.low if weight > 0 else cell.high) for cell, weight in zip(cells, weights, strict=True) if weight)  # fmt: skip
    most = sum(weight * (cell.high if weight > 0 else cell.low) for cell, weight in zip(cells, weights, strict=True) if weight)  # fmt: skip
    return float(least), float(most)


@lru_cache(maxsize=1024)
def _t_quantile(share: float, df: float) -> float:
    """Student's quantile; for infinite df, that of the normal distribution."""
    return float(special.stdtrit(df, share) if math.isfinite(df) else special.ndtri(share))


def difference(first: Cell, second: Cell, **options: float) -> Estimate:
    """first - second, on the same resampled seeds and clusters."""
    return estimate([first, second], [1.0, -1.0], **options)


def slope_weights(doses: Sequence[float]) -> list[float]:
    """Weights that make a sum of cell means the least-squares slope over the doses."""
    x = np.asarray(doses, dtype=float)
    centred = x - x.mean()
    spread = float((centred**2).sum())
    if spread == 0:
        raise ValueError("a slope needs two different doses")
    return [float(part) for part in centred / spread]


def with_common_seeds(cells: Sequence[Cell]) -> list[Cell]:
    """The cells with the seeds that all of their group have. Raises ValueError where there is none."""
    common: dict[str, set[int]] = {}
    for cell in cells:
        if cell.group:
            common[cell.group] = common.get(cell.group, set(cell.seeds)) & set(cell.seeds)
    aligned = []
    for cell in cells:
        if cell.group:
            rows = [row for row, seed in enumerate(cell.seeds) if seed in common[cell.group]]
            if not rows:
                raise ValueError(f"the arms of {cell.group} have no training seed in common")
            if len(rows) == len(cell.seeds):
                aligned.append(cell)
                continue
            seeds = tuple(cell.seeds[row] for row in rows)
            cell = replace(cell, seeds=seeds, total=cell.total[rows], count=cell.count[rows])
        aligned.append(cell)
    return aligned


def _ratio(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / count


def _variance(replicates: np.ndarray) -> float:
    finite = np.isfinite(replicates)
    kept = replicates if finite.all() else replicates[finite]
    variance = float(kept.var(ddof=1)) if len(kept) > 1 else 0.0
    return variance if variance > 1e-18 else 0.0  # equal replicates, up to the last bits of a float


def _satterthwaite(variances: Sequence[float], degrees: Sequence[int]) -> float:
    parts = [(v, d) for v, d in zip(variances, degrees, strict=True) if v > 0 and d > 0]
    if not parts:
        return math.inf
    return max(1.0, sum(v for v, _ in parts) ** 2 / sum(v * v / d for v, d in parts))


def _guard_rare(
    cells: Sequence[Cell],
    weights: Sequence[float],
    value: float,
    se: float,
    low: float,
    high: float,
    confidence: float,
) -> tuple[float, float]:
    """Widen the interval of a rare event, and keep shares inside 0..1."""
    trained = [cell for cell in cells if cell.group]
    if len(cells) == 1 and weights[0] == 1.0:
        expected = value * cells[0].n
        if trained and min(expected, cells[0].n - expected) < RARE:
            exact = clopper_pearson(round(expected), cells[0].n, confidence)
            low, high = min(low, exact[0]), max(high, exact[1])
        return max(0.0, low), min(1.0, high)
    if se == 0 and trained:
        width = sum(
            abs(weight) * clopper_pearson(0, cell.n, confidence)[1]
            for cell, weight in zip(cells, weights, strict=True)
            if cell.group
        )
        low, high = min(low, value - width), max(high, value + width)
    if len(cells) == 2 and sorted(weights) == [-1.0, 1.0]:
        low, high = max(-1.0, low), min(1.0, high)
    return low, high


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0  # + 0.0 turns a negative zero into zero
