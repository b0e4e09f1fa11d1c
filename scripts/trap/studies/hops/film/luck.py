"""What luck alone does: dice that stand for questions, and darts that stand for guesses.

Both are thrown with Python's own generator from a fixed seed, so that every machine sees the same throws.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from trap.files import InputError

SEED = 1
MOST_ROLLS = 20_000  # before a score counts as out of reach
MOST_TRIES = 500  # seeds among which an example of throws is looked for


@dataclass(frozen=True)
class Rolls:
    """Rolls of n dice until `right` of them show a right answer. faces: {number of the roll: its dice}."""

    count: int
    faces: dict[int, list[bool]]


def rolls(chance: float, n: int, right: int, watched: set[int]) -> Rolls:
    """Roll n dice, each right with probability `chance`, until exactly `right` are right.

    watched: numbers of rolls, from 1, whose faces are kept; those of the last roll are always kept. Raises InputError if
    the score does not appear.
    """
    thrower = random.Random(SEED * 1000 + n + right)
    faces: dict[int, list[bool]] = {}
    for number in range(1, MOST_ROLLS + 1):
        dice = [thrower.random() < chance for _ in range(n)]
        hit = sum(dice) == right
        if hit or number in watched:
            faces[number] = dice
        if hit:
            return Rolls(number, faces)
    raise InputError(f"film: {right} of {n} do not appear in {MOST_ROLLS} rolls, and the film shows them")


@dataclass(frozen=True)
class Round:
    """Darts at letters: the right letter, and the letter that each dart hits."""

    right: str
    darts: list[str]

    @property
    def hit(self) -> bool:
        """Whether a dart hits the right letter."""
        return self.right in self.darts


def rounds(letters: str, darts: int, count: int, hits: int) -> list[Round]:
    """`count` rounds of darts at letters, of which `hits` hit the right letter, as they are on average.

    The first round hits with one to three darts. Raises InputError if no such example is found.
    """
    for seed in range(SEED, SEED + MOST_TRIES):
        thrower = random.Random(seed)
        thrown = [
            Round(thrower.choice(letters), [thrower.choice(letters) for _ in range(darts)])
            for _ in range(count)
        ]
        first = thrown[0].darts.count(thrown[0].right)
        if sum(one.hit for one in thrown) == hits and 1 <= first <= 3:
            return thrown
    raise InputError(f"film: no example of {hits} hits in {count} rounds of {darts} darts")
