"""Accuracy against faithful accuracy: right answers, and right answers with a true trace."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.estimates import (
    Evidence,
    arm_label,
    missing_note,
    model_title,
    models_of,
    one,
    sizes,
)
from trap.figures.marks import absent, frame, legend_row, panels, point, share_axis
from trap.figures.theme import SMALL, Theme, role_of

ALT = (
    "Scatter of faithful accuracy against accuracy on hard questions, one mark per training arm with both "
    "95 % intervals, one panel per model; on the diagonal every right answer would have a true trace."
)
# (arm, pool, marker, what the label adds)
POINTS = (
    ("sft", "eval_hard", "o", ""),
    ("sft_more", "eval_hard", "P", " (F)"),
    ("rsft_easy", "eval_hard", "s", " (A)"),
    ("rsft_hard", "eval_hard", "^", " (B)"),
    ("rsft_hard_v2", "eval_hard", "p", ""),
    ("rsft_eval", "eval_hard", "D", " (C), fresh"),
    ("rsft_eval", "eval_leak", "X", " (C), the same"),
    ("sft_hard", "eval_hard", "v", " (G)"),
)


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("arms")
    models = models_of(table)[:2]
    pairs = {
        (m, arm, pool): (one(table, model=m, arm=arm, pool=pool, metric="accuracy"),
                         one(table, model=m, arm=arm, pool=pool, metric="faithful"))
        for m in models for arm, pool, _, _ in POINTS
    }  # fmt: skip
    shown = [p for p in POINTS if any(all(pairs[m, p[0], p[1]]) for m in models)]
    missing = [
        arm_label(arm)
        for arm, pool, _, _ in POINTS
        if pool == "eval_hard" and not any(all(pairs[m, arm, pool]) for m in models)
    ]
    everything = [e for key, pair in pairs.items() if key[2] == "eval_hard" for e in pair if e]
    caption = (
        f"Greedy answers to {sizes(everything, 'fresh questions')}; crosses: 95 % intervals on both axes. Faithful: "
        "right, and every clause of the trace is an edge, connected, and follows the question's chain. Hollow: "
        "trained on evaluation questions, asked fresh ones or the same ones."
    ) + missing_note(missing)
    figure, bottom, top = frame(theme, "Right answers, and right answers with a true trace", caption, 3.9)

    def look(arm: str, marker: str) -> dict[str, object]:
        color = theme.color(role_of(arm))
        return {"marker": marker, "markeredgecolor": color,
                "markerfacecolor": theme.paper if role_of(arm) == "leak" else color}  # fmt: skip

    top = legend_row(figure, theme, [(arm_label(a) + extra, look(a, m)) for a, _, m, extra in shown], top)
    for index, axes in enumerate(
        panels(figure, (bottom, top), max(len(models), 1), left=0.105, gap=0.075, share_left=True)
    ):
        share_axis(axes, theme, "x")
        share_axis(axes, theme, "y")
        axes.tick_params(axis="x", pad=7)
        axes.set_xlabel("accurate")
        if not index:
            axes.set_ylabel("faithful")
        if not models:
            absent(axes, theme)
            continue
        model = models[index]
        axes.set_title(model_title(model), pad=8)
        axes.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.text(
            0.04,
            0.965,
            "dashed: every right answer\nhas a true trace",
            fontsize=SMALL,
            color=theme.muted,
            va="top",
        )
        for arm, pool, marker, _ in shown:
            accuracy, faithful = pairs[model, arm, pool]
            if not (accuracy and faithful):
                continue
            color, hollow = theme.color(role_of(arm)), role_of(arm) == "leak"
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
                gid=f"{model}:{arm}:{pool}", hollow=hollow, marker=marker, size=5,
            )  # fmt: skip
    return figure
