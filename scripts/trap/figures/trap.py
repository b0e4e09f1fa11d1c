"""The trap: accuracy of every arm on the questions that matter, beside published points, for each model."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, missing_note, one, sizes
from trap.figures.marks import absent, frame, panels, percent, point, share_axis
from trap.figures.settings import Row
from trap.figures.theme import SMALL, Theme

TITLE = "The trap: accuracy of every arm"
ALT = (
    "Dot plot of accuracy with 95 % intervals, one row per training arm, one panel per model, with "
    "published results, where there are any, as open squares. Arms that were trained on evaluation questions are "
    "drawn hollow, once on fresh questions and once on the questions they were trained on."
)
TABLES = ("arms", "by_level")
ROW_INCHES = 0.42
MOST = 16  # rows that are derived; declared ones are all drawn
LETTERS = 25  # of a line of a derived label


def _label(axes: Axes, x: float, y: float, text: str, color: str, right_limit: float = 0.86) -> None:
    left_side = x > right_limit
    axes.annotate(
        text, (x, y), xytext=(-6 if left_side else 6, 0), textcoords="offset points",
        ha="right" if left_side else "left", va="center", fontsize=SMALL, color=color,
    )  # fmt: skip


def _derived(evidence: Evidence) -> list[Row]:
    """A row for every arm; a contaminated one has a second row, on the questions that it was trained on."""
    rows = []
    for arm in evidence.run_arms(evidence.table("arms")):
        short = evidence.label(arm)
        if evidence.contaminated(arm) and evidence.leaked:
            name = textwrap.shorten(short, LETTERS, placeholder="…")
            rows += [
                Row(arm=arm, label=f"{name},\nasked fresh ones"),
                Row(arm=arm, pool=evidence.leaked, label=f"{name},\nasked the same ones"),
            ]
        else:
            rows.append(
                Row(arm=arm, label="\n".join(textwrap.wrap(short, LETTERS, max_lines=2, placeholder=" …")))
            )
    return rows


def _panel(axes: Axes, evidence: Evidence, theme: Theme, model: str, rows: list[Row], first: bool) -> None:
    table = evidence.table("arms")
    for index, row in enumerate(rows):
        pool, contaminated = row.pool or evidence.pool, evidence.contaminated(row.arm)
        known = [(name, evidence.published(name)) for name in row.published] if first else []
        quoted = [(name, estimate) for name, estimate in known if estimate]
        ours = one(table, model=model, arm=row.arm, pool=pool, metric="accuracy")
        if contaminated:
            axes.axhspan(
                index - 0.5, index + 0.5, facecolor="none", edgecolor=theme.faint, hatch="///", zorder=0
            )
        up = 0.17 if quoted else 0.0
        if ours:
            color = theme.color(evidence.role(row.arm))
            point(
                axes, ours.value, index - up, ours.low, ours.high, color, theme.paper,
                gid=f"{model}:{row.arm}:{pool}", hollow=contaminated,
            )  # fmt: skip
            if ours.high > 0.84:
                _label(axes, ours.low, index - up, percent(ours.value), theme.ink, right_limit=-1)
            else:
                _label(axes, ours.high, index - up, percent(ours.value), theme.ink)
        for place, (name, estimate) in enumerate(quoted):
            y = index + 0.17 + 0.2 * place - 0.04 * (len(quoted) - 1)
            point(
                axes, estimate.value, y, estimate.low, estimate.high, theme.muted, theme.paper,
                gid=f"published:{name}", hollow=True, marker="s", size=4, thin=True,
            )  # fmt: skip


def _caption(found: list[Estimate], quoted: list[int], hollow: bool) -> str:
    caption = (
        f"Dots: ours, {sizes(found, 'fresh questions')}, 95 % intervals (bootstrap over seeds and questions)."
    )
    if quoted:
        caption += f" Squares: published, {' and '.join(map(str, quoted))} questions, one run, exact binomial intervals."
    return caption + (" Hollow on hatching: trained on evaluation questions." if hollow else "")


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table, declared = evidence.table("arms"), evidence.settings.trap
    models = evidence.models(table)

    def value(model: str, row: Row) -> Estimate | None:
        return one(table, model=model, arm=row.arm, pool=row.pool or evidence.pool, metric="accuracy")

    asked = declared.rows or _derived(evidence)
    run = [row for row in asked if any(value(model, row) for model in models)]
    rows = [row for row in asked if row in run or any(evidence.published(key) for key in row.published)]
    label = {id(row): row.label or evidence.label(row.arm) for row in asked}
    missing = [label[id(row)].split("  (")[0].split("\n")[0] for row in asked if row not in run]
    if not declared.rows and len(rows) > MOST:
        missing, rows = [], rows[:MOST]
    found = [
        e for model in models for row in asked if row.pool in ("", evidence.pool) and (e := value(model, row))
    ]
    quoted = sorted({e.n for row in asked for name in row.published if (e := evidence.published(name))})
    hollow = any(evidence.contaminated(row.arm) for row in rows)
    caption = _caption(found, quoted, hollow) + missing_note(list(dict.fromkeys(missing)))
    figure, bottom, top = frame(
        theme, evidence.text(declared.title), caption, panel_inches=0.82 + ROW_INCHES * max(len(rows), 1)
    )
    boxes = panels(
        figure, (bottom, top), max(len(models), 1), left=0.292, gap=0.045, below_inches=0.36, above_inches=0.5
    )
    for index, axes in enumerate(boxes):
        share_axis(axes, theme, "x")
        axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), [label[id(row)] for row in rows] if not index else [""] * len(rows))
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", pad=7)
        if not models:
            absent(axes, theme)
            continue
        axes.set_title(evidence.title(models[index]), pad=20)
        _panel(axes, evidence, theme, models[index], rows, first=not index)
        for name in declared.baselines:
            if line := evidence.baseline(name):
                axes.axvline(line.value, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
                axes.text(
                    line.value, 1.012, name.replace("_", " "), transform=axes.get_xaxis_transform(), fontsize=SMALL,
                    color=theme.muted, ha="right" if line.value > 0.9 else "left" if line.value < 0.06 else "center", va="bottom",
                )  # fmt: skip
    return figure
