"""Hops asked against hops used: how long the traces get, per arm and model."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import (
    Estimate,
    Evidence,
    arm_label,
    estimates,
    missing_note,
    model_title,
    models_of,
    sizes,
)
from trap.figures.marks import absent, estimate_point, frame, legend_row, panels
from trap.figures.theme import SMALL, Theme, role_of

ALT = (
    "Mean number of hops that a trace states against the number of hops that the question asks for, one "
    "line per training arm and one panel per model, with 95 % intervals and a diagonal where both are equal."
)
ARMS = (("sft", "o"), ("rsft_easy", "s"), ("rsft_hard", "^"), ("rsft_eval", "D"), ("sft_hard", "v"))
DODGE = 0.12  # hops; arms that use equally many hops would hide each other


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("by_hops")
    models = models_of(table)[:2]
    measured = {
        arm
        for m in models
        for row, _ in estimates(table, model=m, metric="hops_used")
        for arm in [row["arm"]]
    }
    arms = [(arm, marker) for arm, marker in ARMS if arm in measured]
    everything = [
        e
        for m in models
        for arm, _ in arms
        for _, e in estimates(table, model=m, arm=arm, metric="hops_used")
    ]
    missing = [arm_label(arm) for arm, _ in ARMS if arm not in measured]
    caption = (
        f"Clauses of the greedy trace, mean over {sizes(everything, 'questions per hop count')}; bars: 95 % intervals, "
        "arrow heads: they go on. Dashed: as many hops as asked. Hollow: trained on evaluation questions, here asked "
        "fresh ones. Points are set apart sideways."
    ) + missing_note(missing)
    figure, bottom, top = frame(theme, "Hops asked against hops used", caption, 3.55)
    entries = [
        (arm_label(arm), {"marker": marker, "markeredgecolor": theme.color(role_of(arm)),
         "markerfacecolor": theme.paper if role_of(arm) == "leak" else theme.color(role_of(arm))})
        for arm, marker in arms
    ]  # fmt: skip
    top = legend_row(figure, theme, entries, top)
    asked = sorted(table["hops"].unique().to_list()) or [1]
    for index, axes in enumerate(panels(figure, (bottom, top), max(len(models), 1), left=0.06, gap=0.075)):
        axes.set_xlim(asked[0] - 0.5, asked[-1] + 0.6)
        axes.set_ylim(0, asked[-1] + 1)
        axes.set_xticks(asked)
        axes.set_yticks(
            range(asked[-1] + 2), [str(i) for i in range(asked[-1] + 2)], fontsize=SMALL, color=theme.muted
        )
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("hops asked")
        axes.set_ylabel("hops used")
        if not models:
            absent(axes, theme)
            continue
        axes.set_title(model_title(models[index]), pad=8)
        axes.plot(
            [asked[0], asked[-1]],
            [asked[0], asked[-1]],
            color=theme.muted,
            linewidth=1,
            linestyle=(0, (4, 3)),
            zorder=1,
        )
        for place, (arm, marker) in enumerate(arms):
            _line(axes, theme, estimates(table, model=models[index], arm=arm, metric="hops_used"), models[index], arm,
                  marker, DODGE * (place - (len(arms) - 1) / 2))  # fmt: skip
    return figure


def _line(
    axes: Axes,
    theme: Theme,
    found: list[tuple[dict, Estimate]],
    model: str,
    arm: str,
    marker: str,
    shift: float,
) -> None:
    color = theme.color(role_of(arm))
    found = sorted(found, key=lambda pair: pair[0]["hops"])
    axes.plot(
        [row["hops"] + shift for row, _ in found],
        [e.value for _, e in found],
        color=color,
        linewidth=1,
        alpha=0.6,
        zorder=2,
    )
    for row, estimate in found:
        estimate_point(
            axes, row["hops"] + shift, estimate, color, theme.paper, marker=marker, size=3.8,
            hollow=role_of(arm) == "leak", gid=f"{model}:{arm}:{row['hops']}",
        )  # fmt: skip
