"""The stage: a Manim scene that runs cues, holds their times to the frame, and can be audited.

A scene is a class with one method per cue id. The stage shows the cue's caption, calls the method,
waits for what is left of the cue's seconds, and refuses a method that takes longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import manim as m
import numpy as np

from trap.files import InputError
from trap.film.audit import Item, Plate, problems
from trap.film.facts import Facts
from trap.film.lettering import outlines
from trap.film.look import INK, MUTED, PAPER, UNIT, Box, Format, Quality

# x264: small files of flat pictures; a fixed number of threads, so that equal frames give equal bytes
ENCODER = {"crf": "20", "preset": "veryfast", "threads": "2"}
VISIBLE = 0.25  # a text fainter than this is on its way in or out, and not held to the rules
LEADING = 1.3  # of a block: distance of base lines, in ems


class Line(m.VMobject):
    """One line of text as one shape. `said` are its words, `px` its size at full size, for the audit."""

    def __init__(self, text: str, px: float, color: str = INK, bold: bool = False) -> None:
        super().__init__(stroke_width=0, fill_color=color, fill_opacity=1)
        self.set_points(outlines(text, bold) * (px / UNIT))
        self.said, self.px, self.said_height = text, px, self.height


def line(text: str, px: float, color: str = INK, bold: bool = False) -> Line:
    """One line of text, `px` pixels to the em at full size."""
    return Line(text, px, color, bold)


def block(
    lines: list[str],
    px: float,
    color: str = INK,
    bold: bool = False,
    align: str = "left",
    leading: float = LEADING,
) -> m.VGroup:
    """Lines below each other, `align` left, middle or right."""
    edge = {"left": m.LEFT, "middle": m.ORIGIN, "right": m.RIGHT}[align]
    group = m.VGroup()
    for number, text in enumerate(lines):
        words = line(text, px, color, bold)
        words.move_to(point(0, -number * px * leading / UNIT), aligned_edge=edge)
        group.add(words)
    return group


def box_of(thing: m.Mobject) -> Box:
    low, high = thing.get_corner(m.DL), thing.get_corner(m.UR)
    return Box(low[0], low[1], high[0], high[1])


class Stage(m.Scene):
    """A scene of the film. Subclasses have a method per cue id, called in the order of the cut."""

    facts: Facts
    shape: Format
    quality: Quality

    def __init__(
        self, facts: Facts, shape: Format, quality: Quality, audited: bool = False, **kwargs: Any
    ) -> None:
        self.facts, self.shape, self.quality, self.audited = facts, shape, quality, audited
        self.album: dict[str, np.ndarray] | None = None
        self.findings: list[str] = []
        self.texts_seen: set[str] = set()
        self.caption: m.VGroup | None = None
        self.frames = 0
        self.watch: Callable[[int, int], None] | None = (
            None  # told (frames drawn, frames in all) after each cue
        )
        super().__init__(random_seed=1, **kwargs)

    # -- cues -----------------------------------------------------------------------------------

    def construct(self) -> None:
        self.camera.background_color = PAPER
        self.heading = block([self.facts.title], self.size("title"), MUTED, bold=True)
        self.heading.move_to((*self.shape.title, 0), aligned_edge=m.LEFT)
        self.add(self.heading)
        self.where = "start"
        self.prepare()
        self._audit()
        self._photograph("start")
        cues = self.facts.cues.get(self.shape.name, [])
        total = sum(round(cue.seconds * self.quality.fps) for cue in cues)
        for cue in cues:
            method = getattr(self, f"cue_{cue.id}", None)
            if method is None:
                raise InputError(f"cues.yaml: {self.facts.scene}.{cue.id}: the scene has no such cue")
            self._show_caption(cue.text)
            end = self.frames + round(cue.seconds * self.quality.fps)
            self.where = cue.id
            method(cue.seconds)
            left = end - self.frames
            if left < 0:
                over = -left / self.quality.fps
                raise InputError(f"cues.yaml: {self.facts.scene}.{cue.id}: needs {over:.1f} s more")
            if left:
                self.hold(left / self.quality.fps)
            self._photograph(cue.id)
            if self.watch is not None:
                self.watch(self.frames, total)

    def prepare(self) -> None:
        """What stands on stage before the first cue."""

    def _show_caption(self, text: str) -> None:
        if self.caption is not None:
            self.remove(self.caption)
        caption = block(text.split("\n"), self.size("caption"), align="middle")
        caption.move_to((*self.shape.caption.middle, 0))
        if self.shape.tall:
            caption.move_to((*self.shape.caption.middle, 0)).align_to((0, self.shape.caption.top, 0), m.UP)
        # last in drawing order, so that what a cue animates does not make the caption be drawn anew
        self.caption = caption
        self.bring_to_back(caption)

    def size(self, name: str) -> int:
        """Pixels of a step of the type scale."""
        return self.shape.sizes[name]

    # -- time -----------------------------------------------------------------------------------

    def _exact(self, seconds: float) -> float:
        """A running time that gives exactly the whole frames nearest to `seconds`."""
        frames = max(1, round(seconds * self.quality.fps))
        self.frames += frames
        return (frames - 0.5) / self.quality.fps

    def animate(self, *animations: Any, seconds: float = 0.8, **kwargs: Any) -> None:
        """Play animations for whole frames."""
        self.play(*animations, run_time=self._exact(seconds), **kwargs)
        self._audit()

    def sweep(self, *arriving: m.Mobject, seconds: float = 0.4) -> None:
        """Clear the stage but for the heading and the caption; what arrives fades in meanwhile.

        So the stage is not empty between two pictures.
        """
        leaving = [thing for thing in self.mobjects if thing not in (self.heading, self.caption)]
        changes = [*map(m.FadeOut, leaving), *map(m.FadeIn, arriving)]
        if changes:
            self.animate(*changes, seconds=seconds)

    def hold(self, seconds: float) -> None:
        """Stand still for whole frames."""
        self._audit()
        # a frozen wait writes the whole part of seconds times rate, an animation one frame more than that
        self.wait(self._exact(seconds) + 0.75 / self.quality.fps, frozen_frame=True)

    def _photograph(self, name: str) -> None:
        """Keep what stands on stage at the end of a cue, where somebody asked for it."""
        if self.album is not None:
            self.camera.reset()
            self.camera.capture_mobjects(self.mobjects)
            self.album[name] = np.array(self.camera.pixel_array[..., :3])

    # -- audit ----------------------------------------------------------------------------------

    def _audit(self) -> None:
        if not self.audited:
            return
        items, plates = self.on_screen()
        self.texts_seen.update(item.text for item in items)
        for fault in problems(items, plates, self.shape.safe):
            finding = f"{self.facts.scene}.{self.where} ({self.shape.name}): {fault}"
            if finding not in self.findings:
                self.findings.append(finding)

    def on_screen(self) -> tuple[list[Item], list[Plate]]:
        """Visible lines of text and filled shapes, in drawing order."""
        items: list[Item] = []
        plates: list[Plate] = []
        for thing in self._drawn(self.mobjects):
            if hasattr(thing, "said"):
                opacity = thing.get_fill_opacity()
                if opacity > VISIBLE and thing.said.strip():
                    scale = thing.height / thing.said_height
                    items.append(Item(thing.said, box_of(thing), thing.px * scale, opacity))
            elif isinstance(thing, m.VMobject) and thing.get_fill_opacity() > 0.05 and len(thing.points):
                plates.append(Plate(box_of(thing), thing.get_fill_opacity(), len(items)))
        return items, plates

    def _drawn(self, things: list[m.Mobject]) -> Iterator[m.Mobject]:
        for thing in things:
            yield thing
            if not hasattr(thing, "said"):
                yield from self._drawn(thing.submobjects)


@contextmanager
def manim_settings(shape: Format, quality: Quality, folder: str, dry: bool = False) -> Iterator[None]:
    """Manim's configuration for one picture; nothing of the user's own configuration gets through."""
    width, height = quality.pixels(shape)
    with m.tempconfig(
        {
            "frame_width": shape.width,
            "frame_height": shape.height,
            "pixel_width": width,
            "pixel_height": height,
            "frame_rate": quality.fps,
            "background_color": PAPER,
            "media_dir": folder,
            "disable_caching": True,
            "progress_bar": "none",
            "verbosity": "ERROR",
            "write_to_movie": not dry,
            "dry_run": dry,
            "preview": False,
            "video_encoder_options": dict(ENCODER),
        }
    ):
        yield


def point(x: float, y: float) -> np.ndarray:
    """A point of the frame as Manim wants it."""
    return np.array([x, y, 0.0])
