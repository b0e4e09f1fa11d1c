"""Attention maps: which relation of the question a model attends to before it writes the next clause of a trace.

One map per arm for the longest taught chains, and one below it for the longest chains asked.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from trap.figures.estimates import Evidence, estimates, one, sizes
from trap.figures.marks import MARGIN, absent, frame, panels, percent
from trap.figures.theme import NORMAL, SMALL, Theme
from trap.studies.hops.analysis.attention import ALL_CLAUSES

TITLE = "Where models look for the next relation"
ALT = (
    "Attention maps, a row of cells for each clause of a trace and a column for each relation of the question, one map per "
    "training arm: above for the longest chains that were taught, below for longer ones. The diagonal is where "
    "the model must look; the share of attention on it is written above each map, with its 95 % interval."
)
TABLES = ("arms", "attention", "pointers")
MAP_INCHES = 1.52
NAMED_INCHES, TOLD_INCHES = (
    0.6,
    0.32,
)  # room above a map: with the arm's name in the first row, without it below
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
    heads = [NAMED_INCHES, *([TOLD_INCHES] * (len(shown) - 1))]
    total = sum(heads) + MAP_INCHES * len(heads)
    figure, bottom, top = frame(theme, "Where the model looks for the next relation", caption, total)
    ramp = LinearSegmentedColormap.from_list("attention", [theme.paper, theme.color("start")])
    if not arms:
        absent(panels(figure, (bottom, top), 1, left=0.075)[0], theme)
    for row, (hops, above) in enumerate(zip(shown, heads, strict=False)):
        low = top - (top - bottom) * (MAP_INCHES + above) / total
        boxes = panels(
            figure, (low, top), len(arms), left=0.075, gap=0.045, below_inches=0.06, above_inches=above
        )
        top, total = low, total - MAP_INCHES - above
        figure.text(
            MARGIN, (boxes[0].get_position().y0 + boxes[0].get_position().y1) / 2, f"{hops} hops", fontsize=NORMAL,
            rotation=90, va="center", ha="left",
        )  # fmt: skip
        for axes, (model, arm) in zip(boxes, arms, strict=False):
            weights = maps.filter(
                pl.col("model") == model, pl.col("arm") == arm, pl.col("level") == hops
            ).sort("clause", "relation")
            right = one(pointers, model=model, arm=arm, level=hops, clause=ALL_CLAUSES)
            if weights.is_empty() or right is None:
                absent(axes, theme, "not run")
                continue
            name = f"{evidence.title(model)}\n{evidence.label(arm)}\n" if row == 0 else ""
            told = f"{percent(right.value)} [{100 * right.low:.0f}, {100 * right.high:.0f}]"
            axes.set_title(name + told, fontsize=SMALL, fontweight="normal", pad=4)
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
