"""Dose-response of the prompts' distribution: accuracy and faithful accuracy by the share of matching prompts."""

from __future__ import annotations

from matplotlib.figure import Figure

from trap.figures.doses import Series, draw_dose, share_family
from trap.figures.estimates import Evidence
from trap.figures.theme import Theme

TITLE = "Accuracy by the share of prompts that match the questions asked"
ALT = (
    "Accuracy, and where reasons are checked faithful accuracy, against the share of prompts in training that match the "
    "questions asked, one panel per model, with 95 % intervals, and lines at answers that need no model."
)
TABLES = ("arms", "doses", "by_level")


def draw(evidence: Evidence, theme: Theme) -> Figure:
    declared = evidence.settings.matching
    series = [Series(evidence.pool, "accuracy", "accurate", "accuracy", shift=-0.008)]
    if evidence.reasons:
        series.append(Series(evidence.pool, "faithful", "faithful", "faithful", marker="^", shift=0.008))
    return draw_dose(
        evidence, theme, declared, declared.family or share_family(evidence, contaminated=False), tuple(series),
        title="Accuracy by the share of prompts that match the questions asked", axis="share of matching prompts",
    )  # fmt: skip
