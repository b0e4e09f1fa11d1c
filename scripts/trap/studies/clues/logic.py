"""A mansion, what may happen in it, and what a clue says, in one place for every solver.

Pieces are short strings: `s0` a suspect, `w0` a weapon, `b` Mr. Boddy, `k` the murderer, `x` the murder weapon, `m0`
whoever has motive 0. Rooms, times and motives are numbers. A clue is a tuple whose first entry says its kind:

    ("at", piece, room, time)                     ("killer", "s0")   ("weapon", "w0")   ("room", room)
    ("xor", at, at)   ("iff", at, at)             ("time", time)     ("why", motive)    ("motive", "s0", motive)
    ("same", piece, piece, time)                  ("met", piece, piece, room)
    ("beside", piece, direction, piece, time)     ("move", piece, from, to, time)
    ("carry", piece, weapon, from, to, time)

`meaning` turns a clue into a value of an algebra: bits over all worlds, literals of CP-SAT, or True and False of one
case. So no two solvers can disagree about what a clue says.

The rules are those of the published puzzles (bradhilton/temporal-clue): a move leads to a room beside (north, south,
east, west), a weapon moves only with a suspect who makes the same move, the murderer is the only suspect in the room
with Mr. Boddy and at least one weapon, and Mr. Boddy stays there from then on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

X = TypeVar("X")
Clue = tuple[Any, ...]
DIRECTIONS: dict[str, tuple[int, int]] = {"north": (-1, 0), "south": (1, 0), "east": (0, 1), "west": (0, -1)}
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
BODDY, MURDERER, MURDER_WEAPON = "b", "k", "x"


class Shape(NamedTuple):
    """How many of each there are. Rooms lie in rows of `columns`; `motives` has the number of suspects of each."""

    suspects: int
    weapons: int
    rooms: int
    columns: int
    times: int = 1
    motives: tuple[int, ...] = ()

    def beside(self, room: int, direction: str) -> int | None:
        """The room just in that direction; None outside the mansion."""
        down, right = DIRECTIONS[direction]
        row, column = room // self.columns + down, room % self.columns + right
        other = row * self.columns + column
        return other if 0 <= column < self.columns and row >= 0 and other < self.rooms else None

    def neighbours(self, room: int) -> list[int]:
        found = (self.beside(room, direction) for direction in DIRECTIONS)
        return [other for other in found if other is not None]

    @property
    def pieces(self) -> list[str]:
        """All that stand somewhere: suspects, Mr. Boddy, weapons."""
        return [*self.suspect_names, BODDY, *self.weapon_names]

    @property
    def suspect_names(self) -> list[str]:
        return [f"s{number}" for number in range(self.suspects)]

    @property
    def weapon_names(self) -> list[str]:
        return [f"w{number}" for number in range(self.weapons)]


class Case(NamedTuple):
    """What really happened. `rooms` gives each piece's room at each time, `motives` each suspect's motive."""

    shape: Shape
    rooms: Mapping[str, tuple[int, ...]]
    killer: str
    weapon: str
    time: int
    motives: tuple[int, ...] = ()

    @property
    def room(self) -> int:
        return self.rooms[BODDY][self.time]


class Algebra(Protocol[X]):
    """What a clue's meaning is built from. `a` and `b` below are values of the algebra."""

    shape: Shape

    def at(self, piece: str, room: int, time: int) -> X: ...
    def killer(self, suspect: str) -> X: ...
    def weapon(self, weapon: str) -> X: ...
    def room(self, room: int) -> X: ...
    def time(self, time: int) -> X: ...
    def motive(self, suspect: str, motive: int) -> X: ...
    def both(self, *values: X) -> X: ...
    def either(self, *values: X) -> X: ...
    def differ(self, a: X, b: X) -> X: ...
    def agree(self, a: X, b: X) -> X: ...


class Facts(Generic[X]):
    """The plain facts of an algebra that keeps the value of each in a table."""

    atoms: dict[Clue, X]

    def at(self, piece: str, room: int, time: int) -> X:
        return self.atoms["at", piece, room, time]

    def killer(self, suspect: str) -> X:
        return self.atoms["killer", suspect]

    def weapon(self, weapon: str) -> X:
        return self.atoms["weapon", weapon]

    def room(self, room: int) -> X:
        return self.atoms["room", room]

    def time(self, time: int) -> X:
        return self.atoms["time", time]

    def motive(self, suspect: str, motive: int) -> X:
        return self.atoms["motive", suspect, motive]


