"""What the figures of a study show: `config/STUDY/figures.yaml`, typed and strict.

All of it is optional. What a study does not say is derived from its tables, its sheet and its class: rows are the arms in
the order of the sheet, labels and colours come from the columns `short` and `role`, and so on. Texts may hold
`{questions}`, `{levels}` and `{level_name}`, which are filled in from the evidence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trap.files import InputError
from trap.workflow.config import read_yaml


class Quote(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A published share, taken from the claim that quotes it.

    claim: the id of that claim. plus: the id of another one, to whose value this one is a difference.
    """

    claim: str
    plus: str = ""


class Row(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An arm asked the questions of a pool; `published` are names under `published`, drawn beside it."""

    arm: str
    pool: str = ""  # the pool that the figures are about
    label: str = ""  # the arm's short label; a line break in it is kept
    published: list[str] = []


class Finding(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A sentence that holds where every claim of `when` has one of its words: a verdict, `floor` or `ceiling`."""

    says: str
    when: dict[str, list[str]]


class Trap(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Accuracy and faithful accuracy of every arm.

    findings: titles that state a finding; the first that holds is taken, else `title`. right, reasons: what the two bars
    are called; meaning: what the second says of an answer. `baselines` are drawn as lines, each named as it is here.
    """

    title: str = "Accuracy on {questions}"
    findings: list[Finding] = []
    alt: str = ""
    right: str = "right answer"
    reasons: str = "right, and its reasons hold"
    meaning: str = ""
    rows: list[Row] = []
    baselines: tuple[str, ...] = ("chance",)


class Doses(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A dose-response between 0 and 1. `family`: which doses; `doses`: how many are declared, to say if fewer were run."""

    title: str = ""
    alt: str = ""
    family: str = ""
    doses: int = 0
    axis: str = ""
    ends: tuple[str, str] = ("none", "all")
    note: str = ""


class Levels(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A metric by level. With `diagonal`, which is what the dashed line means, the metric counts what a level counts."""

    title: str = ""
    alt: str = ""
    metric: str = "accuracy"
    what: str = "Accuracy"
    each: str = "questions per level"
    x: str = "{level_name}"
    y: str = ""
    diagonal: str = ""
    arms: list[str] = []


class Point(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """An arm asked the questions of a pool; `adds` is said after its label."""

    arm: str
    pool: str = ""
    adds: str = ""


class Faithful(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Accuracy against faithful accuracy. `meaning`: what faithful says of an answer; `diagonal`: what is dashed."""

    title: str = "Right answers, and right answers whose reasons hold"
    alt: str = ""
    meaning: str = "right, and the stated reasons were checked and hold"
    diagonal: str = "every right answer\nhas reasons that hold"
    points: list[Point] = []


class Rollouts(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What more samples let through. `family`: the doses whose dose is the number of samples."""

    title: str = "What more samples per prompt let through"
    alt: str = ""
    family: str = ""
    sampled: str = "Rejection sampling"
    kept: str = "prompts that keep a right answer"
    doses: int = 0


class Training(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Curves from the logs; `stages`: the arms of each column of panels, by the column's title."""

    title: str = "Training curves"
    alt: str = ""
    pool: str = ""
    note: str = ""
    stages: dict[str, list[str]] = {}


class Difference(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A declared contrast, what it is called in a figure, and the meaning of its colour."""

    name: str
    label: str = ""
    role: str = ""  # that of the arm


class Scaling(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Arms and contrasts against model size. `trend`: a contrast, and in words what it is, whose slope is said."""

    title: str = "The same arms against model size"
    alt: str = ""
    arms: list[str] = []
    contrasts: list[Difference] = []
    trend: str = ""
    trend_words: str = ""


class Platforms(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The same comparisons on several platforms; `contrasts`: names of contrasts -> what a row is called."""

    title: str = "The same comparisons on other platforms"
    alt: str = ""
    contrasts: dict[str, str] = {}


class FigureSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`figures.yaml` as a whole.

    pool: what the figures are about, by default the last evaluation pool that no arm may train on. leaked: the one that
    contaminated arms were trained on. validation: the pool of the curves. questions: what to call those of `pool`.
    models: those whose panels come first, in this order -> what each stands for, which may be empty.
    """

    models: dict[str, str] = {}
    pool: str = ""
    leaked: str = ""
    validation: str = ""
    questions: str = ""
    level_name: str = ""
    published: dict[str, Quote] = {}
    trap: Trap = Trap()
    matching: Doses = Doses()
    leakage: Doses = Doses()
    levels: Levels = Levels()
    faithful: Faithful = Faithful()
    rollouts: Rollouts = Rollouts()
    training: Training = Training()
    scaling: Scaling = Scaling()
    platforms: Platforms = Platforms()


def parse_settings(values: Any, origin: str) -> FigureSettings:
    """Checked settings from plain values. Raises InputError with one line that names `origin` and the key."""
    try:
        found = msgspec.convert(values or {}, FigureSettings)
    except msgspec.ValidationError as error:
        raise InputError(f"{origin}: {str(error).replace('`$.', '`').replace(' - at `$`', '')}") from None
    for row in found.trap.rows:
        for name in row.published:
            if name not in found.published:
                raise InputError(f"{origin}: no published point `{name}` - at `trap.rows` of arm `{row.arm}`")
    return found


def load_settings(path: Path | str | None) -> FigureSettings:
    """The settings in a file, or those of a study that says nothing. Raises InputError naming file, line and key."""
    if path is None:
        return FigureSettings()
    return parse_settings(read_yaml(path), str(path))
