"""One training loop for supervised fitting: length-bucketed batches, loss on completions only."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from trap.platforms import Fit, Probe
from trap.platforms.torch.decoder import Decoder
from trap.platforms.torch.optimizers import Optimizers

Tokens = tuple[list[int], list[int]]  # prompt, completion with its end token
BUCKETED = 16  # batches that are sorted by length together; enough to waste under 5 % on padding


def batches(examples: Sequence[Tokens], size: int, steps: int, seed: int) -> Iterator[list[Tokens]]:
    """`steps` batches of similar length; passes over the data are shuffled afresh, all fixed by `seed`."""
    order: list[int] = []
    epoch = 0
    ready: list[list[int]] = []
    for _ in range(steps):
        if not ready:
            while len(order) < size * BUCKETED:
                indices = list(range(len(examples)))
                random.Random(f"{seed}:{epoch}").shuffle(indices)
                order += indices
                epoch += 1
            chunk, order = order[: size * BUCKETED], order[size * BUCKETED :]
            chunk.sort(key=lambda i: (len(examples[i][0]) + len(examples[i][1]), len(examples[i][0]), i))
            ready = [chunk[i : i + size] for i in range(0, len(chunk), size)]
            random.Random(f"{seed}:{epoch}:{len(order)}").shuffle(ready)
        yield [examples[i] for i in ready.pop()]


def collate(batch: Sequence[Tokens], pad: int, device: torch.device) -> tuple[Tensor, Tensor, int]:
    """Right-padded tokens (B, T), labels (B, T - first) with -100 outside completions, and `first`.

    `first` is the shortest prompt's last position: nothing before it predicts a completion token.
    """
    longest = max(len(p) + len(c) for p, c in batch)
    first = max(0, min(len(p) for p, _ in batch) - 1)
    tokens = torch.full((len(batch), longest - 1), pad)
    labels = torch.full((len(batch), longest - 1 - first), -100)
    for row, (prompt, completion) in enumerate(batch):
        whole = torch.tensor(prompt + completion)
        tokens[row, : len(whole) - 1] = whole[:-1]
        labels[row, len(prompt) - 1 - first : len(whole) - 1 - first] = whole[len(prompt) :]
    return tokens.to(device), labels.to(device), first


def batch_loss(
    decoder: Decoder, tokens: Tensor, labels: Tensor, first: int, positions: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy (nats per completion token) of a collated batch."""
    states = decoder.hidden(tokens, first, positions=positions)
    wanted = labels >= 0
    return F.cross_entropy(decoder.logits(states[wanted]).float(), labels[wanted])


def learning_rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over `warmup` x steps, then a linear descent to zero; a factor in (0, 1]."""
    rising = max(1, round(warmup * steps))
    return (step + 1) / rising if step < rising else max(0.0, (steps - step) / max(1, steps - rising))


def fit_weights(
    parameters: dict[str, Tensor],
    loss_of: Callable[[Tensor, Tensor, int], Tensor],
    examples: Sequence[Tokens],
    settings: Fit,
    *,
    pad: int,
    seed: int,
    log: Callable[[dict], None],
    probe: Probe = None,
) -> None:
    """Train `parameters` in place; `loss_of` is the loss of a collated batch as a function of them."""
    if not examples:
        raise ValueError("nothing to fit: no examples")
    device = next(iter(parameters.values())).device
    for tensor in parameters.values():
        tensor.requires_grad_(True)
    half = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_pays(device))
    optimizers = Optimizers(parameters, settings)
    every = max(1, settings.steps // 50)
    total, tokens_seen, started = 0.0, 0, time.perf_counter()
    for step, batch in enumerate(batches(examples, settings.batch, settings.steps, seed)):
        tokens, labels, first = collate(batch, pad, device)
        with half:
            loss = loss_of(tokens, labels, first)
        if not math.isfinite(value := float(loss.detach())):
            raise FloatingPointError(f"loss is {value} at step {step}")
        loss.backward()
        norm = optimizers.step(learning_rate(step, settings.steps, settings.warmup))
        total += value
        tokens_seen += sum(len(p) + len(c) for p, c in batch)
        if (step + 1) % every == 0 or step + 1 == settings.steps:
            rate = tokens_seen / (time.perf_counter() - started)
            count = (step % every) + 1
            log(
                {
                    "kind": "train",
                    "step": step + 1,
                    "loss": round(total / count, 6),
                    "norm": round(norm, 4),
                    "rate": round(rate),
                }
            )
            total = 0.0
        if probe and settings.probe_at(step + 1):
            probe(step + 1)
    for tensor in parameters.values():
        tensor.requires_grad_(False)


def bfloat16_pays(device: torch.device) -> bool:
    """Whether bf16 products are faster here: on cards, and on processors with AVX-512 BF16 or AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    supported = [
        getattr(torch.cpu, name, None) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    ]
    return any(check is not None and check() for check in supported)