def meaning(clue: Clue, algebra: Algebra[X], inclusive: bool = False) -> X:
    """What a clue says. `inclusive`: read "or" as "one or both". Raises ValueError for a kind that there is not."""
    kind, *parts = clue
    shape = algebra.shape
    match kind:
        case "at":
            return stands(algebra, *parts)
        case "xor":
            one, other = (meaning(part, algebra) for part in parts)
            return algebra.either(one, other) if inclusive else algebra.differ(one, other)
        case "iff":
            return algebra.agree(*(meaning(part, algebra) for part in parts))
        case "same":
            one, other, time = parts
            return algebra.either(
                *(
                    algebra.both(stands(algebra, one, room, time), stands(algebra, other, room, time))
                    for room in range(shape.rooms)
                )
            )
        case "met":
            one, other, room = parts
            return algebra.either(
                *(
                    algebra.both(stands(algebra, one, room, time), stands(algebra, other, room, time))
                    for time in range(shape.times)
                )
            )
        case "beside":
            one, direction, other, time = parts
            pairs = ((shape.beside(room, direction), room) for room in range(shape.rooms))
            return algebra.either(
                *(
                    algebra.both(stands(algebra, one, first, time), stands(algebra, other, second, time))
                    for first, second in pairs
                    if first is not None
                )
            )
        case "move":
            piece, start, end, time = parts
            return _any_of(algebra, piece, ((start, time - 1), (end, time)))
        case "carry":
            piece, weapon, start, end, time = parts
            steps = ((start, time - 1), (end, time))
            return algebra.both(_any_of(algebra, piece, steps), _any_of(algebra, weapon, steps))
        case "killer" | "weapon" | "room" | "time" | "motive":
            return getattr(algebra, kind)(*parts)
        case "why":
            holders = (
                algebra.both(algebra.killer(name), algebra.motive(name, *parts))
                for name in shape.suspect_names
            )
            return algebra.either(*holders)
    raise ValueError(f"no such clue: {clue!r}")


def stands(algebra: Algebra[X], piece: str, room: int, time: int) -> X:
    """A piece is in a room at a time; for a role, whoever has the role."""
    return _any_of(algebra, piece, ((room, time),))


def _any_of(algebra: Algebra[X], piece: str, steps: Iterable[tuple[int, int]]) -> X:
    """One and the same bearer of a role stood in each of these rooms at these times."""
    steps = tuple(steps)
    bearers = list(_bearers(algebra, piece))
    found = [
        algebra.both(*role, *(algebra.at(name, room, time) for room, time in steps)) for name, role in bearers
    ]
    return found[0] if len(found) == 1 else algebra.either(*found)


def _bearers(algebra: Algebra[X], piece: str) -> Iterable[tuple[str, tuple[X, ...]]]:
    """Who a piece may be, and what must hold for it to be them."""
    shape = algebra.shape
    if piece == MURDERER:
        return ((name, (algebra.killer(name),)) for name in shape.suspect_names)
    if piece == MURDER_WEAPON:
        return ((name, (algebra.weapon(name),)) for name in shape.weapon_names)
    if piece[0] == "m":
        return ((name, (algebra.motive(name, int(piece[1:])),)) for name in shape.suspect_names)
    return ((piece, ()),)


class Truth:
    """The algebra of one case: every value is True or False."""

    def __init__(self, case: Case) -> None:
        self.case, self.shape = case, case.shape

    def at(self, piece: str, room: int, time: int) -> bool:
        return self.case.rooms[piece][time] == room

    def killer(self, suspect: str) -> bool:
        return self.case.killer == suspect

    def weapon(self, weapon: str) -> bool:
        return self.case.weapon == weapon

    def room(self, room: int) -> bool:
        return self.case.room == room

    def time(self, time: int) -> bool:
        return self.case.time == time

    def motive(self, suspect: str, motive: int) -> bool:
        return self.case.motives[int(suspect[1:])] == motive

    def both(self, *values: bool) -> bool:
        return all(values)

    def either(self, *values: bool) -> bool:
        return any(values)

    def differ(self, a: bool, b: bool) -> bool:
        return a != b

    def agree(self, a: bool, b: bool) -> bool:
        return a == b

    @cached_property
    def breaks_a_rule(self) -> str:
        """The rule that the case breaks; "" for a case that can have happened."""
        case, shape = self.case, self.shape
        for piece, rooms in case.rooms.items():
            for time, (start, end) in enumerate(itertools.pairwise(rooms), start=1):
                if start == end:
                    continue
                if end not in shape.neighbours(start):
                    return f"{piece} moves to a room that is not beside"
                carriers = (case.rooms[name][time - 1 : time + 1] for name in shape.suspect_names)
                if piece[0] == "w" and (start, end) not in carriers:
                    return f"{piece} moves without a suspect"
        there = [name for name in shape.suspect_names if case.rooms[name][case.time] == case.room]
        if there != [case.killer]:
            return "the murderer is not alone with Mr. Boddy"
        if case.rooms[case.weapon][case.time] != case.room:
            return "the murder weapon is elsewhere"
        if set(case.rooms[BODDY][case.time :]) != {case.room}:
            return "Mr. Boddy moves after his death"
        held = tuple(case.motives.count(motive) for motive in range(len(shape.motives)))
        return "" if held == shape.motives else "another number of suspects has a motive"


def as_clue(value: Any) -> Clue:
    """A clue again, after JSON made lists of its tuples."""
    return tuple(as_clue(part) if isinstance(part, list) else part for part in value)


def is_true(clue: Clue, case: Case) -> bool:
    return bool(meaning(clue, Truth(case)))
