"""What one scene shows, all of it, as one small file: captions, numbers, series, real episodes.

A scene is drawn from its facts alone, so it is drawn anew when they change and only then. Facts are made
from claims, tables and what the study reads besides (its `subjects`); nothing in them is typed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trap.figures.estimates import Evidence, select
from trap.files import InputError, replacing
from trap.film import CUTS
from trap.film.cues import SceneCues, Sheet, shown
from trap.film.numbers import Number, Numbers, Quantity, write
from trap.workflow.closure import sha256_bytes

POSTER = "poster"  # not a scene of the film: its thumbnail


class CueFacts(Struct, forbid_unknown_fields=True):
    """A caption with its line breaks, and how long it stands."""

    id: str
    text: str
    seconds: float
    claims: list[str]


class Facts(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that a scene may show. `words` are texts by key, `data` what is drawn.

    A scene that this evidence cannot tell is `absent`, which says why; every later step leaves it out. The
    key is not written where it is empty, so that it changes no hash of a scene that is told.
    """

    scene: str
    title: str
    cues: dict[str, list[CueFacts]]  # by cut
    words: dict[str, str]
    data: dict[str, Any]
    sources: dict[str, list[str]]  # key of `words` -> ids of the claims it comes from
    study: str = ""  # whose scene it is
    absent: str = ""


def digest(facts: Facts, places: bool = True) -> str:
    """One hash of everything that a scene shows.

    Without `places` the layout of the graph is left out, which is computed from its entities and edges and
    may come out a rounding apart on another machine.
    """
    if not places:
        data = {key: value for key, value in facts.data.items() if key != "points"}
        facts = msgspec.structs.replace(facts, data=data)
    return sha256_bytes(msgspec.json.encode(facts))


class Sources:
    """Where facts come from; each part is read when a scene first asks for it.

    A study's film has a subclass `FilmSources` in `studies/STUDY/film/sources.py`: its `subjects` say what each scene
    shows, its `quantities` are numbers that no claim states.
    """

    def __init__(self, evidence: Evidence, study: str, data: Path) -> None:
        """`study`: the folder of its code; `data`: that of its shared files."""
        self.evidence, self.study, self.data = evidence, study, Path(data)

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """What gathers the facts of a scene, by scene."""
        return {}

    def quantities(self) -> dict[str, Quantity]:
        """Numbers that no claim states, by name."""
        return {}

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.evidence, self.quantities())

    def arm(
        self, model: str, arm: str, pool: str, metric: str, table: str = "arms", **where: object
    ) -> Number:
        """An estimate from a table. Raises InputError when this experiment did not run it."""
        rows = select(self.evidence.table(table), model=model, arm=arm, pool=pool, metric=metric, **where)
        if not rows.height or rows["value"][0] is None:
            raise InputError(f"{table}.parquet: no {metric} of {model} {arm} on {pool}, which the film shows")
        row = rows.row(0, named=True)
        return Number(row["value"], row["low"], row["high"], row["unit"], row["n"], row["seeds"], ())


@dataclass
class Notes:
    """The facts of a scene while they are gathered."""

    numbers: Numbers
    words: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def say(self, key: str, name: str, style: str = "") -> Number:
        """Put a number into the words under `key`, and remember its claims."""
        number = self.numbers.number(name)
        self.words[key] = write(number, style, name)
        self.sources[key] = list(number.claims)
        return number

    def measured(self, key: str, number: Number, style: str = "") -> dict[str, Any]:
        """Put an estimate from a table into the words; returns it for the data."""
        self.words[key] = write(number, style, key)
        return estimate(number)


Subject = Callable[[Any, Notes], None]  # (sources, notes): puts what a scene shows into the notes


def estimate(number: Number) -> dict[str, Any]:
    """A number as data; where there is no interval, it is its own."""
    return {
        "value": number.value,
        "low": number.value if number.low is None else number.low,
        "high": number.value if number.high is None else number.high,
    }


def gathered(sheet: Sheet, scene: str, sources: Sources) -> Facts:
    """The facts of one scene, or that it is absent and why. Raises InputError for an unknown scene alone."""
    written = _written(sheet, scene, sources)
    numbers = sources.numbers  # without claims and a graph there is no film: that is for the caller to hear
    title = written.title if written else sheet.title
    if (
        written
        and written.experiment
        and not all(numbers.has(id) for cue in written.cues for id in cue.claims)
    ):
        return _absent(sources, scene, title, f"its experiment {written.experiment} was not run")
    try:
        return scene_facts(sheet, scene, sources)
    except InputError as error:
        return _absent(sources, scene, title, str(error))


def present(scenes: Sequence[Facts]) -> list[Facts]:
    """Those that can be told."""
    return [scene for scene in scenes if not scene.absent]


def absences(scenes: Sequence[Facts]) -> dict[str, str]:
    """Why the others are left out, by scene."""
    return {scene.scene: scene.absent for scene in scenes if scene.absent}


def leave_out(path: Path) -> None:
    """Put an empty file where a picture or a clip would be.

    The workflow decides which files it wants before it knows which scenes can be told.
    """
    with replacing(path) as partial:
        partial.touch()


def left_out(path: Path) -> bool:
    return path.is_file() and path.stat().st_size == 0


def _absent(sources: Sources, scene: str, title: str, reason: str) -> Facts:
    return Facts(scene, title, {cut: [] for cut in CUTS}, {}, {}, {}, sources.study, reason)


def _written(sheet: Sheet, scene: str, sources: Sources) -> SceneCues | None:
    written = next((entry for entry in sheet.scenes if entry.scene == scene), None)
    if (written is None and scene != POSTER) or scene not in sources.subjects:
        raise InputError(f"film: no scene {scene!r}")
    return written


def scene_facts(sheet: Sheet, scene: str, sources: Sources) -> Facts:
    """The facts of one scene in every cut. Raises InputError naming what is missing."""
    written = _written(sheet, scene, sources)
    notes = Notes(sources.numbers)
    sources.subjects[scene](sources, notes)
    if written is None:
        notes.words |= {"title": sheet.title, "hook": sheet.hook.strip()}
        return Facts(scene, sheet.title, {}, notes.words, notes.data, notes.sources, sources.study)
    alone = msgspec.structs.replace(
        sheet, scenes=[written]
    )  # a line that cannot be filled is its scene's matter
    cues = {
        cut: [
            CueFacts(cue.id, cue.text, cue.seconds, list(cue.claims))
            for cue in shown(alone, cut, sources.numbers)
        ]
        for cut in CUTS
    }
    title = sources.numbers.fill(written.title)
    return Facts(scene, title, cues, notes.words, notes.data, notes.sources, sources.study)
