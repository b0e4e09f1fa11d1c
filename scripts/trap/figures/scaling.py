"""Model size: declared differences between arms, by the number of parameters.

The figure is narrow, so that a phone shows it whole.
"""

from __future__ import annotations

import textwrap

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.analysis.scaling import size_text
from trap.figures.doses import spread
from trap.figures.estimates import Evidence, seeds_text
from trap.figures.marks import absent, frame, panels, point
from trap.figures.settings import Difference
from trap.figures.theme import NARROW, SMALL, Theme, markers

TITLE = "Differences between arms against model size"
ALT = (
    "Differences between arms in points against the number of parameters, on a logarithmic axis, with 95 % intervals, one "
    "line per comparison with its name at its end."
)
TABLES = ("scaling", "arms", "by_level")
DODGE = 0.016  # share of the axis between marks of one size, so that they do not hide each other
GAP = 0.085  # share of the axis between the names at the ends of lines
LETTERS = 21  # of a line of such a name
MOST = 5  # lines, if figures.yaml declares none
ROLES = ("easy", "hard", "leak", "gold", "start")  # of contrasts, if figures.yaml declares none
Line = tuple[str, str, str, str]  # name in the table, label, role, marker


def _differences(evidence: Evidence, rows: pl.DataFrame) -> list[Line]:
    there = rows["name"].unique(maintain_order=True).to_list()
    wanted = evidence.settings.scaling.contrasts or [
        Difference(name=name, role=ROLES[i]) for i, name in enumerate(there[:MOST])
    ]
    signs = markers([one.role or "base" for one in wanted])
    return [
        (one.name, one.label or one.name.replace("_", " "), one.role or "base", sign)
        for one, sign in zip(wanted, signs, strict=True)
        if one.name in there
    ]


def draw(evidence: Evidence, theme: Theme) -> Figure:
    rows, declared = evidence.table("scaling"), evidence.settings.scaling
    found = rows.filter(pl.col("kind") == "contrast")
    lines = _differences(evidence, found)
    found = found.filter(pl.col("name").is_in([line[0] for line in lines]))
    sizes = sorted(set(rows["parameters"].drop_nulls()))
    caption = (
        f"{declared.note} Bars: 95 % intervals over {seeds_text(list(found['seeds']))} and the questions; one base "
        "checkpoint a size. Marks are set apart sideways."
    ).strip()
    trend = rows.filter((pl.col("kind") == "slope") & (pl.col("name") == declared.trend)).to_dicts()
    if trend:
        low, high, value = (100 * trend[0][key] for key in ("low", "high", "value"))
        caption += (
            f" For ten times as many parameters {declared.trend_words or f'the difference {declared.trend}'} changes "
            f"by {value:+.1f} points ({low:+.1f} to {high:+.1f})."
        )
    figure, bottom, top = frame(theme, evidence.text(declared.title), caption, 3.4, NARROW)
    (axes,) = panels(figure, (bottom, top), 1, left=0.09, right=0.68)
    axes.set_title("Differences in points", pad=8)
    ends = [*found["low"], *found["high"]]
    axes.set_ylim(min([*ends, -0.05]) - 0.03, max([*ends, 0.05]) + 0.03)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if abs(value) > 1e-9 else "0")
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
    axes.axhline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("parameters")
    if found.is_empty():
        axes.set_xticks([])
        absent(axes, theme)
        return figure
    axes.set_xscale("log")
    axes.set_xlim(sizes[0] / 1.35, sizes[-1] * 1.35)
    axes.set_xticks(sizes, [size_text(size) for size in sizes])
    axes.set_xticks([], minor=True)
    for place, (name, _, role, sign) in enumerate(lines):
        shift = (sizes[-1] / sizes[0] * 1.35**2) ** (DODGE * (place - (len(lines) - 1) / 2))
        _line(axes, theme, found.filter(pl.col("name") == name), theme.color(role), sign, shift)
    _names(axes, theme, found, lines)
    return figure


def _names(axes: Axes, theme: Theme, found: pl.DataFrame, lines: list[Line]) -> None:
    """Write the name of each line at its end, in its colour."""
    low, high = axes.get_ylim()
    last = [found.filter(pl.col("name") == name).sort("parameters")["value"][-1] for name, *_ in lines]
    places = spread([(value - low) / (high - low) for value in last], GAP, 0.03, 0.97)
    for y, (_, label, role, _) in zip(places, lines, strict=True):
        axes.text(
            1.03, y, "\n".join(textwrap.wrap(label, LETTERS)), transform=axes.transAxes, color=theme.color(role),
            fontsize=SMALL, va="center", linespacing=1.05,
        )  # fmt: skip


def _line(axes: Axes, theme: Theme, part: pl.DataFrame, color: str, marker: str, shift: float) -> None:
    part = part.sort("parameters")
    places = [size * shift for size in part["parameters"]]
    axes.plot(places, part["value"].to_list(), color=color, linewidth=1, alpha=0.6, zorder=2)
    for place, row in zip(places, part.to_dicts(), strict=True):
        point(
            axes, place, row["value"], row["low"], row["high"], color, theme.paper, vertical=True, marker=marker, size=4.5,
            gid=f"{row['kind']}:{row['name']}:{row['model']}",
        )  # fmt: skip
