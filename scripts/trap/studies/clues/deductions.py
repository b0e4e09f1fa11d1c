"""Deductions in the order in which a solver makes them, and a check of each: does it follow?

    1 Green in Study                                clue 1 alone says it
    2 Green with Knife given Green in Study so Knife in Study
    3 Plum south of Knife given Knife in Study and south of Study in Hall so Plum in Hall
    rule Boddy in Hall and Plum in Hall so killer Plum

A line states a plain fact, or that it is not so. It names the clues that it takes, at most `MOST_CITED` of them, or
`rule` for the rules alone. It may say a single clue again, and what it builds on: earlier lines, and which room lies
beside which. It is sound if its fact holds in every world that the named clues and all sound lines before leave, if
what it builds on is known from these lines, and if the clue that it says is the one that it names. This is decided by
looking at all worlds, so it is exact.

Sound lines are true (the case is always among the worlds that are left), so nothing false is ever built upon. Lines
that are not sound, or that say nothing that can be read, are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, product
from math import log
from typing import NamedTuple

from trap.studies.clues.answers import choices
from trap.studies.clues.compact import beside_text, beside_texts, clue_text, fact_text
from trap.studies.clues.logic import MURDER_WEAPON, MURDERER, OPPOSITE, Clue
from trap.studies.clues.published import Puzzle
from trap.studies.clues.worlds import Bits, worlds_of

MOST_CITED = 2
MOST_PREMISES = 3
# (number of clues, whether a fact is denied), in the order in which the solver looks
STEPS = ((0, False), *((width, negative) for width in range(1, MOST_CITED + 1) for negative in (False, True)))
LINE = re.compile(r"(?:([0-9]{1,3})(?: ([0-9]{1,3}))?|rule) (.{1,400})")  # no digits of other scripts
MOST_LINES = 64  # more are read as nothing: a text that never ends is no proof


class Line(NamedTuple):
    """A deduction: the numbers of its clues and of the lines that it builds on, from 0 on; its fact; whether that is denied."""

    cited: tuple[int, ...]
    fact: Clue
    negative: bool = False
    premises: tuple[int, ...] = ()


class Checked(NamedTuple):
    """What lines are worth. left: the worlds that the sound ones leave. first: the first unsound line, or -1."""

    lines: int
    sound: int
    first: int
    left: Bits
    idle: int  # sound lines that say nothing new


class Fault(NamedTuple):
    """Why a line is not sound: `unread`, `unknown` (it builds on what is not known), `no clue`, `another clue` (it says one that
    it does not name), `does not follow`; and which part of the line is at fault."""

    kind: str
    about: str = ""


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
        roles = [MURDERER, MURDER_WEAPON]
        roles += [f"m{motive}" for motive, holders in enumerate(scene.holders) if holders == 1]
        where = product(roles, range(len(scene.rooms)), range(len(scene.times)))
        why = [("why", motive) for motive in range(len(scene.motives))]
        return [*plain, *why, *(("at", role, room, time) for role, room, time in where)]

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
    def texts(self) -> list[str]:
        """Each clue in the compact wording."""
        return [clue_text(self.puzzle.scene, clue) for clue in self.puzzle.clues]

    @cached_property
    def floor(self) -> frozenset[str]:
        """What may be said of rooms that lie beside each other."""
        return frozenset(beside_texts(self.puzzle.scene))

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
            after = self.after(left, text)
            if isinstance(after, Fault):
                first = number if first < 0 else first
                continue
            sound += 1
            idle += after == left
            left = after
        if len(lines) > MOST_LINES and first < 0:
            first = MOST_LINES
        return Checked(len(lines), sound, first, left, idle)

    def after(self, left: Bits, text: str) -> Bits | Fault:
        """The worlds that are left after a line; a fault if it does not follow or cannot be read."""
        match = LINE.fullmatch(text)
        if match is None:
            return Fault("unread")
        *said, stated = match[3].split(" so ")
        where = self.sentences.get(stated)
        if where is None:
            return Fault("unread", stated)
        if len(said) > 1:
            return Fault("unread")
        premises = self._premises(said[0], match) if said else []
        if isinstance(premises, Fault):
            return premises
        for premise in premises:
            if premise in self.floor:
                continue
            known = self.sentences.get(premise)
            if known is None:
                return Fault("unread", premise)
            if left & known != left:
                return Fault("unknown", premise)
        given = left
        for cited in (match[1], match[2]):
            if cited:
                number = int(cited)
                if not 0 < number <= len(self.clues):
                    return Fault("no clue", cited)
                given &= self.clues[number - 1]
        return left & where if given & where == given else Fault("does not follow")

    def _premises(self, said: str, match: re.Match[str]) -> list[str] | Fault:
        """What a line says before its fact, without the clue that it may say again."""
        quoted, given, rest = said.partition(" given ")
        number = int(match[1] or 0)
        clue = self.texts[number - 1] if 0 < number <= len(self.texts) and not match[2] else None
        if given and quoted != clue:
            return Fault("another clue", quoted)
        if not given and quoted == clue:
            return []
        found = (rest if given else said).split(" and ")
        return found if len(found) <= MOST_PREMISES + 1 else Fault("unread")

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
    """Lines that state every answer, each sound; None if some step takes more than `MOST_CITED` clues.

    Each line is as small a step as there is. What the rules alone show comes first, then what a single clue shows, then
    what it denies, then pairs of clues. Of several such lines the solver takes the one that builds on the fewest earlier
    lines, then that of the first clue, then one about a piece that the clue names.
    """
    shape = board.puzzle.scene.shape
    wanted = {
        choices(asked, shape)[key] for asked, key in zip(board.puzzle.questions, board.key, strict=True)
    }
    lines = _solved(board, wanted)
    return lines if lines and not wanted - {line.fact for line in lines if not line.negative} else None


def shown(board: Board) -> list[Line]:
    """All that the clues of a board show one at a time, in the solver's order, whether they settle anything or not."""
    return _solved(board, set(), widths=1)


