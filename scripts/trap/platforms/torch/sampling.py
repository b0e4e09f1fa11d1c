"""Batched sampling with a key-value cache and one prefill per prompt for all of its samples.

The K samples of a prompt share the prompt's keys and values: a decoding step reads them once, not K
times. Every sample draws from its own random stream, so that what is drawn does not depend on which
other prompts are in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trap.models.batching import uniforms
from trap.platforms.torch.arrays import padded
from trap.platforms.torch.decoder import Decoder, rotary

ROWS_AT_ONCE = 512  # bounds the memory of the caches; larger batches fall out of the processor's
CACHE = 2**31  # bytes of keys and values held at once; models that are trained here stay below it


class Cache:
    """Keys and values of one layer: the prompts' (shared) and the samples' own."""

    def __init__(self, k: Tensor, v: Tensor, samples: int, steps: int) -> None:
        prompts, heads, _, dim = k.shape
        self.prompt_k, self.prompt_v = k.contiguous(), v.contiguous()
        self.k = k.new_empty(prompts * samples, heads, steps, dim)
        self.v = v.new_empty(prompts * samples, heads, steps, dim)

    def keep(self, prompts: Tensor, rows: Tensor) -> None:
        """Drop all but these prompts, and all but these rows of their samples."""
        self.prompt_k, self.prompt_v = self.prompt_k[prompts], self.prompt_v[prompts]
        self.k, self.v = self.k[rows], self.v[rows]


def attend(q: Tensor, cache: Cache, step: int, padding: Tensor, samples: int) -> Tensor:
    """Attention of one new position per row over prompt and own tokens: (rows, heads * dim).

    q: (rows, heads, 1, dim); padding: (prompts, 1, 1, prompt length), -inf at padded positions.
    """
    rows, heads, _, dim = q.shape
    prompts, kv_heads, length, _ = cache.prompt_k.shape
    group = heads // kv_heads
    q = q.view(prompts, samples, kv_heads, group, dim) * dim**-0.5
    shared = q.permute(0, 2, 1, 3, 4).reshape(prompts, kv_heads, samples * group, dim)
    on_prompt = shared @ cache.prompt_k.transpose(2, 3) + padding
    on_prompt = on_prompt.view(prompts, kv_heads, samples, group, length).transpose(1, 2)
    own_k, own_v = cache.k[:, :, : step + 1], cache.v[:, :, : step + 1]
    on_own = q.view(rows, kv_heads, group, dim) @ own_k.transpose(2, 3)
    scores = torch.cat((on_prompt.reshape(rows, kv_heads, group, length), on_own), dim=-1)
    scores = scores.softmax(dim=-1, dtype=torch.float32).to(q.dtype)
    of_prompt = scores[..., :length].view(prompts, samples, kv_heads, group, length).transpose(1, 2)
    mixed = of_prompt.reshape(prompts, kv_heads, samples * group, length) @ cache.prompt_v
    mixed = (
        mixed.view(prompts, kv_heads, samples, group, dim).transpose(1, 2).reshape(rows, kv_heads, group, dim)
    )
    return (mixed + scores[..., length:] @ own_v).reshape(rows, 1, heads * dim)


def choose(logits: Tensor, temperature: float, draws: Tensor | None) -> Tensor:
    """Next tokens (rows,): the most likely, or by inverse distribution function with one uniform a row."""
    if draws is None:
        return logits.argmax(dim=-1)
    mass = (logits.float() / temperature).softmax(dim=-1).cumsum(dim=-1)
    # A draw that rounds to 1 in float32 would fall behind the last token that can be drawn.
    draws = draws.to(mass.dtype).clamp_(max=1 - 2**-24)[:, None] * mass[:, -1:]
    return torch.searchsorted(mass, draws, right=True)[:, 0].clamp_(max=logits.shape[-1] - 1)


@torch.inference_mode()
def sample_group(
    decoder: Decoder, prompts: Sequence[Sequence[int]], *, samples: int, temperature: float, steps: int,
    eos: Sequence[int], pad: int, keys: Sequence[int],
) -> list[list[list[int]]]:  # fmt: skip
    """Tokens of `samples` completions for each prompt of one batch (without the end token)."""
    device = decoder.embedding.device
    lengths = torch.tensor([len(p) for p in prompts], device=device)
    tokens = padded(prompts, pad, device)
    longest = tokens.shape[1]
    prefill: list[tuple[Tensor, Tensor]] = []
    states = decoder.hidden(tokens, cache=prefill)
    last = states[torch.arange(len(prompts), device=device), lengths - 1]
    caches = [Cache(k, v, samples, steps) for k, v in prefill]
    del prefill, states
    padding = torch.zeros(len(prompts), 1, 1, longest, device=device, dtype=last.dtype)
    padding.masked_fill_(torch.arange(longest, device=device) >= lengths[:, None, None, None], float("-inf"))
    noise = None
    if temperature > 0:
        drawn = np.concatenate([uniforms(key, samples, steps) for key in keys])
        noise = torch.from_numpy(drawn.astype(np.float32)).to(device)  # not every device has float64
    logits = decoder.logits(last).repeat_interleave(samples, dim=0)
    positions = lengths.repeat_interleave(samples)
    ends = torch.tensor(list(eos), device=device)
    written = torch.full((len(prompts) * samples, steps), -1, device=device)
    alive_rows = torch.arange(len(prompts) * samples, device=device)
    done = torch.zeros(len(prompts) * samples, dtype=torch.bool, device=device)
    for step in range(steps):
        following = choose(logits, temperature, None if noise is None else noise[alive_rows, step])
        done |= torch.isin(following, ends)
        written[alive_rows[~done], step] = following[~done]
        finished = done.view(-1, samples).all(dim=1)
        if bool(finished.all()) or step == steps - 1:
            break
        if int(finished.sum()) * 4 >= len(finished):  # drop prompts that are through once they are a quarter
            stay = (~finished).nonzero()[:, 0]
            rows = (stay[:, None] * samples + torch.arange(samples, device=device)).reshape(-1)
            for cache in caches:
                cache.keep(stay, rows)
            padding, alive_rows, positions, done = (
                padding[stay],
                alive_rows[rows],
                positions[rows],
                done[rows],
            )
            following = following[rows]
        x = F.embedding(following[:, None], decoder.embedding)
        cos, sin = (part[:, None, None, :].to(x.dtype) for part in rotary(positions, decoder.config))
        for block, cache in zip(decoder.blocks, caches, strict=True):
            q, k, v = block.project(x, cos, sin)
            cache.k[:, :, step], cache.v[:, :, step] = k[:, :, 0], v[:, :, 0]
            x = block.finish(x, attend(q.contiguous(), cache, step, padding, samples))
        logits = decoder.logits(x[:, 0])
        positions = positions + 1
    rows = [[token for token in row if token >= 0] for row in written.tolist()]
    return [rows[i : i + samples] for i in range(0, len(rows), samples)]


def sample_tokens(
    decoder: Decoder, prompts: Sequence[Sequence[int]], *, samples: int, temperature: float, steps: int,
    eos: Sequence[int], pad: int, keys: Sequence[int],
) -> list[list[list[int]]]:  # fmt: skip
    """As `sample_group`, for any number of prompts: batches of similar length, answers in input order."""
    order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), i))
    c = decoder.config
    a_token = 2 * c.layers * c.kv_heads * c.head_dim * decoder.embedding.element_size()
    answers: list[list[list[int]]] = [[] for _ in prompts]
    first = 0
    while first < len(order):
        group = order[first : first + max(1, ROWS_AT_ONCE // samples)]
        longest = len(prompts[group[-1]]) + samples * steps
        group = group[: max(1, CACHE // (a_token * longest))]
        first += len(group)
        drawn = sample_group(
            decoder, [prompts[i] for i in group], samples=samples, temperature=temperature, steps=steps,
            eos=eos, pad=pad, keys=[keys[i] for i in group],
        )  # fmt: skip
        for i, completions in zip(group, drawn, strict=True):
            answers[i] = completions
    return answers
