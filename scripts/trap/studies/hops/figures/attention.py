"""Attention maps: which relation of the question a model attends to before it writes the next clause of a trace.

One map per arm for the longest taught chains, and one beside it for the longest chains asked; the arms stand below each
other, so that a phone shows the figure whole.
"""

from __future__ import annotations

import textwrap

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from trap.figures.estimates import Evidence, estimates, one, sizes
from trap.figures.marks import MARGIN, absent, frame, percent
from trap.figures.theme import NARROW, NORMAL, SMALL, Theme
from trap.studies.hops.analysis.attention import ALL_CLAUSES

TITLE = "Attention to the relations of the question, clause by clause"
ALT = (
    "Attention maps, a row of cells for each clause of a trace and a column for each relation of the question, one map per "
    "training arm: left for the longest chains that were taught, right for longer ones. The diagonal is the "
    "relation that the clause needs; the share of attention on it is written above each map, with its 95 % interval."
)
TABLES = ("arms", "attention", "pointers")
MAP_INCHES = 1.45
ROW_INCHES = MAP_INCHES + 0.34  # with the number above a map
HEAD_INCHES = 0.26  # for the lengths, above the first row
LEFT, BETWEEN = 0.31, 0.045  # shares of the width: where the maps begin, and between them
LETTERS = 21  # of a line of an arm's name, beside its maps
DARK_FROM = 0.7  # attention from which a cell is so dark that its number is in the colour of the background


def draw(evidence: Evidence, theme: Theme) -> Figure:
    maps = evidence.table("attention", ("model", "arm", "level", "clause", "relation", "weight"))
    pointers = evidence.table(
        "pointers", ("model", "arm", "level", "clause", "value", "low", "high", "n", "seeds")
    )
    arms = [
        (model, arm)
        for model in evidence.models(maps)
        for arm in maps.filter(pl.col("model") == model)["arm"].unique(maintain_order=True)
    ]
    asked = maps["level"].unique().sort().to_list()
    shown = [asked[0], asked[-1]] if len(asked) > 1 else asked
    drawn = [e for _, e in estimates(pointers, clause=ALL_CLAUSES) if e.n]
    caption = (
        "Attention, before a clause's relation is written (rows, from the top), on the relations that the question names "
        "(columns), along reference traces; in percent. One head for each clause: the one that looks most at the "
        f"right relation of the taught chains. Above each map: what lies on the diagonal. {sizes(drawn, 'questions')}; "
        "brackets: 95 % intervals."
    )
    rows = max(len(arms), 1)
    figure, bottom, top = frame(theme, TITLE, caption, ROW_INCHES * rows + HEAD_INCHES, NARROW)
    height = figure.get_figheight()
    ramp = LinearSegmentedColormap.from_list("attention", [theme.paper, theme.color("start")])
    if not arms:
        absent(figure.add_axes((MARGIN, bottom, 1 - 2 * MARGIN, top - bottom)), theme)
    side = MAP_INCHES / NARROW
    lefts = [LEFT + place * (side + BETWEEN) for place in range(len(shown))]
    for left, hops in zip(lefts, shown, strict=True):
        if arms:
            figure.text(
                left, top - 0.04 / height, f"{hops} hops", fontsize=NORMAL, fontweight="bold", va="top"
            )
    for row, (model, arm) in enumerate(arms):
        low = top - (HEAD_INCHES + ROW_INCHES * (row + 1) - 0.08) / height
        words = "\n".join(
            part
            for name in (evidence.title(model), evidence.label(arm))
            for part in textwrap.wrap(name, LETTERS)
        )
        figure.text(MARGIN, low + MAP_INCHES / height, words, fontsize=SMALL, va="top", linespacing=1.2)
        for left, hops in zip(lefts, shown, strict=True):
            axes = figure.add_axes((left, low, side, MAP_INCHES / height))
            weights = maps.filter(
                pl.col("model") == model, pl.col("arm") == arm, pl.col("level") == hops
            ).sort("clause", "relation")
            right = one(pointers, model=model, arm=arm, level=hops, clause=ALL_CLAUSES)
            if weights.is_empty() or right is None:
                absent(axes, theme, "not run")
                continue
            told = f"{percent(right.value)} [{100 * right.low:.0f}, {100 * right.high:.0f}]"
            axes.set_title(told, fontsize=SMALL, fontweight="normal", pad=4)
            _map(axes, theme, weights["weight"].to_numpy().reshape(hops, hops), ramp, f"{model}:{arm}:{hops}")
    return figure


def _map(axes: Axes, theme: Theme, weights: np.ndarray, ramp: LinearSegmentedColormap, name: str) -> None:
    axes.pcolormesh(
        weights, cmap=ramp, vmin=0.0, vmax=1.0, edgecolors=theme.faint, linewidth=0.6, gid=f"map:{name}"
    )
    axes.invert_yaxis()
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    for (clause, relation), weight in np.ndenumerate(weights):
        axes.text(
            relation + 0.5, clause + 0.5, f"{100 * weight:.0f}", fontsize=SMALL - 1.5, ha="center", va="center_baseline",
            color=theme.paper if weight > DARK_FROM else theme.ink,
        )  # fmt: skip
