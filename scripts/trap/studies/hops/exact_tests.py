"""Exact tests and intervals for small samples, with the standard library alone.

An audit reads published runs of twenty questions, where normal approximations are worthless, and it
should run wherever Python runs, so nothing here needs scipy.
"""

from __future__ import annotations

from math import ceil, comb, sqrt
from statistics import NormalDist


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X >= k) for X ~ Binomial(n, p)."""
    return sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


def _root(rises, target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rises(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def exact_interval(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a proportion k/n; (0, 1) when there is nothing to count."""
    if n == 0:
        return 0.0, 1.0
    alpha = (1 - level) / 2
    if n > 1000:  # the exact sum is slow and the score interval is as good
        return wilson_interval(k, n, level)
    low = 0.0 if k == 0 else _root(lambda p: binomial_tail(k, n, p), alpha)
    high = 1.0 if k == n else _root(lambda p: binomial_tail(k + 1, n, p), 1 - alpha)
    return low, high


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
    n = gained + lost
    if n == 0:
        return 1.0
    return min(1.0, 2 * sum(comb(n, i) for i in range(min(gained, lost) + 1)) / 2**n)


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Two-sided Fisher exact p-value of k1/n1 against k2/n2 (independent samples)."""
    right, total = k1 + k2, n1 + n2
    ways = comb(total, right)
    chance = [
        comb(n1, i) * comb(n2, right - i) / ways if 0 <= right - i <= n2 else 0.0 for i in range(n1 + 1)
    ]
    observed = chance[k1]
    return min(1.0, sum(p for p in chance if p <= observed * (1 + 1e-7)))


def items_needed(p1: float, p2: float, power: float = 0.8, level: float = 0.95) -> int:
    """Items per arm to tell two independent proportions apart (two-sided z-test, pooled variance)."""
    if p1 == p2:
        raise ValueError("equal proportions cannot be told apart")
    a, b = NormalDist().inv_cdf(0.5 + level / 2), NormalDist().inv_cdf(power)
    mean = (p1 + p2) / 2
    spread = a * sqrt(2 * mean * (1 - mean)) + b * sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return ceil((spread / (p1 - p2)) ** 2)
