"""Counts of right samples are read strictly, and the best checkpoint is found on one curve and scored on another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_items import make_items, write_runs, write_samples
from trap.analysis.checkpoints import best_and_last
from trap.analysis.samples import read_samples
from trap.files import InputError

CURVE = st.dictionaries(st.integers(0, 50), st.floats(0, 1), min_size=1, max_size=8)


@pytest.mark.parametrize("wrong", [{"correct": 5}, {"faithful": 3}, {"n": 0}, {"correct": -1}])
def test_samples_that_cannot_be_are_one_clear_error(tmp_path: Path, wrong: dict[str, int]) -> None:
    (run,) = write_runs(tmp_path, make_items({"sft": {"accuracy": 0.5}}, seeds=1, questions=2, starts=2))
    write_samples(run)
    path = run / "search/samples.parquet"
    assert read_samples([path]).height == 2 and read_samples([]).height == 0
    pl.read_parquet(path).with_columns(
        pl.lit(value).alias(name) for name, value in wrong.items()
    ).write_parquet(path)
    with pytest.raises(InputError, match=r"samples\.parquet: eval_hard_0000: not counts out of n"):
        read_samples([path])
    pl.read_parquet(path).drop("n").write_parquet(path)
    with pytest.raises(InputError, match=r"samples\.parquet: n: column missing"):
        read_samples([path])


def test_the_best_step_is_the_earliest_of_equals_and_both_curves_have_it() -> None:
    chosen_on = [(0, 0.1), (5, 0.7), (10, 0.7), (15, 0.9)]
    assert best_and_last(chosen_on, [(0, 0.2), (5, 0.4), (10, 0.6)]) == (5, 0.4, 0.6)
    assert best_and_last(chosen_on, [(7, 0.2)]) is None and best_and_last([], [(7, 0.2)]) is None


@settings(deadline=None)
@given(CURVE, CURVE)
def test_the_choice_looks_at_one_curve_alone(first: dict[int, float], second: dict[int, float]) -> None:
    found = best_and_last(sorted(first.items()), sorted(second.items()))
    shared = first.keys() & second.keys()
    assert (found is None) == (not shared)
    if found:
        step, best, last = found
        assert first[step] == max(first[other] for other in shared)
        assert (best, last) == (second[step], second[max(shared)])
        other = {key: 1 - value for key, value in second.items()}  # whatever the scores, the step is the same
        assert best_and_last(sorted(first.items()), sorted(other.items()))[0] == step


def test_a_choice_on_another_pool_gains_nothing_from_luck() -> None:
    """A flat truth with noise: the best probe of one pool looks better than it is, one chosen on another does not."""
    generator = np.random.default_rng(0)
    own, other = [], []
    for _ in range(400):
        one, two = (list(enumerate(generator.normal(0.5, 0.1, 6))) for _ in range(2))
        own.append(best_and_last(one, one)[1] - 0.5)
        other.append(best_and_last(one, two)[1] - 0.5)
    assert np.mean(own) > 0.1 and abs(np.mean(other)) < 0.02
