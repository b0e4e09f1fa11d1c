"""One form of a puzzle for all renamings of its suspects, weapons and motives: what pools must not share.

Rooms and times need no renaming: their names are only labels of places on the floor and of a row of hours. What is
asked does not count, so that no puzzle is asked about in two pools.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import permutations, product

from trap.studies.clues.logic import Clue, Shape

FLIPPED = {
    "north": ("south", True),
    "west": ("east", True),
    "south": ("south", False),
    "east": ("east", False),
}


def canonical(shape: Shape, clues: Sequence[Clue]) -> tuple[Clue, ...]:
    """The smallest of all renamed and sorted sets of clues."""
    motives = range(len(shape.motives))
    same_numbers = [
        order for order in permutations(motives) if all(shape.motives[a] == shape.motives[b] for a, b in zip(motives, order, strict=True))
    ]  # fmt: skip
    orders = product(permutations(range(shape.suspects)), permutations(range(shape.weapons)), same_numbers)
    return min(_renamed(clues, *order) for order in orders)


def puzzle_hash(shape: Shape, clues: Sequence[Clue]) -> str:
    """16 hexadecimal digits of the canonical form; equal for puzzles that differ in names alone."""
    text = repr((tuple(shape), canonical(shape, clues)))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _renamed(clues: Sequence[Clue], suspects, weapons, motives) -> tuple[Clue, ...]:
    names = {f"s{at}": f"s{to}" for at, to in enumerate(suspects)}
    names |= {f"w{at}": f"w{to}" for at, to in enumerate(weapons)}
    names |= {f"m{at}": f"m{to}" for at, to in enumerate(motives)}
    return tuple(sorted((_clue(clue, names, motives) for clue in clues), key=repr))


def _clue(clue: Clue, names: Mapping[str, str], motives: Sequence[int]) -> Clue:
    """A renamed clue; of clues that say the same by symmetry, one."""
    kind, *of = clue
    if kind in ("xor", "iff"):
        return (kind, *sorted((_clue(part, names, motives) for part in of), key=repr))
    if kind == "why":
        return (kind, motives[of[0]])
    if kind == "motive":
        return (kind, names[of[0]], motives[of[1]])
    of = [names.get(part, part) if isinstance(part, str) else part for part in of]
    if kind in ("same", "met"):
        of[:2] = sorted(of[:2])
    elif kind == "beside":
        direction, turned = FLIPPED[of[1]]
        of[:3] = [of[2], direction, of[0]] if turned else [of[0], direction, of[2]]
    return (kind, *of)
