"""The facts of a scene: all that it shows, in one small file, with captions, numbers, series and real episodes.

A scene is drawn from its facts alone, so it has to be drawn again only when they change. Facts come from claims, tables
and the study's own sources. No number in them is typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from trap.figures.estimates import Evidence, read_table, select
from trap.files import InputError, replacing
from trap.film import CUTS
from trap.film.cues import SceneCues, Sheet, shown
from trap.film.numbers import Number, Numbers, Quantity, write
from trap.workflow.closure import sha256_bytes

POSTER = "poster"  # the thumbnail, which is drawn like a scene but is not part of the film


class CueFacts(Struct, forbid_unknown_fields=True):
    """A caption with its line breaks and its seconds on screen."""

    id: str
    text: str
    seconds: float
    claims: list[str]


class Facts(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that a scene shows.

    cues: by cut. words: texts on screen by key. data: what is drawn. sources: {key of `words`: ids of its claims}.
    study: the folder of the study's code. absent: why the scene is left out; "" for a scene that is shown, and then the
    key is not written, so that it changes no hash.
    """

    scene: str
    title: str
    cues: dict[str, list[CueFacts]]
    words: dict[str, str]
    data: dict[str, Any]
    sources: dict[str, list[str]]
    study: str = ""
    absent: str = ""


def digest(facts: Facts, places: bool = True) -> str:
    """A hash of everything that a scene shows.

    places: with the layout of the graph. Without it, machines that round differently give the same hash.
    """
    if not places:
        data = {key: value for key, value in facts.data.items() if key != "points"}
        facts = msgspec.structs.replace(facts, data=data)
    return sha256_bytes(msgspec.json.encode(facts))


class Sources:
    """The sources of facts. Each is read on first use.

    A study's film has a subclass `FilmSources` in `studies/STUDY/film/sources.py`, which defines `subjects` and
    `quantities`.
    """

    def __init__(
        self, evidence: Evidence, study: str, data: Path, beside: Mapping[str, Path] | None = None
    ) -> None:
        """study: the folder of the study's code. data: the folder of its shared files.

        beside: {experiment: folder of its collected runs} of experiments that stand beside this one.
        """
        self.evidence, self.study, self.data = evidence, study, Path(data)
        self.beside = dict(beside or {})

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """{scene: the function that gathers its facts}."""
        return {}

    def quantities(self) -> dict[str, Quantity]:
        """{name: number that no claim states}, see `trap.film.numbers`."""
        return {}

    @cached_property
    def numbers(self) -> Numbers:
        """Every number that scenes can show, by name."""
        return Numbers(self.evidence, self.quantities())

    def beside_table(self, experiment: str, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
        """A table of another experiment's collected runs. Raises InputError if there is none."""
        if experiment not in self.beside:
            raise InputError(f"{experiment}: its collected runs are not here, and the film shows them")
        return read_table(self.beside[experiment], name, columns).select(columns)

    def arm(
        self, model: str, arm: str, pool: str, metric: str, table: str = "arms", **where: object
    ) -> Number:
        """An estimate from a table. Raises InputError if this experiment did not measure it."""
        rows = select(self.evidence.table(table), model=model, arm=arm, pool=pool, metric=metric, **where)
        if not rows.height or rows["value"][0] is None:
            raise InputError(f"{table}.parquet: no {metric} of {model} {arm} on {pool}, which the film shows")
        row = rows.row(0, named=True)
        return Number(row["value"], row["low"], row["high"], row["unit"], row["n"], row["seeds"], ())


@dataclass
class Notes:
    """Facts of a scene while they are gathered; the fields are those of `Facts`."""

    numbers: Numbers
    words: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def say(self, key: str, name: str, style: str = "") -> Number:
        """Write a number into `words` under `key`, with its claims into `sources`; return the number."""
        number = self.numbers.number(name)
        self.words[key] = write(number, style, name)
        self.sources[key] = list(number.claims)
        return number

    def measured(self, key: str, number: Number, style: str = "") -> dict[str, Any]:
        """Write an estimate from a table into `words` under `key`; return it as plain data."""
        self.words[key] = write(number, style, key)
        return estimate(number)


Subject = Callable[[Any, Notes], None]  # (sources, notes): writes what a scene shows into the notes


def estimate(number: Number) -> dict[str, Any]:
    """A number as {value, low, high}. Without an interval, low and high are the value."""
    return {
        "value": number.value,
        "low": number.value if number.low is None else number.low,
        "high": number.value if number.high is None else number.high,
    }


def gathered(sheet: Sheet, scene: str, sources: Sources) -> Facts:
    """The facts of one scene. A scene that the evidence cannot supply is `absent`, with the reason.

    Raises InputError for an unknown scene, and if the claims or the study's sources cannot be read.
    """
    written = _written(sheet, scene, sources)
    numbers = (
        sources.numbers
    )  # read outside the `try` below: without claims and sources there is no film at all
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
    """The scenes that are shown."""
    return [scene for scene in scenes if not scene.absent]


def absences(scenes: Sequence[Facts]) -> dict[str, str]:
    """{scene: why it is left out}."""
    return {scene.scene: scene.absent for scene in scenes if scene.absent}


def leave_out(path: Path) -> None:
    """Write an empty file in the place of a picture or a clip.

    The workflow expects a file for every scene, because it plans before it knows which scenes are left out.
    """
    with replacing(path) as partial:
        partial.touch()


def left_out(path: Path) -> bool:
    """Whether a file was written by `leave_out`."""
    return path.is_file() and path.stat().st_size == 0


def _absent(sources: Sources, scene: str, title: str, reason: str) -> Facts:
    return Facts(scene, title, {cut: [] for cut in CUTS}, {}, {}, {}, sources.study, reason)


def _written(sheet: Sheet, scene: str, sources: Sources) -> SceneCues | None:
    written = next((entry for entry in sheet.scenes if entry.scene == scene), None)
    if (written is None and scene != POSTER) or scene not in sources.subjects:
        raise InputError(f"film: no scene {scene!r}")
    return written


def scene_facts(sheet: Sheet, scene: str, sources: Sources) -> Facts:
    """The facts of one scene in every cut. Raises InputError naming what the evidence lacks."""
    written = _written(sheet, scene, sources)
    notes = Notes(sources.numbers)
    sources.subjects[scene](sources, notes)
    for name in sorted({name for cue in written.cues for name in cue.claims} if written else ()):
        if not sources.numbers.rests_on(name):
            raise InputError(f"claims.json: {name}: no value, and a line of the film rests on it")
    if written is None:
        notes.words |= {"title": sheet.title, "hook": sheet.hook.strip()}
        return Facts(scene, sheet.title, {}, notes.words, notes.data, notes.sources, sources.study)
    # `shown` gets this scene alone, so that it does not fail for the lines of another one
    alone = msgspec.structs.replace(sheet, scenes=[written])
    cues = {
        cut: [
            CueFacts(cue.id, cue.text, cue.seconds, list(cue.claims))
            for cue in shown(alone, cut, sources.numbers)
        ]
        for cut in CUTS
    }
    title = sources.numbers.fill(written.title)
    return Facts(scene, title, cues, notes.words, notes.data, notes.sources, sources.study)
