"""How many hard reference traces it takes: faithful accuracy after the traces alone, and after what follows them."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.evidence.figures.estimates import Estimate, Evidence, estimates, model_title, models_of, sizes
from trap.evidence.figures.marks import absent, estimate_point, frame, legend_row, panels, share_axis
from trap.evidence.theme import Theme

ALT = (
    "Faithful accuracy on hard questions against the number of hard reference traces, one panel per model: "
    "after the traces alone, after rejection sampling from there, and after GRPO from there, with 95 % intervals."
)
# (family of doses, name, colour's meaning, marker): each its own mark, for the three lie close at the start
SERIES = (
    ("ignition_sft", "the traces alone", "gold", "o"),
    ("ignition_rsft", "then rejection sampling, faithful winners only", "hard", "^"),
    ("ignition_grpo", "then GRPO", "faithful", "D"),
)
SHIFT = 0.2  # of x, so that intervals of the three stay apart
STEP = 0.25


def place(x: float) -> float:
    """Where a dose stands: none at 0, then a step for every doubling from 4 on (4 at 1.5, after a gap)."""
    return 0.0 if x <= 0 else math.log2(x) - 0.5


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("doses")
    found: dict[tuple[str, str], list[tuple[float, str, Estimate]]] = {}
    for family, *_ in SERIES:
        for row, estimate in estimates(table, family=family, pool="eval_hard", metric="faithful"):
            found.setdefault((row["model"], family), []).append((row["x"], row["arm"], estimate))
    models = [model for model in models_of(table) if any(key[0] == model for key in found)][:2]
    drawn = [e for (model, _), points in found.items() if model in models for _, _, e in points]
    doses = sorted({x for (model, _), points in found.items() if model in models for x, _, _ in points})
    few = f" Only {len(doses)} of the numbers were run at this size." if 0 < len(doses) < 4 else ""
    caption = (
        "Faithful: right, and every clause of the trace true. At 0: SFT continued on easy questions. "
        f"{sizes(drawn, 'fresh questions of four and five hops')}; bars: 95 % intervals over seeds and questions.{few}"
    )
    figure, bottom, top = frame(theme, "How many hard traces before a model goes on by itself", caption, 3.2)
    looks = [
        (name, {"marker": marker, "markeredgecolor": theme.color(role), "markerfacecolor": theme.color(role)})
        for _, name, role, marker in SERIES
    ]
    top = legend_row(figure, theme, looks, top)
    highest = max((e.high for e in drawn), default=STEP)
    limit = min(1.0, STEP * max(1, math.ceil(highest / STEP)))
    for index, axes in enumerate(panels(figure, (bottom, top), max(1, len(models)), left=0.075, gap=0.07)):
        share_axis(axes, theme, top=limit, step=STEP)
        axes.tick_params(axis="x", pad=7)  # clear of marks at zero
        axes.set_xlabel("hard reference traces")
        if not models:
            absent(axes, theme)
            axes.set_xticks([])
            continue
        axes.set_xlim(place(doses[0]) - 0.5, place(doses[-1]) + 0.5)
        axes.set_xticks([place(x) for x in doses], [f"{x:.0f}" for x in doses])
        axes.set_title(model_title(models[index]), pad=8)
        for number, (family, _, role, marker) in enumerate(SERIES):
            points = sorted(found.get((models[index], family), []), key=lambda point: point[0])
            _series(axes, theme, points, (number - 1) * SHIFT, role, marker, f"{models[index]}:{family}")
    return figure


def _series(
    axes: Axes, theme: Theme, points: list[tuple[float, str, Estimate]], shift: float, role: str, marker: str, name: str
) -> None:  # fmt: skip
    color = theme.color(role)
    axes.plot(
        [place(x) + shift for x, _, _ in points], [e.value for _, _, e in points], color=color, linewidth=1.4, alpha=0.75,
        zorder=2,
    )  # fmt: skip
    for x, arm, estimate in points:
        estimate_point(
            axes, place(x) + shift, estimate, color, theme.paper, marker=marker, gid=f"{name}:{arm}", size=4.8
        )
