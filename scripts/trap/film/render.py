"""Render a scene's facts to a clip, or rehearse the scene to check its pictures."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cairo

from trap.files import InputError, replacing, write_text
from trap.film.facts import Facts, digest
from trap.film.lettering import FILES, FOLDER
from trap.film.look import Format, Quality
from trap.film.stage import Stage, manim_settings
from trap.workflow.closure import closure, code_hashes, combined_hash, sha256_file
from trap.workflow.registry import load_member


def scene_class(study: str, name: str) -> type[Stage]:
    """The class that draws a scene. study: the folder of the study's code. Raises InputError for an unknown scene."""
    if not (study.isidentifier() and name.isidentifier()):
        raise InputError(f"film: no scene {name!r} of study {study!r}")
    wanted = f"film.scenes.{name}"
    try:
        return load_member("study", study, wanted).Scene
    except ModuleNotFoundError:
        raise InputError(f"film: no scene {name!r}: no studies/{study}/film/scenes/{name}.py") from None


Watch = Callable[[int, int], None]  # called with (frames drawn, frames in all) after each cue


def render_clip(
    facts: Facts, shape: Format, quality: Quality, output: Path, watch: Watch | None = None
) -> None:
    """Render a scene to `output` (.mp4), which appears only when it is complete. Equal facts give equal frames.

    Raises InputError if Manim writes no clip, or if a cue needs more time than it has.
    """
    logging.getLogger("libav").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="trap-film-") as folder, manim_settings(shape, quality, folder):
        scene = scene_class(facts.study, facts.scene)(facts, shape, quality)
        scene.watch = watch
        scene.render()
        made = Path(scene.renderer.file_writer.movie_file_path)
        if not made.is_file():
            raise InputError(f"film: {facts.scene}: Manim wrote no clip")
        with replacing(output) as partial:
            shutil.copyfile(made, partial)


def kept_clip(
    facts: Facts,
    shape: Format,
    quality: Quality,
    output: Path,
    folder: Path | None = None,
    watch: Watch | None = None,
) -> bool:
    """Render a scene to `output`, or copy the clip kept in `folder` if it is still right. True if it was copied.

    Snakemake deletes an output before it makes it again, and reruns jobs whose inputs were rewritten with the same
    content. So clips are kept in a folder of their own, each with a hash of all that it depends on.
    """
    if folder is None:
        render_clip(facts, shape, quality, output, watch)
        return False
    clip = folder / f"{quality.name}_{shape.name}_{facts.scene}.mp4"
    note, wanted = clip.with_suffix(".txt"), _depends_on(facts, shape, quality)
    known = clip.is_file() and note.is_file() and note.read_text(encoding="utf-8").strip() == wanted
    if not known:
        note.unlink(missing_ok=True)  # first: after a kill, no note may speak of a clip that came after it
        render_clip(facts, shape, quality, clip, watch)
        write_text(note, f"{wanted}\n")
    with replacing(output) as partial:
        shutil.copyfile(clip, partial)
    return known


def _depends_on(facts: Facts, shape: Format, quality: Quality) -> str:
    """A hash of the facts, the code that draws them, the fonts, the quality and the drawing libraries."""
    code = code_hashes(closure("render_scene.py", f"studies.{facts.study}.film.scenes.{facts.scene}"))
    fonts = {name: sha256_file(FOLDER / name) for name in FILES.values()}
    versions = {name: version(name) for name in ("manim", "av", "pycairo", "matplotlib", "numpy")}
    versions["cairo"] = cairo.cairo_version_string()
    made = {"facts": digest(facts), "shape": repr(shape), "quality": repr(quality)}
    return combined_hash({**code, **fonts, **versions, **made})


def rehearse(facts: Facts, shape: Format, quality: Quality, photographed: bool = False) -> Stage:
    """Run a scene without writing a film. `findings` of the result holds the faults, `texts_seen` the texts on screen.

    photographed: `album` of the result then holds the picture at the end of every cue, (height, width, 3) uint8.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trap-film-") as folder,
        manim_settings(shape, quality, folder, dry=True),
    ):
        scene = scene_class(facts.study, facts.scene)(facts, shape, quality, audited=True)
        scene.album = {} if photographed else None
        scene.render()
    return scene
