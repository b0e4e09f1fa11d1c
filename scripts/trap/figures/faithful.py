"""Faithful accuracy against accuracy. Faithful answers are right, and their stated reasons were checked and hold.

The figure is narrow, so that a phone shows it whole.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, missing_note, one, sizes
from trap.figures.marks import absent, frame, legend_row, look, panels, point, share_axis
from trap.figures.settings import Point
from trap.figures.theme import NARROW, SMALL, Theme, markers

TITLE = "Accuracy against faithful accuracy"
ALT = (
    "Scatter of faithful accuracy against accuracy on {questions}, one mark per training arm with both "
    "95 % intervals, one panel per model; on the diagonal the reasons of every right answer would hold."
)
TABLES = ("arms", "by_level")
MOST = 10  # points, if figures.yaml declares none


def _derived(evidence: Evidence) -> list[Point]:
    points = []
    for arm in evidence.run_arms(evidence.table("arms")):
        twice = evidence.contaminated(arm) and bool(evidence.leaked)
        points.append(Point(arm=arm, adds=", fresh" if twice else ""))
        if twice:
            points.append(Point(arm=arm, pool=evidence.leaked, adds=", the same"))
    return points[:MOST]


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table, declared = evidence.table("arms"), evidence.settings.faithful
    models = evidence.models(table) if evidence.reasons else []
    points = declared.points or _derived(evidence)
    signs = markers([evidence.role(p.arm) for p in points])

    def pair(model: str, at: Point) -> tuple[Estimate, Estimate] | None:
        accuracy, faithful = (
            one(table, model=model, arm=at.arm, pool=at.pool or evidence.pool, metric=metric)
            for metric in ("accuracy", "faithful")
        )
        return (accuracy, faithful) if accuracy and faithful else None

    pairs = {(m, i): found for m in models for i, at in enumerate(points) if (found := pair(m, at))}
    shown = [i for i in range(len(points)) if any((m, i) in pairs for m in models)]
    fresh = [i for i, at in enumerate(points) if at.pool in ("", evidence.pool)]
    missing = [evidence.label(points[i].arm) for i in fresh if i not in shown] if evidence.reasons else []
    everything = [e for (_, i), found in pairs.items() if i in fresh for e in found]
    caption = (
        f"Greedy answers to {sizes(everything, 'fresh questions')}; crosses: 95 % intervals on both axes. Faithful: "
        f"{declared.meaning}."
    )
    if not evidence.reasons:
        caption = "This study checks no reasons, so that no answer can be called faithful."
    if any(evidence.contaminated(points[i].arm) for i in shown):
        caption += " Hollow: trained on evaluation questions, asked fresh ones or the same ones."
    height = 0.2 * (len(shown) + 1) + 3.6 * max(len(models), 1)
    figure, bottom, top = frame(
        theme, evidence.text(declared.title), caption + missing_note(missing), height, NARROW
    )
    entries = [
        (
            evidence.label(points[i].arm) + points[i].adds,
            look(theme, evidence.role(points[i].arm), signs[i], evidence.contaminated(points[i].arm)),
        )
        for i in shown
    ]
    top = legend_row(figure, theme, entries, top)
    boxes = panels(figure, (bottom, top), max(len(models), 1), left=0.14)
    for index, axes in enumerate(boxes):
        share_axis(axes, theme, "x")
        share_axis(axes, theme, "y")
        axes.tick_params(axis="x", pad=7)
        axes.set_xlabel("accurate")
        axes.set_ylabel("faithful")
        if not models:
            absent(axes, theme, *([] if evidence.reasons else ["this study checks no reasons"]))
            continue
        axes.set_title(evidence.panel_title(models[index]), pad=8)
        axes.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.text(0.04, 0.965, f"dashed: {declared.diagonal}", fontsize=SMALL, color=theme.muted, va="top")
        for i in shown:
            if found := pairs.get((models[index], i)):
                _cross(axes, theme, evidence, points[i], signs[i], found, models[index])
    return figure


def _cross(
    axes: Axes, theme: Theme, evidence: Evidence, at: Point, marker: str, pair: tuple[Estimate, Estimate], model: str
) -> None:  # fmt: skip
    accuracy, faithful = pair
    color = theme.color(evidence.role(at.arm))
    axes.plot(
        [accuracy.value] * 2,
        [faithful.low, faithful.high],
        color=color,
        linewidth=1.6,
        zorder=3,
        clip_on=False,
    )
    point(
        axes, accuracy.value, faithful.value, accuracy.low, accuracy.high, color, theme.paper,
        gid=f"{model}:{at.arm}:{at.pool or evidence.pool}", hollow=evidence.contaminated(at.arm), marker=marker, size=5,
    )  # fmt: skip
