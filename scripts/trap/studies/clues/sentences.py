"""The published wording of a puzzle, written for ours. What is read by `published.py` is written here.

One thing differs: "or" is written as what it means, "either … or …, but not both", for the published prompts never say
that one alone is meant. `plain_or` writes it as they do.
"""

from __future__ import annotations

from trap.studies.clues.logic import BODDY, MURDER_WEAPON, MURDERER, Clue
from trap.studies.clues.published import MR_BODDY, Puzzle, Scene, answer_kind

OPENING = (
    "On a dark winter night, wealthy and enigmatic Mr. John Q. Boddy hosted a small, but lavish, dinner party for some of his closest"
    " associates. However, the night ended in tragedy when Mr. Boddy was found dead in one of the rooms of Tudor Mansion in the early"
    " hours of the morning. The following persons of interest have been identified as suspects:"
)
TIMES = "The exact time of the murder is a bit uncertain, but it has been narrowed down to one of the following times:"
MOVING = (
    "At every time the suspects and Mr. Boddy either stayed in their current room or moved to an orthogonally adjacent room (north,"
    " south, east, or west). Weapons could be moved by suspects between rooms as well."
)
MURDER = "For the murder to occur, the murderer and Mr. Boddy must have been alone in a room with at least one weapon"
DEAD = ' at some point in the night. Any clue about Mr. Boddy\'s whereabouts should be read as "Mr. Boddy (dead or alive) ..."'


def published_text(puzzle: Puzzle, plain_or: bool = False) -> str:
    """The prompt of a puzzle, as the published ones are worded."""
    scene, several = puzzle.scene, len(puzzle.scene.times) > 1
    clues = "\n".join(f"- {capital(sentence(scene, clue, plain_or))}" for clue in puzzle.clues)
    parts = [
        OPENING,
        _bullets(scene.suspects),
        "And the following weapons were found on the premises:",
        _bullets(scene.weapons),
    ]
    width = len(str(len(scene.rooms)))
    rooms = "\n".join(f"{number:0{width}d}. {name}" for number, name in enumerate(scene.rooms, start=1))
    parts += ["The murder could only have occured in one of the following rooms:", rooms]
    parts += ["The rooms are laid out as follows:", board(scene)]
    if several:
        parts += [TIMES, _bullets(scene.times), MOVING]
    if scene.motives:
        alone = all(number == 1 for number in scene.holders)
        had = f"Each suspect {'uniquely ' if alone else ''}had one of the following possible motives for killing Mr. Boddy:"
        parts += [had, _bullets(scene.motives if alone else map(_counted, scene.motives, scene.holders))]
    parts += [MURDER + (DEAD if several else "."), "The available clues are as follows:", clues]
    asked = [f"{chr(65 + at)}. {question(scene, one)}" for at, one in enumerate(puzzle.questions)]
    first = sum(one[0] in ("killer", "weapon", "room", "time", "why") for one in puzzle.questions)
    parts += ["Please answer the following question(s):", "\n".join(asked[:first])]
    if asked[first:]:
        parts += ["And the following bonus question(s):", "\n".join(asked[first:])]
    kinds = [f"{chr(65 + at)}. {answer_kind(one).upper()}" for at, one in enumerate(puzzle.questions)]
    parts += [
        "Fill out your final answers in the following format:",
        "\n".join(kinds),
        "Best of luck, detective.",
    ]
    return "\n\n".join(parts)


def _bullets(names) -> str:
    return "\n".join(f"• {name}" for name in names)


def _counted(name: str, holders: int) -> str:
    return f"{name} ({holders} suspect{'' if holders == 1 else 's'})"


def board(scene: Scene) -> str:
    """The rooms' numbers on the floor, with the four directions around them."""
    width, columns, count = len(str(len(scene.rooms))), scene.columns, len(scene.rooms)
    rows = []
    for first in range(0, count, columns):
        cells = [f"{at + 1:0{width}d}" if at < count else "-" for at in range(first, first + columns)]
        rows.append(f"W {'|'.join(cells)} E")
    edge = [f"  {' '.join([letter * width] * columns)}  " for letter in "NS"]
    return "\n".join([edge[0], *rows, edge[1]])


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def piece_name(scene: Scene, piece: str) -> str:
    """A piece in a sentence, as it stands in the middle of one."""
    if piece in (BODDY, MURDERER, MURDER_WEAPON):
        return {BODDY: MR_BODDY, MURDERER: "the murderer", MURDER_WEAPON: "the murder weapon"}[piece]
    number = int(piece[1:])
    if piece[0] == "m":
        article = "the" if scene.holders[number] == 1 else "a"
        return f"{article} suspect motivated by {scene.motives[number]}"
    return scene.suspects[number] if piece[0] == "s" else f"the {scene.weapons[number]}"


def sentence(scene: Scene, clue: Clue, plain_or: bool = False) -> str:
    """A clue as a sentence without its full stop, as it stands in the middle of another one."""

    def name(piece: str) -> str:
        return piece_name(scene, piece)

    def where(room: int) -> str:
        return f"{'at' if scene.rooms[room] == 'Fountain' else 'in'} the {scene.rooms[room]}"

    def when(time: int) -> str:
        return f" at {scene.times[time]}" if len(scene.times) > 1 else ""

    kind, *of = clue
    match kind:
        case "xor":
            one, other = (sentence(scene, part) for part in of)
            return f"{capital(one) if plain_or else 'either ' + one} or {other}{'' if plain_or else ', but not both'}"
        case "iff":
            return " if and only if ".join(sentence(scene, part) for part in of)
        case "at":
            return f"{name(of[0])} was {where(of[1])}{when(of[2])}"
        case "same":
            return f"{name(of[0])} was in the same room as {name(of[1])}{when(of[2])}"
        case "met":
            return f"{name(of[0])} and {name(of[1])} were {where(of[2])} together at least once"
        case "beside":
            return f"{name(of[0])} was in the room just {of[1]} of {name(of[2])}{when(of[3])}"
        case "move":
            return (
                f"{name(of[0])} moved from the {scene.rooms[of[1]]} to the {scene.rooms[of[2]]}{when(of[3])}"
            )
        case "carry":
            start, end = scene.rooms[of[2]], scene.rooms[of[3]]
            return f"{name(of[0])} moved {name(of[1])} from the {start} to the {end}{when(of[4])}"
        case "motive":
            return f"{name(of[0])} is motivated by {scene.motives[of[1]]}"
        case "weapon":
            return f"{MR_BODDY} was killed with {name(of[0])}"
        case "time":
            return f"{MR_BODDY} was murdered at {scene.times[of[0]]}"
        case "room":
            return f"{MR_BODDY} was murdered {where(of[0])}"
        case "why":
            return f"{MR_BODDY} was murdered by {name(f'm{of[0]}')}"
    return f"{MR_BODDY} was murdered by {name(of[0])}"


def question(scene: Scene, asked: Clue) -> str:
    """A question of the published wording."""
    kind, *of = asked
    match kind:
        case "at":
            when = f" at {scene.times[of[1]]}" if len(scene.times) > 1 else ""
            return f"Where was {piece_name(scene, of[0])}{when}?"
        case "motive":
            return f"What motivates {piece_name(scene, of[0])}?"
        case "who":
            return f"Who is motivated by {scene.motives[of[0]]}?"
    return {
        "killer": "Who murdered Mr. Boddy?", "weapon": "What weapon did the murderer use?",
        "room": "Where was the murder committed?", "time": "When did the murder occur?",
        "why": "Why did the murderer do it?",
    }[kind]  # fmt: skip
