"""The rules and clues of a case as literals of a solver. What the solver is, its subclass says.

`cpsat.py` proves by OR-Tools CP-SAT that a puzzle has one solution, and counts how hard that is; `dropping.py` asks hundreds
of questions about one puzzle by a solver that keeps what it learned.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any

from trap.studies.clues.logic import BODDY, Case, Clue, Facts, Shape, Truth, meaning


class Literals(Facts[Any], ABC):
    """All cases of a shape, as literals; clues are assumed or not at each question. `~` denies a literal."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._true = self._new()
        self.clause([self._true])
        self._built: dict[tuple[Any, ...], Any] = {}
        self._of_clue: dict[tuple[Clue, bool], Any] = {}
        self.atoms: dict[Clue, Any] = {}
        steps = list(product(shape.pieces, range(shape.times)))
        groups = [
            *([("at", piece, room, time) for room in range(shape.rooms)] for piece, time in steps),
            [("killer", name) for name in shape.suspect_names],
            [("weapon", name) for name in shape.weapon_names],
            [("room", room) for room in range(shape.rooms)],
            [("time", time) for time in range(shape.times)],
        ]
        if shape.motives:
            motives = range(len(shape.motives))
            groups += [[("motive", name, motive) for motive in motives] for name in shape.suspect_names]
        for group in groups:
            for atom in group:
                self.atoms[atom] = self._new()
            self.exactly(1, [self.atoms[atom] for atom in group])
        for motive, number in enumerate(shape.motives):
            self.exactly(number, [self.motive(name, motive) for name in shape.suspect_names])
        self._murder()
        for piece in shape.pieces:
            self._steps(piece)

    # --- what a solver gives ------------------------------------------------------------------------

    @abstractmethod
    def _new(self) -> Any:
        """A fresh literal."""

    @abstractmethod
    def clause(self, literals: Sequence[Any]) -> None:
        """At least one of these."""

    @abstractmethod
    def exactly(self, number: int, literals: Sequence[Any]) -> None:
        """Exactly so many of these."""

    @abstractmethod
    def solve(self, literals: Sequence[Any] = ()) -> Case | list[int]:
        """A case in which all these hold; if there is none, places in the list of some that exclude each other."""

    # --- rules -------------------------------------------------------------------------------------

    def _murder(self) -> None:
        shape, clause = self.shape, self.clause
        for room, time in product(range(shape.rooms), range(shape.times)):
            elsewhere = [~self.room(room), ~self.time(time)]
            for later in range(time, shape.times):
                clause([*elsewhere, self.at(BODDY, room, later)])
            for name in shape.suspect_names:
                clause([*elsewhere, ~self.killer(name), self.at(name, room, time)])
                clause([*elsewhere, self.killer(name), ~self.at(name, room, time)])
            for name in shape.weapon_names:
                clause([*elsewhere, ~self.weapon(name), self.at(name, room, time)])

    def _steps(self, piece: str) -> None:
        shape, clause = self.shape, self.clause
        for time, room in product(range(1, shape.times), range(shape.rooms)):
            start = self.at(piece, room, time - 1)
            around = shape.neighbours(room)
            clause([~start, *(self.at(piece, other, time) for other in (room, *around))])
            if piece[0] != "w":
                continue
            for other in around:
                carried = [self._step(name, room, other, time) for name in shape.suspect_names]
                clause([~start, ~self.at(piece, other, time), *carried])

    def _step(self, name: str, start: int, end: int, time: int) -> Any:
        return self.both(self.at(name, start, time - 1), self.at(name, end, time))

    # --- the algebra of literals ---------------------------------------------------------------------

    def both(self, *values: Any) -> Any:
        if len(values) < 2:
            return values[0] if values else self._true
        return self._made("both", values)

    def either(self, *values: Any) -> Any:
        if len(values) < 2:
            return values[0] if values else ~self._true
        return self._made("either", values)

    def differ(self, a: Any, b: Any) -> Any:
        return self._made("differ", (a, b))

    def agree(self, a: Any, b: Any) -> Any:
        return ~self.differ(a, b)

    def _made(self, kind: str, values: tuple[Any, ...]) -> Any:
        """A literal that is true exactly where `kind` of the values is; the same one for the same values."""
        key = (kind, *sorted(map(self._name, values)))
        if key in self._built:
            return self._built[key]
        found, clause = self._new(), self.clause
        if kind == "both":
            for value in values:
                clause([~found, value])
            clause([found, *(~value for value in values)])
        elif kind == "either":
            for value in values:
                clause([~value, found])
            clause([~found, *values])
        else:
            self._differ(found, *values)
        self._built[key] = found
        return found

    def _name(self, literal: Any) -> int:
        """A number that no other literal has."""
        return int(literal)

    def _differ(self, found: Any, one: Any, other: Any) -> None:
        """`found` is true where one of the two is."""
        for a, b, c in (
            (~found, one, other),
            (~found, ~one, ~other),
            (found, ~one, other),
            (found, one, ~other),
        ):
            self.clause([a, b, c])

    # --- questions -------------------------------------------------------------------------------------

    def literal(self, clue: Clue, inclusive: bool = False) -> Any:
        """What a clue says, as one literal."""
        key = (clue, inclusive)
        if key not in self._of_clue:
            self._of_clue[key] = meaning(clue, self, inclusive)
        return self._of_clue[key]

    def exclude(self, case: Case) -> None:
        """From now on any case but this one."""
        truth = Truth(case)
        self.forbid([literal for atom, literal in self.atoms.items() if meaning(atom, truth)])

    def forbid(self, literals: Sequence[Any]) -> None:
        """From now on not all of these at once."""
        self.clause([~literal for literal in literals])

    def insist(self, literals: Iterable[Any]) -> None:
        """From now on each of these."""
        for literal in literals:
            self.clause([literal])

    def _case(self, true: Callable[[Any], bool]) -> Case:
        """The case in which the literals of these atoms are true."""
        shape = self.shape
        rooms = {piece: [0] * shape.times for piece in shape.pieces}
        told: dict[str, Any] = {}
        motives = [0] * (shape.suspects if shape.motives else 0)
        for kind, *parts in (atom for atom, literal in self.atoms.items() if true(literal)):
            if kind == "at":
                rooms[parts[0]][parts[2]] = parts[1]
            elif kind == "motive":
                motives[int(parts[0][1:])] = parts[1]
            else:
                told[kind] = parts[0]
        paths = {piece: tuple(path) for piece, path in rooms.items()}
        return Case(shape, paths, told["killer"], told["weapon"], told["time"], tuple(motives))
