"""What a finished film was made of, and whether that still holds.

A ledger lies beside each film: a hash of what every scene shows and of the frames that came out. A film
whose scenes would show something else today is stale; a contact sheet carries the same hash in itself.
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

if TYPE_CHECKING:  # media needs PyAV, which a clone that only verifies need not have
    from trap.film.media import Glance, Picture

MARK = "facts"  # name of the text in a contact sheet


class SceneEntry(Struct, forbid_unknown_fields=True):
    """One scene: when it starts and ends, hash of its facts, hash of the frames looked at in between."""

    scene: str
    start: float
    end: float
    facts: str
    pictures: str


class Ledger(Struct, forbid_unknown_fields=True):
    """A film and its scenes. `facts` stands for all of them together; `absent` says why a scene is left out."""

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
    """One hash for the facts of all scenes, by scene."""
    return combined_hash(scenes)


def ledger(film: Path, picture: Picture, seen: Sequence[Glance], facts: Sequence[Facts], cut: str) -> Ledger:
    """The ledger of a finished film of these scenes; `seen` are its frames as they were looked at."""
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
    """What every scene of a cut would show today, and why one would be left out."""
    return [gathered(sheet, scene, sources) for scene in scenes_of(sheet, cut)]


def current(scenes: Sequence[Facts]) -> dict[str, str]:
    """Scene -> hash of what it shows, of those that can be told."""
    return {scene.scene: digest(scene, places=False) for scene in present(scenes)}


def stale_film(path: Path, today: dict[str, str]) -> list[str]:
    """Why the film of this ledger is not today's, one line each; none when it is, or is not here."""
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
    """The hash that a contact sheet carries, "" where it has none. Raises InputError for no picture."""
    try:
        with Image.open(path) as picture:
            text: dict[str, Any] = getattr(picture, "text", {})
            return str(text.get(MARK, ""))
    except OSError as error:
        raise InputError(f"{path}: not a picture: {error}") from None


def stale_sheet(path: Path, today: dict[str, str]) -> list[str]:
    """Why a contact sheet is not of today's film."""
    if left_out(path) and not today:
        return []
    if sheet_mark(path) == together(today):
        return []
    return [f"{path}: of a film older than its claims, tables or lines (make film)"]
