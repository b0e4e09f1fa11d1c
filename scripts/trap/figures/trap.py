"""The main figure: accuracy and faithful accuracy of every arm, with one panel per model.

The figure is narrow, so that a phone shows it whole. Each arm's label stands above its bars, on one line across all
panels.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from trap.figures.estimates import Estimate, Evidence, missing_note, one, seeds_text, sizes
from trap.figures.findings import headline
from trap.figures.marks import MARGIN, absent, frame, inward, percent, point, width_of
from trap.figures.references import note, references, words
from trap.figures.settings import Row
from trap.figures.theme import NARROW, NORMAL, SMALL, Theme

TITLE = "The trap: right answers, and right for a reason, of every arm"
ALT = (
    "Bars with 95 % intervals, one row per training arm and one panel per model: the share of right answers, and inside it, "
    "where reasons are checked, the share of answers that are right for reasons that hold. Arms that were trained on "
    "evaluation questions are hatched, once on fresh questions and once on the questions they were trained on."
)
TABLES = ("arms", "by_level")
ROW_INCHES = 0.56  # of a row with at most one published point; y counts such rows
POINT_ROWS = 0.16  # what each further published point adds to a row, so that the next label does not cover it
VALUE_INCHES = 0.5  # room beside the bars for their numbers
GAP_INCHES = 0.12
HEAD_INCHES, FOOT_INCHES = 0.66, 0.24
MOST = 16  # rows, if figures.yaml declares none; declared rows are all drawn
LETTERS = 58  # characters of a row's label, which has one line
NEAR = 0.3  # of the axis: names of lines that are closer would touch, each in the middle above its line
SIDE_INCHES = 0.43  # room that a short name needs left of its line
NAME_LETTERS = 30  # characters per line of a model's name above one of two panels
NAME_POINTS = 12  # height of such a line
METRICS = ("accuracy", "faithful")


@dataclass(frozen=True)
class Drawn:
    """A row with its pool and label filled in, and its published points as (name, estimate)."""

    row: Row
    pool: str
    label: str
    quoted: tuple[tuple[str, Estimate], ...]


def _derived(evidence: Evidence) -> list[Row]:
    """One row per arm. A contaminated arm has two: on fresh questions, and on those that it was trained on."""
    rows = []
    for arm in evidence.run_arms(evidence.table("arms")):
        short = evidence.label(arm)
        if evidence.contaminated(arm) and evidence.leaked:
            rows += [
                Row(arm=arm, label=f"{short}, asked fresh ones"),
                Row(arm=arm, pool=evidence.leaked, label=f"{short}, asked the same ones"),
            ]
        else:
            rows.append(Row(arm=arm, label=short))
    return rows


def _rows(evidence: Evidence, asked: list[Row]) -> list[Drawn]:
    return [
        Drawn(
            row,
            row.pool or evidence.pool,
            textwrap.shorten(row.label or evidence.label(row.arm), LETTERS, placeholder=" …"),
            tuple((name, found) for name in row.published if (found := evidence.published(name))),
        )
        for row in asked
    ]


def _quoted(evidence: Evidence, name: str) -> Estimate | None:
    """The number of a claim, or of what it quotes besides as CLAIM.KEY; None without value and interval."""
    identifier, _, key = name.partition(".")
    found = evidence.claims.get(identifier) or {}
    row = (found.get("also") or {}).get(key) or {} if key else found
    numbers = [row.get(part) for part in ("value", "low", "high")]
    if None in numbers:
        return None
    return Estimate(*numbers, n=row.get("n") or 0, seeds=row.get("seeds") or 0)


def _estimate(evidence: Evidence, model: str, drawn: Drawn, metric: str) -> Estimate | None:
    if drawn.row.claims:
        name = drawn.row.claims.get(model, {}).get(metric, "")
        return _quoted(evidence, name) if name else None
    return one(evidence.table("arms"), model=model, arm=drawn.row.arm, pool=drawn.pool, metric=metric)


def _bars(axes: Axes, evidence: Evidence, theme: Theme, model: str, y: float, drawn: Drawn) -> None:
    """Draw both bars of a row, one inside the other, with intervals, and their numbers beside them."""
    found = {metric: _estimate(evidence, model, drawn, metric) for metric in METRICS}
    ends = []
    for metric, up, height, alpha in (("accuracy", -0.11, 0.46, 0.22), ("faithful", 0.11, 0.46, 1.0)):
        estimate = found[metric] if metric == "accuracy" or evidence.reasons else None
        if estimate is None:
            continue
        hatch = "////" if evidence.contaminated(drawn.row.arm) and metric == "accuracy" else None
        axes.add_patch(
            Rectangle(
                (0, y - height / 2), estimate.value, height, facecolor=theme.color(metric), alpha=alpha, linewidth=0,
                gid=f"point:{model}:{drawn.row.arm}:{drawn.pool}:{metric}", zorder=2 if metric == "accuracy" else 3,
            )
        )  # fmt: skip
        if hatch:
            axes.add_patch(
                Rectangle(
                    (0, y - height / 2), estimate.value, height, facecolor="none", edgecolor=theme.color("leak"), hatch=hatch,
                    linewidth=0, zorder=2,
                )
            )  # fmt: skip
        axes.plot(
            [estimate.low, min(estimate.high, 1.0)], [y + up] * 2, color=theme.ink, linewidth=1.3, marker="|",
            markersize=5, markeredgewidth=1.1, solid_capstyle="butt", zorder=4, clip_on=False,
        )  # fmt: skip
        ends.append((estimate.high, metric, estimate.value, up))
    for _, metric, value, up in ends:
        axes.annotate(
            percent(value), (max(end for end, *_ in ends), y + up * 1.15), xytext=(5, 0), textcoords="offset points",
            fontsize=SMALL, fontweight="bold", va="center_baseline", color=theme.color(metric), annotation_clip=False,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.4}, zorder=6,  # over the lines of baselines
        )  # fmt: skip


def _published(axes: Axes, theme: Theme, y: float, drawn: Drawn) -> None:
    for place, (name, estimate) in enumerate(drawn.quoted):
        point(
            axes, estimate.value, y + 0.34 + POINT_ROWS * place, estimate.low, estimate.high, theme.muted, theme.paper,
            gid=f"published:{name}", hollow=True, marker="s", size=4, thin=True,
        )  # fmt: skip


def _caption(
    evidence: Evidence, found: list[Estimate], quoted: list[int], hatched: bool, borrowed: bool
) -> str:
    meaning = evidence.settings.trap.meaning
    caption = f"{sizes(found, 'fresh questions')}; lines: 95 % intervals over seeds and questions."
    if meaning and evidence.reasons:
        caption += f" {evidence.settings.trap.reasons.capitalize()}: {meaning}."
    if hatched:
        caption += " Hatched: trained on evaluation questions."
    if quoted:
        caption += f" Squares: published, {' and '.join(map(str, quoted))} questions, one run, exact binomial intervals."
    return (
        caption + note(evidence) + (" The heading is the verdict of the committed runs." if borrowed else "")
    )


def _key(figure: Figure, evidence: Evidence, theme: Theme, top: float) -> float:
    """Draw the names of the two bars in their colours, and return the free height below."""
    declared, x = evidence.settings.trap, MARGIN
    height = figure.get_figheight()
    y = top - 0.1 / height
    words = {"accuracy": declared.right, "faithful": declared.reasons}
    for metric in METRICS if not evidence.reasons else reversed(METRICS):
        if metric == "faithful" and not evidence.reasons:
            continue
        figure.add_artist(
            Rectangle(
                (x, y - 0.05 / height), 0.1 / NARROW, 0.1 / height, transform=figure.transFigure, linewidth=0,
                facecolor=theme.color(metric), alpha=1 if metric == "faithful" else 0.3,
            )
        )  # fmt: skip
        text = evidence.text(words[metric])
        figure.text(
            x + 0.15 / NARROW, y, text, fontsize=SMALL, va="center_baseline", color=theme.color(metric)
        )
        x += 0.4 / NARROW + width_of(figure, text, SMALL)
    return y - 0.12 / height


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table, declared = evidence.table("arms"), evidence.settings.trap
    models = evidence.models(table)
    asked = _rows(evidence, declared.rows or _derived(evidence))
    run = [drawn for drawn in asked if any(_estimate(evidence, m, drawn, "accuracy") for m in models)]
    rows = [drawn for drawn in asked if drawn in run or drawn.quoted]
    missing = [drawn.label for drawn in asked if drawn not in run]
    if not declared.rows and len(rows) > MOST:
        missing, rows = [], rows[:MOST]
    found = [
        e for m in models for d in asked
        if d.pool == evidence.pool and not d.row.claims and (e := _estimate(evidence, m, d, "accuracy"))
    ]  # fmt: skip
    others = [
        e
        for m in models
        for d in rows
        if d.row.claims
        for metric in METRICS
        if (e := _estimate(evidence, m, d, metric))
    ]
    quoted = sorted({estimate.n for drawn in asked for _, estimate in drawn.quoted})
    hatched = any(evidence.contaminated(drawn.row.arm) for drawn in rows)
    title, borrowed = headline(declared.findings, evidence.claims, declared.title)
    caption = _caption(evidence, found, quoted, hatched, borrowed)
    if others:
        count = sum(bool(drawn.row.claims) for drawn in rows)
        caption += f" Last {count} rows: " if count > 1 else " Last row: "
        caption += f"another experiment, {seeds_text([e.seeds for e in others])}."
    caption += missing_note(list(dict.fromkeys(missing)))
    heights = [1 + POINT_ROWS * max(len(drawn.quoted) - 1, 0) for drawn in rows] or [1]
    starts, count = [sum(heights[:place]) for place in range(len(rows))], sum(heights)
    names = [_name(evidence, model) for model in models]
    lines = max((name.count("\n") + 1 for name in names), default=1)
    head = HEAD_INCHES + NAME_POINTS / 72 * (lines - 1)
    figure, bottom, top = frame(
        theme, evidence.text(title), caption, head + FOOT_INCHES + 0.22 + ROW_INCHES * count, NARROW
    )
    height = figure.get_figheight()
    top = _key(figure, evidence, theme, top) - head / height
    bottom += FOOT_INCHES / height
    slots = max(len(models), 1)
    width = (NARROW * (1 - 2 * MARGIN) - GAP_INCHES * (slots - 1)) / slots
    for index in range(slots):
        left = MARGIN + index * (width + GAP_INCHES) / NARROW
        axes = figure.add_axes((left, bottom, (width - VALUE_INCHES) / NARROW, top - bottom))
        axes.set_ylim(count - 0.5, -0.5)
        _scale(axes, theme)
        if not models:
            absent(axes, theme)
            continue
        _head(axes, evidence, theme, models[index], names[index], lines)
        for start, drawn in zip(starts, rows, strict=True):
            _bars(axes, evidence, theme, models[index], start + 0.14, drawn)
            if not index:
                _published(axes, theme, start + 0.14, drawn)
    for start, drawn in zip(starts, rows, strict=True):
        y = bottom + (top - bottom) * (count - start - 0.2) / count
        figure.text(
            MARGIN, y, drawn.label, fontsize=SMALL, va="center_baseline",
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    return figure


def _scale(axes: Axes, theme: Theme) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "50", percent(1)])
    inward(axes)
    axes.set_yticks([])
    axes.grid(axis="x")
    axes.tick_params(axis="x", pad=2)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _name(evidence: Evidence, model: str) -> str:
    """The model's title in lines, for panels whose heading says what the model stands for; else ""."""
    if not evidence.stands_for(model):
        return ""
    return "\n".join(textwrap.wrap(evidence.title(model), NAME_LETTERS, max_lines=3, placeholder=" …"))


