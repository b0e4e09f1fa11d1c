"""Lessons for a model trained from nothing: first to find a numbered line again, then to say what follows from clues.

A copy is some numbered facts, told again in another order. A lesson is a few clues of a case, and all that follows from
them, step by step:

    Suspects Green Plum          2 Knife in Study
    Weapons Rope Knife           1 Green with Knife given Knife in Study so Green in Study
    Rooms Hall Study
    1 Green with Knife
    2 Knife in Study

A lesson asks nothing, and its clues leave several cases open. So no lesson is a puzzle, or holds the clues of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trap.studies.base import Text
from trap.studies.clues import compact
from trap.studies.clues.deductions import Board, Line, line_texts, shown
from trap.studies.clues.draw import candidates, draw_case
from trap.studies.clues.logic import Case, Clue
from trap.studies.clues.making import shapes
from trap.studies.clues.published import Puzzle
from trap.studies.clues.reduce import reduced
from trap.studies.clues.worlds import worlds_of

MOST_CLUES = 8  # of the puzzle
MOST_COPIED = 6  # facts of a copy
LEAST_LINES = 4


def copy(rng: Random) -> Text:
    """Numbered facts about anybody and anything, and the same lines in another order."""
    pieces = (*compact.SUSPECTS, *compact.WEAPONS, *compact.ROLES.values())
    lines = [
        f"{number} {piece} in {rng.choice(compact.ROOMS)}"
        for number, piece in enumerate(rng.sample(pieces, rng.randint(2, MOST_COPIED)), start=1)
    ]
    return Text(prompt="\n".join(lines) + "\n", completion="\n".join(rng.sample(lines, len(lines))))


def lesson(rng: Random, levels: Sequence[int], most_lines: int, moving: bool = False) -> Text:
    """A lesson with a shape of puzzles of one of these levels, and at most so many lines."""
    board, lines = draw_lesson(rng, levels, most_lines, moving)
    return Text(
        prompt=compact.prompt(board.puzzle),
        completion="\n".join(line_texts(board, lines)),
        stage=1,
    )


def draw_lesson(
    rng: Random, levels: Sequence[int], most_lines: int, moving: bool = False
) -> tuple[Board, list[Line]]:
    """The clues of a lesson on a board, and what they show, in `LEAST_LINES` lines or more; drawn until there is one."""
    while True:
        case = draw_case(rng, rng.choice(shapes(rng.choice(levels), moving)), early=True)
        clues = _some_clues(rng, case) if case else ()
        if not case or not clues:
            continue
        board = Board(Puzzle(compact.draw_scene(rng, case.shape), clues, ()))
        lines = shown(board)
        if LEAST_LINES <= len(lines) <= most_lines:
            return board, lines


def _some_clues(rng: Random, case: Case) -> tuple[Clue, ...]:
    """The clues of a puzzle without one of them. As each is needed, they leave more than one case."""
    clues = reduced(worlds_of(case.shape), [candidate.clue for candidate in candidates(rng, case)])
    return tuple(rng.sample(clues, len(clues) - 1)) if clues and len(clues) <= MOST_CLUES else ()
