"""Random draws that depend on a text alone, not on what was drawn before."""

from __future__ import annotations

from hashlib import blake2b


class Draws:
    """Uniform draws from 256 bits seeded by a text: independent of order, platform and Python version.

    A draw uses log2(n) bits; a question needs fewer than 100, so no draw is biased by more than 2**-150.
    """

    __slots__ = ("_left",)

    def __init__(self, key: str) -> None:
        self._left = int.from_bytes(blake2b(key.encode(), digest_size=32).digest(), "little")

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        self._left, drawn = divmod(self._left, n)
        return drawn
