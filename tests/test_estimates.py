"""What an estimate says besides its value: ends inside the range, parts of its variance, what it could have seen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from make_items import make_items
from trap.analysis.cells import ItemTable, metrics_of
from trap.analysis.resampling import Cell, difference, estimate, slope_weights, span
from trap.analysis.statistics import detectable, pass_at_k
from trap.analysis.variance import parts_of
from trap.studies.hops.study import Study


def cell(scores: np.ndarray, clusters: int, low: float = -math.inf, high: float = math.inf) -> Cell:
    """Scores (seeds, questions), the questions dealt out to clusters in turn."""
    place = np.arange(scores.shape[1]) % clusters
    total = np.stack([np.bincount(place, weights=row, minlength=clusters) for row in scores])
    count = np.tile(np.bincount(place, minlength=clusters).astype(float), (len(scores), 1))
    return Cell(
        "nano", tuple(range(len(scores))), tuple(map(str, range(clusters))), total, count, False, low, high
    )


# --- ranges -------------------------------------------------------------------------------------------------------


def test_a_mean_number_of_hops_stays_inside_what_hops_can_be() -> None:
    """Two seeds that differ much: Student's t alone would reach below zero."""
    scores = np.repeat([[2.0], [3.2]], 60, axis=1)
    free, held = estimate([cell(scores, 20)]), estimate([cell(scores, 20, 0.0, 6.0)])
    assert free.low < 0 and free.high > 6
    assert (held.low, held.high) == (0.0, 6.0)
    assert (held.value, held.se, held.p, held.n) == (free.value, free.se, free.p, free.n)


def test_a_difference_stays_inside_its_span_and_so_does_a_slope() -> None:
    one, two = (cell(np.repeat([[a], [b]], 40, axis=1), 10, 0.0, 6.0) for a, b in ((5.0, 0.0), (0.0, 6.0)))
    assert span([one, two], [1.0, -1.0]) == (-6.0, 6.0)
    found = difference(one, two)
    assert -6.0 == found.low < found.value < found.high == 6.0
    assert span([one, two], slope_weights([0.0, 2.0])) == (-3.0, 3.0)
    unbounded = cell(np.ones((2, 4)), 2)
    assert span([one, unbounded], [1.0, 0.0]) == (0.0, 6.0)  # what has no weight has no part in it
    assert span([unbounded], [1.0]) == (-math.inf, math.inf)


def test_every_metric_of_the_study_has_its_range() -> None:
    metrics = metrics_of(Study)
    for metric in metrics.values():
        assert metric.range == (0.0, 1.0) if metric.unit == "share" else metric.range[0] < metric.range[1]
    assert metrics["tokens"].range == (0.0, math.inf)
    assert metrics["hops_used"].range[0] == 0 and metrics["reward"].range == (-2.5, 1.5)
    guessed = {name for name, metric in metrics.items() if metric.guessed}
    assert guessed == {"accuracy", "ranked", "accuracy_given_format", "lenient"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.sampled_from([0.5, 3.0]))
def test_no_interval_leaves_the_range_and_each_holds_its_value(seed: int, seeds: int, spread: float) -> None:
    generator = np.random.default_rng(seed)
    rates = np.clip(generator.normal(1, spread, (seeds, 1)) + generator.normal(0, 1, (seeds, 24)), 0, 4)
    found = estimate([cell(rates, 6, 0.0, 4.0)], replicates=200)
    assert 0.0 <= found.low <= found.value <= found.high <= 4.0


def test_cells_of_items_carry_the_range_of_their_metric() -> None:
    table = ItemTable(make_items({"a": {"accuracy": 0.5}}, seeds=2, questions=12, starts=4), Study)
    for name, metric in table.metrics.items():
        found = table.cell("nano", "torch", "a", "eval_hard", name)
        assert found is None or (found.low, found.high) == metric.range, name


# --- parts of the variance -----------------------------------------------------------------------------------------


def scores(seed_sd: float, cluster_sd: float, noise: float, seed: int, seeds: int = 8) -> np.ndarray:
    generator = np.random.default_rng(seed)
    questions, clusters = 240, 40
    of_cluster = generator.normal(0, cluster_sd, clusters)[np.arange(questions) % clusters]
    of_seed = generator.normal(0, seed_sd, (seeds, 1))
    return 0.5 + of_seed + of_cluster + generator.normal(0, noise, (seeds, questions))


@pytest.mark.parametrize(
    ("sds", "largest"), [((0.3, 0.02, 0.1), "seeds"), ((0.01, 0.5, 0.1), "items"), ((0.0, 0.0, 1.0), "rest")]
)
def test_the_largest_part_is_where_the_noise_was_put(sds: tuple[float, float, float], largest: str) -> None:
    shares = [parts_of([cell(scores(*sds, seed), 40)]) for seed in range(6)]
    means = {name: np.mean([getattr(part, name) for part in shares]) for name in ("seeds", "items", "rest")}
    assert max(means, key=means.__getitem__) == largest, means


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 1.0))
def test_parts_add_up_and_noise_between_seeds_raises_theirs(seed: int, more: float) -> None:
    plain = scores(0.0, 0.2, 0.3, seed)
    shift = np.linspace(-1, 1, len(plain))[:, None] * more
    before, after = (parts_of([cell(array, 40)]) for array in (plain, plain + shift))
    for parts in (before, after):
        assert sum(parts) == pytest.approx(1, abs=1e-5) and min(parts) >= 0
    assert after.seeds > before.seeds


