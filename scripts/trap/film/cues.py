"""The cue sheet, `video/STUDY/cues.yaml`: every line on screen, its seconds, and the claims behind it.

The timing of the scenes, the captions in the picture, the subtitle files and the production kit all come from this
sheet, so they cannot disagree. Seconds are multiples of a tenth, which are whole frames in every quality.
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

READING_SPEED = 17.0  # characters per second, at most
WORDS = 12  # per line, at most
CHARACTERS = {"wide": 52, "short": 28}  # per line of a caption, at most
LINES = {"wide": 2, "short": 3}  # of a caption, at most
LENGTHS = {
    "wide": (120.0, 240.0),
    "short": (45.0, 60.0),
}  # least and most seconds of a cut, unless a sheet has its own


class Cue(Struct, forbid_unknown_fields=True):
    """One line on screen.

    line: the text, or {verdict: text}, from which the verdict of the claim `verdict` chooses. seconds: by cut; a cut
    that is missing here does not show the cue. claims: ids of the claims behind the line and behind the picture.
    """

    id: str
    line: str | dict[str, str]
    seconds: dict[str, float]
    claims: list[str] = field(default_factory=list)
    verdict: str = ""


class SceneCues(Struct, forbid_unknown_fields=True):
    """The cues of a scene, in order.

    shot: what the picture shows, for the production kit. experiment: the experiment whose results the scene needs;
    without these the scene is left out.
    """

    scene: str
    title: str
    shot: str
    cues: list[Cue]
    experiment: str = ""


class Sheet(Struct, forbid_unknown_fields=True):
    """The whole cue sheet. hook and description: for the thumbnail and the production kit."""

    title: str
    hook: str
    description: str
    sources: list[str]
    scenes: list[SceneCues]
    quality: Literal["draft", "final"] = "final"  # unless --config film_quality says otherwise
    lengths: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(LENGTHS))  # seconds by cut


@dataclass(frozen=True)
class Shown:
    """A cue as one cut shows it. text: the caption with its line breaks."""

    scene: str
    id: str
    text: str
    start: float  # seconds from the start of the film
    seconds: float
    claims: tuple[str, ...]

    @property
    def end(self) -> float:
        """Seconds from the start of the film."""
        return round(self.start + self.seconds, 1)


def load_sheet(path: Path | str) -> Sheet:
    """Read and check the cue sheet. Raises InputError naming file, scene and cue."""
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
    """Check the length of the film with every scene. A film without some scenes may be shorter."""
    if odd := sorted(set(sheet.lengths) ^ set(CUTS)):
        raise InputError(f"{where}: lengths: {', '.join(odd)}: {' and '.join(CUTS)} are wanted, and no other")
    for cut, (low, high) in sheet.lengths.items():
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
    """The caption in lines of similar length. Raises InputError, naming `where`, if it does not fit the cut."""
    words = text.split(" ")
    for count in range(1, LINES[cut] + 1):
        lines = _balanced(words, count)
        if all(len(line) <= CHARACTERS[cut] and len(line.split(" ")) <= WORDS for line in lines):
            return "\n".join(lines)
    raise InputError(f"{where}: too long for the {cut} cut: {text!r}")


def _balanced(words: list[str], count: int) -> list[str]:
    """`count` lines of which the longest is as short as possible. A tie puts more words into the later line."""
    if count == 1 or len(words) <= 1:
        return [" ".join(words)]
    best: list[str] | None = None
    for cut in range(1, len(words)):
        lines = [" ".join(words[:cut]), *_balanced(words[cut:], count - 1)]
        if best is None or max(map(len, lines)) < max(map(len, best)):
            best = lines
    return best or [" ".join(words)]


def chosen_line(cue: Cue, numbers: Numbers, where: str) -> str:
    """The line of a cue with its numbers filled in, chosen by a verdict if the cue has several lines."""
    line = cue.line
    if not isinstance(line, str):
        verdict = numbers.verdict(cue.verdict)
        if verdict not in line:
            raise InputError(f"{where}: no line for the verdict {verdict!r} of {cue.verdict}")
        line = line[verdict]
    return numbers.fill(" ".join(line.split()))


def _check_quoted(cue: Cue, numbers: Numbers, where: str) -> None:
    """Check that `claims` lists the claims behind published points. `_check` does it for all other claims."""
    for line in [cue.line] if isinstance(cue.line, str) else cue.line.values():
        if missing := sorted(numbers.claims_in(line) - set(cue.claims)):
            raise InputError(f"{where}: claims: {', '.join(missing)} stands in the line but is not listed")


def shown(sheet: Sheet, cut: str, numbers: Numbers) -> list[Shown]:
    """All cues of a cut with their times. Raises InputError for a cue that is too long to read in its seconds."""
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
    """Names of the scenes of a cut, in order. With `experiments`, without scenes that need another experiment."""
    named = {scene.scene: scene.experiment for scene, _ in _of_cut(sheet, cut)}
    return [
        name for name, needed in named.items() if not needed or experiments is None or needed in experiments
    ]
