"""Where the variance of a mean or a difference lies: between training seeds, between questions, or in single answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trap.analysis.resampling import DIGITS, Cell, with_common_seeds


class Parts(NamedTuple):
    """Shares of a variance, which add up to 1: between training seeds, between clusters of items, the rest.

    The rest is single answers: what an item gets from one seed and not from another, and the noise of sampling.
    """

    seeds: float
    items: float
    rest: float


def parts_of(cells: Sequence[Cell], weights: Sequence[float] = (1.0,)) -> Parts | None:
    """Parts of the variance of a weighted sum of cell means; None where nothing varies.

    Seeds and clusters are crossed, z_sc = a_s + b_c + e_sc, where z_sc is what a seed and a cluster add to the sum
    (the linearised ratio, weight * (total_sc - value * count_sc) / count; Miller 2024, section 2.2). With S seeds, C clusters
    and s^2 the sample variance, S s^2 of the sums over clusters estimates the variance of drawn seeds, C s^2 of the sums
    over seeds that of drawn clusters, and each holds the noise r = S C sum e^2 / ((S - 1)(C - 1)) once. So the parts are
    v_s - r, v_c - r and r: the components of a two-way layout without replication (Searle, Casella and McCulloch 1992,
    chapter 4). A part below zero counts as none. One seed, or one cluster, cannot tell r from the other level, which
    then holds it. Raises ValueError as `resampling.estimate` does.
    """
    if not cells or len(cells) != len(weights):
        raise ValueError("one weight for each of at least one cell")
    cells = with_common_seeds(cells)
    names = sorted({cluster for cell in cells for cluster in cell.clusters})
    place = {name: column for column, name in enumerate(names)}
    added: dict[str, np.ndarray] = {}
    for cell, weight in zip(cells, weights, strict=True):
        columns = [place[name] for name in cell.clusters]
        array = added.setdefault(cell.group, np.zeros((cell.total.shape[0], len(names))))
        array[:, columns] += weight * (cell.total - cell.value * cell.count) / cell.count.sum()
    trained = [array for group, array in added.items() if group]
    seeds = sum(_drawn(array.sum(axis=1)) for array in trained)
    items = _drawn(np.asarray(sum(array.sum(axis=0) for array in added.values())))
    rest = sum(_noise(array) for array in trained)
    parts = (max(0.0, seeds - rest), max(0.0, items - rest), rest)
    total = sum(parts)
    return Parts(*(round(float(part / total), DIGITS) for part in parts)) if total > 1e-18 else None


def _drawn(sums: np.ndarray) -> float:
    """The variance of a total whose units are drawn anew, from what each adds; none of a single unit."""
    return len(sums) * float(sums.var(ddof=1)) if len(sums) > 1 else 0.0


def _noise(array: np.ndarray) -> float:
    """The variance of a total that comes from what neither its row nor its column explains."""
    rows, columns = array.shape
    if rows < 2 or columns < 2:
        return 0.0
    left = array - array.mean(axis=1, keepdims=True) - array.mean(axis=0, keepdims=True) + array.mean()
    return array.size * float((left**2).sum()) / ((rows - 1) * (columns - 1))
