"""Faithful accuracy on hard questions by what a model was given before it practised on its own answers.

For models that were shown hard reference traces, by their number; for those that were shown none, by the number of
prompts that they practised on.
"""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, one, sizes
from trap.figures.marks import absent, estimate_point, frame, legend_row, panels, share_axis
from trap.figures.theme import NARROW, Theme

TITLE = "Faithful accuracy by the number of hard reference traces, or of prompts"
ALT = (
    "Faithful accuracy on hard questions with 95 % intervals. With rotary positions against the number of hard reference "
    "traces: after the traces alone, after rejection sampling from there, and after GRPO from there. "
    "Without positions, and without any hard trace, against the number of prompts that rejection sampling had."
)
TABLES = ("arms", "doses")
PROMPTS, BEFORE = (
    "round_prompts",
    "sft_long",
)  # the family of doses in prompts, and the arm that it starts from
# (family of doses, name, role of the colour, marker); markers differ because the lines lie close at the start
SERIES = (
    ("ignition_sft", "the traces alone", "gold", "o"),
    ("ignition_rsft", "then rejection sampling, faithful winners only", "hard", "^"),
    ("ignition_grpo", "then GRPO", "base", "D"),
)
SHIFT = 0.2  # along x, so that the intervals of the series do not overlap
STEP = 0.25


def place(x: float, least: float = 4.0) -> float:
    """The x coordinate of a dose: 0 for no dose, 1.5 for the `least` dose, and 1 more for every doubling."""
    return 0.0 if x <= 0 else math.log2(x / least) + 1.5


Point = tuple[float, str, Estimate]  # dose, arm, faithful share
Found = dict[str, dict[str, list[Point]]]  # by model and family of doses


def gathered(evidence: Evidence) -> Found:
    """Faithful accuracy by model, family and dose. The arm before any practice is dose 0 of the prompts."""
    found: Found = {}
    for family in (*(family for family, *_ in SERIES), PROMPTS):
        for row, estimate in estimates(
            evidence.table("doses"), family=family, pool=evidence.pool, metric="faithful"
        ):
            found.setdefault(row["model"], {}).setdefault(family, []).append((row["x"], row["arm"], estimate))
    for model, families in found.items():
        before = {"model": model, "arm": BEFORE, "pool": evidence.pool, "metric": "faithful"}
        if PROMPTS in families and (start := one(evidence.table("arms"), **before)):
            families[PROMPTS].append((0.0, BEFORE, start))
    return found


def draw(evidence: Evidence, theme: Theme) -> Figure:
    found = gathered(evidence)
    table = evidence.table("doses")
    models = [model for model in evidence.models(table, most=len(table)) if model in found][:2]
    drawn = [e for model in models for points in found[model].values() for _, _, e in points]
    doses = {
        x
        for model in models
        for family, points in found[model].items()
        if family != PROMPTS
        for x, _, _ in points
    }
    few = f" Only {len(doses)} of the numbers were run in this experiment." if 0 < len(doses) < 4 else ""
    caption = (
        "Faithful: right, and every clause of the trace true. At 0 traces, the first line is the longer SFT on easy questions, continued; at 0 prompts, that SFT. "
        f"{sizes(drawn, 'fresh questions of four and five hops')}; bars: 95 % intervals over seeds and questions.{few}"
    )
    figure, bottom, top = frame(
        theme,
        TITLE,
        caption,
        0.5 + 2.3 * max(1, len(models)),
        NARROW,
    )
    looks = [
        (name, {"marker": marker, "markeredgecolor": theme.color(role), "markerfacecolor": theme.color(role)})
        for _, name, role, marker in SERIES
    ]
    top = legend_row(figure, theme, looks, top)
    highest = max((e.high for e in drawn), default=STEP)
    limit = min(1.0, STEP * max(1, math.ceil(highest / STEP)))
    for index, axes in enumerate(panels(figure, (bottom, top), max(1, len(models)), left=0.105)):
        share_axis(axes, theme, top=limit, step=STEP)
        axes.tick_params(axis="x", pad=7)  # clear of marks at zero
        if models:
            axes.set_title(evidence.title(models[index]), pad=8)
            _panel(axes, theme, models[index], found[models[index]])
            continue
        axes.set_xlabel("hard reference traces")
        absent(axes, theme)
        axes.set_xticks([])
    return figure


def _panel(axes: Axes, theme: Theme, model: str, families: dict[str, list[Point]]) -> None:
    """Draw one model: its series by reference traces or, if it has none, its series by prompts."""
    series = [(family, role, marker) for family, _, role, marker in SERIES if family in families]
    if not series:
        series = [(PROMPTS, "hard", "^")]
    shown = sorted({x for family, *_ in series for x, _, _ in families[family]})
    least = next((x for x in shown if x > 0), 4.0)
    prompts = series[0][0] == PROMPTS
    axes.set_xlabel("distinct prompts, no hard reference trace" if prompts else "hard reference traces")
    axes.set_xlim(place(shown[0], least) - 0.5, place(shown[-1], least) + 0.5)
    axes.set_xticks([place(x, least) for x in shown], [f"{x:.0f}" for x in shown])
    for number, (family, role, marker) in enumerate(series):
        moved = [
            (place(x, least) + (number - (len(series) - 1) / 2) * SHIFT, arm, estimate)
            for x, arm, estimate in sorted(families[family], key=lambda point: point[0])
        ]
        _series(axes, theme, moved, role, marker, f"{model}:{family}")


def _series(axes: Axes, theme: Theme, points: list[Point], role: str, marker: str, name: str) -> None:
    color = theme.color(role)
    axes.plot(
        [x for x, _, _ in points],
        [e.value for _, _, e in points],
        color=color,
        linewidth=1.4,
        alpha=0.75,
        zorder=2,
    )
    for x, arm, estimate in points:
        estimate_point(axes, x, estimate, color, theme.paper, marker=marker, gid=f"{name}:{arm}", size=4.8)