def _solved(board: Board, wanted: set[Clue], widths: int = MOST_CITED) -> list[Line]:
    """Lines until all that is wanted is stated or, where nothing is, until no more follows."""
    open_, ends = set(wanted), bool(wanted)
    lines: list[Line] = []
    told: list[Bits] = []  # the worlds of each line
    left = board.worlds.all
    while open_ or not ends:
        line = _next(board, left, told, open_, widths)
        if line is None:
            break
        lines.append(line)
        told.append(_where(board, line))
        left &= told[-1]
        if not line.negative:
            open_.discard(line.fact)
    return lines


def _next(board: Board, left: Bits, told: Sequence[Bits], wanted: set[Clue], widths: int) -> Line | None:
    """The next line; None if there is none."""
    stated = set(told)
    fresh = [fact for fact in board.facts if fact in wanted or board.worlds.where(fact) not in stated]
    for width, negative in STEPS[: 2 * widths + 1]:
        found = []
        for cited in combinations(range(len(board.clues)), width):
            clues = board.worlds.both(*(board.clues[at] for at in cited))
            given = left & clues
            if cited and given == left:
                continue
            named = {piece for at in cited for piece in _pieces(board.puzzle.clues[at])}
            for order, fact in enumerate(fresh):
                if not _said(fact, named if cited else None, wanted):
                    continue
                where = board.worlds.where(fact)
                if negative:
                    where = board.worlds.all & ~where
                if given & ~where or (cited and not left & ~where):
                    continue
                premises = _premises(clues & ~where, told)
                line = Line(cited, fact, negative, premises or ())
                steps = MOST_PREMISES + 1 if premises is None else len(premises)
                found.append((steps, cited, not named & set(fact[1:]), order, line))
        if found:
            return min(found)[-1]
    return None


def _said(fact: Clue, named: set[str] | None, wanted: set[Clue]) -> bool:
    """Whether the solver states a fact. named: the pieces of the clues that it takes; None for the rules alone.

    Where the murder was and why is said once the rules show it, if it is asked; where the murderer, the murder weapon or
    whoever has a motive stands is said of a clue about them.
    """
    if fact[0] in ("room", "why"):
        return named is None and fact in wanted
    role = fact[0] == "at" and fact[1][0] in ("m", MURDERER, MURDER_WEAPON)
    return not role or fact in wanted or (named is not None and fact[1] in named)


def _premises(against: Bits, told: Sequence[Bits]) -> tuple[int, ...] | None:
    """The fewest earlier lines that rule these worlds out together, the first of their kind; None if it takes more than
    `MOST_PREMISES`."""
    for width in range(MOST_PREMISES + 1):
        for chosen in combinations(range(len(told)), width):
            rest = against
            for at in chosen:
                rest &= told[at]
            if not rest:
                return chosen
    return None


def _pieces(clue: Clue) -> Iterator[str]:
    """The pieces that a clue names."""
    for part in clue[1:]:
        if isinstance(part, tuple):
            yield from _pieces(part)
        elif isinstance(part, str):
            yield part


def _where(board: Board, line: Line) -> Bits:
    """The worlds in which a line is true."""
    where = board.worlds.where(line.fact)
    return board.worlds.all & ~where if line.negative else where


def line_texts(board: Board, lines: Sequence[Line], quoted: bool = True) -> list[str]:
    """Lines as they are written. quoted: a line says a clue again, and which room lies beside which, where it takes them."""
    scene = board.puzzle.scene
    facts = [fact_text(scene, line.fact, line.negative) for line in lines]
    found = []
    for line, fact in zip(lines, facts, strict=True):
        by = " ".join(str(number + 1) for number in line.cited) or "rule"
        on = [facts[at] for at in line.premises]
        if quoted and len(line.cited) == 1 and board.texts[line.cited[0]] != fact:
            on += _floor(board, line)
            by = f"{by} {board.texts[line.cited[0]]}" + (" given" if on else " so")
            found.append(f"{by} {' and '.join(on)} so {fact}" if on else f"{by} {fact}")
        else:
            found.append(f"{by} {' and '.join(on)} so {fact}" if on else f"{by} {fact}")
    return found


def _floor(board: Board, line: Line) -> list[str]:
    """Which room lies beside which, where a clue of the next room shows where a piece is: it ends in that room."""
    kind, *of = board.puzzle.clues[line.cited[0]]
    if kind != "beside" or line.negative or line.fact[0] != "at":
        return []
    scene, piece, room = board.puzzle.scene, line.fact[1], line.fact[2]
    direction = {of[0]: of[1], of[2]: OPPOSITE[of[1]]}.get(piece)
    start = direction and scene.shape.beside(room, OPPOSITE[direction])
    return [beside_text(scene, direction, start, room)] if start is not None and direction else []
