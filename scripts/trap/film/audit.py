"""Rules for text on screen: inside the safe area, large enough, short enough, not covered, not on other text.

The rules work on plain records of the screen, so that they can be tested without Manim.
"""

from __future__ import annotations

from dataclasses import dataclass

from trap.film.cues import WORDS
from trap.film.look import SMALLEST, Box

TOUCH = 0.004  # area in units² that two boxes may share, because descenders may touch ascenders


@dataclass(frozen=True)
class Item:
    """A line of text on screen, with its box, its size in pixels at full size and its opacity."""

    text: str
    box: Box
    px: float
    opacity: float


@dataclass(frozen=True)
class Plate:
    """A filled shape on screen. `above` is the number of texts drawn before it, which it could cover."""

    box: Box
    opacity: float
    above: int


def problems(items: list[Item], plates: list[Plate], safe: Box) -> list[str]:
    """One line per fault of a moment on screen. items, plates: in drawing order. safe: the area for texts."""
    found = []
    for item in items:
        if not safe.holds(item.box, slack=0.01):
            found.append(f"outside the safe area: {item.text!r}")
        if item.px < SMALLEST - 0.5:
            found.append(f"{item.px:.0f} px, smaller than {SMALLEST}: {item.text!r}")
        if len(item.text.split()) > WORDS:
            found.append(f"more than {WORDS} words on a line: {item.text!r}")
    for index, first in enumerate(items):
        for second in items[index + 1 :]:
            if first.box.overlap(second.box) > TOUCH:
                found.append(f"on top of each other: {first.text!r} and {second.text!r}")
    for plate in plates:
        for item in items[: plate.above]:
            area = max(item.box.width * item.box.height, 1e-9)
            if plate.opacity > 0.3 and item.box.overlap(plate.box) > 0.1 * area:
                found.append(f"covered by a shape: {item.text!r}")
    return found
