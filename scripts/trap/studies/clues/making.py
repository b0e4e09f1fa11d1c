"""Puzzles for nano models: shapes by number of clues, drawn until the number is right.

Which shapes give how many clues was measured (200 puzzles each); a shape stands at every level that it gives at least
one time in ten.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from trap.studies.clues import compact
from trap.studies.clues.answers import questions
from trap.studies.clues.draw import candidates, draw_case
from trap.studies.clues.logic import Case, Shape
from trap.studies.clues.published import Puzzle, Scene
from trap.studies.clues.reduce import reduced
from trap.studies.clues.worlds import combinations_of, worlds_of

PLAIN = [Shape(2, 2, 2, 2), Shape(2, 2, 2, 1), Shape(3, 2, 2, 2), Shape(2, 2, 3, 2), Shape(3, 2, 3, 2)]
WHY = [Shape(2, 2, 2, 2, 1, (1, 1)), Shape(3, 2, 3, 2, 1, (1, 2)), Shape(3, 2, 3, 2, 1, (1, 1, 1))]
LARGE = [Shape(3, 3, 3, 2), Shape(3, 3, 4, 2), Shape(4, 3, 4, 2), Shape(3, 4, 4, 2), Shape(4, 4, 4, 2)]
LARGE_WHY = [
    Shape(3, 3, 3, 2, 1, (1, 1, 1)), Shape(3, 3, 4, 2, 1, (1, 1, 1)), Shape(4, 2, 4, 2, 1, (2, 1, 1)),
    Shape(4, 3, 4, 2, 1, (1, 1, 2)), Shape(4, 3, 4, 2, 1, (1, 1, 1, 1)),
]  # fmt: skip
WHEN = [Shape(2, 2, 2, 2, 2), Shape(2, 2, 3, 2, 2), Shape(3, 2, 2, 2, 2), Shape(3, 2, 3, 2, 2)]
# At one time nothing moves.
STILL: dict[int, list[Shape]] = {
    3: [*PLAIN, WHY[0]],
    4: [PLAIN[3], PLAIN[4], LARGE[0], *WHY[:2]],
    5: [PLAIN[4], *LARGE[:2], *WHY],
    6: [*LARGE[:4], *WHY[1:], *LARGE_WHY[:3]],
    7: [LARGE[2], LARGE[3], LARGE[4], *LARGE_WHY],
    8: [LARGE[4], *LARGE_WHY],
    9: LARGE_WHY[3:],
}
# At two times suspects move, and take weapons along.
MOVING: dict[int, list[Shape]] = {
    **STILL,
    4: [*STILL[4], *WHEN[:2]],
    5: [*STILL[5], *WHEN[:3]],
    **{level: [*STILL[level], *WHEN] for level in (6, 7)},
    **{level: [*STILL[level], *WHEN[2:]] for level in (8, 9)},
}
PUBLISHED_SUSPECTS = (
    "Miss Scarlet", "Mr. Green", "Mrs. White", "Mrs. Peacock", "Colonel Mustard", "Professor Plum", "Miss Peach", "Sgt. Gray",
    "Monsieur Brunette", "Madame Rose",
)  # fmt: skip
PUBLISHED_WEAPONS = ("Candlestick", "Knife", "Lead Pipe", "Revolver", "Rope", "Wrench", "Horseshoe", "Poison")
PUBLISHED_ROOMS = (
    "Hall", "Lounge", "Dining Room", "Kitchen", "Ballroom", "Conservatory", "Billiard Room", "Library", "Study", "Carriage House",
    "Cloak Room", "Trophy Room", "Drawing Room", "Gazebo", "Courtyard", "Fountain", "Studio",
)  # fmt: skip


class Made(NamedTuple):
    """A puzzle, what happened in it, and the size of its search space."""

    puzzle: Puzzle
    case: Case
    space: int


def shapes(level: int, moving: bool) -> list[Shape]:
    """The shapes of a level. moving: those of two times too."""
    return (MOVING if moving else STILL)[level]


def make_puzzle(
    rng: Random, level: int, most_questions: int, published: bool = False, moving: bool = False
) -> Made | None:
    """A puzzle of `level` clues; None where chance gave another number."""
    shape = rng.choice(shapes(level, moving))
    case = draw_case(rng, shape, early=True)
    if case is None:
        return None
    found = candidates(rng, case)
    clues = reduced(worlds_of(case.shape), [candidate.clue for candidate in found])
    if clues is None or len(clues) != level:
        return None
    rng.shuffle(clues)
    facts = [candidate.asks for candidate in found if candidate.asks is not None]
    asked = questions(rng, case, clues, facts, most_questions)
    if not asked:
        return None
    scene = published_scene(rng, case.shape) if published else compact.draw_scene(rng, case.shape)
    return Made(Puzzle(scene, tuple(clues), asked), case, combinations_of(case.shape))


def published_scene(rng: Random, shape: Shape) -> Scene:
    """Names of the published puzzles; times 15, 30 or 60 minutes apart, around midnight."""
    minutes, after = rng.choice((15, 30, 60)), 0
    for _ in range(shape.times - 2):
        after += rng.random() < 0.5
    first = after - (shape.times - 1)
    times = tuple(_clock(minutes * step) for step in range(first, after + 1)) if shape.times > 1 else ("",)
    return Scene(
        suspects=tuple(rng.sample(PUBLISHED_SUSPECTS, shape.suspects)),
        weapons=tuple(rng.sample(PUBLISHED_WEAPONS, shape.weapons)),
        rooms=tuple(rng.sample(PUBLISHED_ROOMS, shape.rooms)), columns=shape.columns, times=times,
        motives=tuple(rng.sample(compact.MOTIVES, len(shape.motives))), holders=shape.motives,
    )  # fmt: skip


def _clock(minute: int) -> str:
    """A time so many minutes after midnight, as 11:45 PM."""
    hour, rest = divmod(minute % 1440, 60)
    return f"{(hour + 11) % 12 + 1:02d}:{rest:02d} {'AM' if hour < 12 else 'PM'}"


def published_puzzle(seed: int, index: int) -> tuple[Puzzle, Case]:
    """A puzzle of the published distribution, that CP-SAT proves to have one solution."""
    from trap.studies.clues import cpsat, dropping
    from trap.studies.clues.draw import published_shape

    rng = Random(f"published clues {seed} {index}")
    while True:
        case = draw_case(rng, *published_shape(rng))
        found = candidates(rng, case) if case else []
        clues = dropping.needed(case, [candidate.clue for candidate in found]) if case else None
        if not case or clues is None:
            continue
        rng.shuffle(clues)
        facts = [candidate.asks for candidate in found if candidate.asks is not None]
        asked = questions(rng, case, clues, facts)
        if asked:
            cpsat.conflicts(case, clues)  # raises where there is another solution
            return Puzzle(published_scene(rng, case.shape), tuple(clues), asked), case
