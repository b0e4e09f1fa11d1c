"""The trap: accuracy on hard questions of every arm, beside the published points, for both models."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import (
    Estimate,
    Evidence,
    missing_note,
    model_title,
    models_of,
    one,
    sizes,
)
from trap.figures.marks import absent, frame, panels, percent, point, share_axis
from trap.figures.theme import SMALL, Theme, role_of

ALT = (
    "Dot plot of accuracy with 95 % intervals, one row per training arm, one panel per model, with the "
    "published results as open squares. The arm trained on the evaluation questions is drawn hollow, "
    "once on fresh questions and once on the questions it was trained on."
)
# (arm, pool, label, published points drawn in that row)
ROWS = (
    ("base", "eval_hard", "Base model, facts only", ("base",)),
    ("sft", "eval_hard", "SFT on easy", ("sft",)),
    ("sft_more", "eval_hard", "SFT continued  (F)", ()),
    ("rsft_easy", "eval_hard", "RSFT, easy prompts  (A)", ("rsft_easy",)),
    ("rsft_hard", "eval_hard", "RSFT, other hard prompts  (B)", ()),
    ("rsft_eval", "eval_hard", "RSFT on test questions  (C),\nasked fresh ones", ()),
    (
        "rsft_eval",
        "eval_leak",
        "RSFT on test questions  (C),\nasked the same ones",
        ("rsft_eval_135m", "rsft_eval_360m"),
    ),
    ("sft_hard", "eval_hard", "SFT on hard traces  (G)", ()),
    ("grpo_hard_from_sft", "eval_hard", "GRPO, as B  (H)", ()),
    ("expert_hard_from_sft", "eval_hard", "Expert iteration, as B  (I)", ()),
)
ROW_INCHES = 0.42
Row = tuple[str, str, str, tuple[str, ...]]


def _label(axes: Axes, x: float, y: float, text: str, color: str, right_limit: float = 0.86) -> None:
    left_side = x > right_limit
    axes.annotate(
        text, (x, y), xytext=(-6 if left_side else 6, 0), textcoords="offset points",
        ha="right" if left_side else "left", va="center", fontsize=SMALL, color=color,
    )  # fmt: skip


def _panel(
    axes: Axes, evidence: Evidence, theme: Theme, model: str, rows: list[Row], first: bool
) -> list[Estimate]:
    table = evidence.table("arms")
    drawn: list[Estimate] = []
    for index, (arm, pool, _, published) in enumerate(rows):
        contaminated = role_of(arm) == "leak"
        known = [(name, evidence.published(name)) for name in published] if first else []
        quoted = [(name, estimate) for name, estimate in known if estimate]
        ours = one(table, model=model, arm=arm, pool=pool, metric="accuracy")
        if contaminated:
            axes.axhspan(
                index - 0.5, index + 0.5, facecolor="none", edgecolor=theme.faint, hatch="///", zorder=0
            )
        up = 0.17 if quoted else 0.0
        if ours:
            drawn.append(ours)
            color = theme.color(role_of(arm))
            point(
                axes, ours.value, index - up, ours.low, ours.high, color, theme.paper,
                gid=f"{model}:{arm}:{pool}", hollow=contaminated,
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
    return drawn


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("arms")
    models = models_of(table)[:2]
    chance = one(table, arm="baseline:chance", pool="eval_hard", metric="accuracy")
    ceiling = one(table, arm="baseline:ceiling", pool="eval_hard", metric="accuracy")
    found = [
        e
        for model in models
        for arm, pool, _, _ in ROWS
        if pool == "eval_hard" and (e := one(table, model=model, arm=arm, pool=pool, metric="accuracy"))
    ]
    run = [
        row
        for row in ROWS
        if any(one(table, model=m, arm=row[0], pool=row[1], metric="accuracy") for m in models)
    ]
    rows = [row for row in ROWS if row in run or any(evidence.published(key) for key in row[3])]
    absent_rows = [
        label.split("  (")[0].split("\n")[0] for row in ROWS if row not in run for label in row[2:3]
    ]
    quoted = sorted({e.n for _, _, _, names in ROWS for name in names if (e := evidence.published(name))})
    caption = (
        f"Dots: ours, {sizes(found, 'fresh questions')}, 95 % intervals (bootstrap over seeds and questions). "
        f"Squares: published, {' and '.join(map(str, quoted)) or 'no'} questions, one run, exact binomial "
        "intervals. Hollow on hatching: trained on evaluation questions."
    ) + missing_note(list(dict.fromkeys(absent_rows)))
    hops = evidence.hops("eval_hard")
    figure, bottom, top = frame(
        theme,
        f"Accuracy on {hops}-hop questions" if hops else "Accuracy on hard questions",
        caption,
        panel_inches=0.82 + ROW_INCHES * len(rows),
    )
    boxes = panels(
        figure, (bottom, top), max(len(models), 1), left=0.292, gap=0.045, below_inches=0.36, above_inches=0.5
    )
    for index, axes in enumerate(boxes):
        share_axis(axes, theme, "x")
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), [label for _, _, label, _ in rows] if not index else [])
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", pad=7)
        if not models:
            absent(axes, theme)
            continue
        axes.set_title(model_title(models[index]), pad=20)
        _panel(axes, evidence, theme, models[index], rows, first=not index)
        for name, line in (("chance", chance), ("ceiling", ceiling)):
            if line:
                axes.axvline(line.value, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
                axes.text(
                    line.value, 1.012, name, transform=axes.get_xaxis_transform(), fontsize=SMALL,
                    color=theme.muted, ha="right" if line.value > 0.9 else "center", va="bottom",
                )  # fmt: skip
    return figure
