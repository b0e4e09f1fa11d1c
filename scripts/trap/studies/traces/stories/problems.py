"""Problems: which story candidate `number` of a kind is, and whether it belongs to a purpose.

What makes two stories one problem (experts, events and numbers, not names and wording) decides by its hash what the
problem is for: training, validation, evaluation or the leak. So no seed and no wording moves a problem from training
to evaluation.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from trap.studies.traces.quantities import Number, said_in
from trap.studies.traces.stories.draws import Draws
from trap.studies.traces.stories.families import BY_EXPERT, COMPOSITIONS, Family
from trap.studies.traces.stories.tellers import TELLERS
from trap.studies.traces.stories.telling import Again, Teller

EASY, HARD = (1, 2, 3), (5, 6, 7, 8)
# Percent of each expert; what is left over from a story of one step goes to the others alike.
SHARES = {
    "entity_track": 20, "arithmetic": 30, "rate_equation": 10, "comparison": 15, "percentage": 10, "composition": 15,
}  # fmt: skip
DEALT = tuple(name for name, share in SHARES.items() for _ in range(share))
PURPOSES = (("train", 55), ("validation", 10), ("evaluation", 25), ("leak", 10))  # percent of all problems
PATIENCE = 2000  # candidates that an index may try


class Kind(NamedTuple):
    """What a pool asks. `held`: families and compositions that are held out, or those that are not."""

    steps: tuple[int, ...]
    purpose: str
    held_wording: bool = False
    held: bool = False


class Problem(NamedTuple):
    """A story with its solution. `needs`: the numbers that the solution uses; `key`: what makes it one problem."""

    question: str
    reference: str
    answer: Number
    experts: tuple[str, ...]
    family: str
    steps: int
    needs: tuple[Number, ...]
    key: str


def purpose_of(key: str) -> str:
    """What a problem is for, by its hash."""
    left = int.from_bytes(blake2b(key.encode(), digest_size=8, person=b"traces").digest()) * 100 >> 64
    for purpose, share in PURPOSES:
        left -= share
        if left < 0:
            return purpose
    raise AssertionError("shares must add up to 100")


def place_of(key: str) -> int:
    """Which of the four kinds of evaluation asks a problem, by its hash: no two of them share one."""
    return blake2b(key.encode(), digest_size=1, person=b"place").digest()[0] % 4


def belongs(kind: Kind, key: str) -> bool:
    """Whether a problem is one of this kind."""
    if purpose_of(key) != kind.purpose:
        return False
    return kind.purpose != "evaluation" or place_of(key) == 2 * kind.held + kind.held_wording


def problem(kind: Kind, key: str) -> Problem:
    """The problem that a text names. Raises ValueError where no candidate fits in the end."""
    for candidate in range(PATIENCE):
        try:
            found = _tell(kind, Draws(f"{key} {candidate}"))
        except Again:
            continue
        if belongs(kind, found.key):
            return found
    raise ValueError(f"{PATIENCE} candidates, and none that fits")


def _tell(kind: Kind, draws: Draws) -> Problem:
    steps = draws.one(kind.steps)
    name, families = _choose(kind, draws, steps)
    tell = Teller(draws, kind.held_wording)
    ask = None
    for family, count in zip(families, _split(draws, steps, len(families)), strict=True):
        ask = TELLERS[family.expert](tell, family, count)
        if family is not families[-1] and (tell.value.denominator != 1 or tell.value < 4):
            raise Again
    assert ask is not None and tell.steps == steps
    tell.distract(1 if steps <= max(EASY) else 2)
    ask()
    question = tell.question()
    if tell.value in said_in(question):  # no answer can be copied
        raise Again
    return Problem(
        question, tell.reference(), tell.value, tuple(expert for expert, _ in tell.parts), name, steps, tuple(tell.needs),
        " ".join(tell.told),
    )  # fmt: skip


def _choose(kind: Kind, draws: Draws, steps: int) -> tuple[str, list[Family]]:
    """The name of a family or composition, and the family of each part."""
    chosen = draws.one(DEALT)
    if chosen == "composition" and steps > 1:
        fitting = [row for row in COMPOSITIONS if row[2] == kind.held and len(row[1]) <= steps]
        if not fitting:
            raise Again
        name, experts, _ = draws.one(fitting)
        return name, [_family(expert, kind, draws) for expert in experts]
    if chosen == "composition":
        chosen = draws.one(tuple(BY_EXPERT))
    family = _family(chosen, kind, draws)
    return family.name, [family]


def _family(expert: str, kind: Kind, draws: Draws) -> Family:
    return draws.one([family for family in BY_EXPERT[expert] if family.held == kind.held])


def _split(draws: Draws, steps: int, parts: int) -> list[int]:
    """So many steps over so many parts, at least one each."""
    cuts = sorted(draws.sample(range(1, steps), parts - 1))
    return [end - start for start, end in zip([0, *cuts], [*cuts, steps], strict=True)]
