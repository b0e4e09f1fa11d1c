"""The policy gradient on mlx: the same scores, losses and steps as on torch, and resumed in the same bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_models as tiny
from mlx_models import both, platform, same_scores, trained
from policy_gradients import SETTINGS, VARIANTS, rollouts
from trap.platforms.mlx import adapting
from trap.platforms.mlx import grpo as on_mlx
from trap.platforms.torch import grpo as on_torch
from trap.training.policy_gradient import Objective, Rollout
from trap.workflow.registry import load_member


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("base") / "base")


def stepped(module: Any, model: Any, how: Objective, steps: int = 4) -> list[dict[str, float]]:
    """Rows of some steps, two on each rollout batch; off policy from the second on."""
    learner, rows = module.learner(model, replace(SETTINGS, learning_rate=3e-3), how, 1), []
    for step in range(steps):
        if step % 2 == 0:
            learner.sync()
            learner.observe(rollouts(scale=1 + step), several=True)
        rows.append(learner.step(range(6 * (step % 2), 12), 1.0 - 0.1 * step))
        rows.append(learner.measure(7))
    learner.close()
    return rows


@pytest.mark.parametrize("name", VARIANTS)
def test_mlx_steps_as_torch_does(name: str, base: Path) -> None:
    ours, theirs = both(base)
    rows = stepped(on_mlx, ours, VARIANTS[name]), stepped(on_torch, theirs, VARIANTS[name])
    for one, other in zip(*rows, strict=True):
        assert one.keys() == other.keys()
        assert one == pytest.approx(other, abs=2e-3, rel=2e-3)
    assert rows[0][-1]["kl"] > 1e-4
    assert same_scores(ours, theirs, 0.05)
    before = platform.load([base], "cpu").logprobs(tiny.texts())
    assert ours.logprobs(tiny.texts()) != pytest.approx(before, abs=0.2)


@pytest.mark.parametrize("tune", ["full", "lora"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_restored_learner_goes_on_in_the_same_bytes(tune: str, optimizer: str, base: Path) -> None:
    settings, how = replace(SETTINGS, tune=tune, optim=optimizer), Objective(beta=0.05)

    def fresh() -> Any:
        return on_mlx.learner(platform.load([base], "cpu"), settings, how, 1)

    def steps(learner: Any, first: int, last: int) -> dict[str, np.ndarray]:
        for step in range(first, last):
            learner.observe(rollouts(scale=1 + step), several=True)
            learner.step(range(12), 1.0 - 0.05 * step)
        return learner.state()

    alone = steps(fresh(), 0, 4)
    held = steps(fresh(), 0, 2)
    again = fresh()
    again.restore(held)
    ended = steps(again, 2, 4)
    assert alone.keys() == ended.keys()
    assert all(alone[name].tobytes() == ended[name].tobytes() for name in alone)
    assert any(alone[name].tobytes() != held[name].tobytes() for name in alone)


def test_only_the_adapter_moves_and_samples_follow(base: Path) -> None:
    model = platform.load([base], "cpu")
    wanted = [Rollout(e.prompt, e.completion, 1.0) for e in tiny.texts()[:12]]
    learner = on_mlx.learner(model, replace(SETTINGS, tune="lora"), Objective(loss_type="bnpo"), 1)
    before = model.logprobs([tiny.Example(r.prompt, r.completion) for r in wanted])
    for _ in range(10):
        learner.sync()
        learner.observe(wanted, several=False)
        learner.step(range(12), 1.0)
    learner.close()
    after = model.logprobs([tiny.Example(r.prompt, r.completion) for r in wanted])
    assert sum(after) > 0.8 * sum(before)  # both negative
    plain = platform.load([base], "cpu")
    layers = adapting.lora_layers(model.model)
    for name, module in plain.model.named_modules():
        if name in layers:
            assert (np.array(layers[name].linear.weight) == np.array(module.weight)).all()


def test_zero_advantages_move_nothing(base: Path) -> None:
    batch = [replace(r, advantage=0.0) for r in rollouts()]
    for how in (Objective(), Objective(beta=1.0)):  # at the start, the divergence has no gradient either
        model = platform.load([base], "cpu")
        before = model.logprobs(tiny.texts())
        learner = on_mlx.learner(model, SETTINGS, how, 1)
        learner.observe(batch, several=False)
        row = learner.step(range(12), 1.0)
        learner.close()
        assert row["grad_norm"] == pytest.approx(0, abs=1e-5) and abs(row["loss"]) < 1e-6
        if not how.beta:
            assert model.logprobs(tiny.texts()) == before


def test_it_is_found_by_name() -> None:
    assert load_member("platform", "mlx", "grpo") is on_mlx
