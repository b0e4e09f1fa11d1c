"""The stage: a Manim scene that plays cues in exactly their frames and can check its own pictures.

A scene is a class with one method `cue_ID` per cue. The stage shows the caption, calls the method, and waits for the
rest of the cue's seconds. A method that takes longer is an error.
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

# Settings of x264 for small files of flat pictures. The number of threads is fixed, because it changes the bytes.
ENCODER = {"crf": "20", "preset": "veryfast", "threads": "2"}
VISIBLE = 0.25  # opacity from which a text is checked; fainter texts are fading in or out
LEADING = 1.3  # ems between the baselines of a block


class Line(m.VMobject):
    """A line of text as one shape. For the audit, `said` is its text and `px` its size in pixels at full size."""

    def __init__(self, text: str, px: float, color: str = INK, bold: bool = False) -> None:
        super().__init__(stroke_width=0, fill_color=color, fill_opacity=1)
        self.set_points(outlines(text, bold) * (px / UNIT))
        self.said, self.px, self.said_height = text, px, self.height


def line(text: str, px: float, color: str = INK, bold: bool = False) -> Line:
    """A line of text with an em of `px` pixels at full size."""
    return Line(text, px, color, bold)


def block(
    lines: list[str],
    px: float,
    color: str = INK,
    bold: bool = False,
    align: str = "left",
    leading: float = LEADING,
) -> m.VGroup:
    """Lines below each other. align: left, middle or right. leading: ems between baselines."""
    edge = {"left": m.LEFT, "middle": m.ORIGIN, "right": m.RIGHT}[align]
    group = m.VGroup()
    for number, text in enumerate(lines):
        words = line(text, px, color, bold)
        words.move_to(point(0, -number * px * leading / UNIT), aligned_edge=edge)
        group.add(words)
    return group


def box_of(thing: m.Mobject) -> Box:
    """The bounding box of an object on stage."""
    low, high = thing.get_corner(m.DL), thing.get_corner(m.UR)
    return Box(low[0], low[1], high[0], high[1])


class Stage(m.Scene):
    """A scene of the film. Subclasses define `cue_ID(seconds)` for each cue, and `prepare`.

    findings, texts_seen: faults and texts on screen, if `audited`. album: {cue: picture at its end}, if it is set to a
    dict before the scene runs. watch: called with (frames drawn, frames in all) after each cue.
    """

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
        self.watch: Callable[[int, int], None] | None = None
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
        """Put things on stage before the first cue."""

    def _show_caption(self, text: str) -> None:
        if self.caption is not None:
            self.remove(self.caption)
        caption = block(text.split("\n"), self.size("caption"), align="middle")
        caption.move_to((*self.shape.caption.middle, 0))
        if self.shape.tall:
            caption.move_to((*self.shape.caption.middle, 0)).align_to((0, self.shape.caption.top, 0), m.UP)
        # Manim redraws everything in front of a moving object, so the caption goes to the back
        self.caption = caption
        self.bring_to_back(caption)

    def size(self, name: str) -> int:
        """The size in pixels of a step of the type scale, such as `title`."""
        return self.shape.sizes[name]

    # -- time -----------------------------------------------------------------------------------

    def _exact(self, seconds: float) -> float:
        """A running time for which Manim draws exactly the number of frames nearest to `seconds`."""
        frames = max(1, round(seconds * self.quality.fps))
        self.frames += frames
        return (frames - 0.5) / self.quality.fps

    def animate(self, *animations: Any, seconds: float = 0.8, **kwargs: Any) -> None:
        """Play animations together for `seconds`, rounded to whole frames."""
        self.play(*animations, run_time=self._exact(seconds), **kwargs)
        self._audit()

    def sweep(self, *arriving: m.Mobject, seconds: float = 0.4) -> None:
        """Fade out everything but the heading and the caption, and fade in what arrives at the same time.

        So the stage is never empty between two pictures.
        """
        leaving = [thing for thing in self.mobjects if thing not in (self.heading, self.caption)]
        changes = [*map(m.FadeOut, leaving), *map(m.FadeIn, arriving)]
        if changes:
            self.animate(*changes, seconds=seconds)

    def hold(self, seconds: float) -> None:
        """Stand still for `seconds`, rounded to whole frames."""
        self._audit()
        # of seconds times rate, Manim writes the whole part for a frozen wait, and one frame more for an animation
        self.wait(self._exact(seconds) + 0.75 / self.quality.fps, frozen_frame=True)

    def _photograph(self, name: str) -> None:
        """Add the current picture to the album, if there is one."""
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
    """Configure Manim for one cut and quality. The user's own configuration has no effect.

    folder: for Manim's files. dry: run the scene without writing a film.
    """
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
    """(3,) float64: a point of the frame, as Manim needs it."""
    return np.array([x, y, 0.0])
