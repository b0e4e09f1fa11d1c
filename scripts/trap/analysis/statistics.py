"""Exact tests and intervals for shares, correction for many comparisons, power, equivalence.

Conventions: shares are fractions in 0..1, every interval is two-sided at `confidence` (0.95).

Sources
    Miller 2024 (arXiv 2411.00640): report standard errors, cluster questions that share a source,
        compare systems pairwise on the same questions, plan the number of items from the power.
    Bowyer 2025 (arXiv 2503.01747): normal approximations fail for small n; use exact (or Bayesian)
        intervals there.
    Hochlehnert 2025 (arXiv 2504.07086): one training seed is not a result; report the spread over
        seeds, and do not read differences below it.
The resampling over seeds and questions is in `resampling.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

CONFIDENCE = 0.95


def clopper_pearson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Exact binomial interval: low solves P(X >= x | p) = a/2, high solves P(X <= x | p) = a/2.

    Written with beta quantiles: low = B(a/2; x, n-x+1), high = B(1-a/2; x+1, n-x).
    (Clopper and Pearson 1934.) Raises ValueError unless 0 <= successes <= n and n > 0.
    """
    _check_count(successes, n)
    half = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, n - successes + 1, half))
    high = 1.0 if successes == n else float(special.betaincinv(successes + 1, n - successes, 1 - half))
    return low, high


def mcnemar(
    first: Sequence[bool] | np.ndarray, second: Sequence[bool] | np.ndarray
) -> tuple[float, int, int]:
    """Exact McNemar test of two arms on the same questions, in the same order.

    Returns (p, only_first, only_second). With b and c the discordant counts, p is the two-sided
    exact binomial test of b in b + c at 1/2; p = 1 when nothing is discordant.
    """
    from scipy import stats  # slow to import, and only needed here

    one, two = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != two.shape:
        raise ValueError(f"McNemar needs the same questions in both arms: {one.shape} and {two.shape}")
    only_first, only_second = int((one & ~two).sum()), int((~one & two).sum())
    discordant = only_first + only_second
    p = 1.0 if discordant == 0 else float(stats.binomtest(only_first, discordant, 0.5).pvalue)
    return p, only_first, only_second


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm step-down adjusted p values of one declared family, in the order given (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests  # slow to import, and only needed here

    if not len(p_values):
        return []
    return [float(p) for p in multipletests(list(p_values), method="holm")[1]]


def items_needed(
    p_1: float,
    p_2: float,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Independent items per arm to see p_1 against p_2, two-sided, by Cohen's arcsine effect size.

    n = 2 ((z_{1-a/2} + z_power) / h)^2 with h = 2 asin sqrt(p_1) - 2 asin sqrt(p_2) (Cohen 1988).
    """
    effect = 2 * math.asin(math.sqrt(p_1)) - 2 * math.asin(math.sqrt(p_2))
    if effect == 0:
        raise ValueError("two equal shares cannot be told apart by any number of items")
    reach = special.ndtri(1 - alpha / 2) + special.ndtri(power)
    return math.ceil(2 * (float(reach) / effect) ** 2)


def paired_items_needed(
    delta: float,
    disagreement: float,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Shared items to see a paired difference `delta` when two arms disagree on a share of the items.

    n = ((z_{1-a/2} sqrt(d) + z_power sqrt(d - delta^2)) / delta)^2 (Connor 1987; the paired design
    of Miller 2024 section 4). Raises ValueError where |delta| exceeds the disagreement.
    """
    if delta == 0 or abs(delta) > disagreement:
        raise ValueError(f"a difference of {delta} cannot come from {disagreement} disagreement")
    z_alpha, z_power = float(special.ndtri(1 - alpha / 2)), float(special.ndtri(power))
    reach = z_alpha * math.sqrt(disagreement) + z_power * math.sqrt(disagreement - delta * delta)
    return math.ceil((reach / delta) ** 2)


def detectable(se: float, df: float = math.inf, alpha: float = 0.05, power: float = 0.8) -> float:
    """The smallest true difference that a two-sided test at `alpha` finds with probability `power`, in units of `se`.

    se (t_{1-a/2, df} + t_{power, df}), 2.80 se for many degrees of freedom (Bloom 1995, Evaluation Review 19(5);
    Miller 2024, section 5). Raises ValueError for a negative error or fewer than one degree of freedom.
    """
    if se < 0 or not df >= 1:
        raise ValueError(f"a standard error of {se} with {df} degrees of freedom")
    if math.isinf(df):
        return se * float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    return se * float(special.stdtrit(df, 1 - alpha / 2) + special.stdtrit(df, power))


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values that control the false discovery rate, in the order given (Benjamini and Hochberg 1995).

    Holds for independent tests and those that depend positively (Benjamini and Yekutieli 2001).
    """
    from statsmodels.stats.multitest import multipletests  # slow to import, and only needed here

    if not len(p_values):
        return []
    return [float(p) for p in multipletests(list(p_values), method="fdr_bh")[1]]


def pass_at_k(n: int, c: int, k: int) -> float:
    """Probability that at least one of k samples is right, from n samples of which c are: 1 - C(n-c, k) / C(n, k).

    Unbiased for k <= n (Chen et al. 2021, arXiv 2107.03374, section 2.1); their 1 - (1 - c/n)^k is too low.
    Raises ValueError unless 0 <= c <= n and 1 <= k <= n.
    """
    _check_count(c, n)
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be told from {n} samples")
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def equivalent(low: float, high: float, margin: float) -> bool:
    """Whether an interval lies inside -margin..margin, which was declared before looking.

    Only then may a text say "no difference"; an interval that merely contains zero says nothing.
    """
    if margin <= 0:
        raise ValueError("an equivalence margin must be positive and declared beforehand")
    return -margin < low and high < margin


def noise_band(per_seed: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """(pooled SD over seeds, band): two single runs that differ by less than the band differ by nothing.

    `per_seed`: one sequence of per-seed means for every arm. SD = sqrt(sum of squares within arms /
    sum of (seeds - 1)); band = z sqrt(2) SD (the difference of two draws). (Hochlehnert 2025.)
    Returns NaNs when no arm has two seeds.
    """
    squares = degrees = 0.0
    for values in per_seed:
        if len(values) > 1:
            array = np.asarray(values, dtype=float)
            squares += float(((array - array.mean()) ** 2).sum())
            degrees += len(array) - 1
    if degrees == 0:
        return math.nan, math.nan
    sd = math.sqrt(squares / degrees)
    return sd, float(special.ndtri((1 + confidence) / 2)) * math.sqrt(2) * sd


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """(mean, low, high) of one number per training seed, by Student's t; (v, v, v) for one seed."""
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    if len(array) < 2:
        return mean, mean, mean
    error = float(array.std(ddof=1)) / math.sqrt(len(array))
    half = float(special.stdtrit(len(array) - 1, (1 + confidence) / 2)) * error
    return mean, mean - half, mean + half


def clustered_error(scores: Sequence[float], clusters: Sequence[str]) -> float:
    """Cluster-robust standard error of a mean: sqrt(sum_c (sum_{i in c} (s_i - mean))^2) / n.

    Miller 2024, section 2.2. One run only; the bootstrap must agree with it (a test checks).
    """
    array = np.asarray(scores, dtype=float)
    _, index = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(index, weights=array - array.mean())
    return float(np.sqrt((sums**2).sum()) / len(array))


def _check_count(successes: int, n: int) -> None:
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"not a count out of n: {successes} of {n}")
