"""Model size: the accuracy of arms, and declared differences between arms, by the number of parameters."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.analysis.scaling import size_text
from trap.figures.estimates import Evidence, seeds_text
from trap.figures.marks import absent, frame, legend_row, look, panels, point, share_axis
from trap.figures.settings import Difference
from trap.figures.theme import SMALL, Theme, markers

TITLE = "The same arms against model size"
ALT = (
    "Two panels against the number of parameters, on a logarithmic axis: accuracy on {questions} of each training "
    "arm, and differences between arms in points, both with 95 % intervals, one line per arm or comparison."
)
TABLES = ("scaling", "arms", "by_level")
DODGE = 0.016  # share of the axis between marks of one size, so that they do not hide each other
MOST = 5  # lines of a panel, if figures.yaml declares none
ROLES = ("easy", "hard", "leak", "gold", "start")  # of contrasts, if figures.yaml declares none
Line = tuple[str, str, str, str, bool]  # name in the table, label, role, marker, whether hollow


def _arms(evidence: Evidence, rows: pl.DataFrame) -> list[Line]:
    there = set(rows["name"])
    wanted = evidence.settings.scaling.arms or [arm for arm in evidence.arms if arm in there][:MOST]
    signs = markers([evidence.role(arm) for arm in wanted])
    return [
        (arm, evidence.label(arm), evidence.role(arm), sign, evidence.contaminated(arm))
        for arm, sign in zip(wanted, signs, strict=True)
        if arm in there
    ]


def _differences(evidence: Evidence, rows: pl.DataFrame) -> list[Line]:
    there = rows["name"].unique(maintain_order=True).to_list()
    wanted = evidence.settings.scaling.contrasts or [
        Difference(name=name, role=ROLES[i]) for i, name in enumerate(there[:MOST])
    ]
    signs = markers([one.role or "base" for one in wanted])
    return [
        (one.name, one.label or one.name.replace("_", " "), one.role or "base", sign, False)
        for one, sign in zip(wanted, signs, strict=True)
        if one.name in there
    ]


def draw(evidence: Evidence, theme: Theme) -> Figure:
    rows, declared = evidence.table("scaling"), evidence.settings.scaling
    hard = (pl.col("pool") == evidence.pool) & (pl.col("metric") == "accuracy") & (pl.col("kind") == "arm")
    arms, differences = rows.filter(hard), rows.filter(pl.col("kind") == "contrast")
    first, second = _arms(evidence, arms), _differences(evidence, differences)
    arms = arms.filter(pl.col("name").is_in([line[0] for line in first]))
    differences = differences.filter(pl.col("name").is_in([line[0] for line in second]))
    shown = pl.concat([arms, differences])
    sizes = sorted(set(rows["parameters"].drop_nulls()))
    caption = (
        f"Bars: 95 % intervals over {seeds_text(list(shown['seeds']))} and the questions; one base checkpoint a size. Left: fresh {evidence.questions}"
        f"{'; hollow: trained on evaluation questions' if any(line[4] for line in first) else ''}. Marks are set apart sideways."
    )
    trend = rows.filter((pl.col("kind") == "slope") & (pl.col("name") == declared.trend)).to_dicts()
    if trend:
        low, high, value = (100 * trend[0][key] for key in ("low", "high", "value"))
        caption += (
            f" For ten times as many parameters {declared.trend_words or f'the difference {declared.trend}'} changes "
            f"by {value:+.1f} points ({low:+.1f} to {high:+.1f})."
        )
    figure, bottom, top = frame(theme, evidence.text(declared.title), caption, 3.9)
    for lines in (first, second):
        entries = [(label, look(theme, role, sign, hollow)) for _, label, role, sign, hollow in lines]
        top = legend_row(figure, theme, entries, top)
    left, right = panels(figure, (bottom, top), 2, left=0.07, gap=0.095)
    share_axis(left, theme)
    left.set_title(f"Accuracy on {evidence.questions}", pad=8)
    right.set_title("Differences in points", pad=8)
    ends = [*differences["low"], *differences["high"]]
    right.set_ylim(min([*ends, -0.05]) - 0.03, max([*ends, 0.05]) + 0.03)
    right.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if abs(value) > 1e-9 else "0")
    right.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
    right.axhline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    right.grid(axis="y")
    right.spines["left"].set_visible(False)
    for axes, part, lines in ((left, arms, first), (right, differences, second)):
        axes.set_xlabel("parameters")
        if part.is_empty():
            axes.set_xticks([])
            absent(axes, theme)
            continue
        axes.set_xscale("log")
        axes.set_xlim(sizes[0] / 1.35, sizes[-1] * 1.35)
        axes.set_xticks(sizes, [size_text(size) for size in sizes])
        axes.set_xticks([], minor=True)
        for place, (name, _, role, sign, hollow) in enumerate(lines):
            shift = (sizes[-1] / sizes[0] * 1.35**2) ** (DODGE * (place - (len(lines) - 1) / 2))
            _line(axes, theme, part.filter(pl.col("name") == name), theme.color(role), sign, hollow, shift)
    return figure


def _line(
    axes: Axes, theme: Theme, part: pl.DataFrame, color: str, marker: str, hollow: bool, shift: float
) -> None:
    part = part.sort("parameters")
    places = [size * shift for size in part["parameters"]]
    axes.plot(places, part["value"].to_list(), color=color, linewidth=1, alpha=0.6, zorder=2)
    for place, row in zip(places, part.to_dicts(), strict=True):
        point(
            axes, place, row["value"], row["low"], row["high"], color, theme.paper, vertical=True, marker=marker, size=4.5,
            hollow=hollow, gid=f"{row['kind']}:{row['name']}:{row['model']}",
        )  # fmt: skip
