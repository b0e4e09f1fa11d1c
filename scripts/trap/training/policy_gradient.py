"""What every platform's policy gradient rests on: rollouts, the objective's settings, advantages.

Nothing here imports a framework. Formulas and what departs from the papers: `trap.methods.grpo`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

SMALL = 1e-4  # added to standard deviations: equal rewards give zero advantages, not a division by zero


@dataclass(frozen=True)
class Rollout:
    """One sampled completion. `cut`: it reached the length limit, so its end token was not sampled."""

    prompt: str
    completion: str
    advantage: float
    cut: bool = False


@dataclass(frozen=True)
class Objective:
    """The loss of a gradient step; see `trap.workflow.config.Grpo` for the meaning of each setting."""

    clip: float = 0.2
    clip_high: float = 0.2
    kl: float = 0.0
    level: str = "token"  # token | sequence
    average: str = "sequence"  # sequence | token | constant
    temperature: float = 1.0
    longest: int = 96  # new tokens at most: what `constant` divides by


class Learner(Protocol):
    """A policy in training: what `trap.platforms.<name>.grpo.learner` makes of a model."""

    def sync(self) -> None:
        """Let the model sample with the weights as they are now."""

    def observe(self, rollouts: Sequence[Rollout], *, several: bool) -> None:
        """Take a rollout batch: its tokens and what fixed policies think of them.

        `several` gradient steps follow: the log-probabilities of the policy that sampled are kept. Where
        the objective has a weight for the divergence, those of the policy at the start are kept too.
        """

    def measure(self, count: int) -> dict[str, float]:
        """`entropy` and `kl` (k3, from the policy at the start) of the first `count` rollouts, nats a token."""

    def step(self, chosen: Sequence[int], factor: float) -> dict[str, float]:
        """One gradient step on the rollouts of these indices at `factor` times the peak rate.

        Gives `loss`, `norm` (of the gradient, before clipping) and `clipped` (share of tokens whose ratio
        the clip holds). Raises FloatingPointError where the loss is not finite.
        """

    def state(self) -> dict[str, np.ndarray]:
        """Weights in training and the optimizer's state."""

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on exactly where `state` was taken."""

    def close(self) -> None:
        """Leave the model with the trained weights, ready to sample and save."""


def in_play(advantages: Sequence[float], chosen: Sequence[int], objective: Objective) -> list[int]:
    """Those of the chosen rollouts that have a gradient: an advantage of zero has none without a divergence.

    Groups of equal rewards, which are most of them where success is rare, then cost sampling and no more.
    """
    return [i for i in chosen if objective.kl or advantages[i] != 0]


def share_of(part: Sequence[int], whole: Sequence[int], average: str) -> float:
    """What the mean over `part` (token counts of completions) counts for in the mean over `whole`."""
    return sum(part) / sum(whole) if average == "token" else len(part) / len(whole)


def advantages(rewards: np.ndarray, baseline: str, scale: str, running: float | None = None) -> np.ndarray:
    """Advantages (prompts, K) of rewards (prompts, K): less a baseline, divided by a scale.

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
