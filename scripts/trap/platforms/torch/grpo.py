"""Policy gradient on the platform torch: log-probabilities of rollouts, the loss, and its optimizer steps.

The K completions of a prompt are packed behind one copy of it: a row holds the prompt once, then every
completion at the positions that follow the prompt, each seeing the prompt and itself. The same numbers as
one row per completion, and about half the work where prompts are as long as answers.
`tests/test_grpo_torch.py` holds both to the plain reference of `tests/policy_gradients.py`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trap.models.batching import Tokens
from trap.models.encoding import check_lengths, tokens_of
from trap.models.prompted import learner_of
from trap.platforms import Example, Fit
from trap.platforms.torch import TorchModel
from trap.platforms.torch.arrays import collate
from trap.platforms.torch.decoder import Decoder, rotary
from trap.platforms.torch.fitting import bfloat16_pays
from trap.platforms.torch.optimizers import Optimizers
from trap.training.policy_gradient import Learner, Objective, Rollout, in_play, share_of

Scores = tuple[Tensor, Tensor]  # of completion tokens (R, T); of the whole vocabulary at each (N, vocabulary)


@dataclass(frozen=True)
class Packed:
    """Groups as rows of tokens. B rows of L positions; R completions, the longest of T tokens."""

    tokens: Tensor  # (B, L)
    positions: Tensor  # (B, L): where a token stands in its own completion's sequence
    seen: Tensor  # (B, 1, L, L): whether a position (third axis) attends to another (fourth)
    source: Tensor  # (N,): the position in B * L that predicts each completion token
    labels: Tensor  # (N,)
    mask: Tensor  # (R, T): which cells of a table of completions hold a token; N of them


def pack(pairs: Sequence[Tokens], pad: int, device: torch.device) -> Packed:
    """Neighbours with equal prompts share a row."""
    groups = [(prompt, [c for _, c in same]) for prompt, same in groupby(pairs, key=lambda pair: pair[0])]
    widths = [len(prompt) + sum(len(c) - 1 for c in completions) for prompt, completions in groups]
    shape = len(groups), max(widths)
    tokens, positions = np.full(shape, pad), np.zeros(shape, dtype=np.int64)
    segments = np.full(shape, -1)
    source: list[np.ndarray] = []
    for row, (prompt, completions) in enumerate(groups):
        at, first = len(prompt), row * shape[1]
        tokens[row, :at], positions[row, :at], segments[row, :at] = prompt, np.arange(at), 0
        for number, completion in enumerate(completions, start=1):
            rest = len(completion) - 1  # the last token predicts nothing
            tokens[row, at : at + rest] = completion[:-1]
            positions[row, at : at + rest] = np.arange(len(prompt), len(prompt) + rest)
            segments[row, at : at + rest] = number
            source.append(np.concatenate([[len(prompt) - 1], np.arange(at, at + rest)]) + first)
            at += rest
    segment = torch.from_numpy(segments).to(device)
    seen = (segment[:, None, :] == segment[:, :, None]) | (segment[:, None, :] == 0)
    lengths = torch.tensor([len(c) for _, c in pairs], device=device)
    return Packed(
        torch.from_numpy(tokens).to(device),
        torch.from_numpy(positions).to(device),
        seen.tril()[:, None],
        torch.from_numpy(np.concatenate(source)).to(device),
        torch.tensor([token for _, c in pairs for token in c], device=device),
        torch.arange(int(lengths.max()), device=device) < lengths[:, None],
    )


def hidden(decoder: Decoder, packed: Packed) -> Tensor:
    """Final hidden states (B, L, d) of packed rows; see `Decoder.hidden`."""
    c = decoder.config
    x = F.embedding(packed.tokens, decoder.embedding)
    cos, sin = (part[:, None].to(x.dtype) for part in rotary(packed.positions, c))
    for block in decoder.blocks:
        q, k, v = block.project(x, cos, sin)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=packed.seen, enable_gqa=c.heads != c.kv_heads)
        x = block.finish(x, out.transpose(1, 2).reshape(*x.shape[:2], c.heads * c.head_dim))
    return x


def of_labels(logits: Tensor, labels: Tensor, mask: Tensor, temperature: float) -> Scores:
    """Log-probabilities of labels (N,) under logits (N, vocabulary) as a table like mask (R, T), and all of them.

    Logits are divided by the temperature that was sampled with: the policy is what the samples came from.
    """
    every = (logits.float() / temperature).log_softmax(-1)
    chosen = every.gather(-1, labels[:, None])[:, 0]
    return chosen.new_zeros(mask.shape).masked_scatter(mask, chosen), every


def packed_scores(decoder: Decoder, pairs: Sequence[Tokens], pad: int, temperature: float) -> Scores:
    """Scores of completions under the decoder."""
    packed = pack(pairs, pad, decoder.embedding.device)
    states = hidden(decoder, packed).flatten(0, 1)[packed.source]
    return of_labels(decoder.logits(states), packed.labels, packed.mask, temperature)


def plain_scores(
    model: Any, pairs: Sequence[Tokens], pad: int, temperature: float, device: torch.device
) -> Scores:
    """The same for a transformers model, one row per completion."""
    tokens, labels, first = collate(pairs, pad, device)
    wanted = labels >= 0
    lengths = wanted.sum(1)
    mask = torch.arange(int(lengths.max()), device=device) < lengths[:, None]
    return of_labels(model(tokens).logits[:, first:][wanted], labels[wanted], mask, temperature)


def entropies(every: Tensor, mask: Tensor) -> Tensor:
    """Entropies in nats of log-probabilities (N, vocabulary), as a table like mask (R, T), zero where no token is."""
    return every.new_zeros(mask.shape).masked_scatter(mask, -(every.exp() * every).sum(-1))


def k3(new: Tensor, reference: Tensor) -> Tensor:
    """Schulman's estimator of a divergence, per token: never negative, zero where the policies agree."""
    apart = reference - new
    return apart.exp() - apart - 1


