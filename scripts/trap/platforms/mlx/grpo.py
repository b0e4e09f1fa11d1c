"""Policy gradient on the platform mlx: the torch platform's loss and steps (`platforms/torch/grpo.py`) on MLX.

One row per completion, through mlx-lm's own forward pass. `tests/test_grpo_mlx.py` holds loss, gradients
and steps to torch's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.utils import tree_flatten, tree_unflatten

from trap.models.batching import Tokens, collate
from trap.models.encoding import check_lengths, tokens_of
from trap.models.prompted import learner_of
from trap.platforms import Example, Fit
from trap.platforms.mlx import MlxModel, adapting
from trap.platforms.mlx.fitting import Optimizers
from trap.training.policy_gradient import Learner, Objective, Rollout, in_play, share_of


def scores(
    model: nn.Module, pairs: Sequence[Tokens], pad: int, temperature: float
) -> tuple[mx.array, mx.array, mx.array]:
    """Log-probabilities and entropies of completion tokens, and the mask of both: (R, longest completion)."""
    tokens, labels, first = collate(pairs, pad)
    longest = max(len(c) for _, c in pairs)
    # Where each completion's predictions stand; a row that ends before `longest` repeats its last.
    places = np.array([[min(len(p) - 1 + t, tokens.shape[1] - 1) for t in range(longest)] for p, _ in pairs])
    wanted = np.take_along_axis(labels, np.maximum(places - first, 0), axis=1)
    mask = mx.array(np.arange(longest) < np.array([len(c) for _, c in pairs])[:, None])
    wanted = mx.array(np.where(np.asarray(mask), wanted, 0).astype(np.int32))
    states = model.model(mx.array(tokens))
    states = mx.take_along_axis(states, mx.array(places.astype(np.int32))[..., None], axis=1)
    head = model.lm_head if "lm_head" in model else model.model.embed_tokens.as_linear
    logits = head(states).astype(mx.float32) / temperature
    logits = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    entropy = -(mx.exp(logits) * logits).sum(-1)
    chosen = mx.take_along_axis(logits, wanted[..., None], axis=-1)[..., 0]
    return mx.where(mask, chosen, 0.0), mx.where(mask, entropy, 0.0), mask


def k3(new: mx.array, reference: mx.array) -> mx.array:
    """See `platforms/torch/grpo.py`."""
    apart = reference - new
    return mx.exp(apart) - apart - 1


def policy_loss(
    new: mx.array, old: mx.array, reference: mx.array | None, mask: mx.array, advantages: mx.array, objective: Objective,
    entropy: mx.array | None = None,
) -> tuple[mx.array, mx.array]:  # fmt: skip
    """(loss to descend, share of clipped tokens); see `platforms/torch/grpo.py`."""
    lengths = mx.maximum(mask.sum(1), 1)
    change = mx.where(mask, new - old, 0.0)
    if objective.importance_sampling_level == "sequence":
        change = mx.broadcast_to((change.sum(1) / lengths)[:, None], change.shape)
    ratio, wanted = mx.exp(change), advantages[:, None]
    held = mx.clip(ratio, 1 - objective.epsilon, 1 + objective.epsilon_high)
    gain = mx.minimum(ratio * wanted, held * wanted)
    clipped = ((ratio * wanted > held * wanted) & mask).sum() / mask.sum()
    if reference is not None:
        gain = gain - objective.beta * k3(new, reference)
    if entropy is not None:
        gain = gain + objective.entropy_coeff * entropy
    gain = mx.where(mask, gain, 0.0)
    if objective.loss_type == "grpo":
        loss = -(gain.sum(1) / lengths).mean()
    elif objective.loss_type == "bnpo":
        loss = -gain.sum() / mask.sum()
    else:
        loss = -gain.sum() / (len(gain) * objective.max_completion_length)
    return loss, clipped


class MlxLearner:
    """`trap.training.policy_gradient.Learner` for this platform."""

    def __init__(self, model: MlxModel, settings: Fit, objective: Objective, seed: int) -> None:
        self.model, self.settings, self.objective = model, settings, objective
        adapting.prepare(model.model, settings, seed)
        self.start = self._parameters()
        self.optimizers = Optimizers(self.start, settings)
        self.loss_and_gradients = nn.value_and_grad(model.model, self._loss)
        self.pairs: list[Tokens] = []
        self.advantages: list[float] = []
        self.old: dict[int, np.ndarray] | None = None
        self.reference: dict[int, np.ndarray] | None = None

    def _parameters(self) -> dict[str, mx.array]:
        return dict(tree_flatten(self.model.model.trainable_parameters()))

    def _put(self, parameters: Mapping[str, mx.array]) -> None:
        self.model.model.update(tree_unflatten(list(parameters.items())))

    def sync(self) -> None:
        """As `Learner.sync`."""
        self.model._decoder = None  # it is laid out from the weights when it is asked for

    def _scores(self, which: Sequence[int], start: bool) -> tuple[mx.array, mx.array, mx.array]:
        """Scores of some of the rollouts under the policy as it is, or as it was at the start."""
        now = self._parameters()
        if start:
            self._put(self.start)
        pairs = [self.pairs[i] for i in which]
        found = scores(self.model.model, pairs, self.model.pad, self.objective.temperature)
        mx.eval(found)
        self._put(now)
        return found

    def _fixed(self, which: Sequence[int], start: bool) -> dict[int, np.ndarray]:
        """Log-probabilities (tokens,) of some of the rollouts, in parts of a step's size."""
        known: dict[int, np.ndarray] = {}
        for first in range(0, len(which), self.settings.batch_size):
            part = which[first : first + self.settings.batch_size]
            table = np.array(self._scores(part, start)[0])
            known |= {i: row[: len(self.pairs[i][1])] for i, row in zip(part, table, strict=True)}
        return known

    def observe(self, rollouts: Sequence[Rollout], *, several: bool) -> None:
        """As `Learner.observe`. Raises InputError for a rollout that max_length has no room for."""
        examples = [Example(r.prompt, r.completion) for r in rollouts]
        pairs = tokens_of(self.model.tokenizer, examples, self.model.eos[0])
        self.pairs = [(p, c[:-1] if r.cut else c) for (p, c), r in zip(pairs, rollouts, strict=True)]
        check_lengths(self.pairs, self.settings.max_length)
        self.advantages = [r.advantage for r in rollouts]
        used = in_play(self.advantages, range(len(rollouts)), self.objective)
        self.old = self._fixed(used, start=False) if several else None
        self.reference = self._fixed(used, start=True) if self.objective.beta else None

    def measure(self, count: int) -> dict[str, float]:
        """As `Learner.measure`."""
        part = range(min(count, len(self.pairs)))
        now, entropy, mask = self._scores(part, start=False)
        start, _, _ = self._scores(part, start=True)
        tokens = float(mask.sum())
        return {"entropy": float(entropy.sum()) / tokens, "kl": float(k3(now, start).sum()) / tokens}

    @staticmethod
    def _table(known: dict[int, np.ndarray] | None, chosen: Sequence[int]) -> mx.array | None:
        if known is None:
            return None
        table = np.zeros((len(chosen), max(len(known[i]) for i in chosen)), dtype=np.float32)
        for row, i in enumerate(chosen):
            table[row, : len(known[i])] = known[i]
        return mx.array(table)

    def _loss(self, used: Sequence[int], share: float) -> tuple[mx.array, mx.array]:
        pairs = [self.pairs[i] for i in used]
        new, entropy, mask = scores(self.model.model, pairs, self.model.pad, self.objective.temperature)
        old, reference = self._table(self.old, used), self._table(self.reference, used)
        # On policy the sampling policy is this one: its log-probabilities are these, as constants.
        old = mx.stop_gradient(new) if old is None else old
        gains = mx.array(np.array([self.advantages[i] for i in used], dtype=np.float32))
        bonus = entropy if self.objective.entropy_coeff else None
        loss, clipped = policy_loss(new, old, reference, mask, gains, self.objective, bonus)
        return share * loss, clipped

    def step(self, chosen: Sequence[int], factor: float) -> dict[str, float]:
        """As `Learner.step`."""
        used = in_play(self.advantages, chosen, self.objective)
        counted = [len(self.pairs[i][1]) for i in used]
        every = [len(self.pairs[i][1]) for i in chosen]
        if used:
            share = share_of(counted, every, self.objective.loss_type)
            (loss, clipped), gradients = self.loss_and_gradients(used, share)
            gradients = dict(tree_flatten(gradients))
        else:  # the optimizer's momentum goes on
            loss = clipped = mx.array(0.0)
            gradients = {name: mx.zeros_like(array) for name, array in self._parameters().items()}
        if not math.isfinite(value := float(loss)):
            raise FloatingPointError(f"loss is {value}")
        parameters, norm = self.optimizers.step(gradients, self._parameters(), factor)
        self._put(parameters)
        mx.eval(parameters, norm, self.optimizers.for_muon.state, self.optimizers.for_rest.state)
        share = sum(counted) / sum(every)
        return {"loss": value, "grad_norm": float(norm), "clip_ratio/region_mean": float(clipped) * share}

    def state(self) -> dict[str, np.ndarray]:
        """As `Learner.state`; arrays by kind and name."""
        held = {f"parameter/{name}": array for name, array in self._parameters().items()}
        for (rows, columns), array in self.optimizers.for_muon.state.items():
            held[f"muon/{rows}/{columns}"] = array
        for name, values in self.optimizers.for_rest.state.items():
            if isinstance(values, dict):
                held |= {f"rest/{name}/{key}": array for key, array in values.items()}
            else:
                held[f"rest/{name}"] = values
        return {name: np.array(array) for name, array in held.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """As `Learner.restore`."""
        muon: dict[tuple[int, ...], mx.array] = {}
        rest: dict[str, object] = {}
        parameters: dict[str, mx.array] = {}
        for name, array in state.items():
            kind, *place = name.split("/")
            if kind == "parameter":
                parameters[place[0]] = mx.array(array)
            elif kind == "muon":
                muon[int(place[0]), int(place[1])] = mx.array(array)
            elif len(place) == 2:
                rest.setdefault(place[0], {})[place[1]] = mx.array(array)
            else:
                rest[place[0]] = mx.array(array)
        self._put(parameters)
        self.optimizers.for_muon.state, self.optimizers.for_rest.state = muon, rest

    def close(self) -> None:
        """As `Learner.close`."""
        self.model.model.freeze()
        self.sync()


def learner(model: Any, settings: Fit, objective: Objective, seed: int) -> Learner:
    """A learner that trains `model` in place; `seed` fixes where a fresh adapter starts."""
    return learner_of(model, lambda own: MlxLearner(own, settings, objective, seed))
