"""The ledger of a finished film: what it was made of, to tell whether it is still up to date.

The ledger lies beside the film. For every scene it holds a hash of the facts and a hash of the frames. A film is stale
if its scenes would have other facts today. A contact sheet carries the hash of the facts inside the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from PIL import Image

from trap.files import InputError, read_json
from trap.film.cues import Sheet, scenes_of
from trap.film.facts import Facts, Sources, absences, digest, gathered, left_out, present
from trap.film.subtitles import timeline
from trap.workflow.closure import combined_hash, sha256_bytes, sha256_file

if TYPE_CHECKING:  # media imports PyAV, which is not needed to verify films
    from trap.film.media import Glance, Picture

MARK = "facts"  # key of the PNG text in a contact sheet


class SceneEntry(Struct, forbid_unknown_fields=True):
    """A scene: start and end in seconds, a hash of its facts, and a hash of the frames that were looked at."""

    scene: str
    start: float
    end: float
    facts: str
    pictures: str


class Ledger(Struct, forbid_unknown_fields=True):
    """A film and its scenes. facts: one hash for all scenes. absent: {scene: why it is left out}."""

    film: str
    sha256: str
    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    facts: str
    scenes: list[SceneEntry]
    absent: dict[str, str] = {}


def together(scenes: dict[str, str]) -> str:
    """One hash from {scene: hash of its facts}."""
    return combined_hash(scenes)


def ledger(film: Path, picture: Picture, seen: Sequence[Glance], facts: Sequence[Facts], cut: str) -> Ledger:
    """The ledger of a finished film. seen: its frames, from `media.glances`."""
    captions = timeline(facts, cut)
    scenes = []
    for scene in present(facts):
        own = [caption for caption in captions if caption.scene == scene.scene]
        start, end = own[0].start, own[-1].end
        pictures = "".join(glance.sha256 for glance in seen if start <= glance.seconds < end)
        scenes.append(
            SceneEntry(scene.scene, start, end, digest(scene, places=False), sha256_bytes(pictures.encode()))
        )
    return Ledger(
        film.name, sha256_file(film), picture.width, picture.height, float(picture.fps), picture.frames,
        picture.seconds, together({entry.scene: entry.facts for entry in scenes}), scenes,
        absences(facts),
    )  # fmt: skip


def scenes_today(sheet: Sheet, cut: str, sources: Sources) -> list[Facts]:
    """The facts that every scene of a cut would have today."""
    return [gathered(sheet, scene, sources) for scene in scenes_of(sheet, cut)]


def current(scenes: Sequence[Facts]) -> dict[str, str]:
    """{scene: hash of its facts}, without scenes that are left out."""
    return {scene.scene: digest(scene, places=False) for scene in present(scenes)}


def stale_film(path: Path, today: dict[str, str]) -> list[str]:
    """Why the film of a ledger is stale, one line per reason. path: the ledger. today: from `current`.

    A missing film is not stale.
    """
    made = read_json(path, Ledger)
    film = path.with_name(made.film)
    before = {entry.scene: entry.facts for entry in made.scenes}
    found = []
    if film.is_file() and sha256_file(film) != made.sha256:
        found.append(f"{film}: not the file that {path.name} describes")
    changed = [scene for scene in today if before.get(scene) != today[scene]]
    changed += [scene for scene in before if scene not in today]
    if changed:
        found.append(f"{film}: older than its claims, tables or lines: {', '.join(changed)} (make film)")
    return found


def sheet_mark(path: Path) -> str:
    """The hash in a contact sheet, "" if it has none. Raises InputError if the file is no picture."""
    try:
        with Image.open(path) as picture:
            text: dict[str, Any] = getattr(picture, "text", {})
            return str(text.get(MARK, ""))
    except OSError as error:
        raise InputError(f"{path}: not a picture: {error}") from None


def stale_sheet(path: Path, today: dict[str, str]) -> list[str]:
    """Why a contact sheet is stale, in one line; empty if it is not."""
    if left_out(path) and not today:
        return []
    if sheet_mark(path) == together(today):
        return []
    return [f"{path}: of a film older than its claims, tables or lines (make film)"]
