"""Shared code of the dose-response figures: one panel per model below the other, one labelled line per quantity.

The figure is narrow, so that a phone shows it whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, sizes
from trap.figures.findings import headline
from trap.figures.marks import absent, estimate_point, frame, panels, reference, share_axis
from trap.figures.references import note as baselines_note
from trap.figures.references import references, words
from trap.figures.settings import Doses
from trap.figures.theme import NARROW, NORMAL, SMALL, Theme

PANEL_INCHES = 2.45
LEFT, RIGHT = 0.105, 0.8  # shares of the width; right of the panels stand the names of their lines
BELOW_INCHES = 0.66
WORD = 0.105  # of the height, for a word beside a line
HALF = 0.14  # of the axis, half of such a word
PLACES = (0.4, 0.7, 0.12)  # along the axis, where the name of a baseline may stand, the first for choice
CLEAR = 0.1  # of the height: farther from everything is no better
GAP = 0.09  # share of the axis, per line of text, between the labels at the ends of lines


@dataclass(frozen=True)
class Series:
    """One quantity along the dose: pool and metric choose the rows, the rest is its look and its label."""

    pool: str
    metric: str
    label: str
    role: str
    marker: str = "o"
    hollow: bool = False  # draw contaminated arms hollow
    shift: float = 0.0  # along x, so that the intervals of two series do not overlap


def spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """The places moved so that they lie at least `gap` apart and inside [low, high], in their old order.

    One sweep up and one down: near the least movement, but not always the least.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    floor = low
    for i in order:
        moved[i] = max(moved[i], floor)
        floor = moved[i] + gap
    roof = high
    for i in reversed(order):
        moved[i] = min(moved[i], roof)
        roof = moved[i] - gap
    return moved


def share_family(evidence: Evidence, contaminated: bool) -> str:
    """The first family whose doses lie in [0, 1] and that has contaminated arms, or has none; "" if there is none."""
    table = evidence.table("doses")
    for family in table["family"].unique(maintain_order=True).to_list():
        rows = table.filter(pl.col("family") == family)
        tainted = any(evidence.contaminated(arm) for arm in rows["arm"].unique().to_list())
        if rows["x"].min() >= 0 and rows["x"].max() <= 1 and tainted == contaminated:
            return str(family)
    return ""


def _panel(
    axes: Axes, evidence: Evidence, theme: Theme, model: str, family: str, series: tuple[Series, ...]
) -> None:
    table = evidence.table("doses")
    ends: list[tuple[float, Series]] = []
    for one_series in series:
        color = theme.color(one_series.role)
        found = estimates(table, model=model, family=family, pool=one_series.pool, metric=one_series.metric)
        found.sort(key=lambda pair: pair[0]["x"])
        if not found:
            continue
        places = [row["x"] + one_series.shift for row, _ in found]
        axes.plot(places, [e.value for _, e in found], color=color, linewidth=1.4, alpha=0.75, zorder=2)
        for place, (row, estimate) in zip(places, found, strict=True):
            estimate_point(
                axes, place, estimate, color, theme.paper, marker=one_series.marker,
                hollow=one_series.hollow and evidence.contaminated(row["arm"]),
                gid=f"{model}:{row['arm']}:{one_series.pool}:{one_series.metric}",
            )  # fmt: skip
        ends.append((found[-1][1].value, one_series))
    gap = GAP * max((one_series.label.count("\n") + 1 for _, one_series in ends), default=1)
    for y, (_, one_series) in zip(spread([y for y, _ in ends], gap, 0.03, 0.99), ends, strict=True):
        axes.text(
            1.05, y, one_series.label, color=theme.color(one_series.role), fontsize=SMALL, va="center",
            linespacing=1.05,
        )  # fmt: skip


