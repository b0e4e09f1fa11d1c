"""One training loop for supervised fitting: the torch platform's batches, loss, rates and optimizers on MLX."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.optimizers import AdamW, clip_grad_norm
from mlx.utils import tree_flatten, tree_unflatten

from trap.models.batching import Tokens, batches, collate, learning_rate
from trap.platforms import Fit, Probe

BESIDE_MUON = 0.2  # AdamW's rate for embeddings and norms, as a share of Muon's, as on torch


def batch_loss(model: nn.Module, tokens: mx.array, wanted: mx.array, labels: mx.array) -> mx.array:
    """Mean cross-entropy (nats per completion token).

    tokens (B, T); wanted: indices into B*T of the positions that predict a completion token; labels: those.
    """
    states = model.model(tokens)
    states = states.reshape(-1, states.shape[-1])[wanted]
    head = model.lm_head if "lm_head" in model else model.model.embed_tokens.as_linear
    return nn.losses.cross_entropy(head(states).astype(mx.float32), labels, reduction="mean")


def on_device(batch: Sequence[Tokens], pad: int) -> tuple[mx.array, mx.array, mx.array]:
    """A batch as `batch_loss` wants it."""
    tokens, labels, first = collate(batch, pad)
    rows, columns = np.nonzero(labels >= 0)
    wanted = rows * tokens.shape[1] + columns + first
    return mx.array(tokens), mx.array(wanted, mx.int32), mx.array(labels[rows, columns])


class Muon:
    """Muon (Jordan 2024) with the formulas of `platforms/torch/fitting.py`, matrices of one shape stacked."""

    def __init__(self, lr: float, weight_decay: float, momentum: float = 0.95) -> None:
        self.learning_rate, self.weight_decay, self.momentum = lr, weight_decay, momentum
        self.state: dict[tuple[int, ...], mx.array] = {}

    def apply_gradients(
        self, gradients: dict[str, mx.array], parameters: dict[str, mx.array]
    ) -> dict[str, mx.array]:
        """New parameters."""
        shapes: dict[tuple[int, ...], list[str]] = {}
        for name in sorted(parameters):
            shapes.setdefault(parameters[name].shape, []).append(name)
        updated = {}
        for (rows, columns), names in shapes.items():
            gradient = mx.stack([gradients[name] for name in names])
            before = self.state.get((rows, columns), mx.zeros_like(gradient))
            momentum = before + (1 - self.momentum) * (gradient - before)
            self.state[rows, columns] = momentum
            update = orthogonal(gradient + self.momentum * (momentum - gradient))
            update = update * (self.learning_rate * 0.2 * max(rows, columns) ** 0.5)
            for name, change in zip(names, update, strict=True):
                kept = parameters[name] * (1 - self.learning_rate * self.weight_decay)
                updated[name] = kept - change
        return updated


def orthogonal(matrices: mx.array, steps: int = 5) -> mx.array:
    """Newton-Schulz iteration towards the nearest (semi-)orthogonal matrix; matrices (n, rows, columns)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.swapaxes(1, 2) if tall else matrices
    x = x / (mx.sqrt(mx.sum(x * x, axis=(1, 2), keepdims=True)) + 1e-7)
    for _ in range(steps):
        gram = x @ x.swapaxes(1, 2)
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * (gram @ gram)) @ x
    return x.swapaxes(1, 2) if tall else x


class Optimizers:
    """AdamW, or Muon for the matrices inside the blocks with AdamW for the rest."""

    def __init__(self, parameters: dict[str, mx.array], settings: Fit) -> None:
        inner = {n for n, p in parameters.items() if p.ndim == 2 and ".layers." in n}
        self.muon = inner if settings.optim == "muon" else set()
        self.rest = parameters.keys() - self.muon
        self.lr = settings.learning_rate
        self.beside = settings.learning_rate * (BESIDE_MUON if self.muon else 1.0)
        self.for_muon = Muon(settings.learning_rate, settings.weight_decay)
        self.for_rest = AdamW(
            self.beside, betas=[0.9, 0.98], eps=1e-8, weight_decay=settings.weight_decay, bias_correction=True
        )

    def step(
        self, gradients: dict[str, mx.array], parameters: dict[str, mx.array], factor: float
    ) -> tuple[dict[str, mx.array], mx.array]:
        """New parameters after a step with lr x factor on gradients clipped to norm 1; the norm before that."""
        gradients, norm = clip_grad_norm(gradients, 1.0)
        updated: dict[str, mx.array] = {}
        for optimizer, names, lr in (
            (self.for_muon, self.muon, self.lr),
            (self.for_rest, self.rest, self.beside),
        ):
            if names:
                optimizer.learning_rate = lr * factor
                of = {name: gradients[name] for name in sorted(names)}
                updated |= optimizer.apply_gradients(of, {name: parameters[name] for name in sorted(names)})
        return updated, norm


def fit_weights(
    model: nn.Module, examples: Sequence[Tokens], settings: Fit, *, pad: int, seed: int, log: Callable[[dict], None],
    probe: Probe = None,
) -> None:  # fmt: skip
    """Train what `model` declares trainable, in place. Raises FloatingPointError when the loss is not finite."""
    if not examples:
        raise ValueError("nothing to fit: no examples")
    parameters = dict(tree_flatten(model.trainable_parameters()))
    optimizers = Optimizers(parameters, settings)
    loss_and_gradients = nn.value_and_grad(model, lambda *batch: batch_loss(model, *batch))
    every = max(1, settings.max_steps // 50)
    total, tokens_seen, started = 0.0, 0, time.perf_counter()
    for step, batch in enumerate(batches(examples, settings.batch_size, settings.max_steps, seed)):
        loss, gradients = loss_and_gradients(*on_device(batch, pad))
        factor = learning_rate(step, settings.max_steps, settings.warmup_ratio)
        parameters, norm = optimizers.step(dict(tree_flatten(gradients)), parameters, factor)
        model.update(tree_unflatten(list(parameters.items())))
        mx.eval(loss, norm, parameters, optimizers.for_muon.state, optimizers.for_rest.state)
        if not math.isfinite(value := float(loss)):
            raise FloatingPointError(f"loss is {value} at step {step}")
        total += value
        tokens_seen += sum(len(p) + len(c) for p, c in batch)
        if (step + 1) % every == 0 or step + 1 == settings.max_steps:
            rate = tokens_seen / (time.perf_counter() - started)
            count = (step % every) + 1
            log(
                {
                    "kind": "train",
                    "step": step + 1,
                    "loss": round(total / count, 6),
                    "grad_norm": round(float(norm), 4),
                    "rate": round(rate),
                }
            )
            total = 0.0
        if probe and settings.probe_at(step + 1):
            probe(step + 1)
