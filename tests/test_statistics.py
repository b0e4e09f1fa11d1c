"""Intervals, tests and the bootstrap against literature values and simulations with known answers."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_items import make_items
from trap.analysis.cells import ItemTable
from trap.analysis.resampling import Cell, difference, estimate, slope_weights
from trap.analysis.statistics import (
    clopper_pearson,
    clustered_error,
    equivalent,
    holm,
    items_needed,
    mcnemar,
    mean_interval,
    noise_band,
    paired_items_needed,
)
from trap.files import InputError
from trap.studies.hops.study import Study


def _cell(scores: np.ndarray, clusters: int, group: str = "m") -> Cell:
    """scores: (seeds, items); item i belongs to cluster i % clusters."""
    seeds, items = scores.shape
    total, count = np.zeros((seeds, clusters)), np.zeros((seeds, clusters))
    for item in range(items):
        total[:, item % clusters] += scores[:, item]
        count[:, item % clusters] += 1
    return Cell(group, tuple(range(1, seeds + 1)), tuple(f"s{n:04}" for n in range(clusters)), total, count)


# --- exact intervals and tests --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(11, 30, 20, 56), (8, 30, 12, 46), (15, 20, 51, 91), (20, 30, 47, 83), (0, 20, 0, 17)],
)
def test_exact_intervals_of_the_published_counts(x: int, n: int, low: int, high: int) -> None:
    assert tuple(round(100 * end) for end in clopper_pearson(x, n)) == (low, high)


@given(st.integers(1, 400), st.data())
@settings(max_examples=60, deadline=None)
def test_exact_intervals_contain_the_share_and_mirror(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    low, high = clopper_pearson(x, n)
    mirrored = clopper_pearson(n - x, n)
    assert 0 <= low <= x / n <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize(("x", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_impossible_counts_are_refused(x: int, n: int) -> None:
    with pytest.raises(ValueError, match="count"):
        clopper_pearson(x, n)


def test_mcnemar_of_the_published_pair() -> None:
    # 6 of 20 against 4 of 20 with 5 lost and 3 gained: 2 P(X <= 3), X ~ Bin(8, 1/2)
    first = [True] * 5 + [False] * 3 + [True] + [False] * 11
    second = [False] * 5 + [True] * 3 + [True] + [False] * 11
    p, only_first, only_second = mcnemar(first, second)
    assert (only_first, only_second) == (5, 3)
    assert p == pytest.approx(2 * (1 + 8 + 28 + 56) / 256)
    assert mcnemar([True, False], [True, False]) == (1.0, 0, 0)
    with pytest.raises(ValueError, match="same questions"):
        mcnemar([True], [True, False])


def test_items_needed_of_the_published_pair() -> None:
    assert items_needed(11 / 30, 8 / 30) == 338
    with pytest.raises(ValueError, match="equal"):
        items_needed(0.5, 0.5)


def test_paired_designs_need_fewer_items_when_arms_agree() -> None:
    assert paired_items_needed(0.1, 0.2) < items_needed(0.3, 0.4)
    assert paired_items_needed(0.1, 0.2) < paired_items_needed(0.1, 0.5)
    with pytest.raises(ValueError, match="disagreement"):
        paired_items_needed(0.3, 0.2)


def test_holm_steps_down_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_no_difference_needs_a_declared_margin() -> None:
    assert equivalent(-0.01, 0.02, 0.03)
    assert not equivalent(-0.05, 0.05, 0.03)  # contains zero, and says nothing
    with pytest.raises(ValueError, match="declared"):
        equivalent(-0.1, 0.1, 0)


def test_noise_band_pools_the_spread_within_arms() -> None:
    sd, band = noise_band([[0.1, 0.2, 0.3], [0.7, 0.8, 0.9], [0.5]])
    assert sd == pytest.approx(0.1)
    assert band == pytest.approx(1.96 * math.sqrt(2) * 0.1, rel=1e-3)
    assert all(math.isnan(part) for part in noise_band([[0.5]]))


def test_mean_interval_is_students() -> None:
    assert mean_interval([1.0, 2.0, 3.0]) == pytest.approx(
        (2, 2 - 4.3027 / math.sqrt(3), 2 + 4.3027 / math.sqrt(3)), rel=1e-4
    )
    assert mean_interval([1.0]) == (1.0, 1.0, 1.0)


# --- the bootstrap --------------------------------------------------------------------------------


def test_one_seed_agrees_with_the_clustered_standard_error() -> None:
    generator = np.random.default_rng(3)
    shift = np.tile(generator.normal(0, 0.2, 100), 10)
    scores = (generator.random(1000) < np.clip(0.5 + shift, 0, 1)).astype(float)
    found = estimate([_cell(scores[None], 100)])
    clusters = [f"s{item % 100}" for item in range(1000)]
    assert found.value == pytest.approx(scores.mean(), abs=1e-6)
    assert found.se == pytest.approx(clustered_error(scores, clusters), rel=0.06)
    assert found.se > 1.5 * math.sqrt(0.25 / 1000)  # ignoring the clusters would be far too sure


def test_it_is_deterministic() -> None:
    scores = (np.random.default_rng(0).random((10, 1000)) < 0.4).astype(float)
    cell = _cell(scores, 150)
    first = estimate([cell], replicates=2000)
    assert estimate([_cell(scores, 150)], replicates=2000) == first


@pytest.mark.parametrize(("seeds", "floor"), [(3, 0.90), (10, 0.90)])
def test_intervals_cover_the_truth_about_as_often_as_they_say(seeds: int, floor: float) -> None:
    generator = np.random.default_rng(11)
    clusters, each, covered, rounds = 60, 4, 0, 200
    for _ in range(rounds):
        rate = (
            0.5
            + generator.normal(0, 0.05, (seeds, 1))
            + np.tile(generator.normal(0, 0.1, clusters), each)[None]
        )
        scores = (generator.random((seeds, clusters * each)) < rate).astype(float)
        found = estimate([_cell(scores, clusters)], replicates=400)
        covered += found.low <= 0.5 <= found.high
    assert covered / rounds >= floor


def test_a_difference_of_nothing_is_found_as_rarely_as_it_should_be() -> None:
    generator = np.random.default_rng(5)
    found = 0
    for _ in range(200):
        rate = 0.5 + np.tile(generator.normal(0, 0.15, 60), 4)[None]
        one, two = (
            (generator.random((3, 240)) < rate + generator.normal(0, 0.03, (3, 1))).astype(float)
            for _ in range(2)
        )
        result = difference(_cell(one, 60), _cell(two, 60), replicates=400)
        found += result.low > 0 or result.high < 0
    assert found / 200 <= 0.09


def test_pairing_removes_what_arms_share() -> None:
    generator = np.random.default_rng(7)
    hard = np.tile(generator.normal(0, 0.35, 50), 8)[None]
    shared_luck = generator.random((5, 400))
    one = (shared_luck < 0.55 + hard).astype(float)
    two = (shared_luck < 0.50 + hard).astype(float)
    paired = difference(_cell(one, 50), _cell(two, 50))
    apart = [estimate([_cell(scores, 50)]) for scores in (one, two)]
    assert paired.low > 0
    assert paired.se < 0.5 * math.hypot(apart[0].se, apart[1].se)
    assert paired.value == pytest.approx(one.mean() - two.mean(), abs=1e-6)


def test_seeds_that_only_one_arm_has_are_left_out_of_a_difference() -> None:
    scores = np.zeros((3, 20))
    scores[2] = 1
    three = _cell(scores, 10)
    two = _cell(np.zeros((2, 20)), 10)
    found = difference(three, two)
    assert (found.value, found.seeds) == (0.0, 2)
    with pytest.raises(ValueError, match="in common"):
        difference(three, Cell("m", (9,), two.clusters, two.total[:1], two.count[:1]))


def test_a_share_of_zero_is_not_known_to_be_zero() -> None:
    none = _cell(np.zeros((3, 1000)), 100)
    alone = estimate([none])
    assert (alone.value, alone.low) == (0, 0)
    assert alone.high == pytest.approx(clopper_pearson(0, 1000)[1], abs=1e-6)
    both = difference(none, none)
    assert both.low < 0 < both.high < 0.01


def test_a_slope_is_recovered_with_its_sign() -> None:
    doses = [0.0, 0.25, 0.5, 0.75, 1.0]
    generator = np.random.default_rng(2)
    cells = [_cell((generator.random((5, 800)) < 0.3 + 0.4 * dose).astype(float), 80) for dose in doses]
    found = estimate(cells, slope_weights(doses))
    assert found.value == pytest.approx(0.4, abs=0.05)
    assert found.low > 0.3
    with pytest.raises(ValueError, match="two different"):
        slope_weights([1.0, 1.0])


def test_fewer_seeds_give_wider_intervals() -> None:
    generator = np.random.default_rng(1)
    rates = 0.5 + 0.08 * np.array([-1, 1, 0, -1, 1, 0, -1, 1, 0])[:, None]
    scores = (generator.random((9, 900)) < rates).astype(float)
    wide, narrow = (estimate([_cell(part, 90)]) for part in (scores[:3], scores))
    assert wide.df < narrow.df
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_an_item_table_cuts_the_cells_it_was_made_from() -> None:
    items = make_items(
        {"a": {"accuracy": 0.3}, "b": {"accuracy": 0.7, "faithful": 0.5}}, seeds=4, questions=200
    )
    table = ItemTable(items.sample(fraction=1, shuffle=True, seed=3), Study)
    cell = table.cell("nano", "torch", "b", "eval_hard", "accuracy")
    chosen = items.filter((items["arm"] == "b") & (items["pool"] == "eval_hard"))
    assert cell is not None and cell.n == 200 and cell.seeds == (1, 2, 3, 4)
    assert cell.value == pytest.approx(chosen["correct"].mean())
    five = table.cell("nano", "torch", "b", "eval_hard", "accuracy", levels=[5])
    assert five is not None and five.n == 100
    given_correct = table.cell("nano", "torch", "b", "eval_hard", "faithful_given_correct")
    assert given_correct is not None
    assert given_correct.value == pytest.approx(chosen["faithful"].sum() / chosen["correct"].sum())
    assert table.cell("nano", "torch", "c", "eval_hard", "accuracy") is None
    with pytest.raises(KeyError):
        table.cell("nano", "torch", "a", "eval_hard", "luck")


def test_arms_of_two_studies_never_meet_in_a_cell() -> None:
    items = make_items({"a": {"accuracy": 0.3}}, seeds=1, questions=10)
    other = items.with_columns(study=pl.lit("other"))
    with pytest.raises(InputError, match="items of two studies, hops and other"):
        ItemTable(pl.concat([items, other]), Study)


def test_a_metric_that_one_answer_of_three_seeds_has_gets_a_wide_interval() -> None:
    """Shares of the right answers, where one answer of all seeds was right."""
    count = np.zeros((3, 4))
    count[1, 2] = 1
    for total in (count, 0 * count):
        found = estimate(
            [Cell("m", (1, 2, 3), ("a", "b", "c", "d"), total, count)], [1.0], replicates=200, confidence=0.95
        )
        assert (found.n, found.seeds) == (1, 3) and found.value == total.sum()
        assert found.low <= 0.05 and found.high >= 0.95
