"""The decisive contrasts on two platforms. The figure is narrow, so that a phone shows it whole."""

from __future__ import annotations

import textwrap

import polars as pl
from matplotlib.figure import Figure

from trap.figures.estimates import Evidence, seeds_text
from trap.figures.marks import absent, frame, legend_row, look, panels, point
from trap.figures.theme import NARROW, SMALL, Theme

TITLE = "The decisive contrasts on two platforms"
ALT = (
    "Differences between training arms with 95 % intervals, one row per comparison, one panel per model, one mark per "
    "platform; where the intervals of a row lie over each other the platforms agree."
)
TABLES = ("platforms", "arms")
LETTERS = 20  # of a line of the words beside a row
LOOKS = (("accuracy", "o"), ("easy", "s"), ("faithful", "D"), ("start", "^"))


def draw(evidence: Evidence, theme: Theme) -> Figure:
    declared, rows = evidence.settings.platforms, evidence.table("platforms")
    rows = rows.filter((pl.col("kind") == "contrast") & (pl.col("metric") == "accuracy"))
    platforms = [*rows["reference"].unique().sort(), *rows["platform"].unique().sort()]
    looks = dict(zip(platforms, LOOKS, strict=False))
    models, names = evidence.models(rows, most=4), list(dict.fromkeys(rows["name"]))
    words = [textwrap.fill(declared.contrasts.get(name) or name.replace("_", " "), LETTERS) for name in names]
    seeds = seeds_text([*rows["seeds"], *rows["reference_seeds"]])
    agreeing = f"{int(rows['agree'].sum())} of {rows.height}" if rows.height else "none"
    caption = (
        f"Accuracy of an arm minus that of what it is compared with; 95 % intervals over {seeds} and the questions. "
        f"Rows in which the interval of the difference between the platforms contains zero: {agreeing}."
    )
    figure, bottom, top = frame(
        theme,
        evidence.text(declared.title),
        caption,
        0.3 + (0.9 + 0.42 * max(1, len(names))) * max(1, len(models)),
        NARROW,
    )
    entries = [(name, look(theme, *looks[name])) for name in platforms[: len(LOOKS)]]
    top = legend_row(figure, theme, entries, top)
    made = panels(figure, (bottom, top), max(1, len(models)), left=0.34, right=0.97)
    for axes, model in zip(made, models or [""], strict=True):
        if not model:
            absent(axes, theme)
            continue
        part = rows.filter(pl.col("model") == model)
        ends = [*part["low"], *part["high"], *part["reference_low"], *part["reference_high"]]
        low, high = min(*ends, -0.05), max(*ends, 0.05)
        axes.set_xlim(low - 0.02, high + 0.02)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_yticks(range(len(names)), words, fontsize=SMALL)
        axes.axvline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        axes.set_title(evidence.title(model), pad=8)
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