def policy_loss(
    new: Tensor, old: Tensor, reference: Tensor | None, mask: Tensor, advantages: Tensor, objective: Objective,
    entropy: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The loss to descend, and the share of clipped tokens. new, old, reference, entropy, mask: (R, T); advantages: (R,).

    Per token, with r = exp(new - old): min(r A, clip(r, 1 - epsilon, 1 + epsilon_high) A) - beta * k3
    + entropy_coeff * entropy. At level `sequence`, r is the geometric mean over the completion's tokens. See `trap.methods.grpo` for sources
    and for what `loss_type` means.
    """
    lengths = mask.sum(1).clamp(min=1)
    change = torch.where(mask, new - old, 0.0)
    if objective.importance_sampling_level == "sequence":
        change = (change.sum(1) / lengths)[:, None].expand_as(change)
    ratio, wanted = change.exp(), advantages[:, None]
    held = ratio.clamp(1 - objective.epsilon, 1 + objective.epsilon_high)
    gain = torch.minimum(ratio * wanted, held * wanted)
    clipped = ((ratio * wanted > held * wanted) & mask).sum() / mask.sum()
    if reference is not None:
        gain = gain - objective.beta * k3(new, reference)
    if entropy is not None:
        gain = gain + objective.entropy_coeff * entropy
    gain = torch.where(mask, gain, 0.0)
    if objective.loss_type == "grpo":
        return -(gain.sum(1) / lengths).mean(), clipped
    if objective.loss_type == "bnpo":
        return -gain.sum() / mask.sum(), clipped
    return -gain.sum() / (len(gain) * objective.max_completion_length), clipped


class TorchLearner:
    """`trap.training.policy_gradient.Learner` for the models of this platform."""

    def __init__(self, model: Any, settings: Fit, objective: Objective, seed: int) -> None:
        self.model, self.settings, self.objective = model, settings, objective
        setup = of_decoder if isinstance(model, TorchModel) else of_transformers
        self.parameters, self.score, self.score_start, self.sync = setup(model, settings, seed)
        for tensor in self.parameters.values():
            tensor.requires_grad_(True)
        self.optimizers = Optimizers(self.parameters, settings)
        self.device = next(iter(self.parameters.values())).device
        self.half = bfloat16_pays(self.device, model.size)
        self.pairs: list[Tokens] = []
        self.advantages: list[float] = []
        self.old: dict[int, Tensor] | None = None
        self.reference: dict[int, Tensor] | None = None

    def _autocast(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16) if self.half else nullcontext()

    def _fixed(
        self, score: Callable[[Sequence[Tokens], float], Scores], which: Sequence[int]
    ) -> dict[int, Tensor]:
        """Log-probabilities (tokens,) of some of the rollouts, computed in parts of a step's size."""
        known: dict[int, Tensor] = {}
        with torch.no_grad(), self._autocast():
            for start in range(0, len(which), self.settings.batch_size):
                part = which[start : start + self.settings.batch_size]
                table, _ = score([self.pairs[i] for i in part], self.objective.temperature)
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
        self.old = self._fixed(self.score, used) if several else None
        self.reference = self._fixed(self.score_start, used) if self.objective.beta else None

    @torch.no_grad()
    def measure(self, count: int) -> dict[str, float]:
        """As `Learner.measure`."""
        part = self.pairs[:count]
        with self._autocast():
            now, every = self.score(part, self.objective.temperature)
            start, _ = self.score_start(part, self.objective.temperature)
        tokens = sum(len(c) for _, c in part)
        entropy = -(every.exp() * every).sum()
        # Where a table has no token, both policies hold a zero, and k3 of that is zero.
        return {"entropy": float(entropy) / tokens, "kl": float(k3(now, start).sum()) / tokens}

    @staticmethod
    def _table(known: dict[int, Tensor], chosen: Sequence[int], like: Tensor) -> Tensor:
        table = torch.zeros_like(like)
        for row, i in enumerate(chosen):
            table[row, : len(known[i])] = known[i]
        return table

    def step(self, chosen: Sequence[int], factor: float) -> dict[str, float]:
        """As `Learner.step`."""
        used = in_play(self.advantages, chosen, self.objective)
        if not used:  # the optimizer's momentum goes on
            for tensor in self.parameters.values():
                tensor.grad = torch.zeros_like(tensor)
            return {"loss": 0.0, "grad_norm": self.optimizers.step(factor), "clip_ratio/region_mean": 0.0}
        lengths = {i: len(self.pairs[i][1]) for i in chosen}
        with self._autocast():
            new, every = self.score([self.pairs[i] for i in used], self.objective.temperature)
        mask = torch.arange(new.shape[1]) < torch.tensor([lengths[i] for i in used])[:, None]
        # On policy the sampling policy is this one: its log-probabilities are these, as constants.
        old = new.detach() if self.old is None else self._table(self.old, used, new)
        reference = None if self.reference is None else self._table(self.reference, used, new)
        gains = torch.tensor([self.advantages[i] for i in used], device=self.device)
        mask = mask.to(self.device)
        entropy = entropies(every, mask) if self.objective.entropy_coeff else None
        loss, clipped = policy_loss(new, old, reference, mask, gains, self.objective, entropy)
        counted, whole = [lengths[i] for i in used], list(lengths.values())
        loss = loss * share_of(counted, whole, self.objective.loss_type)
        if not math.isfinite(value := float(loss.detach())):
            raise FloatingPointError(f"loss is {value}")
        loss.backward()
        norm = self.optimizers.step(factor)
        return {
            "loss": value,
            "grad_norm": norm,
            "clip_ratio/region_mean": float(clipped) * sum(counted) / sum(whole),
        }

    def state(self) -> dict[str, np.ndarray]:
        """As `Learner.state`; arrays by kind and name."""
        held = {f"parameter/{name}": tensor for name, tensor in self.parameters.items()}
        for number, (optimizer, _) in enumerate(self.optimizers.all):
            for index, values in optimizer.state.items():
                held |= {f"optimizer/{number}/{index}/{key}": tensor for key, tensor in values.items()}
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in held.items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """As `Learner.restore`."""
        with torch.no_grad():
            for name, tensor in self.parameters.items():
                tensor.copy_(torch.from_numpy(state[f"parameter/{name}"]))
        for number, (optimizer, _) in enumerate(self.optimizers.all):
            for name, array in state.items():
                kind, *place = name.split("/", 3)
                if kind == "optimizer" and int(place[0]) == number:
                    values = optimizer.state.setdefault(int(place[1]), {})
                    values[place[2]] = torch.from_numpy(array).clone().to(self.device)

    def close(self) -> None:
        """As `Learner.close`."""
        for tensor in self.parameters.values():
            tensor.requires_grad_(False)
        self.sync()


Setup = tuple[
    dict[str, Tensor],  # what is trained
    Callable[[Sequence[Tokens], float], Scores],  # scores now
    Callable[[Sequence[Tokens], float], Scores],  # scores at the start
    Callable[[], None],  # let the model sample with what is trained
]


def of_decoder(model: TorchModel, settings: Fit, seed: int) -> Setup:
    """As `TorchModel.fit` chooses what to train."""
    if settings.tune == "full":
        start = {name: tensor.clone() for name, tensor in model.weights.items()}
        model.adapter = None
        parameters, weights = model.learning(settings), lambda: model.weights
    else:
        start = model.weights
        lora, frozen = model.adapted(settings, seed)
        parameters, weights = lora.parameters(), lambda: lora.merged(frozen)

    @torch.no_grad()
    def sync() -> None:
        model.weights = weights()

    def score(pairs: Sequence[Tokens], temperature: float) -> Scores:
        return packed_scores(Decoder(model.config, weights()), pairs, model.pad, temperature)

    def score_start(pairs: Sequence[Tokens], temperature: float) -> Scores:
        return packed_scores(Decoder(model.config, start), pairs, model.pad, temperature)

    return parameters, score, score_start, sync


def of_transformers(model: Any, settings: Fit, seed: int) -> Setup:
    """As `GenericModel.fit` chooses what to train."""
    from trap.platforms.torch.generic import PeftModel, learning, prepared

    fresh = settings.tune == "lora" and not isinstance(model.model, PeftModel)
    model.model = prepared(model.model, settings, seed)
    # With a fresh adapter, the start is the model with the adapter switched off.
    start = None if fresh else copy.deepcopy(model.model)
    parameters = learning(model.model, settings)

    def score(pairs: Sequence[Tokens], temperature: float) -> Scores:
        return plain_scores(model.model, pairs, model.pad, temperature, model.device)

    def score_start(pairs: Sequence[Tokens], temperature: float) -> Scores:
        if start is not None:
            return plain_scores(start, pairs, model.pad, temperature, model.device)
        with model.model.disable_adapter():
            return score(pairs, temperature)

    return parameters, score, score_start, lambda: None


def learner(model: Any, settings: Fit, objective: Objective, seed: int) -> Learner:
    """A learner that trains `model` in place; `seed` fixes where a fresh adapter starts."""
    return learner_of(model, lambda own: TorchLearner(own, settings, objective, seed))
