"""Which entities a text names, among millions.

A regular expression with all names as alternatives says the same of a few thousand (`Grader`); with more of them it
takes seconds a line. Here a name is looked up by its first word, then by the lengths that names with this word have.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_TOKEN = re.compile(r"\w+|\W", re.DOTALL)
_WORDY = re.compile(r"\w")


class Mentions:
    """The longest name at each place, from left to right; a name neither begins nor ends within a word."""

    def __init__(self, names: Collection[str]) -> None:
        """`names` has a fast `in`."""
        self._names = names
        lengths: dict[str, set[int]] = {}
        for name in names:
            token = _TOKEN.match(name)
            if token:
                lengths.setdefault(token[0], set()).add(len(name))
        self._lengths = {token: sorted(found, reverse=True) for token, found in lengths.items()}

    def spans(self, text: str, at: int = 0) -> Iterator[tuple[int, int]]:
        """(begin, end) of each name in text[at:]; what stands before `at` still counts as its neighbour."""
        while token := _TOKEN.match(text, at):
            end = self._longest(text, at, token[0])
            if end > at:
                yield at, end
            at = max(end, token.end())

    def _longest(self, text: str, at: int, token: str) -> int:
        """Where the longest name at this place ends; -1 for none."""
        if at and _WORDY.match(text[at - 1]):
            return -1
        for length in self._lengths.get(token, ()):
            end = at + length
            if (
                end <= len(text)
                and text[at:end] in self._names
                and not (end < len(text) and _WORDY.match(text[end]))
            ):
                return end
        return -1
