"""What is asked of a case, and the facts that answer it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from trap.studies.clues.logic import Case, Clue, Shape, is_true
from trap.studies.clues.published import Puzzle, answer_kind

MOST_QUESTIONS = 8
ORDER = ("killer", "weapon", "room", "time", "why")  # what is asked of the murder


def choices(question: Clue, shape: Shape) -> list[Clue]:
    """The facts that could answer a question, in the order of what they name."""
    kind, *of = question
    match kind:
        case "killer":
            return [("killer", name) for name in shape.suspect_names]
        case "weapon":
            return [("weapon", name) for name in shape.weapon_names]
        case "room":
            return [("room", room) for room in range(shape.rooms)]
        case "time":
            return [("time", time) for time in range(shape.times)]
        case "why":
            return [("why", motive) for motive in range(len(shape.motives))]
        case "motive":
            return [("motive", of[0], motive) for motive in range(len(shape.motives))]
        case "who":
            return [("motive", name, of[0]) for name in shape.suspect_names]
        case "at":
            return [("at", of[0], room, of[1]) for room in range(shape.rooms)]
    raise ValueError(f"no such question: {question!r}")


def answer(question: Clue, case: Case) -> int:
    """Which of the choices is true."""
    return next(at for at, fact in enumerate(choices(question, case.shape)) if is_true(fact, case))


def told(puzzle: Puzzle, case: Case) -> list[str]:
    """The names that answer a puzzle."""
    return [puzzle.scene.value(answer_kind(one), answer(one, case)) for one in puzzle.questions]


def asked(fact: Clue) -> Clue:
    """The question that a true fact answers."""
    kind, *of = fact
    if kind == "at":
        return ("at", of[0], of[2])
    if kind == "who":
        return ("who", of[1])
    return ("motive", of[0]) if kind == "motive" else (kind,)


def questions(
    rng: Random, case: Case, clues: Sequence[Clue], facts: Sequence[Clue], most: int = MOST_QUESTIONS
) -> tuple[Clue, ...]:
    """What a puzzle asks: of the facts that questions may be about, those that no clue states.

    First the murder (who, with what, where, when, why), then others by chance, at most `most`.
    """
    stated = set(clues)
    open_ = [fact for fact in facts if (("motive", *fact[1:]) if fact[0] == "who" else fact) not in stated]
    first = sorted((fact for fact in open_ if fact[0] in ORDER), key=lambda fact: ORDER.index(fact[0]))[:most]
    rest = [fact for fact in open_ if fact not in first]
    rng.shuffle(rest)
    return tuple(dict.fromkeys(map(asked, [*first, *rest[: most - len(first)]])))
