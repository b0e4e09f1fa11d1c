"""One training loop for supervised fitting: length-bucketed batches, loss on completions only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn import functional as F

from trap.models.batching import Tokens, batches, learning_rate
from trap.platforms import Fit, Probe
from trap.platforms.torch.arrays import collate
from trap.platforms.torch.decoder import Decoder
from trap.platforms.torch.optimizers import Optimizers
from trap.training.checkpoint import Keeper

LARGE = 100_000_000  # weights from which a processor may train in bfloat16


def batch_loss(decoder: Decoder, tokens: Tensor, labels: Tensor, first: int) -> Tensor:
    """Mean cross-entropy (nats per completion token) of a batch as `collate` makes it."""
    states = decoder.hidden(tokens, first)
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
    size: int,
    log: Callable[[dict], None],
    probe: Probe = None,
    keep: Keeper | None = None,
) -> None:
    """Train `parameters` in place; `loss_of` is the loss of a collated batch as a function of them.

    size: weights of the whole model, trained or not. `log` gets about 50 rows: step, loss (mean since the row before,
    nats per completion token), grad_norm (before clipping) and rate (tokens a second). `keep` stores the state now and
    then, and gives that of a process that was killed; the result is the same. Raises ValueError without examples, FloatingPointError when the loss is not finite.
    """
    if not examples:
        raise ValueError("nothing to fit: no examples")
    device = next(iter(parameters.values())).device
    for tensor in parameters.values():
        tensor.requires_grad_(True)
    half = torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_pays(device, size))
    optimizers = Optimizers(parameters, settings)
    every = max(1, settings.max_steps // 50)
    total, done = _go_on(keep, parameters, optimizers, examples, settings, seed) if keep else (0.0, 0)
    tokens_seen, started = 0, time.perf_counter()
    for step, batch in enumerate(batches(examples, settings.batch_size, settings.max_steps, seed)):
        if step < done:
            continue
        tokens, labels, first = collate(batch, pad, device)
        with half:
            loss = loss_of(tokens, labels, first)
        if not math.isfinite(value := float(loss.detach())):
            raise FloatingPointError(f"loss is {value} at step {step}")
        loss.backward()
        norm = optimizers.step(learning_rate(step, settings.max_steps, settings.warmup_ratio))
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
                    "grad_norm": round(norm, 4),
                    "rate": round(rate),
                }
            )
            total = 0.0
        if probe and settings.probe_at(step + 1):
            probe(step + 1)
        if keep and keep.due() and step + 1 < settings.max_steps:
            held = {f"parameter/{name}": tensor.detach().cpu().numpy() for name, tensor in parameters.items()}
            keep.write(held | optimizers.state(), {"step": step + 1, "total": total})
    for tensor in parameters.values():
        tensor.requires_grad_(False)
    if keep:
        keep.done()


def _go_on(
    keep: Keeper,
    parameters: dict[str, Tensor],
    optimizers: Optimizers,
    examples: Sequence[Tokens],
    settings: Fit,
    seed: int,
) -> tuple[float, int]:
    """Restore what a killed process had kept: the sum of losses since its last row, and its steps. Else (0, 0).

    Sums depend on the number of threads, so that it belongs to a fit's identity.
    """
    facts = [asdict(settings), seed, torch.get_num_threads(), examples]
    keep.identify(facts, (parameters[name].detach().cpu().numpy() for name in sorted(parameters)))
    if (found := keep.read()) is None:
        return 0.0, 0
    arrays, facts = found
    with torch.no_grad():
        for name, tensor in parameters.items():
            tensor.copy_(torch.from_numpy(arrays[f"parameter/{name}"]))
    optimizers.restore(arrays)
    return facts["total"], facts["step"]


def bfloat16_pays(device: torch.device, weights: int) -> bool:
    """Whether a model of so many weights is trained with products in bfloat16 here (else in float32).

    On cards that have it, always. On processors only from LARGE weights on, and where AVX-512 BF16 or AMX is there:
    with AVX-512 BF16, 150 SFT steps of a nano model took 16.9 s in bfloat16 and 16.6 s in float32, so that it
    would only make results differ between machines. Larger models were not measured. Sampling and scoring are in
    float32 everywhere.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and weights >= LARGE and has_bfloat16()


def has_bfloat16() -> bool:
    """Whether this processor has products in bfloat16; others emulate them, ten times slower than float32."""
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    checks = [getattr(torch.cpu, name, None) for name in names]
    return any(check is not None and check() for check in checks)
