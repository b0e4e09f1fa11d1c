"""From a scene's facts to a clip, or to a list of what is wrong with its pictures."""

from __future__ import annotations

import importlib
import logging
import shutil
import tempfile
from pathlib import Path

from trap.files import InputError, replacing
from trap.film.facts import Facts
from trap.film.look import Format, Quality
from trap.film.stage import Stage, manim_settings


def scene_class(name: str) -> type[Stage]:
    """The class that draws a scene. Raises InputError for an unknown one."""
    if not name.isidentifier():
        raise InputError(f"film: no scene {name!r}")
    try:
        module = importlib.import_module(f"trap.film.scenes.{name}")
    except ModuleNotFoundError:
        raise InputError(f"film: no scene {name!r}: no trap/film/scenes/{name}.py") from None
    return module.Scene


def render_clip(facts: Facts, shape: Format, quality: Quality, output: Path) -> None:
    """Render into `output` (.mp4), atomically. Equal facts give equal frames."""
    logging.getLogger("libav").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="trap-film-") as folder, manim_settings(shape, quality, folder):
        scene = scene_class(facts.scene)(facts, shape, quality)
        scene.render()
        made = Path(scene.renderer.file_writer.movie_file_path)
        if not made.is_file():
            raise InputError(f"film: {facts.scene}: Manim wrote no clip")
        with replacing(output) as partial:
            shutil.copyfile(made, partial)


def rehearse(facts: Facts, shape: Format, quality: Quality, photographed: bool = False) -> Stage:
    """Run the scene without making a film; its `findings` and `texts_seen` say what was on screen.

    With `photographed`, its `album` holds the picture at the end of every cue, height x width x 3 uint8.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trap-film-") as folder,
        manim_settings(shape, quality, folder, dry=True),
    ):
        scene = scene_class(facts.scene)(facts, shape, quality, audited=True)
        scene.album = {} if photographed else None
        scene.render()
    return scene
