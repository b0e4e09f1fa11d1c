"""One training loop for supervised fitting: length-bucketed batches, loss on completions only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from trap.models.batching import Tokens, batches, learning_rate
from trap.platforms import Fit, Probe
from trap.platforms.torch.arrays import collate
from trap.platforms.torch.decoder import Decoder
from trap.platforms.torch.optimizers import Optimizers


def batch_loss(
    decoder: Decoder, tokens: Tensor, labels: Tensor, first: int, positions: Tensor | None = None
) -> Tensor:
    """Mean cross-entropy (nats per completion token) of a collated batch."""
    states = decoder.hidden(tokens, first, positions=positions)
    wanted = labels >= 0
    return F.cross_entropy(decoder.logits(states[wanted]).float(), labels[wanted])


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
