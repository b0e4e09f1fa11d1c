"""A metric by level: accuracy, or another metric that a study declares, such as the length of the reasons.

The figure is narrow, so that a phone shows it whole.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, missing_note, select, sizes
from trap.figures.marks import absent, estimate_point, frame, legend_row, look, panels, share_axis
from trap.figures.theme import NARROW, SMALL, Theme, markers

TITLE = "Results by level"
ALT = (
    "The mean of a measure against the level of the questions, one line per training arm and one panel per model, with "
    "95 % intervals."
)
TABLES = ("arms", "by_level")
DODGE = 0.12  # levels between neighbouring arms, so that equal scores do not hide each other


def _pools(evidence: Evidence) -> list[str]:
    """Fresh pools without those that ask levels which one before them asks: a line has one point a level."""
    found: list[str] = []
    seen: set[int] = set()
    for pool in evidence.fresh:
        levels = set(select(evidence.table("by_level"), pool=pool)["level"].to_list())
        if not levels & seen:
            found.append(pool)
            seen |= levels
    return found


def _arms(evidence: Evidence, table: pl.DataFrame) -> list[str]:
    """The first arm of each role: more than one mark a colour would hide each other."""
    first: dict[str, str] = {}
    for arm in evidence.run_arms(table):
        first.setdefault(evidence.role(arm), arm)
    return list(first.values())


def draw(evidence: Evidence, theme: Theme) -> Figure:
    declared, table = evidence.settings.levels, evidence.table("by_level")
    table = table.filter(pl.col("pool").is_in(_pools(evidence)))
    models = evidence.models(table)
    found = {
        (model, arm): sorted(rows, key=lambda pair: pair[0]["level"])
        for model in models
        for arm in table["arm"].unique().to_list()
        if (rows := estimates(table, model=model, arm=arm, metric=declared.metric))
    }
    measured = {arm for _, arm in found}
    wanted = declared.arms or _arms(evidence, table)
    arms = [arm for arm in wanted if arm in measured]
    signs = dict(zip(wanted, markers([evidence.role(arm) for arm in wanted]), strict=True))
    everything = [e for (_, arm), rows in found.items() if arm in arms for _, e in rows]
    missing = [evidence.label(arm) for arm in wanted if arm not in measured]
    hollow = any(evidence.contaminated(arm) for arm in arms)
    caption = (
        f"{declared.what}, mean over {sizes(everything, declared.each)}; bars: 95 % intervals over seeds and questions, an arrow head: it goes on."
        f"{f' Dashed: {declared.diagonal}.' if declared.diagonal else ''}"
        f"{' Hollow: trained on evaluation questions, here asked fresh ones.' if hollow else ''}"
        f"{'' if declared.arms else ' Of arms of one colour, the first.'} Points are set apart sideways."
    ) + missing_note(missing)
    title = declared.title or f"{declared.what} by {{level_name}}"
    figure, bottom, top = frame(
        theme, evidence.text(title), caption, 0.45 + 2.75 * max(len(models), 1), NARROW
    )
    entries = [
        (evidence.label(arm), look(theme, evidence.role(arm), signs[arm], evidence.contaminated(arm)))
        for arm in arms
    ]
    top = legend_row(figure, theme, entries, top)
    levels = sorted(table["level"].unique().to_list()) or [1]
    share = all(row["unit"] == "share" for rows in found.values() for row, _ in rows)
    left = 0.07 if declared.diagonal else 0.105
    for index, axes in enumerate(panels(figure, (bottom, top), max(len(models), 1), left=left, gap=0.075)):
        axes.set_xlim(-0.5, len(levels) - 1 + 0.6)
        axes.set_xticks(range(len(levels)), [str(level) for level in levels])
        _scale(axes, theme, levels, [e.high for e in everything], share, bool(declared.diagonal))
        axes.set_xlabel(evidence.text(declared.x))
        if declared.y:
            axes.set_ylabel(evidence.text(declared.y))
        if not models or not arms:
            absent(axes, theme)
            continue
        axes.set_title(evidence.panel_title(models[index]), pad=8)
        if declared.diagonal:
            axes.plot(range(len(levels)), levels, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)  # fmt: skip
        for place, arm in enumerate(arms):
            shift = DODGE * (place - (len(arms) - 1) / 2)
            points = [(levels.index(row["level"]), row["level"], e) for row, e in found.get((models[index], arm), [])]  # fmt: skip
            _line(axes, theme, evidence, points, models[index], arm, signs[arm], shift)
    return figure


def _scale(
    axes: Axes, theme: Theme, levels: list[int], highs: list[float], share: bool, diagonal: bool
) -> None:
    """Set the y axis: the levels' own numbers (`diagonal`), percent (`share`), or from 0 to the largest value."""
    if diagonal:
        axes.set_ylim(0, levels[-1] + 1)
        ticks = range(levels[-1] + 2)
        axes.set_yticks(ticks, [str(i) for i in ticks], fontsize=SMALL, color=theme.muted)
    elif share:
        share_axis(axes, theme)
    else:
        axes.set_ylim(0, 1.1 * max([*highs, 1e-9]))
        axes.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
    axes.grid(axis="y")
    axes.spines["left"].set_visible(False)


def _line(
    axes: Axes,
    theme: Theme,
    evidence: Evidence,
    points: list[tuple[int, int, Estimate]],
    model: str,
    arm: str,
    marker: str,
    shift: float,
) -> None:
    color = theme.color(evidence.role(arm))
    axes.plot([x + shift for x, _, _ in points], [e.value for _, _, e in points], color=color, linewidth=1, alpha=0.6, zorder=2)  # fmt: skip
    for x, level, estimate in points:
        estimate_point(
            axes, x + shift, estimate, color, theme.paper, marker=marker, size=3.8,
            hollow=evidence.contaminated(arm), gid=f"{model}:{arm}:{level}",
        )  # fmt: skip
