"""Dose-response of leakage: accuracy on the leaked questions and on fresh ones by the leaked share."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.doses import Series, draw_dose
from trap.figures.estimates import Evidence
from trap.figures.theme import Theme

ALT = (
    "Accuracy against the share of evaluation questions among the training prompts, one panel per model: "
    "hollow points are asked the very questions that leaked, filled points fresh ones; 95 % intervals."
)
SERIES = (
    Series("eval_leak", "accuracy", "the leaked\nquestions", "leak", hollow=lambda x: x > 0, shift=-0.008),
    Series("eval_hard", "accuracy", "fresh\nquestions", "accuracy", shift=0.008),
)


def draw(evidence: Evidence, theme: Theme) -> Figure:
    return draw_dose(
        evidence,
        theme,
        family="leaked_share",
        series=SERIES,
        title="Rejection sampling with more evaluation questions among its prompts",
        axis="prompts that are evaluation questions",
        ends=("none (B)", "all (C)"),
        note="All prompts are hard; only the share taken from the evaluation set changes. "
        "Hollow: the model was trained on questions of the set that it is scored on.",
    )
