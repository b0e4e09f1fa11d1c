"""OR-Tools CP-SAT: whether a puzzle has one solution, and how hard that is to prove.

This takes the package ortools (requirements/clues.txt), which nothing else of the study needs: puzzles for nano models
are made by looking at all worlds (`worlds.py`). Here are those that are too large for that, and the measures of
difficulty. One worker and one seed, so that a count of conflicts repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trap.files import InputError
from trap.studies.clues.literals import Literals
from trap.studies.clues.logic import Case, Clue, Shape

INSTALL = "python -m pip install --no-deps -r requirements/clues.txt -c requirements/lock.txt"
SECONDS = 60.0  # a proof that takes longer counts as an error, not as a verdict


def _cp_model() -> Any:
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise InputError(f"the package ortools is missing ({error}): {INSTALL}") from None
    return cp_model


class Solver(Literals):
    """All cases of a shape in a model of CP-SAT."""

    def __init__(self, shape: Shape) -> None:
        self._cp = _cp_model()
        self._model = self._cp.CpModel()
        self.conflicts = 0  # of the last question
        super().__init__(shape)

    def _new(self) -> Any:
        return self._model.new_bool_var("")

    def clause(self, literals: Sequence[Any]) -> None:
        self._model.add_bool_or(literals)

    def exactly(self, number: int, literals: Sequence[Any]) -> None:
        if number == 1:
            self._model.add_exactly_one(literals)
        else:
            self._model.add(sum(literals) == number)

    def _name(self, literal: Any) -> int:
        return literal.index

    def _differ(self, found: Any, one: Any, other: Any) -> None:
        self._model.add_bool_xor([one, other, found, self._true])

    def solve(self, literals: Sequence[Any] = ()) -> Case | list[int]:
        """See `Literals`. Raises InputError if the solver does not finish in `SECONDS`."""
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
        return self._case(solver.boolean_value)


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
