"""The part of policy gradients that no platform changes: rollouts, settings of the objective, advantages.

Nothing here imports a framework. `trap.methods.grpo` gives the formulas, and says what departs from the papers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

SMALL = 1e-4  # added to standard deviations: equal rewards give zero advantages, not a division by zero


@dataclass(frozen=True)
class Rollout:
    """One sampled completion. `cut` is true if it reached the length limit, so that no end token was sampled."""

    prompt: str
    completion: str
    advantage: float
    cut: bool = False


@dataclass(frozen=True)
class Objective:
    """The settings of the loss of a gradient step; `trap.workflow.config.Grpo` explains each."""

    epsilon: float = 0.2
    epsilon_high: float = 0.2
    beta: float = 0.0
    entropy_coeff: float = 0.0
    importance_sampling_level: str = "token"  # token | sequence
    loss_type: str = "grpo"  # grpo | bnpo | dr_grpo
    temperature: float = 1.0
    max_completion_length: int = 96  # new tokens at most: what `dr_grpo` divides by


class Learner(Protocol):
    """A policy in training, as `trap.platforms.<name>.grpo.learner` makes it from a model."""

    def sync(self) -> None:
        """Give the model the current weights for sampling."""

    def observe(self, rollouts: Sequence[Rollout], *, several: bool) -> None:
        """Take a rollout batch: its tokens, and their log-probabilities under fixed policies.

        If `several` gradient steps follow, log-probabilities of the policy that sampled are kept. If the objective has
        a weight on the divergence, those of the policy at the start are kept too.
        """

    def measure(self, count: int) -> dict[str, float]:
        """`entropy`, and `kl` (k3) from the policy at the start, of the first `count` rollouts, in nats per token."""

    def step(self, chosen: Sequence[int], factor: float) -> dict[str, float]:
        """One gradient step on the rollouts of these indices at `factor` times the peak rate.

        Gives `loss`, `grad_norm` (before clipping) and `clip_ratio/region_mean` (share of tokens whose ratio
        the clip holds). Raises FloatingPointError where the loss is not finite.
        """

    def state(self) -> dict[str, np.ndarray]:
        """Weights in training and the optimizer's state."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Set the weights and the optimizer to a `state` that was taken earlier."""

    def close(self) -> None:
        """Leave the model with the trained weights, ready to sample and save."""


def in_play(advantages: Sequence[float], chosen: Sequence[int], objective: Objective) -> list[int]:
    """The indices among `chosen` whose rollouts have a gradient.

    Without a weight on the divergence or on the entropy, an advantage of zero gives no gradient. Groups of equal
    rewards then cost sampling and no more; where success is rare, these are most groups.
    """
    always = objective.beta or objective.entropy_coeff
    return [i for i in chosen if always or advantages[i] != 0]


def share_of(part: Sequence[int], whole: Sequence[int], loss_type: str) -> float:
    """What the mean over `part` (token counts of completions) counts for in the mean over `whole`."""
    return sum(part) / sum(whole) if loss_type == "bnpo" else len(part) / len(whole)


def advantages(rewards: np.ndarray, baseline: str, scale: str, running: float | None = None) -> np.ndarray:
    """Advantages from rewards, both arrays of shape (prompts, K): rewards less a baseline, divided by a scale.

    baseline: `group` mean of the prompt's samples; `batch` mean of all; `running`, a number that the
    caller keeps (None at the start: the batch's mean); `none`. scale: standard deviation (of the
    population, plus 1e-4) of the `group` or of the `batch`, or `none`. Raises ValueError for other names
    and for rewards that are not finite.
    """
    rewards = np.asarray(rewards, dtype=np.float64)
    if rewards.ndim != 2 or not np.isfinite(rewards).all():
        raise ValueError("rewards: expected finite numbers, prompts x samples")
    if baseline == "group":
        centred = rewards - rewards.mean(axis=1, keepdims=True)
    elif baseline == "batch" or (baseline == "running" and running is None):
        centred = rewards - rewards.mean()
    elif baseline == "running":
        centred = rewards - running
    elif baseline == "none":
        centred = rewards.copy()
    else:
        raise ValueError(f"baseline: unknown {baseline!r}")
    if scale == "group":
        return centred / (rewards.std(axis=1, keepdims=True) + SMALL)
    if scale == "batch":
        return centred / (rewards.std() + SMALL)
    if scale == "none":
        return centred
    raise ValueError(f"scale: unknown {scale!r}")
