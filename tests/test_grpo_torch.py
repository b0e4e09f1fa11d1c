"""The policy gradient on torch: log-probabilities, loss and gradients against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import tiny_models as tiny
from policy_gradients import (
    SETTINGS,
    VARIANTS,
    gradient,
    moved,
    naive_logprobs,
    naive_loss,
    observed,
    rollouts,
)
from trap.platforms.torch import grpo as platform
from trap.platforms.torch import optimizers
from trap.platforms.torch.decoder import Decoder
from trap.training.policy_gradient import Objective


@pytest.mark.parametrize("rope", [[1, 0], [0, 0]])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_packed_rows_give_the_plain_log_probabilities(rope: list[int], temperature: float) -> None:
    model = tiny.model(rope)
    pairs = observed(model, Objective(), rollouts()).pairs
    pairs += [([5], [6, 7, 1]), ([5], [6]), ([5, 6, 7, 8, 9, 10], [1])]
    decoder = Decoder(model.config, model.weights)
    with torch.no_grad():
        table, every = platform.packed_scores(decoder, pairs, model.pad, temperature)
        assert table.shape == (len(pairs), max(len(c) for _, c in pairs))
        assert every.shape == (sum(len(c) for _, c in pairs), model.config.vocab_size)
        for row, pair in enumerate(pairs):
            expected = naive_logprobs(model, model.weights, pair, temperature)
            torch.testing.assert_close(table[row, : len(expected)], expected, atol=2e-5, rtol=1e-4)
            assert not table[row, len(expected) :].any()


def test_completions_of_a_prompt_share_one_row() -> None:
    model = tiny.model()
    pairs = observed(model, Objective(), rollouts(k=3, prompts=4)).pairs
    packed = platform.pack(pairs, model.pad, torch.device("cpu"))
    assert packed.tokens.shape[0] == 4 and packed.mask.shape[0] == 12
    assert int(packed.mask.sum()) == len(packed.labels) == sum(len(c) for _, c in pairs)
    # A completion never sees another: changing one moves no other's scores.
    other = [(p, [c[0], *[9] * (len(c) - 1)]) if i == 1 else (p, c) for i, (p, c) in enumerate(pairs)]
    with torch.no_grad():
        decoder = Decoder(model.config, model.weights)
        one, two = (platform.packed_scores(decoder, these, model.pad, 1.0)[0] for these in (pairs, other))
    assert not torch.equal(one[1], two[1])
    torch.testing.assert_close(
        torch.cat((one[:1], one[2:])), torch.cat((two[:1], two[2:])), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_loss_and_gradients_equal_the_plain_ones(name: str) -> None:
    how, batch = VARIANTS[name], rollouts()
    model = tiny.model([1, 0])
    start = {n: t.clone() for n, t in model.weights.items()}
    old, now = moved(model, 0.01, 5), moved(model, 0.01, 6)
    learner = observed(model, how, batch, old)
    with torch.no_grad():
        for n, t in model.weights.items():
            t.copy_(now[n])
    chosen = list(range(len(batch)))
    new, every = learner.score([learner.pairs[i] for i in chosen], how.temperature)
    mask = torch.arange(new.shape[1]) < torch.tensor([len(c) for _, c in learner.pairs])[:, None]
    assert (learner.reference is None) == (how.beta == 0)
    tables = [known and learner._table(known, chosen, new) for known in (learner.old, learner.reference)]
    gains = torch.tensor([r.advantage for r in batch])
    entropy = platform.entropies(every, mask) if how.entropy_coeff else None
    loss, clipped = platform.policy_loss(new, *tables, mask, gains, how, entropy)
    expected = naive_loss(model, old, start, learner.pairs, [r.advantage for r in batch], how)
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), abs=1e-5)
    assert 0 < float(clipped) < 1  # the clip is at work, and not everywhere
    leaves = list(model.weights.values())
    for ours, theirs in zip(
        torch.autograd.grad(loss, leaves), torch.autograd.grad(expected, leaves), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=2e-3)


@pytest.mark.parametrize("level, loss_type", [("token", "grpo"), ("token", "bnpo"), ("sequence", "grpo")])
def test_a_step_on_policy_is_reinforce(level: str, loss_type: str) -> None:
    """With pi_old = pi nothing is clipped: the gradient is that of A log pi, whatever the clip."""
    batch = rollouts()
    model = tiny.model()
    learner = observed(model, Objective(importance_sampling_level=level, loss_type=loss_type), batch)
    found = gradient(learner)
    sums = []
    for pair, rollout in zip(learner.pairs, batch, strict=True):
        sums.append(rollout.advantage * naive_logprobs(model, model.weights, pair, 1.0))
    loss = -torch.stack([s.mean() for s in sums]).mean() if loss_type == "grpo" else -torch.cat(sums).mean()
    for name, theirs in zip(
        model.weights, torch.autograd.grad(loss, list(model.weights.values())), strict=True
    ):
        torch.testing.assert_close(found[name], theirs, atol=2e-5, rtol=2e-3)
    # The same when the policy that sampled is computed apart, as for several steps per rollout batch.
    learner.observe(batch, several=True)
    for name, again in gradient(learner).items():
        torch.testing.assert_close(again, found[name], atol=2e-5, rtol=2e-3)


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - {"GRPO, KL", "GRPO, entropy", "all at once"}))
def test_zero_advantages_give_a_zero_gradient(name: str) -> None:
    batch = [replace(r, advantage=0.0) for r in rollouts()]
    model = tiny.model()
    found = gradient(observed(model, VARIANTS[name], batch, moved(model, 0.02)))
    assert all(torch.isfinite(g).all() and not g.any() for g in found.values())


def test_the_bonus_raises_entropy_where_all_rewards_are_equal() -> None:
    batch = [replace(r, advantage=0.0) for r in rollouts()]
    learner = observed(tiny.model(), Objective(entropy_coeff=1.0), batch)
    found = [learner.measure(12)["entropy"]]
    for _ in range(4):
        learner.step(range(12), 0.3)
        found.append(learner.measure(12)["entropy"])
    assert found == sorted(found) and found[-1] > 1.05 * found[0]


def test_the_divergence_is_zero_at_the_start_and_pulls_back() -> None:
    batch = [replace(r, advantage=0.0) for r in rollouts()]
    model = tiny.model()
    at_start = observed(model, Objective(beta=1.0), batch)
    found = gradient(at_start)
    assert max(float(g.abs().max()) for g in found.values()) < 1e-5
    away = moved(model, 0.03)
    with torch.no_grad():
        for n, t in model.weights.items():
            t.copy_(away[n])
    learner = at_start
    learner.optimizers = optimizers.Optimizers(learner.parameters, SETTINGS)
    divergences = []
    for _ in range(15):
        divergences.append(learner.measure(12)["kl"])
        learner.step(range(12), 1.0)
    assert divergences[0] > 0.01 and divergences[-1] < 0.5 * divergences[0]


def test_clipping_stops_the_gain_and_not_the_loss() -> None:
    """min(r A, clip(r) A): beyond the clip only steps that would make it worse still count."""
    old = torch.zeros(4, 1)
    new = torch.tensor([[0.5], [0.5], [-0.5], [-0.5]], requires_grad=True)
    gains = torch.tensor([1.0, -1.0, 1.0, -1.0])
    mask = torch.ones(4, 1, dtype=torch.bool)
    loss, clipped = platform.policy_loss(new, old, None, mask, gains, Objective())
    loss.backward()
    ratio = np.exp([0.5, 0.5, -0.5, -0.5])
    assert new.grad[:, 0].tolist() == pytest.approx([0, ratio[1] / 4, -ratio[2] / 4, 0])
    assert float(loss.detach()) == pytest.approx(-(1.2 - ratio[1] + ratio[2] - 0.8) / 4)
    assert float(clipped) == 0.5


def test_k3_is_never_negative_and_estimates_the_divergence() -> None:
    generator = torch.Generator().manual_seed(0)
    p = torch.randn(50, generator=generator).log_softmax(0)
    q = torch.randn(50, generator=generator).log_softmax(0)
    # Weighted with p, the mean of k3 over all outcomes is KL(p || q) exactly.
    found = platform.k3(p, q)
    assert float(found.min()) >= 0 and not platform.k3(p, p).any()
    assert float((p.exp() * found).sum()) == pytest.approx(float((p.exp() * (p - q)).sum()), abs=1e-6)


def test_what_is_measured_of_a_policy() -> None:
    model = tiny.model()
    learner = observed(model, Objective(temperature=0.8), rollouts())
    start = {name: tensor.detach().clone() for name, tensor in model.weights.items()}
    away = moved(model, 0.03)
    with torch.no_grad():
        for n, t in model.weights.items():
            t.copy_(away[n])
        found, pairs = learner.measure(7), learner.pairs[:7]
        entropies, divergences = [], []
        for prompt, completion in pairs:
            decoder = Decoder(model.config, model.weights)
            logits = decoder.logits(decoder.hidden(torch.tensor([prompt + completion])))[0] / 0.8
            scores = logits[len(prompt) - 1 : -1].log_softmax(-1)
            entropies.append(-(scores.exp() * scores).sum(-1))
            new, was = (naive_logprobs(model, w, (prompt, completion), 0.8) for w in (model.weights, start))
            divergences.append((was - new).exp() - (was - new) - 1)
    assert found["entropy"] == pytest.approx(float(torch.cat(entropies).mean()), rel=1e-4)
    assert found["kl"] == pytest.approx(float(torch.cat(divergences).mean()), rel=1e-3)


@pytest.mark.parametrize("name", VARIANTS)
def test_rollouts_without_advantage_cost_nothing_and_count(name: str) -> None:
    """Leaving them out of the forward pass changes no gradient."""
    batch = [replace(r, advantage=0.0) if i % 3 else r for i, r in enumerate(rollouts())]
    model, asked = tiny.model(), []
    learner = observed(model, VARIANTS[name], batch, moved(model, 0.01))
    score = learner.score
    learner.score = lambda pairs, temperature: asked.append(len(pairs)) or score(pairs, temperature)
    found = gradient(learner)
    how = VARIANTS[name]
    assert asked == [12 if how.beta or how.entropy_coeff else 4]
    old, start = moved(model, 0.01), {n: t.detach() for n, t in model.weights.items()}
    loss = naive_loss(model, old, start, learner.pairs, [r.advantage for r in batch], VARIANTS[name])
    for n, theirs in zip(model.weights, torch.autograd.grad(loss, list(model.weights.values())), strict=True):
        torch.testing.assert_close(found[n], theirs, atol=2e-5, rtol=2e-3)
