"""Random draws that depend on a text alone: not on what was drawn before, nor on the version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """Uniform draws seeded by a text. Bits run out and are made anew; no draw is biased by more than 2**-150."""

    __slots__ = ("_key", "_left", "_room")

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._refill()

    def _refill(self) -> None:
        self._key = blake2b(self._key, digest_size=64).digest()
        self._left, self._room = int.from_bytes(self._key, "little"), 2**360

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        if self._room < n:
            self._refill()
        self._left, drawn = divmod(self._left, n)
        self._room //= n
        return drawn

    def between(self, first: int, last: int) -> int:
        """An integer from `first` to `last`, both included."""
        return first + self.below(last - first + 1)

    def one(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different ones of the choices, in random order."""
        left = list(choices)
        return [left.pop(self.below(len(left))) for _ in range(count)]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        return self.sample(choices, len(choices))
