"""What every platform does alike before any arithmetic: order, batches, padding, rates, random streams.

Nothing here imports a framework, so that no platform can come to differ from the others in it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

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


def padded(sequences: Sequence[Sequence[int]], pad: int) -> np.ndarray:
    """Right-padded token ids, int32 (sequences, longest)."""
    longest = max(map(len, sequences), default=0)
    table = np.full((len(sequences), longest), pad, dtype=np.int32)
    for row, sequence in enumerate(sequences):
        table[row, : len(sequence)] = sequence
    return table


def collate(batch: Sequence[Tokens], pad: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Right-padded tokens (B, T), labels (B, T - first) with -100 outside completions, and `first`.

    `first` is the shortest prompt's last position: nothing before it predicts a completion token.
    """
    tokens = padded([[*p, *c][:-1] for p, c in batch], pad)
    first = max(0, min(len(p) for p, _ in batch) - 1)
    labels = np.full((len(batch), tokens.shape[1] - first), -100, dtype=np.int32)
    for row, (prompt, completion) in enumerate(batch):
        begin = len(prompt) - 1 - first
        labels[row, begin : begin + len(completion)] = completion
    return tokens, labels, first


def share_rows(
    pairs: Sequence[Tokens],
) -> dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[int, int]]]:
    """What to compute to score completions: (prompt, completion but its last token) -> [(example, last token)].

    Completions that differ in their last token alone share one row, so that four letters cost one forward
    pass. End tokens are left out; a completion without any other token is in no row, since nothing has
    probability one.
    """
    rows: dict[tuple[tuple[int, ...], tuple[int, ...]], list[tuple[int, int]]] = {}
    for number, (prompt, completion) in enumerate(pairs):
        if told := completion[:-1]:
            rows.setdefault((tuple(prompt), tuple(told[:-1])), []).append((number, told[-1]))
    return rows


def learning_rate(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up over `warmup` x steps, then a linear descent to zero; a factor in (0, 1]."""
    rising = max(1, round(warmup * steps))
    return (step + 1) / rising if step < rising else max(0.0, (steps - step) / max(1, steps - rising))


def uniforms(key: int, samples: int, steps: int) -> np.ndarray:
    """Uniform draws (samples, steps) of one prompt: a function of its key alone."""
    return np.random.Generator(np.random.Philox(key=key)).random((samples, steps))
