"""A short wording for models trained from nothing: one word a name, one line a clue, one line a deduction.

    Suspects Green Plum              1 Green in Hall                        1 Green in Hall
    Weapons Rope Knife               2 either Rope in Study or Plum in      3 Plum in Study
    Rooms Hall Study                   Hall but not both                    2 Plum in Study so Rope in Study
    east of Hall in Study            3 Plum east of Green                   rule Plum in Study so killer Plum
    west of Study in Hall            A who                                  A Plum
    Motives Fear Greed               B where                                B Study

The floor is told twice: by rows, and for each room what lies beside it, so that no model has to count places in a row. Time stands before place, and `in Hall` is one piece of a fresh tokenizer, as `at nine` and `has Fear` are: so what a model has to
copy comes right after what it has to look up. A fact is written in one way only, so that a deduction can be looked up: `FACTS` below holds for published names too.
"""

from __future__ import annotations

from random import Random

from trap.studies.clues.logic import BODDY, DIRECTIONS, MURDER_WEAPON, MURDERER, Clue, Shape
from trap.studies.clues.published import Puzzle, Scene

SUSPECTS = ("Scarlet", "Green", "White", "Peacock", "Mustard", "Plum", "Peach", "Gray", "Brunette", "Rose")
WEAPONS = ("Candlestick", "Knife", "Pipe", "Revolver", "Rope", "Wrench", "Horseshoe", "Poison")
ROOMS = (
    "Hall",
    "Lounge",
    "Kitchen",
    "Ballroom",
    "Library",
    "Study",
    "Gazebo",
    "Courtyard",
    "Fountain",
    "Studio",
)
TIMES = ("nine", "ten", "eleven", "twelve")
MOTIVES = (
    "Revenge",
    "Jealousy",
    "Greed",
    "Power",
    "Hatred",
    "Anger",
    "Fear",
    "Ambition",
    "Betrayal",
    "Pride",
)
PHRASES = (
    " if and only if",
    " but not both",
    *(f" in {room}" for room in ROOMS),
    *(f" at {time}" for time in TIMES),
    *(f" has {motive}" for motive in MOTIVES),
)
ROLES = {BODDY: "Boddy", MURDERER: "killer", MURDER_WEAPON: "weapon"}


def draw_scene(rng: Random, shape: Shape) -> Scene:
    """Names for a shape, by chance."""
    first = rng.randrange(len(TIMES) - shape.times + 1)
    return Scene(
        suspects=tuple(rng.sample(SUSPECTS, shape.suspects)), weapons=tuple(rng.sample(WEAPONS, shape.weapons)),
        rooms=tuple(rng.sample(ROOMS, shape.rooms)), columns=shape.columns,
        times=TIMES[first : first + shape.times] if shape.times > 1 else ("",),
        motives=tuple(rng.sample(MOTIVES, len(shape.motives))), holders=shape.motives,
    )  # fmt: skip


def prompt(puzzle: Puzzle) -> str:
    """The puzzle in lines: what there is, clues with numbers, questions with letters."""
    scene, columns = puzzle.scene, puzzle.scene.columns
    rows = [" ".join(scene.rooms[first : first + columns]) for first in range(0, len(scene.rooms), columns)]
    lines = [
        f"Suspects {' '.join(scene.suspects)}",
        f"Weapons {' '.join(scene.weapons)}",
        f"Rooms {' / '.join(rows)}",
        *beside_texts(scene),
    ]
    if len(scene.times) > 1:
        lines.append(f"Times {' '.join(scene.times)}")
    if scene.motives:
        names = zip(scene.motives, scene.holders, strict=True)
        lines.append(f"Motives {' '.join(name if held == 1 else f'{name} {held}' for name, held in names)}")
    lines += [f"{number} {clue_text(scene, clue)}" for number, clue in enumerate(puzzle.clues, start=1)]
    lines += [f"{chr(65 + at)} {question_text(scene, asked)}" for at, asked in enumerate(puzzle.questions)]
    return "\n".join(lines) + "\n"


def beside_texts(scene: Scene) -> list[str]:
    """For each room and direction the room that lies there, if one does."""
    shape = scene.shape
    found = ((way, room, shape.beside(room, way)) for room in range(shape.rooms) for way in DIRECTIONS)
    return [beside_text(scene, way, room, other) for way, room, other in found if other is not None]


def beside_text(scene: Scene, direction: str, room: int, other: int) -> str:
    """`other` lies in a direction from `room`."""
    return f"{direction} of {scene.rooms[room]} in {scene.rooms[other]}"


def piece_text(scene: Scene, piece: str) -> str:
    if piece in ROLES:
        return ROLES[piece]
    number = int(piece[1:])
    return {"s": scene.suspects, "w": scene.weapons, "m": scene.motives}[piece[0]][number]


def _when(scene: Scene, time: int) -> str:
    return f" at {scene.times[time]}" if len(scene.times) > 1 else ""


def clue_text(scene: Scene, clue: Clue) -> str:
    """A clue. A motive in the place of a name stands for whoever has it."""
    kind, *of = clue
    match kind:
        case "xor":
            return f"either {clue_text(scene, of[0])} or {clue_text(scene, of[1])} but not both"
        case "iff":
            return " if and only if ".join(clue_text(scene, part) for part in of)
        case "same":
            return f"{piece_text(scene, of[0])} with {piece_text(scene, of[1])}{_when(scene, of[2])}"
        case "met":
            return f"{piece_text(scene, of[0])} once with {piece_text(scene, of[1])} in {scene.rooms[of[2]]}"
        case "beside":
            return f"{piece_text(scene, of[0])} {of[1]} of {piece_text(scene, of[2])}{_when(scene, of[3])}"
        case "move":
            return f"{piece_text(scene, of[0])} from {scene.rooms[of[1]]} to {scene.rooms[of[2]]}{_when(scene, of[3])}"
        case "carry":
            who, what = piece_text(scene, of[0]), piece_text(scene, of[1])
            return f"{who} took {what} from {scene.rooms[of[2]]} to {scene.rooms[of[3]]}{_when(scene, of[4])}"
    return fact_text(scene, clue)


def fact_text(scene: Scene, fact: Clue, negative: bool = False) -> str:
    """A plain fact, or that it is not so."""
    kind, *of = fact
    no = "not " if negative else ""
    match kind:
        case "at":
            return f"{piece_text(scene, of[0])}{_when(scene, of[2])} {no}in {scene.rooms[of[1]]}"
        case "motive":
            return f"{piece_text(scene, of[0])} has {no}{scene.motives[of[1]]}"
        case "killer":
            return f"killer {no}{piece_text(scene, of[0])}"
        case "weapon":
            return f"weapon {no}{piece_text(scene, of[0])}"
        case "room":
            return f"murder {no}in {scene.rooms[of[0]]}"
        case "time":
            return f"murder {no}at {scene.times[of[0]]}"
        case "why":
            return f"motive {no}{scene.motives[of[0]]}"
    raise ValueError(f"no plain fact: {fact!r}")


def question_text(scene: Scene, asked: Clue) -> str:
    kind, *of = asked
    match kind:
        case "at":
            return f"where {piece_text(scene, of[0])}{_when(scene, of[1])}"
        case "motive":
            return f"why {piece_text(scene, of[0])}"
        case "who":
            return f"who has {scene.motives[of[0]]}"
    return {"killer": "who", "weapon": "with what", "room": "where", "time": "when", "why": "why"}[kind]
