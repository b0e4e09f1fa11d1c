"""Pieces that several scenes draw: the graph, chains of statements, answers, bars, intervals and scales."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import manim as m
import numpy as np

from trap.film.look import FAINT, INK, MUTED, PANEL, PATH, RIGHT, SMALLEST, WRONG, Box
from trap.film.stage import Line, block, line, point

ZOOMED, ZOOM_MOST = (
    0.72,
    60.0,
)  # share of the box that a part of the graph takes; most units per unit of the layout
TICK, CROSS, ARROW = "✓", "✗", "↓"


def segments(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], color: str, width: float, opacity: float = 1.0
) -> m.VMobject:
    """Many straight lines as one object, which is faster to draw. width: in pixels at full size."""
    shape = m.VMobject(stroke_color=color, stroke_width=width, stroke_opacity=opacity)
    for start, end in pairs:
        shape.start_new_path(start)
        shape.add_line_to(end)
    return shape


def discs(points: Iterable[np.ndarray], radius: float, color: str, opacity: float = 1.0) -> m.VMobject:
    """Many filled circles as one object."""
    shape = m.VMobject(stroke_width=0, fill_color=color, fill_opacity=opacity)
    circle = m.Circle(radius=radius).points
    for centre in points:
        shape.append_points(circle + centre)
    return shape


class GraphMap(m.VGroup):
    """The graph in a box.

    around: names of entities; the map then shows the part of the graph around these alone, enlarged. places: {name:
    point of the frame}, of all entities that are shown.
    """

    def __init__(self, data: dict[str, Any], box: Box, around: Iterable[str] = ()) -> None:
        near = set(around)
        given = {name: (x, -y) for name, (x, y) in zip(data["entities"], data["points"], strict=True)}
        shown = [place for name, place in given.items() if name in near or not near]
        xs, ys = [x for x, _ in shown], [y for _, y in shown]
        # the whole graph fills the box; a part of it keeps its shape, with room on every side
        width, height = max(max(xs) - min(xs), 1e-6), max(max(ys) - min(ys), 1e-6)
        unit = (box.width / width, box.height / height)
        if near:
            unit = (ZOOMED * min(*unit, ZOOM_MOST),) * 2
        x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        every = {
            name: point(box.middle[0] + unit[0] * (u - x), box.middle[1] + unit[1] * (v - y))
            for name, (u, v) in given.items()
        }
        inside = box.inset(-0.01)
        self.places = {
            name: at for name, at in every.items() if inside.holds(Box(at[0], at[1], at[0], at[1]))
        }
        names = data["entities"]
        pairs = [(names[a], names[b]) for a, b in data["edges"]]
        both = [(every[a], every[b]) for a, b in pairs if a in self.places and b in self.places]
        scale_ = 1.8 if near else 1.0
        self.lines = segments(both, "#5a6470", 2.0 * scale_, 0.7)
        self.dots = discs(self.places.values(), 0.06 * scale_, "#9aa4af")
        super().__init__(self.lines, self.dots)

    def link(self, start: str, end: str) -> m.Line:
        """A line that lights up an edge."""
        return m.Line(self.places[start], self.places[end], stroke_color=PATH, stroke_width=9)

    def jump(self, start: str, end: str) -> m.VGroup:
        """A step that is no edge: a broken line with a cross in its middle."""
        a, b = self.places[start], self.places[end]
        middle, arm = (a + b) / 2, 0.2
        cross = [(middle + point(-arm, side * arm), middle + point(arm, -side * arm)) for side in (1, -1)]
        return m.VGroup(m.DashedLine(a, b, stroke_color=WRONG, stroke_width=9), segments(cross, WRONG, 11))

    def spot(self, name: str, color: str = PATH) -> m.Dot:
        """A dot that lights up an entity."""
        return m.Dot(self.places[name], radius=0.18, color=color)


class Chain(m.VGroup):
    """A chain of statements from top to bottom. `rows` alternates entities and relations.

    room: the width in frame units. Letters become smaller if an entity is wider, or if `pitch` has no room for them.
    """

    def __init__(
        self,
        clauses: Sequence[dict[str, Any]],
        top_left: tuple[float, float],
        pitch: float,
        px: float,
        small: float,
        room: float = float("inf"),
    ) -> None:
        super().__init__()
        self.rows: list[Line] = []
        texts = [(clauses[0]["src"], True)]
        for clause in clauses:
            texts += [(f"{ARROW} {clause['phrase']}", False), (clause["dst"], True)]
        x, y = top_left
        widest = max(line(text, px, bold=True).width for text, entity in texts if entity)
        px = max(SMALLEST, min(px, px * room / widest, 86.0 * pitch))
        small = max(SMALLEST, min(small, 86.0 * pitch))
        for number, (text, entity) in enumerate(texts):
            row = line(text, px if entity else small, INK if entity else MUTED, bold=entity)
            row.move_to(point(x + (0.0 if entity else 0.25), y - (number + 0.5) * pitch), aligned_edge=m.LEFT)
            self.rows.append(row)
            self.add(row)


class Statements(m.VGroup):
    """The statements of a trace, each on two lines, with room for a mark on the left.

    room: the width in frame units. Letters become smaller if a statement is wider, or if `pitch` has no room for its
    lines.
    """

    def __init__(
        self,
        clauses: Sequence[dict[str, Any]],
        top_left: tuple[float, float],
        pitch: float,
        px: float,
        room: float = float("inf"),
    ) -> None:
        super().__init__()
        widest = max(
            [0.8 + line(c["src"], px, bold=True).width + line(c["phrase"], px).width for c in clauses]
            + [1.1 + line(c["dst"], px, bold=True).width for c in clauses]
        )
        px = max(SMALLEST, min(px, px * room / widest, 35.5 * pitch))
        self.clauses = list(clauses)
        self.entities: list[tuple[str, Line]] = []
        self.lines: list[m.VGroup] = []
        x, y = top_left
        for number, clause in enumerate(clauses):
            middle = y - number * pitch
            src = line(clause["src"], px, INK, bold=True)
            src.move_to(point(x + 0.6, middle - 0.27 * pitch), aligned_edge=m.LEFT)
            phrase = line(clause["phrase"], px, MUTED)
            phrase.next_to(src, m.RIGHT, buff=0.2).set_y(middle - 0.27 * pitch)
            dst = line(clause["dst"], px, INK, bold=True)
            dst.move_to(point(x + 1.1, middle - 0.69 * pitch), aligned_edge=m.LEFT)
            self.entities += [(clause["src"], src), (clause["dst"], dst)]
            self.lines.append(m.VGroup(src, phrase, dst))
            self.add(self.lines[-1])
        self.left, self.top, self.pitch, self.px = x, y, pitch, px

    def mark(self, number: int) -> Line:
        """The tick or cross on the left of a statement."""
        true = self.clauses[number]["true"]
        sign = line(TICK if true else CROSS, self.px * 1.25, RIGHT if true else WRONG, bold=True)
        return sign.move_to(point(self.left + 0.2, self.top - (number + 0.27) * self.pitch))


class Answer(m.VGroup):
    """An answer: a heading, the statements of the trace with their marks, and the letter.

    steps: these parts, for scenes that show them one by one. rows: the number of statements to leave room for, so that
    two answers beside each other align. widest: the largest distance between statements, in frame units.
    """

    def __init__(
        self,
        trace: dict[str, Any],
        heading: str,
        color: str,
        box: Box,
        rows: int,
        px: int,
        head: int,
        widest: float = 1.15,
    ) -> None:
        name = line(heading, head, color, bold=True)
        name.move_to(point(box.left, box.top - 0.25), aligned_edge=m.LEFT)
        pitch = min(widest, (box.height - 1.4) / max(rows, 1))
        top = box.top - 0.65
        written = Statements(trace["clauses"], (box.left - 0.1, top), pitch, px, box.width)
        right = trace["correct"]
        said = line(f"ANSWER: {trace['letter']}", head, RIGHT if right else WRONG, bold=True)
        end = top - len(written.lines) * pitch - 0.35
        said.move_to(point(box.left + 0.5, end), aligned_edge=m.LEFT)
        statements = [m.VGroup(one, written.mark(number)) for number, one in enumerate(written.lines)]
        self.steps: list[m.Mobject] = [name, *statements, said]
        super().__init__(*self.steps)


def bar(left: float, base: float, width: float, height: float, color: str) -> m.Rectangle:
    """A filled bar that stands on y = `base`."""
    shape = m.Rectangle(
        width=width, height=max(height, 0.02), stroke_width=0, fill_color=color, fill_opacity=1
    )
    return shape.move_to(point(left, base), aligned_edge=m.DL)


def lying(left: float, middle: float, length: float, height: float, color: str) -> m.Rectangle:
    """A filled horizontal bar that starts at x = `left`."""
    shape = m.Rectangle(
        width=max(length, 0.03), height=height, stroke_width=0, fill_color=color, fill_opacity=1
    )
    return shape.move_to(point(left, middle), aligned_edge=m.LEFT)


def whisker(low: np.ndarray, high: np.ndarray, color: str, cap: float = 0.18, width: float = 5) -> m.VMobject:
    """An interval with caps at both ends."""
    along = high - low
    across = np.array([-along[1], along[0], 0.0])
    across = across / max(np.linalg.norm(across), 1e-9) * cap
    return segments([(low, high), (low - across, low + across), (high - across, high + across)], color, width)


def panel(box: Box, color: str = PANEL, edge: str = FAINT) -> m.RoundedRectangle:
    """A filled box with rounded corners."""
    shape = m.RoundedRectangle(
        width=box.width, height=box.height, corner_radius=0.14, fill_color=color, fill_opacity=1,
        stroke_color=edge, stroke_width=2,
    )  # fmt: skip
    return shape.move_to(point(*box.middle))


def rise(shape: m.Mobject) -> m.Animation:
    """A standing bar grows from its base."""
    return m.GrowFromEdge(shape, m.DOWN)


def run(shape: m.Mobject) -> m.Animation:
    """A horizontal bar grows from its left end."""
    return m.GrowFromEdge(shape, m.LEFT)


def folded(text: str, characters: int) -> list[str]:
    """A text in lines of at most `characters` characters and twelve words."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= characters and len(lines[-1].split()) < 12:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def polyline(points: Sequence[np.ndarray], color: str, width: float = 5) -> m.VMobject:
    """Straight lines from point to point. width: in pixels at full size."""
    shape = m.VMobject(stroke_color=color, stroke_width=width)
    return shape.set_points_as_corners(list(points))


def guessing(start: np.ndarray, end: np.ndarray) -> m.DashedVMobject:
    """The dashed line at the level of blind guessing."""
    return m.DashedLine(start, end, stroke_color=MUTED, stroke_width=3, dash_length=0.12)


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """A linear scale: a function that maps values from [low, high] to coordinates in [start, end]."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def dim(things: m.Mobject, opacity: float = 0.2) -> m.Animation:
    """Things fade to `opacity`."""
    return things.animate.set_opacity(opacity)


__all__ = [
    "ARROW", "CROSS", "TICK", "Answer", "Chain", "GraphMap", "Statements", "bar", "block", "dim", "discs", "folded",
    "guessing", "line", "lying", "panel", "point", "polyline", "rise", "run", "scale", "segments", "whisker",
]  # fmt: skip
