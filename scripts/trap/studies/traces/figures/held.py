"""What was learned, asked nearer and farther: fresh problems, held-out wordings, held-out families, longer chains.

Narrow, so that a phone shows it whole. One row a pool, one mark a training arm. The published share stands beside the row of fresh problems, though it was
counted on the training examples themselves.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, one, sizes
from trap.figures.marks import absent, frame, legend_row, look, named_rows, panels, point
from trap.figures.theme import NARROW, Theme

TITLE = "Right answers, asked nearer to the training examples and farther"
ALT = (
    "Dot plot of accuracy with 95 % intervals on fresh problems, in held-out wordings, of held-out families, and on longer "
    "problems; one mark per training arm and one panel per model. The published share on training examples is beside it."
)
TABLES = ("arms",)
POOLS = {
    "eval_easy": "fresh problems",
    "eval_wording": "held-out wordings",
    "eval_family": "held-out families",
    "eval_hard": "longer problems",
}
ARMS = ("sft_250", "sft", "sft_families", "sft_hard")
MARKERS = {"sft_250": "^", "sft": "o", "sft_families": "s", "sft_hard": "D"}
DODGE = 0.18  # of a row, between arms
PUBLISHED = "claimed"  # in figures.yaml
ROW_INCHES = 0.52


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("arms")
    models = evidence.models(table)
    found: dict[tuple[str, str, str], Estimate] = {}
    for model in models:
        for arm in ARMS:
            for pool in POOLS:
                estimate = one(table, model=model, arm=arm, pool=pool, metric="accuracy")
                if estimate is not None:
                    found[model, arm, pool] = estimate
    arms = [arm for arm in ARMS if any(key[1] == arm for key in found)]
    claimed = evidence.published(PUBLISHED)
    told = (
        f" The published share ({claimed.n} problems, one run) is of the training examples themselves."
        if claimed
        else ""
    )
    caption = f"Shares of greedy answers that are right, {sizes(list(found.values()), 'problems')}; bars: 95 % intervals over seeds and problems.{told}"
    figure, bottom, top = frame(
        theme, TITLE, caption, 0.5 + (0.75 + ROW_INCHES * len(POOLS)) * max(len(models), 1), NARROW
    )
    entries = [
        (evidence.label(arm), look(theme, evidence.role(arm), MARKERS[arm], evidence.contaminated(arm)))
        for arm in arms
    ]
    if claimed:
        entries.append(("the published model", look(theme, "base", "X", True)))
    top = legend_row(figure, theme, entries, top)
    boxes = panels(figure, (bottom, top), max(len(models), 1), left=0.29, below_inches=0.34)
    for index, axes in enumerate(boxes):
        named_rows(axes, theme, list(POOLS.values()), True)
        if not models or not arms:
            absent(axes, theme)
            continue
        axes.set_title(evidence.title(models[index]), pad=8)
        for place, arm in enumerate(arms):
            shift = DODGE * (place - (len(arms) - 1) / 2)
            for y, pool in enumerate(POOLS):
                estimate = found.get((models[index], arm, pool))
                if estimate is not None:
                    point(
                        axes, estimate.value, y + shift, estimate.low, estimate.high, theme.color(evidence.role(arm)),
                        theme.paper, gid=f"{models[index]}:{arm}:{pool}", marker=MARKERS[arm],
                        hollow=evidence.contaminated(arm), size=4.2, thin=True,
                    )  # fmt: skip
        if claimed:
            point(
                axes, claimed.value, -DODGE * len(arms) / 2 - 0.06, claimed.low, claimed.high, theme.color("base"), theme.paper,
                gid=f"{models[index]}:published", hollow=True, marker="X", size=4.2, thin=True,
            )  # fmt: skip
    return figure
