"""Tests and intervals for small samples, as an audit of published runs needs them.

It reads runs of twenty questions, where normal approximations are worthless.
"""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

from trap.analysis.statistics import clopper_pearson


def exact_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a proportion k/n; (0, 1) when there is nothing to count."""
    return clopper_pearson(k, n, level) if n else (0.0, 1.0)


def wilson_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a proportion k/n."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p, z2 = k / n, z * z
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact McNemar p-value from the two discordant counts of a paired comparison."""
    from scipy.stats import binomtest  # slow to import

    return float(binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Two-sided Fisher exact p-value of k1/n1 against k2/n2 (independent samples)."""
    from scipy.stats import fisher_exact  # slow to import

    return float(fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)


def items_needed(p1: float, p2: float, power: float = 0.8, level: float = 0.95) -> int:
    """Items per arm to tell two independent proportions apart (two-sided z-test, pooled variance)."""
    if p1 == p2:
        raise ValueError("equal proportions cannot be told apart")
    a, b = NormalDist().inv_cdf(0.5 + level / 2), NormalDist().inv_cdf(power)
    mean = (p1 + p2) / 2
    spread = a * sqrt(2 * mean * (1 - mean)) + b * sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return ceil((spread / (p1 - p2)) ** 2)
