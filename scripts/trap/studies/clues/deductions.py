"""Deductions in the order in which a solver makes them, and a check of each: does it follow?

A line states a plain fact, or that it is not so, and names the clues that it takes: `by 2 5 Plum not in Study`, at most
`MOST_CITED` of them. `so killer Plum` takes the rules alone. A line is sound if its fact holds in every world that the
named clues and all sound lines before leave. This is decided by looking at all worlds, so it is exact.

Sound lines are true (the case is always among the worlds that are left), so nothing false is ever built upon. Lines
that are not sound, or that say nothing that can be read, are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from math import log
from typing import NamedTuple

from trap.studies.clues.answers import choices
from trap.studies.clues.compact import fact_text
from trap.studies.clues.logic import Clue
from trap.studies.clues.published import Puzzle
from trap.studies.clues.worlds import Bits, worlds_of

MOST_CITED = 2
LINE = re.compile(r"(?:by (\d{1,3})(?: (\d{1,3}))?|so) (.{1,200})")
MOST_LINES = 64  # more are read as nothing: a text that never ends is no proof


class Line(NamedTuple):
    """A deduction: the numbers of its clues from 0 on, its fact, and whether that is denied."""

    cited: tuple[int, ...]
    fact: Clue
    negative: bool = False


class Checked(NamedTuple):
    """What lines are worth. left: the worlds that the sound ones leave. first: the first unsound line, or -1."""

    lines: int
    sound: int
    first: int
    left: Bits
    idle: int  # sound lines that say nothing new


@dataclass(frozen=True)
class Board:
    """A puzzle with the sets of worlds that its clues and facts mean."""

    puzzle: Puzzle

    @cached_property
    def worlds(self):
        return worlds_of(self.puzzle.scene.shape)

    @cached_property
    def clues(self) -> list[Bits]:
        return [self.worlds.where(clue) for clue in self.puzzle.clues]

    @cached_property
    def facts(self) -> list[Clue]:
        """All plain facts that a line may state."""
        worlds, scene = self.worlds, self.puzzle.scene
        plain = [atom for atom in worlds.atoms if atom[0] != "time" or len(scene.times) > 1]
        found = [*plain, *(("why", motive) for motive in range(len(scene.motives)))]
        for motive, holders in enumerate(scene.holders):
            if holders == 1:  # where whoever has it stands
                rooms, times = range(len(scene.rooms)), range(len(scene.times))
                found += [("at", f"m{motive}", room, time) for room in rooms for time in times]
        return found

    @cached_property
    def sentences(self) -> dict[str, Bits]:
        """The worlds in which a sentence is true, of every sentence that a line may end with."""
        scene, worlds = self.puzzle.scene, self.worlds
        found: dict[str, Bits] = {}
        for fact in self.facts:
            found[fact_text(scene, fact)] = where = worlds.where(fact)
            found[fact_text(scene, fact, True)] = worlds.all & ~where
        return found

    @cached_property
    def solution(self) -> Bits:
        """The worlds that all clues leave: one."""
        return self.worlds.both(*self.clues)

    @cached_property
    def answers(self) -> list[list[Bits]]:
        """For each question the worlds of each of its choices."""
        shape = self.puzzle.scene.shape
        return [
            [self.worlds.where(fact) for fact in choices(asked, shape)] for asked in self.puzzle.questions
        ]

    @cached_property
    def key(self) -> tuple[int, ...]:
        """For each question which choice is true."""
        return tuple(
            next(at for at, where in enumerate(found) if where & self.solution) for found in self.answers
        )

    def check(self, lines: Sequence[str]) -> Checked:
        """Check lines of text. Takes any text."""
        left, sound, first, idle = self.worlds.all, 0, -1, 0
        for number, text in enumerate(lines[:MOST_LINES]):
            after = self._after(left, text)
            if after is None:
                first = number if first < 0 else first
                continue
            sound += 1
            idle += after == left
            left = after
        if len(lines) > MOST_LINES and first < 0:
            first = MOST_LINES
        return Checked(len(lines), sound, first, left, idle)

    def _after(self, left: Bits, text: str) -> Bits | None:
        """The worlds that are left after a line; None if it does not follow or cannot be read."""
        match = LINE.fullmatch(text)
        if match is None:
            return None
        where = self.sentences.get(match[3])
        if where is None:
            return None
        given = left
        for cited in (match[1], match[2]):
            if cited:
                number = int(cited)
                if not 0 < number <= len(self.clues):
                    return None
                given &= self.clues[number - 1]
        return None if given & ~where else left & where

    def settled(self, left: Bits) -> bool:
        """Whether facts alone, without another look at the clues, give every answer."""
        return all(not left & ~found[key] for found, key in zip(self.answers, self.key, strict=True))

    def progress(self, left: Bits) -> float:
        """How much of what had to be found out is found out, from 0 to 1: in bits of the worlds ruled out."""
        start = self.worlds.size
        return 1.0 if start <= 1 else log(start / left.bit_count()) / log(start)


@lru_cache(maxsize=2048)
def board_of(puzzle: Puzzle) -> Board:
    return Board(puzzle)


# --- the solver ----------------------------------------------------------------------------------------------


def deductions(board: Board) -> list[Line] | None:
    """Lines that settle every question, each sound; None if some step takes more than `MOST_CITED` clues.

    The solver looks at single clues before pairs, and at the first clue first. What no later line needs is left out.
    Then what is asked, and who, with what, where and when, is stated as soon as it is known.
    """
    lines, left = [], board.worlds.all
    while not board.settled(left):
        step = next(_steps(board, left), None)
        if step is None:
            return None
        lines += step
        left &= _meet(board, step)
    return _with_answers(board, _needed(board, lines))


def _steps(board: Board, left: Bits) -> Iterator[list[Line]]:
    """What single clues, then pairs, newly show."""
    for width in range(1, MOST_CITED + 1):
        for cited in combinations(range(len(board.clues)), width):
            given = left
            for number in cited:
                given &= board.clues[number]
            if given == left:
                continue
            found = _shown(board, left, given, cited)
            if found:
                yield found


def _shown(board: Board, left: Bits, given: Bits, cited: tuple[int, ...]) -> list[Line]:
    """New facts, first those that are so, then those that are not so and that these do not already say."""
    new, several = [], len(board.puzzle.scene.times) > 1
    for negative in (False, True):
        for fact in board.facts:
            if fact[0] == "why" or (fact[0] == "room" and not several):  # the same as where Mr. Boddy was
                continue
            where = board.worlds.where(fact)
            if negative:
                where = board.worlds.all & ~where
            if left & ~where and not given & ~where:
                new.append(Line(cited, fact, negative))
                left &= where
    return new


def _meet(board: Board, lines: Sequence[Line]) -> Bits:
    found = board.worlds.all
    for line in lines:
        where = board.worlds.where(line.fact)
        found &= board.worlds.all & ~where if line.negative else where
    return found


def _holds(board: Board, lines: Sequence[Line]) -> bool:
    """Whether every line follows and all together settle every question."""
    left = board.worlds.all
    for line in lines:
        given = left
        for number in line.cited:
            given &= board.clues[number]
        where = _meet(board, [line])
        if given & ~where:
            return False
        left &= where
    return board.settled(left)


def _needed(board: Board, lines: list[Line]) -> list[Line]:
    """The lines without those that nothing later needs, looked at from the last to the first."""
    for at in range(len(lines) - 1, -1, -1):
        fewer = lines[:at] + lines[at + 1 :]
        if _holds(board, fewer):
            lines = fewer
    return lines


def _with_answers(board: Board, lines: Sequence[Line]) -> list[Line]:
    """The lines, with what is asked and the murder itself stated where it is known first."""
    shape = board.puzzle.scene.shape
    wanted = [
        choices(asked, shape)[key] for asked, key in zip(board.puzzle.questions, board.key, strict=True)
    ]
    found: list[Line] = []
    left = board.worlds.all
    for line in [None, *lines]:
        if line is not None:
            found.append(line)
            left &= _meet(board, [line])
        stated = {one.fact for one in found if not one.negative}
        for fact in wanted:
            if fact not in stated and not left & ~board.worlds.where(fact):
                found.append(Line((), fact))
                stated.add(fact)
    return found


def line_text(board: Board, line: Line) -> str:
    """A line as it is written."""
    by = f"by {' '.join(str(number + 1) for number in line.cited)}" if line.cited else "so"
    return f"{by} {fact_text(board.puzzle.scene, line.fact, line.negative)}"
