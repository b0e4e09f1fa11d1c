"""Batched sampling with a key-value cache and one prefill per prompt for all of its samples.

As the torch platform's: every sample draws from its own random stream, by inverse distribution function,
so that what is drawn does not depend on which other prompts are in the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from trap.models.batching import padded, uniforms
from trap.platforms.mlx.decoder import LENGTHS, PREFILL, Decoder, multiple

ROWS_AT_ONCE = 960  # full blocks of rows for the usual k (see decoder.ROWS)
CACHE_BYTES = 2**31  # of one batch's keys and values


class Cache:
    """Keys and values of one layer: the prompts' (shared) and the samples' own."""

    def __init__(self, k: mx.array, v: mx.array, samples: int, steps: int) -> None:
        prompts, heads, _, dim = k.shape
        self.prompt_k, self.prompt_v = k, v
        steps = multiple(steps, LENGTHS)
        self.k = mx.zeros((prompts * samples, heads, steps, dim), k.dtype)
        self.v = mx.zeros((prompts * samples, heads, steps, dim), v.dtype)

    def keep(self, prompts: mx.array, rows: mx.array) -> None:
        """Drop all but these prompts, and all but these rows of their samples."""
        self.prompt_k, self.prompt_v = self.prompt_k[prompts], self.prompt_v[prompts]
        self.k, self.v = self.k[rows], self.v[rows]


def attend(q: mx.array, cache: Cache, step: int, padding: mx.array, samples: int, scale: float) -> mx.array:
    """Attention of one new position per row over prompt and own tokens: (rows, 1, heads * dim).

    q: (rows, heads, 1, dim); padding: (prompts, 1, 1, prompt length), -inf at padded positions.
    """
    rows, heads, _, dim = q.shape
    prompts, kv_heads, length, _ = cache.prompt_k.shape
    group = heads // kv_heads
    q = (q * scale).reshape(prompts, samples, kv_heads, group, dim)
    shared = q.transpose(0, 2, 1, 3, 4).reshape(prompts, kv_heads, samples * group, dim)
    on_prompt = shared @ cache.prompt_k.swapaxes(2, 3) + padding
    own = multiple(step + 1, LENGTHS)
    later = mx.where(mx.arange(own) > step, -mx.inf, 0.0).astype(q.dtype)
    on_prompt = on_prompt.reshape(prompts, kv_heads, samples, group, length).swapaxes(1, 2)
    own_k, own_v = cache.k[:, :, :own], cache.v[:, :, :own]
    on_own = q.reshape(rows, kv_heads, group, dim) @ own_k.swapaxes(2, 3) + later
    scores = mx.concatenate((on_prompt.reshape(rows, kv_heads, group, length), on_own), axis=-1)
    scores = mx.softmax(scores, axis=-1, precise=True)
    of_prompt = scores[..., :length].reshape(prompts, samples, kv_heads, group, length).swapaxes(1, 2)
    mixed = of_prompt.reshape(prompts, kv_heads, samples * group, length) @ cache.prompt_v
    mixed = mixed.reshape(prompts, kv_heads, samples, group, dim).swapaxes(1, 2)
    mixed = mixed.reshape(rows, kv_heads, group, dim) + scores[..., length:] @ own_v
    return mixed.reshape(rows, 1, heads * dim)


def choose(logits: mx.array, temperature: float, draws: mx.array | None) -> mx.array:
    """Next tokens (rows,): the most likely, or by inverse distribution function with one uniform a row."""
    if draws is None:
        return mx.argmax(logits, axis=-1)
    mass = mx.cumsum(mx.softmax(logits.astype(mx.float32) / temperature, axis=-1), axis=-1)
    # A draw that rounds to 1 in float32 would fall behind the last token that can be drawn.
    reached = mx.minimum(draws, 1 - 2**-24)[:, None] * mass[:, -1:]
    return mx.minimum(mx.sum(mass <= reached, axis=-1), logits.shape[-1] - 1)


def sample_group(
    decoder: Decoder, prompts: Sequence[Sequence[int]], *, samples: int, temperature: float, steps: int,
    eos: Sequence[int], pad: int, keys: Sequence[int],
) -> list[list[list[int]]]:  # fmt: skip
    """Tokens of `samples` completions for each prompt of one batch (without the end token)."""
    lengths = np.array([len(prompt) for prompt in prompts])
    tokens = padded(prompts, pad)
    longest = multiple(tokens.shape[1], LENGTHS)
    extra = multiple(tokens.shape[1], PREFILL) - tokens.shape[1]
    tokens = mx.array(np.pad(tokens, ((0, 0), (0, extra)), constant_values=pad))
    prefill: list[tuple[mx.array, mx.array]] = []
    states = decoder.hidden(tokens, prefill)
    last = states[mx.arange(len(prompts)), mx.array(lengths - 1, mx.int32)]
    caches = [Cache(k[:, :, :longest], v[:, :, :longest], samples, steps) for k, v in prefill]
    del prefill, states
    beyond = np.arange(longest) >= lengths[:, None, None, None]
    padding = mx.array(np.where(beyond, -np.inf, 0.0).astype(np.float32)).astype(last.dtype)
    logits = mx.repeat(decoder.logits(last), samples, axis=0)
    mx.eval(logits, padding, *(part for c in caches for part in (c.prompt_k, c.prompt_v, c.k, c.v)))
    noise = None
    if temperature > 0:
        noise = np.concatenate([uniforms(key, samples, steps) for key in keys]).astype(np.float32)
    positions = np.repeat(lengths, samples)
    written = np.full((len(prompts) * samples, steps), -1)
    alive = np.arange(len(prompts) * samples)
    done = np.zeros(len(prompts) * samples, dtype=bool)
    for step in range(steps):
        following = choose(logits, temperature, None if noise is None else mx.array(noise[alive, step]))
        chosen = np.array(following)
        done |= np.isin(chosen, eos)
        written[alive[~done], step] = chosen[~done]
        finished = done.reshape(-1, samples).all(axis=1)
        if finished.all() or step == steps - 1:
            break
        if finished.sum() * 4 >= len(finished):  # drop prompts that are through once they are a quarter
            stay = np.flatnonzero(~finished)
            rows = (stay[:, None] * samples + np.arange(samples)).reshape(-1)
            for cache in caches:
                cache.keep(mx.array(stay, mx.int32), mx.array(rows, mx.int32))
            padding = padding[mx.array(stay, mx.int32)]
            alive, positions, done, chosen = alive[rows], positions[rows], done[rows], chosen[rows]
        x = decoder.embedding(mx.array(chosen)[:, None])
        offset = mx.array(positions, mx.int32)
        for block, cache in zip(decoder.blocks, caches, strict=True):
            q, k, v = block.project(x, offset)
            cache.k[:, :, step : step + 1] = k
            cache.v[:, :, step : step + 1] = v
            x = block.finish(x, attend(q, cache, step, padding, samples, block.scale))
        logits = decoder.logits(x[:, 0])
        positions = positions + 1
    found = [[int(token) for token in row if token >= 0] for row in written]
    return [found[i : i + samples] for i in range(0, len(found), samples)]


def prompts_at_once(decoder: Decoder, samples: int, longest: int, steps: int) -> int:
    """How many prompts' caches fit CACHE_BYTES, within ROWS_AT_ONCE rows."""
    first = decoder.blocks[0]
    width = first.qkv.shape[1] // (first.heads + 2 * first.kv_heads) * first.kv_heads
    each = 2 * len(decoder.blocks) * width * first.qkv.dtype.size * (longest + samples * steps)
    return max(1, min(ROWS_AT_ONCE // samples, CACHE_BYTES // each))


def sample_tokens(
    decoder: Decoder, prompts: Sequence[Sequence[int]], *, samples: int, temperature: float, steps: int,
    eos: Sequence[int], pad: int, keys: Sequence[int],
) -> list[list[list[int]]]:  # fmt: skip
    """As `sample_group`, for any number of prompts: batches of similar length, answers in input order."""
    order = sorted(range(len(prompts)), key=lambda i: (len(prompts[i]), i))
    per_group = prompts_at_once(decoder, samples, max(map(len, prompts), default=0), steps)
    answers: list[list[list[int]]] = [[] for _ in prompts]
    for first in range(0, len(order), per_group):
        group = order[first : first + per_group]
        drawn = sample_group(
            decoder, [prompts[i] for i in group], samples=samples, temperature=temperature, steps=steps,
            eos=eos, pad=pad, keys=[keys[i] for i in group],
        )  # fmt: skip
        for i, completions in zip(group, drawn, strict=True):
            answers[i] = completions
    return answers
