"""Lessons for a model trained from nothing: first to find a numbered line again, then to say what follows from clues.

A copy is some numbered facts, told again in another order. A lesson is a few clues of a case, and all that follows from
them, step by step:

    Suspects Green Plum          2 Knife in Study
    Weapons Rope Knife           1 Knife in Study so Green in Study
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
from trap.studies.clues.making import SHAPES
from trap.studies.clues.published import Puzzle
from trap.studies.clues.worlds import worlds_of

MOST_CLUES = 5
COPIES = 0.6  # for each lesson
MOST_COPIED = 6  # facts of a copy
LEAST_LINES = 3
PLAIN = 0.45  # of the clues, how many state a plain fact; others build on those
PLAIN_KINDS = {"at", "killer", "weapon", "room", "time", "motive"}


def copy(rng: Random) -> Text:
    """Numbered facts about anybody and anything, and the same lines in another order."""
    pieces = (*compact.SUSPECTS, *compact.WEAPONS, *compact.ROLES.values())
    lines = [
        f"{number} {piece} in {rng.choice(compact.ROOMS)}"
        for number, piece in enumerate(rng.sample(pieces, rng.randint(2, MOST_COPIED)), start=1)
    ]
    return Text(prompt="\n".join(lines) + "\n", completion="\n".join(rng.sample(lines, len(lines))))


def lesson(rng: Random, levels: Sequence[int], most_lines: int) -> Text:
    """A lesson with a shape of puzzles of one of these levels, and at most so many lines."""
    board, lines = draw_lesson(rng, levels, most_lines)
    return Text(
        prompt=compact.prompt(board.puzzle),
        completion="\n".join(line_texts(board, lines)),
        stage=1,
    )


def draw_lesson(rng: Random, levels: Sequence[int], most_lines: int) -> tuple[Board, list[Line]]:
    """The clues of a lesson on a board, and what they show, in `LEAST_LINES` lines or more; drawn until there is one."""
    while True:
        case = draw_case(rng, rng.choice(SHAPES[rng.choice(levels)]), early=True)
        clues = _some_clues(rng, case) if case else ()
        if not case or not _open(case, clues):
            continue
        board = Board(Puzzle(compact.draw_scene(rng, case.shape), clues, ()))
        lines = shown(board)
        if LEAST_LINES <= len(lines) <= most_lines:
            return board, lines


def _some_clues(rng: Random, case: Case) -> tuple[Clue, ...]:
    """True clues by chance, each once."""
    found = [candidate.clue for candidate in candidates(rng, case)]
    plain = [clue for clue in found if clue[0] in PLAIN_KINDS]
    others = [clue for clue in found if clue[0] not in PLAIN_KINDS]
    kinds = (
        plain if not others or rng.random() < PLAIN else others for _ in range(rng.randint(1, MOST_CLUES))
    )
    return tuple(dict.fromkeys(rng.choice(kind) for kind in kinds))


def _open(case: Case, clues: Sequence[Clue]) -> bool:
    """Whether the clues leave more than one case."""
    worlds = worlds_of(case.shape)
    return worlds.both(*map(worlds.where, clues)).bit_count() > 1
