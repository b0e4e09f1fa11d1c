"""Which of many true clues a puzzle needs, for puzzles that are too large to look at all worlds.

Hundreds of questions are asked of one puzzle, so this takes a solver that keeps what it learned from one to the next
(CaDiCaL 1.5.3 by the package python-sat, requirements/clues.txt).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from trap.files import InputError
from trap.studies.clues.cpsat import INSTALL
from trap.studies.clues.literals import Literals
from trap.studies.clues.logic import Case, Clue, Shape

SOLVER = "cadical153"


class Keeping(Literals):
    """All cases of a shape in a solver that is asked again and again. A literal is a number from 0 on, or its `~`."""

    def __init__(self, shape: Shape) -> None:
        try:
            from pysat.solvers import Solver
        except ImportError as error:
            raise InputError(f"the package python-sat is missing ({error}): {INSTALL}") from None
        self._solver: Any = Solver(SOLVER)
        self._count = 0
        super().__init__(shape)

    def _new(self) -> int:
        self._count += 1
        return self._count - 1

    def clause(self, literals: Sequence[int]) -> None:
        self._solver.add_clause([_dimacs(literal) for literal in literals])

    def exactly(self, number: int, literals: Sequence[int]) -> None:
        for chosen in combinations(literals, number + 1):  # not one more
            self.clause([~literal for literal in chosen])
        for chosen in combinations(literals, len(literals) - number + 1):  # not one less
            self.clause(chosen)

    def solve(self, literals: Sequence[int] = ()) -> Case | list[int]:
        """See `Literals`."""
        assumed = [_dimacs(literal) for literal in literals]
        if self._solver.solve(assumptions=assumed):
            model = self._solver.get_model()
            return self._case(lambda literal: model[literal] > 0)
        core = set(self._solver.get_core() or ())
        return [place for place, literal in enumerate(assumed) if literal in core]


def _dimacs(literal: int) -> int:
    return literal + 1 if literal >= 0 else literal


def needed(
    case: Case, clues: Sequence[Clue], make: Callable[[Shape], Literals] | None = None
) -> list[Clue] | None:
    """The clues that are needed, dropped one after the other; None if all together fit another case as well.

    Gives what a solve at every clue would give, with fewer solves: what is no part of a proof is dropped without
    one, for that proof still stands; and a case that fits all but one clue shows that this clue is needed. `make`: another solver.
    """
    solver = (make or Keeping)(case.shape)
    literals = [solver.literal(clue) for clue in clues]
    solver.exclude(case)
    core = solver.solve(literals)
    if isinstance(core, Case):
        return None
    proof, kept = set(core), []
    for number in range(len(clues)):
        if number not in proof:
            continue
        rest = [*kept, *range(number + 1, len(clues))]
        answer = solver.solve([literals[place] for place in rest])
        if isinstance(answer, Case):
            kept.append(number)
        else:
            proof = {rest[place] for place in answer}
    return [clues[number] for number in kept]
