"""The published puzzles: their text read into clues that a solver understands, and the same text written for ours.

A text holds everything: who and what there is, how the rooms lie, what is asked. What cannot be read is an error that
names the line. The published program's wording is kept to the letter ("occured" too), so that ours can be asked of
models that know theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from trap.files import InputError
from trap.studies.clues.logic import BODDY, DIRECTIONS, MURDER_WEAPON, MURDERER, Clue, Shape

MR_BODDY = "Mr. Boddy"
LISTS = (
    ("suspects", "identified as suspects:"),
    ("weapons", "found on the premises:"),
    ("times", "one of the following times:"),
    ("motives", "motives for killing Mr. Boddy:"),
)
QUESTION = re.compile(r"([A-Z])\. (.*\?)")
ANSWER_WORDS = {"SUSPECT", "WEAPON", "ROOM", "TIME", "MOTIVE"}


class Scene(Struct, frozen=True):
    """Names of all that a shape only counts."""

    suspects: tuple[str, ...]
    weapons: tuple[str, ...]
    rooms: tuple[str, ...]
    columns: int
    times: tuple[str, ...] = ("",)
    motives: tuple[str, ...] = ()
    holders: tuple[int, ...] = ()  # of each motive

    @property
    def shape(self) -> Shape:
        return Shape(
            len(self.suspects),
            len(self.weapons),
            len(self.rooms),
            self.columns,
            len(self.times),
            self.holders,
        )

    def value(self, kind: str, number: int) -> str:
        """The name of an answer: kind is `suspect`, `weapon`, `room`, `time` or `motive`."""
        return getattr(self, f"{kind}s")[number]


class Puzzle(Struct, frozen=True):
    """A puzzle as data. `questions` has what is asked, in the order of its letters.

    A question is a clue without its last fact: ("killer",), ("at", piece, time), ("motive", "s0"), ("who", motive).
    """

    scene: Scene
    clues: tuple[Clue, ...]
    questions: tuple[Clue, ...]


def answer_kind(question: Clue) -> str:
    """What kind of name answers a question."""
    kinds = {
        "killer": "suspect",
        "who": "suspect",
        "weapon": "weapon",
        "time": "time",
        "why": "motive",
        "motive": "motive",
    }
    return kinds.get(question[0], "room")


# --- reading -------------------------------------------------------------------------------------------------


def read_puzzle(text: str) -> Puzzle:
    """A published text as a puzzle. Raises InputError naming the line that cannot be read."""
    found = {name: _listed(text, heading) for name, heading in LISTS}
    rooms = tuple(re.findall(r"^\d+\. (.+)$", text, re.MULTILINE))
    board = re.findall(r"^W (.+) E$", text, re.MULTILINE)
    if not found["suspects"] or not found["weapons"] or not rooms or not board:
        raise InputError(
            "a published puzzle lists suspects, weapons, rooms and how the rooms lie; this text does not"
        )
    motives = [re.fullmatch(r"(\w+)(?: \((\d+) suspects?\))?", line) for line in found["motives"]]
    if None in motives:
        raise InputError(f"not a motive: {found['motives'][motives.index(None)]!r}")
    scene = Scene(
        suspects=found["suspects"], weapons=found["weapons"], rooms=rooms, columns=board[0].count("|") + 1,
        times=found["times"] or ("",), motives=tuple(match[1] for match in motives),
        holders=tuple(int(match[2] or 1) for match in motives),
    )  # fmt: skip
    reader = Reader(scene)
    _, _, told = text.partition("The available clues are as follows:\n\n")
    lines = told.split("\n\n")[0].split("\n")
    clues = tuple(reader.clue(line.removeprefix("- ")) for line in lines)
    questions = tuple(reader.question(line) for _, line in QUESTION.findall(told))
    if not questions:
        raise InputError("no question in the text")
    return Puzzle(scene, clues, questions)


def any_of(names: Iterable[str], group: str) -> str:
    """A pattern of these names, the longest that fits, in a group of this name."""
    return f"(?P<{group}>{'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})"


def _nonsense(clue: Clue) -> str:
    """Why a sentence that reads as a clue says nothing that can be true or false; empty where it does."""
    kind, *of = clue
    if kind in ROLE_OF and of[0][0] != ROLE_OF[kind]:
        return f"{kind} names another kind of piece"
    return "nothing moves before the first time" if kind in ("move", "carry") and of[-1] == 0 else ""


def _listed(text: str, heading: str) -> tuple[str, ...]:
    _, _, rest = text.partition(heading + "\n\n")
    return tuple(
        line.removeprefix("• ") for line in rest.split("\n\n")[0].split("\n") if line.startswith("• ")
    )


ROLE_OF = {"killer": "s", "weapon": "w", "motive": "s"}  # the first letter of the pieces that it may name


class Reader:
    """Reads clues and questions about one scene, in the wording of the published puzzles."""

    EITHER = re.compile(r"[Ee]ither (.*), (?:but )?not both")

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def _pieces(self) -> Mapping[str, str]:
        scene = self.scene
        found = {name: f"s{number}" for number, name in enumerate(scene.suspects)}
        found |= {f"the {name}": f"w{number}" for number, name in enumerate(scene.weapons)}
        for number, name in enumerate(scene.motives):
            found |= {f"{article} suspect motivated by {name}": f"m{number}" for article in ("the", "a")}
        return found | {"the murderer": MURDERER, "the murder weapon": MURDER_WEAPON, MR_BODDY: BODDY}

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        pieces = [*self._pieces, *(name[0].upper() + name[1:] for name in self._pieces)]
        when = f"(?: at {any_of(self.scene.times, 'time')})?" if self.scene.times != ("",) else ""
        names = {
            "one": any_of(pieces, "one"), "other": any_of(pieces, "other"), "room": any_of(self.scene.rooms, "room"),
            "end": any_of(self.scene.rooms, "end"), "times": any_of(self.scene.times, "time"), "when": when,
            "direction": any_of(DIRECTIONS, "direction"), "motive": any_of(self.scene.motives or ["-"], "motive"),
        }  # fmt: skip
        return [(kind, re.compile(text)) for kind, text in self._sentences(**names)]

    def _sentences(self, one, other, room, end, times, when, direction, motive) -> list[tuple[str, str]]:
        """A pattern of the sentences of each kind, of patterns of names."""
        return [
            ("at", rf"{one} was (?:in|at) the {room}{when}"),
            ("same", rf"{one} was in the same room as {other}{when}"),
            ("met", rf"{one} and {other} were (?:in|at) the {room} together(?: at least once)?"),
            ("beside", rf"{one} was in the room just {direction} of {other}{when}"),
            ("move", rf"{one} moved from the {room} to the {end}{when}"),
            ("carry", rf"{one} moved {other} from the {room} to the {end}{when}"),
            ("motive", rf"{one} is motivated by {motive}"),
            ("weapon", rf"Mr\. Boddy was killed with {one}"),
            ("time", rf"Mr\. Boddy was murdered at {times}" if when else r"(?!)"),
            ("room", rf"Mr\. Boddy was murdered (?:in|at) the {room}"),
            ("why", rf"Mr\. Boddy was murdered by (?:the|a) suspect motivated by {motive}"),
            ("killer", rf"Mr\. Boddy was murdered by {one}"),
        ]

    def clue(self, line: str) -> Clue:
        """A clue from its sentence. Raises InputError quoting a sentence that is none."""
        for kind, between in (("iff", " if and only if "), ("xor", " or ")):
            if between in line:
                either = self.EITHER.fullmatch(line) if kind == "xor" else None
                parts = (either[1] if either else line).split(between)
                if len(parts) == 2:
                    return (kind, *map(self.clue, parts))
        for kind, pattern in self._patterns:
            if match := pattern.fullmatch(line):
                clue = self._clue(kind, match.groupdict())
                if why := _nonsense(clue):
                    raise InputError(f"{why}: {line!r}")
                return clue
        raise InputError(f"not a clue that is known: {line!r}")

    def _clue(self, kind: str, found: Mapping[str, str | None]) -> Clue:
        def piece(group: str) -> str:
            name = found[group] or ""
            return self._pieces.get(name) or self._pieces[name[0].lower() + name[1:]]

        scene, place = self.scene, lambda group: self.scene.rooms.index(found[group])
        time = scene.times.index(found["time"]) if found.get("time") else 0
        match kind:
            case "at":
                return ("at", piece("one"), place("room"), time)
            case "same":
                return ("same", piece("one"), piece("other"), time)
            case "met":
                return ("met", piece("one"), piece("other"), place("room"))
            case "beside":
                return ("beside", piece("one"), found["direction"], piece("other"), time)
            case "move":
                return ("move", piece("one"), place("room"), place("end"), time)
            case "carry":
                return ("carry", piece("one"), piece("other"), place("room"), place("end"), time)
            case "motive":
                return ("motive", piece("one"), scene.motives.index(found["motive"]))
            case "why":
                return ("why", scene.motives.index(found["motive"]))
            case "room":
                return ("room", place("room"))
            case "time":
                return ("time", time)
        return (kind, piece("one"))

    def question(self, line: str) -> Clue:
        """What a question asks. Raises InputError quoting one that is not known."""
        fixed = {
            "Who murdered Mr. Boddy?": ("killer",), "What weapon did the murderer use?": ("weapon",),
            "Where was the murder committed?": ("room",), "When did the murder occur?": ("time",),
            "Why did the murderer do it?": ("why",),
        }  # fmt: skip
        if line in fixed:
            return fixed[line]
        scene = self.scene
        match = re.fullmatch(r"Where was (.*?)(?: at (\d\d:\d\d [AP]M))?\?", line)
        if match and match[1] in self._pieces and (not match[2] or match[2] in scene.times):
            return ("at", self._pieces[match[1]], scene.times.index(match[2]) if match[2] else 0)
        if (match := re.fullmatch(r"What motivates (.*)\?", line)) and match[1] in scene.suspects:
            return ("motive", self._pieces[match[1]])
        if (match := re.fullmatch(r"Who is motivated by (.*)\?", line)) and match[1] in scene.motives:
            return ("who", scene.motives.index(match[1]))
        raise InputError(f"not a question that is known: {line!r}")
