"""Parts of the published reward by arm, and the validity of traces, which that reward does not check."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.estimates import Evidence, missing_note, one, sizes
from trap.figures.marks import absent, frame, legend_row, panels, point, share_axis
from trap.figures.theme import Theme

TITLE = "Parts of the published reward, and the validity of traces"
ALT = (
    "Four small panels, one per part of the reward: share of right answers, path coverage, share of answers "
    "with a spam penalty, share of valid traces; one row per training arm, round marks for the rotary "
    "model and diamonds for the model without positions, with 95 % intervals."
)
TABLES = ("arms",)
PARTS = (
    ("accuracy", "right letter"),
    ("coverage", "path covered"),
    ("spam", "spam penalty"),
    ("valid", "valid trace"),
)
ARMS = ("base", "sft", "sft_more", "rsft_easy", "rsft_hard", "rsft_hard_v2", "rsft_eval", "sft_hard")
MARKERS = ("o", "D")


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("arms")
    models = evidence.models(table)
    found = {
        (model, arm, metric): one(table, model=model, arm=arm, pool=evidence.pool, metric=metric)
        for model in models for arm in ARMS for metric, _ in PARTS
    }  # fmt: skip
    arms = [arm for arm in ARMS if any(found[m, arm, metric] for m in models for metric, _ in PARTS)]
    missing = [evidence.label(arm) for arm in ARMS if arm not in arms]
    caption = (
        f"Hard questions, {sizes([e for e in found.values() if e], 'fresh questions')}; bars: 95 % intervals. The published "
        "reward adds the first two, takes off the third and does not look at the last. Hollow: trained on "
        "evaluation questions, here asked fresh ones."
    ) + missing_note(missing)
    figure, bottom, top = frame(theme, TITLE, caption, 1.25 + 0.3 * max(len(arms), 2))
    entries = [
        (evidence.panel_title(m), {"marker": marker, "markeredgecolor": theme.ink, "markerfacecolor": theme.ink})
        for m, marker in zip(models, MARKERS, strict=False)
    ]  # fmt: skip
    top = legend_row(figure, theme, entries, top)
    boxes = panels(figure, (bottom, top), len(PARTS), left=0.24, gap=0.035, below_inches=0.34)
    for index, (axes, (metric, title)) in enumerate(zip(boxes, PARTS, strict=True)):
        share_axis(axes, theme, "x", step=0.5)
        axes.set_title(title, pad=7)
        axes.set_ylim(max(len(arms), 1) - 0.5, -0.5)
        axes.set_yticks(range(len(arms)), [evidence.label(arm) for arm in arms] if not index else [])
        axes.tick_params(axis="y", pad=7)
        axes.spines["left"].set_visible(False)
        if not arms:
            absent(axes, theme, "no runs")
        for row, arm in enumerate(arms):
            for place, model in enumerate(models):
                estimate = found[model, arm, metric]
                if not estimate:
                    continue
                y = row + (place - (len(models) - 1) / 2) * 0.36
                point(
                    axes, estimate.value, y, estimate.low, estimate.high, theme.color(evidence.role(arm)), theme.paper,
                    gid=f"{model}:{arm}:{metric}", hollow=evidence.contaminated(arm), marker=MARKERS[place], size=4.2,
                )  # fmt: skip
    return figure
