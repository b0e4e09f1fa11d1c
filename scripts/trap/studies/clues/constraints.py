"""A puzzle as constraints, which a solver answers: a small language that a model writes instead of reasons.

    Suspects Green Plum                             1 Green in Hall
    Weapons Rope Knife                              2 either Rope in Study or Plum in Hall but not both
    …                                               3 Plum east of Green
    1 Green in Hall

A program is constraints, a line each, as `compact` writes clues, whatever the wording of the prompt is; a number or a dash may
stand before each. It is read and never evaluated. It runs if every line can be read. Then all worlds that fit all constraints
are looked at, and a question is answered if these agree on it. The program says no answer itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from trap.files import InputError
from trap.studies.clues.compact import ROLES, clue_text, piece_text
from trap.studies.clues.deductions import Board, Checked
from trap.studies.clues.logic import Clue
from trap.studies.clues.published import Reader
from trap.studies.clues.reading import MOST_LINES, plain
from trap.studies.clues.worlds import Bits

LABEL = re.compile(r"(?:[0-9]{1,2}[.:)]?|-)(?:\s+|$)")


class Language(Reader):
    """Reads constraints about one scene: the inverse of `compact.clue_text`."""

    EITHER = re.compile(r"either (.*) but not both")

    @cached_property
    def _pieces(self) -> Mapping[str, str]:
        scene = self.scene
        named = (("s", scene.suspects), ("w", scene.weapons), ("m", scene.motives))
        pieces = [f"{letter}{number}" for letter, names in named for number in range(len(names))]
        return {piece_text(scene, piece): piece for piece in (*pieces, *ROLES)}

    def _sentences(self, one, other, room, end, times, when, direction, motive) -> list[tuple[str, str]]:
        when = when and f" at {times}"  # where there are several times, a constraint names one
        return [
            ("at", rf"{one}{when} in {room}"),
            ("same", rf"{one} with {other}{when}"),
            ("met", rf"{one} once with {other} in {room}"),
            ("beside", rf"{one} {direction} of {other}{when}"),
            ("move", rf"{one} from {room} to {end}{when}"),
            ("carry", rf"{one} took {other} from {room} to {end}{when}"),
            ("motive", rf"{one} has {motive}"),
            ("killer", rf"killer {one}"),
            ("weapon", rf"weapon {one}"),
            ("room", rf"murder in {room}"),
            ("time", rf"murder at {times}" if when else r"(?!)"),
            ("why", rf"motive {motive}"),
        ]


_language = lru_cache(maxsize=4096)(Language)  # of a scene, which many programs are about


class Solved(NamedTuple):
    """What a program gives: for each question the number of its answer, if there is one; whether it runs; what its lines
    are worth, of which those are sound that can be read and are true of the puzzle's solution."""

    read: list[int | None]
    runs: bool
    checked: Checked


def program(board: Board) -> str:
    """The puzzle as a program: its clues."""
    clues = enumerate(board.puzzle.clues, start=1)
    return "\n".join(f"{number} {clue_text(board.puzzle.scene, clue)}" for number, clue in clues)


def constraints(board: Board, text: str) -> list[Clue | None]:
    """The constraint of each line that says something, None for one that cannot be read. Takes any text."""
    language, found = _language(board.puzzle.scene), []
    for line in text.split("\n")[-MOST_LINES:]:
        said = LABEL.sub("", plain(line), count=1).rstrip(".")
        if said:
            try:
                found.append(language.clue(said))
            except InputError:
                found.append(None)
    return found


def solve(board: Board, text: str) -> Solved:
    """Run a program against a puzzle. Takes any text."""
    said = constraints(board, text)
    fits = left = board.worlds.all
    sound, first, idle = 0, -1, 0
    for number, constraint in enumerate(said):
        where = 0 if constraint is None else board.worlds.where(constraint)
        fits &= where
        if where & board.solution:
            sound, idle = sound + 1, idle + (left & where == left)
            left &= where
        elif first < 0:
            first = number
    runs = bool(said) and None not in said
    read = _settled(board, fits) if runs else [None] * len(board.answers)
    return Solved(read, runs, Checked(len(said), sound, first, left, idle))


def _settled(board: Board, fits: Bits) -> list[int | None]:
    """The answer to each question on which all worlds that fit agree; none where nothing fits."""
    found: list[int | None] = []
    for choices in board.answers:
        possible = [number for number, where in enumerate(choices) if fits & where]
        found.append(possible[0] if len(possible) == 1 else None)
    return found
