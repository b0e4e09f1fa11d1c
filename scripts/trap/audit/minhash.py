"""Near duplicates: word shingles, MinHash signatures, bands, and the exact Jaccard index of what the bands propose.

A text is the set of its runs of three words; two texts are near duplicates where the Jaccard index of their sets is at
least NEAR. MinHash (Broder 1997) with bands (Indyk and Motwani 1998) finds the pairs that may reach it: with 12 bands of 3
rows, a pair at 0.7 is proposed with probability 0.993 and one at 0.8 with 0.9999. What is proposed is then compared by its
sets, so that no count rests on an estimate.

The package datasketch does the same one text at a time in Python, about 50 µs a text, which makes minutes of a gigabyte;
here batches of texts are hashed by polars and reduced by numpy, and the signatures need no dependency.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

NEAR = 0.7
SHINGLE = 3  # words
BANDS, ROWS = 12, 3
HASHES = BANDS * ROWS
LOOSE = 0.5  # estimated Jaccard below which a proposed pair is not compared; three standard errors below NEAR
BUCKET = 64  # texts of one bucket that are compared; more share a band only by a template
PER_TEXT = 4  # pairs of one text and one batch that are compared, the likeliest first
_MIX = np.random.default_rng(20240).integers(1, 2**31, size=HASHES, dtype=np.uint32) * np.uint32(
    2
) + np.uint32(1)
_WORD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


@dataclass(frozen=True)
class Shingles:
    """Sets of shingles of n texts: flat hashes, uint32 (total,), those of text i at start[i]:start[i + 1]."""

    flat: np.ndarray
    start: np.ndarray

    def of(self, text: int) -> np.ndarray:
        return self.flat[self.start[text] : self.start[text + 1]]


def shingles(texts: pl.Series) -> Shingles:
    """Shingles of normalised texts (words apart by one blank). A text of fewer than three words is one shingle."""
    words = texts.str.split(" ")
    counts = words.list.len().to_numpy().astype(np.int64)
    hashed = words.explode(empty_as_null=True).fill_null("").hash().to_numpy()
    first = np.concatenate([[0], np.cumsum(counts)])
    kept = np.maximum(counts - SHINGLE + 1, np.minimum(counts, 1))
    start = np.concatenate([[0], np.cumsum(kept)])
    row = np.repeat(np.arange(len(counts)), kept)
    at = np.arange(start[-1]) - start[:-1][row] + first[:-1][row]
    end = first[1:][row]
    value = np.zeros(len(at), dtype=np.uint64)
    padded = np.concatenate([hashed, np.zeros(SHINGLE, dtype=np.uint64)])
    for step in range(SHINGLE):
        value += np.where(at + step < end, padded[at + step], np.uint64(0)) * _WORD[step]
    value ^= value >> np.uint64(29)
    return Shingles((value * _WORD[1] >> np.uint64(32)).astype(np.uint32), start)


def signatures(sets: Shingles) -> np.ndarray:
    """MinHash signatures, uint32 (texts, HASHES). Multiplying by an odd number permutes the 32-bit numbers."""
    n = len(sets.start) - 1
    found = np.empty((n, HASHES), dtype=np.uint32)
    if n:
        for number, factor in enumerate(_MIX):
            found[:, number] = np.minimum.reduceat(sets.flat * factor, sets.start[:-1])
    return found


def band_keys(signature: np.ndarray) -> np.ndarray:
    """One hash a band, uint64 (texts, BANDS)."""
    parts = signature.reshape(len(signature), BANDS, ROWS).astype(np.uint64)
    keys = (parts * _WORD[:ROWS]).sum(axis=2, dtype=np.uint64)
    return keys ^ (keys >> np.uint64(31))


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Shared members over all members of two sets of hashes (with repeats)."""
    one, two = np.unique(first), np.unique(second)
    shared = len(np.intersect1d(one, two, assume_unique=True))
    return shared / (len(one) + len(two) - shared) if len(one) + len(two) else 0.0


class NearIndex:
    """Texts to be found again. After `look` at batches: `best`, the greatest index met by each, and `where`, its row."""

    def __init__(self, texts: pl.Series) -> None:
        self.sets = shingles(texts)
        self.signature = signatures(self.sets)
        keys = band_keys(self.signature)
        self.order = [np.argsort(keys[:, band], kind="stable") for band in range(BANDS)]
        self.keys = [keys[order, band] for band, order in enumerate(self.order)]
        self.best = np.zeros(len(texts))
        self.where = np.full(len(texts), -1, dtype=np.int64)

    def look(self, texts: pl.Series, rows: np.ndarray) -> None:
        """Compare a batch with the index. rows: what `where` shall say of each text, int64 (texts,)."""
        if not len(texts) or not len(self.best):
            return
        sets = shingles(texts)
        signature = signatures(sets)
        pairs = self._proposed(band_keys(signature))
        alike = np.concatenate(
            [
                (signature[part // len(self.best)] == self.signature[part % len(self.best)]).mean(axis=1)
                for part in np.array_split(pairs, max(1, len(pairs) // 100_000))
            ]
        )
        mine, theirs = pairs // len(self.best), pairs % len(self.best)
        kept = (alike >= LOOSE) & (alike + 0.3 > self.best[theirs])  # a worse pair changes nothing
        mine, theirs, alike = mine[kept], theirs[kept], alike[kept]
        order = np.lexsort((mine, -alike, theirs))
        mine, theirs = mine[order], theirs[order]
        rank = np.arange(len(theirs)) - np.searchsorted(theirs, theirs, side="left")
        for new, old in zip(mine[rank < PER_TEXT].tolist(), theirs[rank < PER_TEXT].tolist(), strict=True):
            if self.best[old] < 1.0:
                value = jaccard(sets.of(new), self.sets.of(old))
                if value > self.best[old]:
                    self.best[old], self.where[old] = value, rows[new]

    def _proposed(self, keys: np.ndarray) -> np.ndarray:
        """Pairs that share a band, each once, as row of the batch x texts of the index + text of the index."""
        found = []
        for band in range(BANDS):
            low = np.searchsorted(self.keys[band], keys[:, band], side="left")
            high = np.searchsorted(self.keys[band], keys[:, band], side="right")
            many = np.minimum(high - low, BUCKET)
            new = np.repeat(np.arange(len(keys)), many)
            step = np.arange(len(new)) - np.repeat(np.cumsum(many) - many, many)
            found.append(new * len(self.best) + self.order[band][low[new] + step])
        return np.unique(np.concatenate(found))
