"""The trap against model size: accuracy of arms, and the decisive differences, as models grow."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.analysis.scaling import size_text
from trap.figures.estimates import arm_label, span
from trap.figures.marks import absent, frame, legend_row, panels, point, share_axis
from trap.figures.theme import SMALL, Theme, role_of

ALT = (
    "Two panels against the number of parameters, on a logarithmic axis: accuracy on hard questions of each training "
    "arm, and differences between arms in points, both with 95 % intervals, one line per arm or comparison."
)
ARMS = (("sft_more", "o"), ("rsft_easy", "s"), ("rsft_hard", "^"), ("rsft_eval", "D"), ("sft_hard", "v"))
# (contrast, name, role of its colour, marker)
CONTRASTS = (
    ("trap", "RSFT easy − SFT continued", "easy", "s"),
    ("matching", "RSFT hard − SFT continued", "hard", "^"),
    ("contamination", "test questions − other hard ones, asked those", "leak", "D"),
    ("supervised_hard", "hard traces − SFT continued", "gold", "v"),
)
DODGE = 0.016  # of the axis; sizes are few, and marks would hide each other


def draw(rows: pl.DataFrame, theme: Theme) -> Figure:
    """The figure of a table of sizes (see analysis/scaling.py)."""
    hard = (pl.col("pool") == "eval_hard") & (pl.col("metric") == "accuracy") & (pl.col("kind") == "arm")
    arms = rows.filter(hard & pl.col("name").is_in([arm for arm, _ in ARMS]))
    differences = rows.filter(
        (pl.col("kind") == "contrast") & pl.col("name").is_in([name for name, *_ in CONTRASTS])
    )
    shown = pl.concat([arms, differences])
    sizes = sorted(set(rows["parameters"].drop_nulls()))
    seeds = span(shown["seeds"].to_list()) if shown.height else "0"
    trend = rows.filter((pl.col("kind") == "slope") & (pl.col("name") == "trap")).to_dicts()
    caption = (
        f"Bars: 95 % intervals over {seeds} seeds and the questions; one base checkpoint a size. Left: fresh hard questions; "
        "hollow: trained on evaluation questions. Marks are set apart sideways."
    )
    if trend:
        low, high, value = (100 * trend[0][key] for key in ("low", "high", "value"))
        caption += (
            f" For ten times as many parameters the difference that easy prompts make (RSFT easy − SFT continued) changes "
            f"by {value:+.1f} points ({low:+.1f} to {high:+.1f})."
        )
    figure, bottom, top = frame(theme, "The trap against model size", caption, 3.9)
    entries = [
        *((arm_label(arm), role_of(arm), marker, role_of(arm) == "leak") for arm, marker in ARMS if arm in set(arms["name"])),
        *((text, role, marker, False) for name, text, role, marker in CONTRASTS if name in set(differences["name"])),
    ]  # fmt: skip
    looks = [
        (text, {"marker": marker, "markeredgecolor": theme.color(role),
                "markerfacecolor": theme.paper if hollow else theme.color(role)})
        for text, role, marker, hollow in entries
    ]  # fmt: skip
    count = len(set(arms["name"]))
    top = legend_row(figure, theme, looks[:count], top)
    top = legend_row(figure, theme, looks[count:], top)
    left, right = panels(figure, (bottom, top), 2, left=0.07, gap=0.095)
    share_axis(left, theme)
    left.set_title("Accuracy on hard questions", pad=8)
    right.set_title("Differences in points", pad=8)
    ends = [*differences["low"], *differences["high"]]
    right.set_ylim(min([*ends, -0.05]) - 0.03, max([*ends, 0.05]) + 0.03)
    right.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if abs(value) > 1e-9 else "0")
    right.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
    right.axhline(0, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    right.grid(axis="y")
    right.spines["left"].set_visible(False)
    for axes, part, what in (
        (left, arms, [(arm, role_of(arm), marker, role_of(arm) == "leak") for arm, marker in ARMS]),
        (right, differences, [(name, role, marker, False) for name, _, role, marker in CONTRASTS]),
    ):
        axes.set_xlabel("parameters")
        if part.is_empty():
            axes.set_xticks([])
            absent(axes, theme)
            continue
        axes.set_xscale("log")
        axes.set_xlim(sizes[0] / 1.35, sizes[-1] * 1.35)
        axes.set_xticks(sizes, [size_text(size) for size in sizes])
        axes.set_xticks([], minor=True)
        present = [one for one in what if one[0] in set(part["name"])]
        for place, (name, role, marker, hollow) in enumerate(present):
            shift = (sizes[-1] / sizes[0] * 1.35**2) ** (DODGE * (place - (len(present) - 1) / 2))
            _line(axes, theme, part.filter(pl.col("name") == name), theme.color(role), marker, hollow, shift)
    return figure


def _line(
    axes: Axes, theme: Theme, part: pl.DataFrame, color: str, marker: str, hollow: bool, shift: float
) -> None:
    part = part.sort("parameters")
    places = [size * shift for size in part["parameters"]]
    axes.plot(places, part["value"].to_list(), color=color, linewidth=1, alpha=0.6, zorder=2)
    for place, row in zip(places, part.to_dicts(), strict=True):
        point(
            axes, place, row["value"], row["low"], row["high"], color, theme.paper, vertical=True, marker=marker, size=4.5,
            hollow=hollow, gid=f"{row['kind']}:{row['name']}:{row['model']}",
        )  # fmt: skip
