"""Dose-response of leakage: accuracy on leaked and on fresh questions, by the leaked share of the prompts."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.doses import Series, draw_dose, share_family
from trap.figures.estimates import Evidence
from trap.figures.theme import Theme

TITLE = "Accuracy on leaked and on fresh questions by the leaked share"
ALT = (
    "Accuracy against the share of evaluation questions among the training prompts, one panel per model: "
    "hollow points are asked the very questions that leaked, filled points fresh ones; 95 % intervals."
)
TABLES = ("arms", "doses", "by_level")


def draw(evidence: Evidence, theme: Theme) -> Figure:
    declared = evidence.settings.leakage
    series = [Series(evidence.pool, "accuracy", "fresh\nquestions", "accuracy", shift=0.008)]
    if evidence.leaked:
        leaked = Series(
            evidence.leaked, "accuracy", "the leaked\nquestions", "leak", hollow=True, shift=-0.008
        )
        series.insert(0, leaked)
    return draw_dose(
        evidence, theme, declared, declared.family or share_family(evidence, contaminated=True), tuple(series),
        title="Accuracy by the share of prompts that are evaluation questions",
        axis="prompts that are evaluation questions",
    )  # fmt: skip
