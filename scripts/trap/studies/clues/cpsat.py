"""The rules and clues for OR-Tools CP-SAT: whether a puzzle has one solution, and how hard that is to prove.

This takes the package ortools (requirements/clues.txt), which nothing else of the study needs: puzzles for nano models
are made by looking at all worlds (`worlds.py`). Here are those that are too large for that, and the measures of
difficulty. One worker and one seed, so that a count of conflicts repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from trap.files import InputError
from trap.studies.clues.logic import BODDY, Case, Clue, Shape, Truth, meaning

INSTALL = "python -m pip install --no-deps -r requirements/clues.txt -c requirements/lock.txt"
SECONDS = 60.0  # a proof that takes longer counts as an error, not as a verdict


def _cp_model() -> Any:
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise InputError(f"the package ortools is missing ({error}): {INSTALL}") from None
    return cp_model


class Solver:
    """All cases of a shape, as literals; clues are assumed or not at each question."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._cp = _cp_model()
        self._model = model = self._cp.CpModel()
        self._true = model.new_constant(1)
        self._built: dict[tuple[Any, ...], Any] = {}
        self._of_clue: dict[tuple[Clue, bool], Any] = {}
        self._atoms: dict[Clue, Any] = {}
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
                self._atoms[atom] = model.new_bool_var("")
            model.add_exactly_one([self._atoms[atom] for atom in group])
        for motive, number in enumerate(shape.motives):
            model.add(sum(self.motive(name, motive) for name in shape.suspect_names) == number)
        self._murder()
        for piece in shape.pieces:
            self._steps(piece)
        self.conflicts = 0  # of the last question

    # --- rules -------------------------------------------------------------------------------------

    def _murder(self) -> None:
        shape, clause = self.shape, self._model.add_bool_or
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
        shape, clause = self.shape, self._model.add_bool_or
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

    def at(self, piece: str, room: int, time: int) -> Any:
        return self._atoms["at", piece, room, time]

    def killer(self, suspect: str) -> Any:
        return self._atoms["killer", suspect]

    def weapon(self, weapon: str) -> Any:
        return self._atoms["weapon", weapon]

    def room(self, room: int) -> Any:
        return self._atoms["room", room]

    def time(self, time: int) -> Any:
        return self._atoms["time", time]

    def motive(self, suspect: str, motive: int) -> Any:
        return self._atoms["motive", suspect, motive]

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
        key = (kind, *sorted(value.index for value in values))
        if key in self._built:
            return self._built[key]
        model, found = self._model, self._model.new_bool_var("")
        if kind == "both":
            for value in values:
                model.add_implication(found, value)
            model.add_bool_or([found, *(~value for value in values)])
        elif kind == "either":
            for value in values:
                model.add_implication(value, found)
            model.add_bool_or([~found, *values])
        else:
            model.add_bool_xor([*values, found, self._true])
        self._built[key] = found
        return found

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
        true = [literal for atom, literal in self._atoms.items() if meaning(atom, truth)]
        self.forbid(true)

    def forbid(self, literals: Sequence[Any]) -> None:
        """From now on not all of these at once."""
        self._model.add_bool_or([~literal for literal in literals])

    def insist(self, literals: Iterable[Any]) -> None:
        """From now on each of these."""
        for literal in literals:
            self._model.add_bool_or([literal])

    def solve(self, literals: Sequence[Any] = ()) -> Case | list[int]:
        """A case in which all these hold; if there is none, places in the list of some that exclude each other.

        Raises InputError if the solver does not finish in `SECONDS`.
        """
        cp, model = self._cp, self._model
        model.clear_assumptions()
        at = {literal.index: place for place, literal in enumerate(literals)}
        model.add_assumptions(list(literals))
        solver = cp.CpSolver()
        parameters = solver.parameters
        parameters.num_workers, parameters.random_seed = 1, 0
        parameters.max_time_in_seconds = SECONDS
        parameters.cp_model_presolve, parameters.linearization_level = False, 0  # four times as fast
        parameters.symmetry_level, parameters.cp_model_probing_level = 0, 0
        status = solver.solve(model)
        self.conflicts = solver.num_conflicts
        if status == cp.INFEASIBLE:
            return [at[index] for index in solver.sufficient_assumptions_for_infeasibility()]
        if status not in (cp.OPTIMAL, cp.FEASIBLE):
            raise InputError(f"CP-SAT found nothing in {SECONDS:g} seconds ({solver.status_name(status)})")
        return self._case(solver)

    def _case(self, solver: Any) -> Case:
        shape = self.shape
        true = [atom for atom, literal in self._atoms.items() if solver.boolean_value(literal)]
        rooms = {piece: [0] * shape.times for piece in shape.pieces}
        told: dict[str, Any] = {}
        motives = [0] * (shape.suspects if shape.motives else 0)
        for kind, *parts in true:
            if kind == "at":
                rooms[parts[0]][parts[2]] = parts[1]
            elif kind == "motive":
                motives[int(parts[0][1:])] = parts[1]
            else:
                told[kind] = parts[0]
        paths = {piece: tuple(path) for piece, path in rooms.items()}
        return Case(shape, paths, told["killer"], told["weapon"], told["time"], tuple(motives))


def solutions(shape: Shape, clues: Sequence[Clue], most: int = 2, inclusive: bool = False) -> list[Case]:
    """Up to `most` cases in which all clues are true."""
    solver, found = Solver(shape), []
    solver.insist(solver.literal(clue, inclusive) for clue in clues)
    while len(found) < most and isinstance(case := solver.solve(), Case):
        found.append(case)
        solver.exclude(case)
    return found


def conflicts(case: Case, clues: Sequence[Clue]) -> int:
    """How often the solver runs into a contradiction until it has proved that no other case fits."""
    solver = Solver(case.shape)
    solver.insist(map(solver.literal, clues))
    solver.exclude(case)
    if isinstance(solver.solve(), Case):
        raise InputError("conflicts are counted of puzzles with one solution, and this one has another")
    return solver.conflicts


def reduced(case: Case, clues: Sequence[Clue]) -> list[Clue] | None:
    """The clues that are needed, dropped one after the other; None if all together fit another case as well.

    Gives what a solve at every clue would give, with fewer solves: what is no part of a proof is dropped without
    one, for that proof still stands; and a case that fits all but one clue shows that this clue is needed.
    """
    solver = Solver(case.shape)
    literals = [solver.literal(clue) for clue in clues]
    solver.exclude(case)
    core = solver.solve(literals)
    if isinstance(core, Case):
        return None
    proof, kept = set(core), []
    for number, _clue in enumerate(clues):
        if number not in proof:
            continue
        rest = [*kept, *range(number + 1, len(clues))]
        answer = solver.solve([literals[place] for place in rest])
        if isinstance(answer, Case):
            kept.append(number)
        else:
            proof = {rest[place] for place in answer}
    return [clues[number] for number in kept]
