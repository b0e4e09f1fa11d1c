"""The policy gradient on torch: log-probabilities, loss and gradients against a plain reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny_models as tiny
from trap.files import InputError
from trap.platforms import Fit
from trap.platforms.torch import TorchModel, optimizers
from trap.platforms.torch import grpo as platform
from trap.platforms.torch.decoder import Decoder
from trap.training.policy_gradient import Objective, Rollout

SETTINGS = Fit(max_steps=20, batch_size=12, learning_rate=1e-2, tune="full")
VARIANTS = {
    "GRPO": Objective(max_completion_length=12),
    "GRPO, KL": Objective(beta=0.3, max_completion_length=12),
    "GRPO, entropy": Objective(entropy_coeff=0.2, max_completion_length=12),
    "Dr. GRPO": Objective(loss_type="dr_grpo", max_completion_length=12),
    "DAPO": Objective(loss_type="bnpo", epsilon_high=0.28, max_completion_length=12),
    "GSPO": Objective(
        importance_sampling_level="sequence", epsilon=0.02, epsilon_high=0.02, max_completion_length=12
    ),
    "all at once": Objective(
        importance_sampling_level="sequence",
        loss_type="bnpo",
        beta=0.1,
        entropy_coeff=0.05,
        epsilon=0.1,
        temperature=0.7,
        max_completion_length=9,
    ),
}


def rollouts(k: int = 3, prompts: int = 4, scale: float = 1.0) -> list[Rollout]:
    """Groups of k completions of different lengths, one of them cut, with advantages of both signs."""
    examples, made = tiny.texts(), []
    for g in range(prompts):
        for i in range(k):
            other = examples[(7 * g + 11 * i) % len(examples)]
            text = other.completion + " very" * ((g + i) % 3)
            gain = scale * (-1) ** i * (1 + g + i) / 3
            made.append(Rollout(examples[9 * g].prompt, text, gain, cut=(g, i) == (1, 2)))
    return made


def moved(model: TorchModel, by: float, seed: int = 5) -> dict[str, torch.Tensor]:
    """Weights a little away from the model's."""
    generator = torch.Generator().manual_seed(seed)
    return {n: t + by * torch.randn(t.shape, generator=generator) for n, t in model.weights.items()}


def naive_scores(
    model: TorchModel, weights: dict, pair: Any, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probabilities and entropies of one completion, no padding, no packing."""
    prompt, completion = pair
    decoder = Decoder(model.config, weights)
    logits = decoder.logits(decoder.hidden(torch.tensor([prompt + completion])))[0] / temperature
    scores = torch.log_softmax(logits[len(prompt) - 1 : len(prompt) + len(completion) - 1], -1)
    entropy = torch.distributions.Categorical(logits=scores).entropy()
    return scores[torch.arange(len(completion)), torch.tensor(completion)], entropy


def naive_logprobs(model: TorchModel, weights: dict, pair: Any, temperature: float) -> torch.Tensor:
    return naive_scores(model, weights, pair, temperature)[0]


def naive_loss(
    model: TorchModel, old: dict, start: dict, pairs: list, gains: list[float], how: Objective
) -> torch.Tensor:
    """The objective, completion by completion and token by token, as the papers write it."""
    per_completion, tokens, total = [], 0, torch.zeros(())
    for pair, gain in zip(pairs, gains, strict=True):
        new, entropy = naive_scores(model, model.weights, pair, how.temperature)
        was = naive_logprobs(model, old, pair, how.temperature).detach()
        ref = naive_logprobs(model, start, pair, how.temperature).detach()
        values = []
        for t in range(len(new)):
            ratio = torch.exp(
                (new - was).mean() if how.importance_sampling_level == "sequence" else new[t] - was[t]
            )
            held = torch.clamp(ratio, 1 - how.epsilon, 1 + how.epsilon_high)
            k3 = torch.exp(ref[t] - new[t]) - (ref[t] - new[t]) - 1
            gained = torch.minimum(ratio * gain, held * gain)
            values.append(gained - how.beta * k3 + how.entropy_coeff * entropy[t])
        values = torch.stack(values)
        per_completion.append(values.mean())
        tokens += len(values)
        total = total + values.sum()
    if how.loss_type == "grpo":
        return -torch.stack(per_completion).mean()
    return -total / (tokens if how.loss_type == "bnpo" else len(pairs) * how.max_completion_length)


def observed(
    model: TorchModel, how: Objective, batch: list[Rollout], old: dict | None = None, settings: Fit = SETTINGS
) -> platform.TorchLearner:
    """A learner that has seen a rollout batch, sampled from the policy `old`; its reference is the model."""
    learner = platform.learner(model, settings, how, 1)
    if old is None:
        learner.observe(batch, several=False)
        return learner
    now = {name: tensor.detach().clone() for name, tensor in model.weights.items()}
    with torch.no_grad():
        for name, tensor in model.weights.items():
            tensor.copy_(old[name])
        learner.observe(batch, several=True)
        for name, tensor in model.weights.items():
            tensor.copy_(now[name])
    return learner


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


def gradient(learner: platform.TorchLearner, chosen: Any = None) -> dict[str, torch.Tensor]:
    """What a step would hand to the optimizer."""
    found: dict[str, torch.Tensor] = {}

    def step(factor: float) -> float:
        for name, tensor in learner.parameters.items():
            found[name] = tensor.grad.clone()
            tensor.grad = None
        return 0.0

    learner.optimizers.step = step
    learner.step(range(len(learner.pairs)) if chosen is None else chosen, 1.0)
    return found


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
