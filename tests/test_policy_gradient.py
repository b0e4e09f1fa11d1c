"""Advantages, the schedule of prompts, the dealing of gradient steps, rewards of any study, checkpoints."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trap.methods import grpo
from trap.training import checkpoint
from trap.training.policy_gradient import advantages

REWARDS = np.array([[1.0, 0.0, 0.0, -2.0], [3.0, 3.0, 3.0, 3.0], [0.0, 0.0, 1.0, 1.0]])
tables = arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.floats(-4, 4, width=32)
)


def test_group_advantages_by_hand() -> None:
    found = advantages(REWARDS, "group", "group")
    # mean -0.25; deviations 1.25 0.25 0.25 -1.75; variance (1.5625 + 2 x 0.0625 + 3.0625) / 4
    first = np.array([1.25, 0.25, 0.25, -1.75]) / (1.1875**0.5 + 1e-4)
    np.testing.assert_allclose(
        found, [first, [0, 0, 0, 0], np.array([-1, -1, 1, 1]) / (1 + 2e-4)], rtol=1e-12
    )
    assert advantages(REWARDS, "group", "none")[0].tolist() == [1.25, 0.25, 0.25, -1.75]


def test_other_baselines_by_hand() -> None:
    mean = REWARDS.mean()
    np.testing.assert_allclose(advantages(REWARDS, "batch", "none"), REWARDS - mean)
    np.testing.assert_allclose(
        advantages(REWARDS, "batch", "batch"), (REWARDS - mean) / (REWARDS.std() + 1e-4)
    )
    np.testing.assert_allclose(advantages(REWARDS, "running", "none", 0.5), REWARDS - 0.5)
    np.testing.assert_allclose(advantages(REWARDS, "running", "none", None), REWARDS - mean)
    np.testing.assert_allclose(advantages(REWARDS, "none", "none"), REWARDS)
    for baseline, scale in (("median", "none"), ("group", "range")):
        with pytest.raises(ValueError, match="unknown"):
            advantages(REWARDS, baseline, scale)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_one_sample_or_equal_rewards_teach_nothing(scale: str) -> None:
    assert advantages(np.array([[1.0], [1.0]]), "group", scale).tolist() == [[0.0], [0.0]]
    assert (advantages(np.array([[1.0], [-2.0]]), "group", scale) == 0).all()  # K = 1
    assert (advantages(np.full((3, 4), -2.0), "group", scale) == 0).all()


@settings(deadline=None)
@given(tables, st.floats(-3, 3, width=16), st.sampled_from([0.5, 2.0, 8.0]))
def test_group_advantages_are_those_of_any_affine_reward(
    rewards: np.ndarray, shift: float, factor: float
) -> None:
    found = advantages(rewards, "group", "group")
    assert np.isfinite(found).all() and np.abs(found.sum(axis=1)).max() < 1e-6
    np.testing.assert_allclose(advantages(rewards + shift, "group", "group"), found, atol=1e-6)
    # ... but for the small number that keeps it finite
    spread = rewards.std(axis=1, keepdims=True)
    told = spread[:, 0] > 0.1
    scaled = advantages(rewards * factor, "group", "group")
    np.testing.assert_allclose(scaled[told], found[told], rtol=3e-3, atol=1e-9)
    order = np.argsort(rewards, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(found, order, axis=1), axis=1) >= 0).all()


@settings(deadline=None)
@given(tables)
def test_wrong_answers_cost_what_they_like_in_a_binary_reward(rewards: np.ndarray) -> None:
    """P5: with two values, how much worse the worse one is changes no normalised advantage's sign."""
    right = rewards > 0
    mild, harsh = (advantages(np.where(right, 1.0, wrong), "group", "group") for wrong in (0.0, -2.0))
    np.testing.assert_allclose(mild, harsh, atol=2e-3)


@pytest.mark.parametrize("bad", [[1.0, 2.0], [[1.0, float("nan")]], [[float("inf"), 0.0]]])
def test_rewards_that_are_no_table_of_numbers_are_refused(bad: list) -> None:
    with pytest.raises(ValueError, match="finite"):
        advantages(np.array(bad), "group", "group")


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 30), st.integers(0, 3))
def test_every_prompt_is_asked_equally_often(count: int, per: int, batches: int, seed: int) -> None:
    plan = grpo.schedule(count, per, batches, 1, seed)
    assert [len(batch) for batch in plan] == [per] * batches
    asked = [pair for batch in plan for pair in batch]
    assert len(set(asked)) == len(asked)  # so every one of them has a random stream of its own
    often = Counter(index for index, _ in asked)
    assert max(often.values(), default=0) - min((often[i] for i in range(count)), default=0) <= 1
    assert plan == grpo.schedule(count, per, batches, 1, seed)
    assert plan[: batches // 2] == grpo.schedule(count, per, batches // 2, 1, seed)


def test_a_curriculum_asks_its_parts_in_turn() -> None:
    plan = grpo.schedule(30, 4, 10, 3, 1)
    parts = [{index // 10 for index, _ in batch} for batch in plan]
    assert parts == [{0}] * 3 + [{1}] * 3 + [{2}] * 4


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 4))
def test_a_gradient_step_takes_whole_groups(size: int, k: int, parts: int, epochs: int) -> None:
    prompts = size * parts
    steps = grpo.minibatches(prompts, k, parts, epochs, "1:2")
    assert len(steps) == parts * epochs
    assert all(len(step) == size * k for step in steps)
    for epoch in range(epochs):
        seen = [i for step in steps[epoch * parts : (epoch + 1) * parts] for i in step]
        assert sorted(seen) == list(range(prompts * k))
    for step in steps:
        assert [i % k for i in step] == list(range(k)) * size


def test_a_checkpoint_is_read_back_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "run" / "checkpoint.npz"
    assert checkpoint.read_checkpoint(path, "me") is None
    held = {"a/b": np.arange(6, dtype=np.float32).reshape(2, 3), "step": np.float32(3).reshape(())}
    checkpoint.write_checkpoint(path, "me", held, {"batches": 2, "rows": [{"loss": 0.1}]})
    arrays_, facts = checkpoint.read_checkpoint(path, "me")
    assert facts == {"batches": 2, "rows": [{"loss": 0.1}]} and arrays_.keys() == held.keys()
    assert all((arrays_[n] == held[n]).all() and arrays_[n].shape == held[n].shape for n in held)
    assert checkpoint.read_checkpoint(path, "you") is None
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"no archive", whole.replace(b"identity", b"identitx")):
        path.write_bytes(damaged)
        assert checkpoint.read_checkpoint(path, "me") is None
    partial = path.parent / ".checkpoint.npz.x1y2"  # as a killed writer leaves it
    partial.mkdir()
    (partial / "checkpoint.npz").write_bytes(b"half")
    checkpoint.remove_checkpoint(path)
    assert list(path.parent.iterdir()) == []
    with pytest.raises(ValueError, match="not free"):
        checkpoint.write_checkpoint(path, "me", {"facts": np.zeros(1)}, {})


def test_code_is_part_of_an_identity() -> None:
    assert checkpoint.loaded_code() == checkpoint.loaded_code()
    assert len(checkpoint.loaded_code()) == 64
