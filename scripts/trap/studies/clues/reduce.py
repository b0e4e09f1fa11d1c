"""From many true clues to a puzzle: drop one after the other while what is left still has one solution.

What remains is irredundant (each clue is needed), not smallest. Clues are dropped in the order that they come in.
"""

from __future__ import annotations

from collections.abc import Sequence

from trap.studies.clues.logic import Clue
from trap.studies.clues.worlds import Worlds


def reduced(worlds: Worlds, clues: Sequence[Clue]) -> list[Clue] | None:
    """The clues that are needed, by looking at all worlds; None if all together leave more than one."""
    sets = [worlds.where(clue) for clue in clues]
    after = [worlds.all]  # after[-1 - i]: the worlds that the clues from i on leave
    for found in reversed(sets):
        after.append(after[-1] & found)
    if after[-1].bit_count() != 1:
        return None
    kept, left = [], worlds.all
    for number, found in enumerate(sets):
        rest = left & after[-2 - number]
        if rest.bit_count() > 1:
            kept.append(clues[number])
            left &= found
    return kept


def is_irredundant(worlds: Worlds, clues: Sequence[Clue]) -> bool:
    """Whether the clues leave one world, and fewer clues more than one."""

    def left(given: Sequence[Clue]) -> int:
        return worlds.both(*map(worlds.where, given)).bit_count()

    return left(clues) == 1 and all(left([*clues[:at], *clues[at + 1 :]]) > 1 for at in range(len(clues)))
