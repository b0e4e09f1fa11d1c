"""The cue sheet, `video/STUDY/cues.yaml`: every line on screen, how long it stands, and the claims behind it.

One sheet drives the timing of all scenes, the captions in the picture, both subtitle files and the
production kit, so they cannot disagree. Times are whole frames in every quality: seconds are multiples
of a tenth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field

from trap.files import InputError, read_text
from trap.film import CUTS
from trap.film.numbers import Numbers, claims_in
from trap.report.numerals import bare_numerals

READING_SPEED = 17.0  # characters a second
WORDS = 12  # on one line
CHARACTERS = {"wide": 62, "short": 30}  # on one line of a caption
LINES = {"wide": 2, "short": 3}
LENGTHS = {"wide": (120.0, 240.0), "short": (45.0, 60.0)}  # seconds


class Cue(Struct, forbid_unknown_fields=True):
    """One line. `line` may be a table verdict -> text: the verdict of the claim `verdict` then chooses.

    `seconds` by cut; a cut that is not named leaves the cue out. `claims` are those behind the line and
    behind what the scene draws meanwhile.
    """

    id: str
    line: str | dict[str, str]
    seconds: dict[str, float]
    claims: list[str] = field(default_factory=list)
    verdict: str = ""


class SceneCues(Struct, forbid_unknown_fields=True):
    """The cues of a scene, in order. `shot` says for the kit what the picture shows.

    A scene with `experiment` shows what only that one tests; without its results the scene is left out.
    """

    scene: str
    title: str
    shot: str
    cues: list[Cue]
    experiment: str = ""


class Sheet(Struct, forbid_unknown_fields=True):
    title: str
    hook: str
    description: str
    sources: list[str]
    scenes: list[SceneCues]
    quality: Literal["draft", "final"] = "final"  # of the films that the workflow is asked for


@dataclass(frozen=True)
class Shown:
    """A cue as it is shown in one cut: `text` is the caption with its line breaks."""

    scene: str
    id: str
    text: str
    start: float  # seconds from the start of the film
    seconds: float
    claims: tuple[str, ...]

    @property
    def end(self) -> float:
        return round(self.start + self.seconds, 1)


def load_sheet(path: Path | str) -> Sheet:
    """The checked sheet. Raises InputError naming file, scene and cue."""
    try:
        sheet = msgspec.yaml.decode(read_text(path), type=Sheet)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not YAML: {error}") from None
    names: set[str] = set()
    for scene in sheet.scenes:
        for cue in scene.cues:
            _check(cue, f"{path}: {scene.scene}.{cue.id}")
            if (key := f"{scene.scene}.{cue.id}") in names:
                raise InputError(f"{path}: {key}: twice")
            names.add(key)
    _check_length(sheet, path)
    return sheet


def _check_length(sheet: Sheet, where: Path | str) -> None:
    """Of the film with every scene: one that has to leave some out is as short as it comes."""
    for cut, (low, high) in LENGTHS.items():
        seconds = sum(cue.seconds[cut] for _, cue in _of_cut(sheet, cut))
        if not low <= seconds <= high:
            raise InputError(
                f"{where}: the {cut} cut takes {seconds:.1f} s: {low:.0f} to {high:.0f} s are wanted"
            )


def _check(cue: Cue, where: str) -> None:
    lines = [cue.line] if isinstance(cue.line, str) else list(cue.line.values())
    if isinstance(cue.line, dict) != bool(cue.verdict):
        raise InputError(f"{where}: a table of lines and `verdict` need each other")
    for cut, seconds in cue.seconds.items():
        if cut not in CUTS:
            raise InputError(f"{where}: seconds: unknown cut {cut!r}: {' or '.join(CUTS)}")
        if seconds <= 0 or abs(seconds * 10 - round(seconds * 10)) > 1e-6:
            raise InputError(f"{where}: seconds: {seconds} is no positive multiple of 0.1")
    for line in lines:
        for _, word in bare_numerals(line.replace("{", "{{").replace("}", "}}")):
            raise InputError(f"{where}: bare numeral {word!r}: take it from a claim or a table")
        if missing := sorted(claims_in(line) - set(cue.claims)):
            raise InputError(f"{where}: claims: {', '.join(missing)} stands in the line but is not listed")


def wrap(text: str, cut: str, where: str = "caption") -> str:
    """The caption with line breaks, balanced. Raises InputError when it does not fit the cut."""
    words = text.split(" ")
    for count in range(1, LINES[cut] + 1):
        lines = _balanced(words, count)
        if all(len(line) <= CHARACTERS[cut] and len(line.split(" ")) <= WORDS for line in lines):
            return "\n".join(lines)
    raise InputError(f"{where}: too long for the {cut} cut: {text!r}")


def _balanced(words: list[str], count: int) -> list[str]:
    """`count` lines whose longest is as short as can be; ties give the later line more."""
    if count == 1 or len(words) <= 1:
        return [" ".join(words)]
    best: list[str] | None = None
    for cut in range(1, len(words)):
        lines = [" ".join(words[:cut]), *_balanced(words[cut:], count - 1)]
        if best is None or max(map(len, lines)) < max(map(len, best)):
            best = lines
    return best or [" ".join(words)]


def chosen_line(cue: Cue, numbers: Numbers, where: str) -> str:
    """The line of a cue with its numbers; the verdict chooses where it depends on one."""
    line = cue.line
    if not isinstance(line, str):
        verdict = numbers.verdict(cue.verdict)
        if verdict not in line:
            raise InputError(f"{where}: no line for the verdict {verdict!r} of {cue.verdict}")
        line = line[verdict]
    return numbers.fill(" ".join(line.split()))


def _check_quoted(cue: Cue, numbers: Numbers, where: str) -> None:
    """That the claims behind published points are listed, as `_check` asks it of all others."""
    for line in [cue.line] if isinstance(cue.line, str) else cue.line.values():
        if missing := sorted(numbers.claims_in(line) - set(cue.claims)):
            raise InputError(f"{where}: claims: {', '.join(missing)} stands in the line but is not listed")


def shown(sheet: Sheet, cut: str, numbers: Numbers) -> list[Shown]:
    """All cues of a cut with their times. Raises InputError where one cannot be read in its time."""
    found: list[Shown] = []
    start = 0.0
    for scene, cue in _of_cut(sheet, cut):
        where = f"{scene.scene}.{cue.id}"
        _check_quoted(cue, numbers, where)
        text = wrap(chosen_line(cue, numbers, where), cut, where)
        seconds = cue.seconds[cut]
        if len(text) > READING_SPEED * seconds + 1e-9:
            raise InputError(
                f"{where}: {len(text)} characters in {seconds} s ({cut}): at most {READING_SPEED:.0f} a second"
            )
        claims = tuple(dict.fromkeys([*cue.claims, *([cue.verdict] if cue.verdict else [])]))
        found.append(Shown(scene.scene, cue.id, text, round(start, 1), seconds, claims))
        start += seconds
    return found


def _of_cut(sheet: Sheet, cut: str) -> Iterator[tuple[SceneCues, Cue]]:
    for scene in sheet.scenes:
        for cue in scene.cues:
            if cut in cue.seconds:
                yield scene, cue


def scenes_of(sheet: Sheet, cut: str, experiments: Collection[str] | None = None) -> list[str]:
    """Names of the scenes of a cut, in order; with `experiments`, those that need no other one's results."""
    named = {scene.scene: scene.experiment for scene, _ in _of_cut(sheet, cut)}
    return [
        name for name, needed in named.items() if not needed or experiments is None or needed in experiments
    ]