def _head(axes: Axes, evidence: Evidence, theme: Theme, model: str, called: str, lines: int) -> None:
    """Draw the panel's heading, the model's title below it, and the baselines with their names."""
    top = 20.5 + NAME_POINTS * lines
    for text, up, size, weight, color, va in (
        (evidence.panel_title(model), top, NORMAL, "bold", theme.ink, "baseline"),
        (called, top - 4, SMALL, "normal", theme.muted, "top"),
    ):
        axes.annotate(
            text, (0, 1), xycoords="axes fraction", xytext=(0, up), textcoords="offset points", fontsize=size,
            fontweight=weight, color=color, va=va, annotation_clip=False, linespacing=1.15,
        )  # fmt: skip
    lines_at = {words(name): found.value for name, found in references(evidence).items()}
    for value in lines_at.values():
        axes.axvline(value, color=theme.muted, linewidth=0.9, linestyle=(0, (4, 3)), zorder=5)
    inches = axes.get_position().width * axes.figure.get_figwidth()
    for text, value, side in _beside(lines_at, inches):
        axes.annotate(
            text, (value, 1), xycoords=axes.get_xaxis_transform(), xytext=(0, 3),
            textcoords="offset points", fontsize=SMALL, color=theme.muted, va="baseline", ha=side,
        )  # fmt: skip


def _beside(lines: dict[str, float], inches: float) -> list[tuple[str, float, str]]:
    """(name, place, side) of the names above vertical lines, on an axis of `inches`.

    Two lines close to each other have their names to the left of the one and to the right of the other. Without room for
    that, or of more lines, all names stand right of the first line, or left of the last one at the axis' end.
    """
    groups: list[list[tuple[str, float]]] = []
    for line in sorted(lines.items(), key=lambda line: line[1]):
        if not groups or line[1] - groups[-1][-1][1] >= NEAR:
            groups.append([])
        groups[-1].append(line)
    found: list[tuple[str, float, str]] = []
    for group in groups:
        names, low, high = ", ".join(name for name, _ in group), group[0][1], group[-1][1]
        room = low * inches >= SIDE_INCHES
        if high > 0.75:
            found.append((names, high, "right"))
        elif len(group) == 1:
            found.append((names, low, "center" if room else "left"))
        elif len(group) == 2 and room:
            found += [(group[0][0], low, "right"), (group[1][0], high, "left")]
        else:
            found.append((names, low, "left"))
    return found
