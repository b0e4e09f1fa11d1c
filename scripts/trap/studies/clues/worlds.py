"""All worlds that a small shape allows, as bits of long integers: whether something follows is one comparison.

A set of worlds is an int with one bit per world. `Worlds.atoms` has the set of each plain fact, such as
("at", "s0", 2, 0) or ("killer", "s1"); a clue's set is built from these. A fact follows from clues exactly where the
worlds that are left lie in its set, so that checks are exact and take microseconds.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations, product

import numpy as np

from trap.files import InputError
from trap.studies.clues.logic import BODDY, Case, Clue, Facts, Shape, meaning

MOST = 400_000  # combinations of paths that are looked at
Bits = int


class Worlds(Facts[Bits]):
    """Every case that a shape allows. Raises InputError for a shape that allows too many."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._rows, self._columns = _table(shape)
        self.size = len(self._rows)
        self.all: Bits = (1 << self.size) - 1
        self.atoms: dict[Clue, Bits] = {atom: _bits(column) for atom, column in self._facts()}
        self._known: dict[tuple[Clue, bool], Bits] = {}

    def _column(self, name: object) -> np.ndarray:
        return self._rows[:, self._columns[name]]

    def _facts(self):
        shape = self.shape
        for piece, time, room in product(shape.pieces, range(shape.times), range(shape.rooms)):
            yield ("at", piece, room, time), self._column((piece, time)) == room
        for number, name in enumerate(shape.suspect_names):
            yield ("killer", name), self._column("killer") == number
        for number, name in enumerate(shape.weapon_names):
            yield ("weapon", name), self._column("weapon") == number
        when = self._column("time")
        where = np.choose(when, [self._column((BODDY, time)) for time in range(shape.times)])
        for room in range(shape.rooms):
            yield ("room", room), where == room
        for time in range(shape.times):
            yield ("time", time), when == time
        for name, motive in product(shape.suspect_names, range(len(shape.motives))):
            yield ("motive", name, motive), self._column(("motive", name)) == motive

    def case(self, number: int) -> Case:
        """World `number` as a case."""
        row, shape = self._rows[number], self.shape
        rooms = {
            piece: tuple(int(row[self._columns[piece, time]]) for time in range(shape.times))
            for piece in shape.pieces
        }
        motives = tuple(
            int(row[self._columns["motive", name]]) for name in (shape.suspect_names if shape.motives else ())
        )
        killer, weapon, time = (int(row[self._columns[name]]) for name in ("killer", "weapon", "time"))
        return Case(shape, rooms, f"s{killer}", f"w{weapon}", time, motives)

    def where(self, clue: Clue, inclusive: bool = False) -> Bits:
        """The worlds in which a clue or fact is true."""
        found = self.atoms.get(clue)
        if found is None:
            found = self._known.get((clue, inclusive))
        if found is None:
            if len(self._known) > 5000:  # of many puzzles; each is made again in microseconds
                self._known.clear()
            found = self._known[clue, inclusive] = meaning(clue, self, inclusive)
        return found

    # --- the algebra of sets of worlds ---------------------------------------------------------------

    def both(self, *values: Bits) -> Bits:
        found = self.all
        for value in values:
            found &= value
        return found

    def either(self, *values: Bits) -> Bits:
        found = 0
        for value in values:
            found |= value
        return found

    def differ(self, a: Bits, b: Bits) -> Bits:
        return a ^ b

    def agree(self, a: Bits, b: Bits) -> Bits:
        return self.all & ~(a ^ b)


@cache
def worlds_of(shape: Shape) -> Worlds:
    """The worlds of a shape, made once per process."""
    return Worlds(shape)


def combinations_of(shape: Shape) -> int:
    """How many combinations of paths a shape has before any rule of murder or carrying: its search space."""
    return len(_paths(shape)) ** (shape.suspects + 1 + shape.weapons) * len(_assignments(shape))


def _paths(shape: Shape) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [(room,) for room in range(shape.rooms)]
    for _ in range(shape.times - 1):
        found = [(*path, room) for path in found for room in (path[-1], *shape.neighbours(path[-1]))]
    return found


def _assignments(shape: Shape) -> list[tuple[int, ...]]:
    """All ways to give suspects their motives; one empty way where there are none."""
    held = [motive for motive, number in enumerate(shape.motives) for _ in range(number)]
    return sorted(set(permutations(held))) if held else [()]


def _table(shape: Shape) -> tuple[np.ndarray, dict[object, int]]:
    """(worlds, columns): int8 of shape (worlds, columns), and the column of each name."""
    paths = np.array(_paths(shape), dtype=np.int8)
    pieces, times = shape.pieces, shape.times
    total = len(paths) ** len(pieces)
    if total > MOST:
        raise InputError(f"{shape}: {total} combinations of paths: too many to look at each (at most {MOST})")
    chosen = np.indices((len(paths),) * len(pieces), dtype=np.int16).reshape(len(pieces), -1)
    rooms = {piece: paths[chosen[number]] for number, piece in enumerate(pieces)}  # (combinations, times)
    fine = np.ones(total, dtype=bool)
    for weapon, time in product(shape.weapon_names, range(1, times)):
        start, end = rooms[weapon][:, time - 1], rooms[weapon][:, time]
        carried = start == end
        for name in shape.suspect_names:
            carried |= (rooms[name][:, time - 1] == start) & (rooms[name][:, time] == end)
        fine &= carried
    parts = []
    for time in range(times):
        place = rooms[BODDY][:, time]
        still = fine & (rooms[BODDY][:, time:] == place[:, None]).all(axis=1)
        there = sum((rooms[name][:, time] == place).astype(np.int8) for name in shape.suspect_names)
        for (killer, name), (weapon, used) in product(
            enumerate(shape.suspect_names), enumerate(shape.weapon_names)
        ):
            found = np.flatnonzero(
                still & (there == 1) & (rooms[name][:, time] == place) & (rooms[used][:, time] == place)
            )
            murder = np.tile(np.array([killer, weapon, time], dtype=np.int8), (len(found), 1))
            parts.append(np.concatenate([*(rooms[piece][found] for piece in pieces), murder], axis=1))
    rows = np.concatenate(parts)
    names: list[object] = [*product(pieces, range(times)), "killer", "weapon", "time"]
    if shape.motives:
        given = np.array(_assignments(shape), dtype=np.int8)
        rows = np.concatenate([np.repeat(rows, len(given), axis=0), np.tile(given, (len(rows), 1))], axis=1)
        names += [("motive", name) for name in shape.suspect_names]
    return rows, {name: number for number, name in enumerate(names)}


def _bits(column: np.ndarray) -> Bits:
    return int.from_bytes(np.packbits(column, bitorder="little").tobytes(), "little")