def draw_dose(
    evidence: Evidence, theme: Theme, declared: Doses, family: str, series: tuple[Series, ...], title: str, axis: str
) -> Figure:  # fmt: skip
    """A dose from 0 to 1 along x, shares along y, and dashed lines at what needs no model.

    `title` and `axis` are the defaults for texts that `declared` leaves empty.
    """
    table = evidence.table("doses")

    def of(model: str) -> list[Estimate]:
        return [e for s in series for _, e in estimates(table, model=model, family=family, pool=s.pool, metric=s.metric)]  # fmt: skip

    found = [m for m in evidence.models(table, most=len(table)) if of(m)]
    models = [m for m in found if evidence.stands_for(m)] or found
    everything = [e for m in models for e in of(m)]
    rows = [row for m in models for row, _ in estimates(table, model=m, family=family)]
    steps = {row["x"] for row in rows}
    few = (
        f" Only {len(steps)} of the doses were run in this experiment."
        if 0 < len(steps) < declared.doses
        else ""
    )
    note = evidence.text(declared.note)
    counts = f"{sizes(everything, 'questions')}; bars: 95 % intervals over seeds and questions."
    caption = (
        f"{note} {counts}{few}{baselines_note(evidence)}"
        if everything
        else "None of the arms of this dose were run, so nothing is drawn."
    )
    heading, borrowed = headline(declared.findings, evidence.claims, declared.title or title)
    caption += " The heading is the verdict of the committed runs." if borrowed else ""
    figure, bottom, top = frame(
        theme, evidence.text(heading), caption.strip(), PANEL_INCHES * max(len(models), 1), NARROW
    )
    if not models:
        axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
        absent(axes, theme)
        return figure
    named = next((row["x_label"] for row in rows if row.get("x_label")), axis)
    boxes = panels(figure, (bottom, top), len(models), left=LEFT, right=RIGHT, below_inches=BELOW_INCHES)
    for model, axes in zip(models, boxes, strict=True):
        share_axis(axes, theme)
        axes.set_xlim(-0.06, 1.03)
        marks = [0.0, 0.25, 0.5, 0.75, 1.0]
        ends = dict(zip((0, 1), declared.ends, strict=True))
        axes.set_xticks(marks, [f"{100 * x:.0f}\u00a0%" + f"\n{ends.get(x, '')}" for x in marks])
        axes.tick_params(axis="x", pad=7)  # clear of marks at zero
        axes.set_xlabel(evidence.text(declared.axis or named), labelpad=1)
        axes.set_title(evidence.panel_title(model), fontsize=NORMAL, pad=9)
        _panel(axes, evidence, theme, model, family, series)
        taken: list[tuple[float, float, float, float]] = []
        for name, known in references(evidence).items():
            place, below = _spot(axes, known.value, taken)
            taken.append(_box(known.value, place, below))
            reference(axes, theme, known.value, words(name), x=place, ha="center", below=below)
    return figure


def _box(known: float, place: float, below: bool) -> tuple[float, float, float, float]:
    """(left, right, low, high) of a word beside the line at `known`; `place` and the sides are in units of the axes."""
    low = known - WORD if below else known
    return place - HALF, place + HALF, low, low + WORD


def _spot(axes: Axes, known: float, taken: list[tuple[float, float, float, float]]) -> tuple[float, bool]:
    """(place, below) of the name of a baseline: clear of names before it, and farthest from curves and intervals, or least
    inside one."""
    best, most = (PLACES[0], False), -np.inf
    left_edge, right_edge = axes.get_xlim()
    for place in PLACES:
        for below in (False, True):
            left, right, low, high = _box(known, place, below)
            if low < 0 or any(left < b and a < right and low < d and c < high for a, b, c, d in taken):
                continue
            # in data coordinates, as the curves are
            a, b = (left_edge + share * (right_edge - left_edge) for share in (left, right))
            clear = min([CLEAR, *(max(bottom - high, low - top) for bottom, top in _passing(axes, a, b))])
            if clear > most + 1e-9:
                best, most = (place, below), clear
    return best


def _passing(axes: Axes, left: float, right: float) -> list[tuple[float, float]]:
    """(lowest, highest) y of every curve and every interval between two places along x."""
    found = []
    for line in axes.lines:
        x, y = (np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float))
        if len(x) > 1 and x[0] == x[-1] and left <= x[0] <= right:  # an interval
            found.append((float(y.min()), float(y.max())))
        elif len(x) > 1 and x[0] < x[-1] and y.min() < y.max():  # a curve; lines of baselines are level
            here = np.interp(np.linspace(left, right, 9), x, y)
            found.append((float(here.min()), float(here.max())))
    return found