def test_one_seed_leaves_all_of_it_to_the_questions_and_none_leaves_nothing() -> None:
    assert parts_of([cell(scores(0.1, 0.2, 0.3, 1, seeds=1), 40)]) == (0.0, 1.0, 0.0)
    assert parts_of([cell(np.ones((3, 12)), 4)]) is None


def test_parts_follow_an_analysis_of_variance() -> None:
    """Two-way layout without replication: expected mean squares give the components (Searle and others 1992)."""
    array = scores(0.15, 0.0, 0.4, 5, seeds=12)
    questions = array.shape[1]
    rows, columns = array.mean(axis=1), array.mean(axis=0)
    rest = array - rows[:, None] - columns[None] + array.mean()
    error = (rest**2).sum() / ((len(rows) - 1) * (questions - 1)) / array.size
    expected = [rows.var(ddof=1) / len(rows) - error, max(0, columns.var(ddof=1) / questions - error), error]
    assert parts_of([cell(array, questions)]) == pytest.approx(np.array(expected) / sum(expected), abs=1e-5)


def test_they_add_up_to_the_variance_that_the_bootstrap_finds() -> None:
    """v_s + v_c - r, of which the bootstrap takes a sample."""
    array = scores(0.1, 0.3, 0.6, 7)
    rows, columns = array.mean(axis=1), array.reshape(len(array), -1, 40).mean(axis=(0, 1))
    parts, found = parts_of([cell(array, 40)]), estimate([cell(array, 40)])
    total = (rows.var(ddof=1) / len(rows)) / (
        parts.seeds + parts.rest
    )  # v_s = (part of seeds + rest) * total
    assert total == pytest.approx((columns.var(ddof=1) / 40) / (parts.items + parts.rest), rel=1e-4)
    assert found.se**2 == pytest.approx(total, rel=0.1)


def test_a_paired_difference_has_no_part_of_what_both_share() -> None:
    """Seeds and questions move both arms alike, so that their difference is single answers alone."""
    both = scores(0.3, 0.5, 0.0, 3)
    noise = np.random.default_rng(1).normal(0, 0.2, (2, *both.shape))
    one, two = (cell(both + part, 40) for part in noise)
    assert parts_of([one, two], [1.0, -1.0]).rest > 0.4 > parts_of([one]).rest
    with pytest.raises(ValueError, match="one weight"):
        parts_of([one], [1.0, -1.0])


# --- the smallest effect that could have been seen --------------------------------------------------------------------


def test_it_is_two_point_eight_errors_for_many_degrees_of_freedom() -> None:
    assert detectable(1.0) == pytest.approx(2.8016, abs=1e-4)
    assert detectable(0.01, 1e6) == pytest.approx(0.028016, abs=1e-5)
    assert detectable(1.0, 2) == pytest.approx(stats.t.ppf(0.975, 2) + stats.t.ppf(0.8, 2))
    for wrong in ((-1.0, 3.0), (1.0, 0.5), (1.0, math.nan)):
        with pytest.raises(ValueError, match="standard error"):
            detectable(*wrong)


@settings(deadline=None)
@given(st.floats(1e-6, 10), st.floats(1, 1e5), st.floats(1.01, 10))
def test_it_grows_with_the_error_and_falls_with_the_degrees_of_freedom(
    se: float, df: float, by: float
) -> None:
    assert detectable(se * by, df) == pytest.approx(by * detectable(se, df))
    assert detectable(se, df * by) < detectable(se, df)
    assert detectable(se, df) > detectable(se)


def test_an_effect_of_that_size_is_found_four_times_in_five() -> None:
    generator = np.random.default_rng(0)
    n, runs = 20, 20_000
    effect = detectable(1 / math.sqrt(n), n - 1)
    draws = generator.normal(effect, 1, (runs, n))
    t = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / math.sqrt(n))
    assert (np.abs(t) > stats.t.ppf(0.975, n - 1)).mean() == pytest.approx(0.8, abs=0.02)


# --- pass@k ---------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_the_share_of_subsets_that_hold_a_right_sample(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    right = [place < c for place in range(n)]
    subsets = list(itertools.combinations(right, k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(any(subset) for subset in subsets) / len(subsets))


def test_pass_at_k_is_unbiased() -> None:
    """Over the binomial of c of n its mean is 1 - (1 - p)^k, as long as k <= n."""
    n, p = 12, 0.3
    weights = stats.binom.pmf(np.arange(n + 1), n, p)
    for k in (1, 2, 5, 12):
        mean = sum(weight * pass_at_k(n, c, k) for c, weight in enumerate(weights))
        assert mean == pytest.approx(1 - (1 - p) ** k)


@pytest.mark.parametrize("wrong", [(0, 0, 1), (4, 5, 1), (4, -1, 1), (4, 2, 0), (4, 2, 5)])
def test_counts_that_do_not_fit_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"of|pass@"):
        pass_at_k(*wrong)
