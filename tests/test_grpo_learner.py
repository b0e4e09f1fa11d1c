"""The learner of the policy gradient on torch: what its steps move, how it goes on after a kill, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_models as tiny
from policy_gradients import (
    SETTINGS,
    observed,
    rollouts,
)
from trap.files import InputError
from trap.platforms.torch import grpo as platform
from trap.training.policy_gradient import Objective, Rollout


@pytest.mark.parametrize("tune", ["full", "lora"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_restored_learner_goes_on_in_the_same_bytes(tune: str, optimizer: str) -> None:
    settings = replace(SETTINGS, tune=tune, optim=optimizer)
    how = Objective(beta=0.05)

    def fresh() -> platform.TorchLearner:
        return platform.learner(tiny.model(), settings, how, 1)

    def steps(learner: platform.TorchLearner, first: int, last: int) -> None:
        for step in range(first, last):
            learner.observe(rollouts(scale=1 + step % 3), several=True)
            learner.step(range(12), 1.0 - 0.05 * step)
            learner.step(range(6), 1.0 - 0.05 * step)

    alone = fresh()
    steps(alone, 0, 6)
    interrupted = fresh()
    steps(interrupted, 0, 3)
    held = interrupted.state()
    again = fresh()
    again.restore(held)
    steps(again, 3, 6)
    for one, other in ((alone.state(), again.state()),):
        assert one.keys() == other.keys()
        assert all(one[name].tobytes() == other[name].tobytes() for name in one)
    assert any(held[name].tobytes() != again.state()[name].tobytes() for name in held)


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_the_reward_moves_the_weights_its_way(tune: str) -> None:
    """What is rewarded becomes likelier, what is punished less likely; frozen weights stay."""
    model = tiny.model()
    before = {name: tensor.clone() for name, tensor in model.weights.items()}
    batch = rollouts(k=4, prompts=3)
    pairs = [tiny.Example(r.prompt, r.completion) for r in batch]
    was = model.logprobs(pairs)
    settings = replace(SETTINGS, tune=tune, learning_rate=5e-3)
    learner = platform.learner(model, settings, Objective(loss_type="bnpo"), 1)
    for _ in range(8):
        learner.observe(batch, several=False)
        learner.step(range(12), 1.0)
    learner.close()
    change = np.array(model.logprobs(pairs)) - np.array(was)
    gains = np.array([r.advantage for r in batch])
    assert np.corrcoef(change, gains)[0, 1] > 0.7
    assert not any(tensor.requires_grad for tensor in model.weights.values())
    if tune == "lora":
        assert all(torch.equal(model.frozen[n], before[n]) for n in before)
        assert torch.equal(model.weights["model.norm.weight"], before["model.norm.weight"])


def test_a_cut_completion_has_no_end_token() -> None:
    learner = observed(
        tiny.model(), Objective(), [Rollout("The cup,", " red.", 1.0, cut) for cut in (True, False)]
    )
    (_, short), (_, whole) = learner.pairs
    assert whole == [*short, tiny.model().eos[0]]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="do not fit max_length 5"):
        observed(tiny.model(), Objective(), rollouts(), settings=replace(SETTINGS, max_length=5))


def test_a_loss_that_is_not_finite_stops_the_run() -> None:
    learner = observed(tiny.model(), Objective(), [replace(rollouts()[0], advantage=float("nan"))])
    with pytest.raises(FloatingPointError, match="loss is nan"):
        learner.step([0], 1.0)


@pytest.mark.parametrize("tune", ["full", "lora"])
def test_transformers_models_learn_alike(tune: str, tmp_path: Path) -> None:
    """Another architecture goes through transformers; the same weights give the same scores and steps."""
    from trap.platforms.torch import load
    from trap.platforms.torch.generic import load as load_generic

    folder = tiny.save(tiny.model([1, 0]), tmp_path / "base")
    ours = load([folder], "cpu")
    theirs = load_generic(folder, [], ours.tokenizer, torch.device("cpu"))
    settings = replace(SETTINGS, tune=tune, learning_rate=1e-3)
    how = Objective(beta=0.1, temperature=0.8)
    learners = [platform.learner(model, settings, how, 1) for model in (ours, theirs)]
    for learner in learners:
        learner.observe(rollouts(), several=True)
    for one, other in zip(learners[0].old, learners[1].old, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)
    measured = [learner.measure(12) for learner in learners]
    assert measured[0] == pytest.approx(measured[1], abs=1e-4) and abs(measured[1]["kl"]) < 1e-6
    first = [learner.step(range(12), 1.0) for learner in learners]
    assert first[0]["loss"] == pytest.approx(first[1]["loss"], abs=1e-5)
    if tune == "full":  # fresh adapters are drawn differently
        assert first[0]["grad_norm"] == pytest.approx(first[1]["grad_norm"], rel=1e-3)
    for learner in learners:
        learner.step(range(12), 1.0)
    apart = [learner.measure(12) for learner in learners]
    assert apart[0]["kl"] > 0 and apart[1]["kl"] > 0
    if tune == "full":
        assert apart[0] == pytest.approx(apart[1], rel=0.05)
    for learner in learners:
        learner.close()
    facts = theirs.save(tmp_path / "saved")
    assert facts["format"] == ("model" if tune == "full" else "peft")
