"""Dose-response of the distribution: accuracy and faithful accuracy by the share of hard prompts."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.doses import Series, draw_dose
from trap.figures.estimates import Evidence
from trap.figures.theme import Theme

ALT = (
    "Accuracy and faithful accuracy on hard questions against the share of hard prompts in rejection "
    "sampling, one panel per model, with 95 % intervals and a line at chance."
)
SERIES = (
    Series("eval_hard", "accuracy", "accurate", "accuracy", shift=-0.008),
    Series("eval_hard", "faithful", "faithful", "faithful", marker="^", shift=0.008),
)


def draw(evidence: Evidence, theme: Theme) -> Figure:
    return draw_dose(
        evidence,
        theme,
        family="hard_share",
        series=SERIES,
        title="Rejection sampling with more hard prompts, scored on fresh hard questions",
        axis="hard prompts in rejection sampling",
        ends=("all easy (A)", "all hard (B)"),
        note="Same start, steps and number of prompts at every dose; no prompt is an evaluation question. "
        "Faithful: right, and every clause of the trace true.",
    )
