"""The decisive contrasts on two platforms, side by side."""

from __future__ import annotations

import polars as pl
from matplotlib.figure import Figure

from trap.figures.estimates import model_title, models_of, span
from trap.figures.marks import absent, frame, legend_row, panels, point
from trap.figures.theme import Theme

ALT = (
    "Differences between training arms with 95 % intervals, one row per comparison, one panel per model, one mark per "
    "platform; where the intervals of a row lie over each other the platforms agree."
)
LOOKS = (("accuracy", "o"), ("easy", "s"), ("faithful", "D"), ("start", "^"))
NAMES = {
    "trap": "easy prompts",
    "matching": "hard prompts",
    "contamination": "evaluation prompts, the same questions",
    "leak_spread": "evaluation prompts, fresh questions",
    "supervised_hard": "hard reference traces",
    "easy_hard": "easy, not hard prompts",
}


def draw(rows: pl.DataFrame, theme: Theme) -> Figure:
    """The figure of an agreement table (see analysis/agreement.py)."""
    rows = rows.filter((pl.col("kind") == "contrast") & (pl.col("metric") == "accuracy"))
    platforms = [*rows["reference"].unique().sort(), *rows["platform"].unique().sort()]
    looks = dict(zip(platforms, LOOKS, strict=False))
    models, names = models_of(rows), list(dict.fromkeys(rows["name"]))
    seeds = span([*rows["seeds"], *rows["reference_seeds"]]) if rows.height else "0"
    agreeing = f"{int(rows['agree'].sum())} of {rows.height}" if rows.height else "none"
    caption = (
        f"Accuracy of an arm minus that of what it is compared with; 95 % intervals over {seeds} seeds and the questions. "
        f"Of the differences between the platforms, the intervals of {agreeing} hold zero."
    )
    figure, bottom, top = frame(
        theme, "The same comparisons on other platforms", caption, 1.1 + 0.42 * max(1, len(names))
    )
    entries = []
    for name in platforms[: len(LOOKS)]:
        role, marker = looks[name]
        color = theme.color(role)
        entries.append((name, {"marker": marker, "markeredgecolor": color, "markerfacecolor": color}))
    top = legend_row(figure, theme, entries, top)
    width = max((len(NAMES.get(name, name)) for name in names), default=0)
    made = panels(
        figure, (bottom, top), max(1, len(models)), left=min(0.42, 0.03 + 0.0098 * width), share_left=True
    )
    for axes, model in zip(made, models or [""], strict=True):
        if not model:
            absent(axes, theme)
            continue
        part = rows.filter(pl.col("model") == model)
        ends = [*part["low"], *part["high"], *part["reference_low"], *part["reference_high"]]
        low, high = min(*ends, -0.05), max(*ends, 0.05)
        axes.set_xlim(low - 0.02, high + 0.02)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_yticks(range(len(names)), [NAMES.get(name, name.replace("_", " ")) for name in names])
        axes.axvline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.set_title(model_title(model), pad=8)
        axes.spines["left"].set_visible(False)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if abs(value) > 1e-9 else "0")
        axes.set_xlabel("points")
        axes.locator_params(axis="x", nbins=4)
        axes.grid(axis="x")
        for row in part.to_dicts():
            at = names.index(row["name"])
            shown = [(row["reference"], "reference_"), (row["platform"], "")]
            for number, (platform, prefix) in enumerate(shown):
                role, marker = looks[platform]
                point(
                    axes, row[f"{prefix}value"], at + 0.26 * (number - 0.5), row[f"{prefix}low"], row[f"{prefix}high"],
                    theme.color(role), theme.paper, gid=f"{model}:{row['name']}:{platform}", marker=marker, size=4.5,
                )  # fmt: skip
    return figure
