"""How traces fail on long problems: the rate of each kind, one mark an arm. Narrow, so that a phone shows it whole."""

from __future__ import annotations

import textwrap

from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, sizes
from trap.figures.marks import absent, frame, legend_row, look, named_rows, panels, point
from trap.figures.theme import NARROW, Theme
from trap.studies.traces.lint import KINDS

TITLE = "How traces fail"
ALT = (
    "Dot plot of the shares of answers to problems of 5 to 8 steps that fail in each of nine ways, are no trace, have no "
    "answer or are cut short, with 95 % intervals, one mark per training arm and one panel per model."
)
TABLES = ("arms", "failures")
COLUMNS = ("model", "arm", "pool", "kind", "value", "low", "high", "n", "seeds")
POOL = "eval_hard"
ARMS = ("sft", "rsft_easy", "rsft_hard", "sft_hard")
MARKERS = ("o", "s", "D", "^")
NAMES = {**KINDS, "unparsed": "no trace", "stopped": "no answer", "cut": "cut short"}
DODGE = 0.18  # of a row, between arms
ROW_INCHES = 0.36
LETTERS = 20  # of a line of a kind's name


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("failures", COLUMNS)
    models = evidence.models(table)
    found: dict[tuple[str, str, str], Estimate] = {
        (model, row["arm"], row["kind"]): estimate
        for model in models
        for row, estimate in estimates(table, model=model, pool=POOL)
        if row["arm"] in ARMS
    }
    arms = [arm for arm in ARMS if any(key[1] == arm for key in found)]
    kinds = [kind for kind in NAMES if any(key[2] == kind for key in found)]
    caption = (
        f"Shares of greedy answers to problems of 5 to 8 steps, {sizes(list(found.values()), 'problems')}; bars: 95 % intervals over seeds and problems. "
        "Kinds overlap: a trace can fail in several ways, and a wrong one in none of them."
    )
    figure, bottom, top = frame(
        theme, TITLE, caption, 0.3 + (0.75 + ROW_INCHES * max(len(kinds), 4)) * max(len(models), 1), NARROW
    )
    entries = [
        (evidence.label(arm), look(theme, evidence.role(arm), MARKERS[ARMS.index(arm)])) for arm in arms
    ]
    top = legend_row(figure, theme, entries, top)
    boxes = panels(figure, (bottom, top), max(len(models), 1), left=0.31, below_inches=0.34)
    for index, axes in enumerate(boxes):
        named_rows(axes, theme, [textwrap.fill(NAMES[kind], LETTERS) for kind in kinds], True)
        if not models or not arms:
            absent(axes, theme)
            continue
        axes.set_title(evidence.title(models[index]), pad=8)
        for place, arm in enumerate(arms):
            shift = DODGE * (place - (len(arms) - 1) / 2)
            for y, kind in enumerate(kinds):
                estimate = found.get((models[index], arm, kind))
                if estimate is None:
                    continue
                point(
                    axes, estimate.value, y + shift, estimate.low, estimate.high, theme.color(evidence.role(arm)), theme.paper,
                    gid=f"{models[index]}:{arm}:{kind}", marker=MARKERS[ARMS.index(arm)], size=3.8, thin=True,
                )  # fmt: skip
    return figure
