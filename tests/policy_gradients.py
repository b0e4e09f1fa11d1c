"""Rollout batches for tests of the policy gradient, and a plain reference of its objective."""

from __future__ import annotations

from typing import Any

import torch

import tiny_models as tiny
from trap.platforms import Fit
from trap.platforms.torch import TorchModel
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
