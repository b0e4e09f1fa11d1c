"""What dose-response figures share: one panel per model, series of estimates with direct labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, model_title, models_of, one, sizes
from trap.figures.marks import absent, estimate_point, frame, panels, reference, share_axis
from trap.figures.theme import NORMAL, SMALL, Theme

PANEL_INCHES = 3.1


@dataclass(frozen=True)
class Series:
    """One measured quantity along the dose: which rows, how it looks, what it is called."""

    pool: str
    metric: str
    label: str
    role: str
    marker: str = "o"
    hollow: Callable[[float], bool] = lambda x: False
    shift: float = 0.0  # of x, so that intervals of two series stay apart


def spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """The same places at least `gap` apart and inside [low, high], moved as little as a sweep allows."""
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


def _panel(
    axes: Axes, evidence: Evidence, theme: Theme, model: str, family: str, series: tuple[Series, ...]
) -> list[Estimate]:
    table = evidence.table("doses")
    drawn: list[Estimate] = []
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
                hollow=one_series.hollow(row["x"]), gid=f"{model}:{row['arm']}:{one_series.pool}:{one_series.metric}",
            )  # fmt: skip
            drawn.append(estimate)
        ends.append((found[-1][1].value, one_series))
    for y, (_, one_series) in zip(spread([y for y, _ in ends], 0.07, 0.03, 0.99), ends, strict=True):
        axes.text(
            1.05, y, one_series.label, color=theme.color(one_series.role), fontsize=SMALL, va="center",
            linespacing=1.05,
        )  # fmt: skip
    return drawn


def draw_dose(
    evidence: Evidence,
    theme: Theme,
    *,
    family: str,
    series: tuple[Series, ...],
    title: str,
    axis: str,
    ends: tuple[str, str],
    note: str,
) -> Figure:
    """A dose from 0 to 1 along x, shares along y; horizontal lines at chance and at SFT before it."""
    table = evidence.table("doses")
    present = [m for m in models_of(table) if estimates(table, model=m, family=family)]
    models = present[:2]
    everything = [
        e for m in models for s in series
        for _, e in estimates(table, model=m, family=family, pool=s.pool, metric=s.metric)
    ]  # fmt: skip
    steps = sorted({row["x"] for m in models for row, _ in estimates(table, model=m, family=family)})
    few = f" Only {len(steps)} of the doses were run at this size." if 0 < len(steps) < 5 else ""
    caption = f"{note} {sizes(everything, 'questions')}; bars: 95 % intervals over seeds and questions.{few}"
    figure, bottom, top = frame(theme, title, caption, PANEL_INCHES)
    boxes = panels(
        figure, (bottom, top), max(len(models), 1), left=0.075, right=0.865, gap=0.155, below_inches=0.66
    )
    for index, axes in enumerate(boxes):
        share_axis(axes, theme)
        axes.set_xlim(-0.06, 1.03)
        marks = [0.0, 0.25, 0.5, 0.75, 1.0]
        axes.set_xticks(
            marks,
            [f"{100 * x:.0f}\u00a0%" + f"\n{dict(zip((0, 1), ends, strict=True)).get(x, '')}" for x in marks],
        )
        axes.tick_params(axis="x", pad=7)  # clear of marks at zero
        axes.set_xlabel(axis, labelpad=1)
        if not models:
            absent(axes, theme)
            continue
        axes.set_title(model_title(models[index]), fontsize=NORMAL, pad=9)
        _panel(axes, evidence, theme, models[index], family, series)
        chance = one(evidence.table("arms"), arm="baseline:chance", pool="eval_hard", metric="accuracy")
        if chance:
            reference(axes, theme, chance.value, "chance", x=0.4, ha="center", below=True)
    return figure
