"""The settings of a study's figures: `config/STUDY/figures.yaml`. Unknown keys are errors.

Every key is optional. Defaults come from the tables, the sheet and the study's class: rows are the arms in the order of
the sheet, labels and colours come from the columns `short` and `role`, and so on. Texts may contain `{questions}`,
`{levels}` and `{level_name}`; the evidence fills these in. `title` is a figure's heading and `alt` its description for
screen readers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from trap.files import InputError
from trap.workflow.config import checked, read_yaml


class Quote(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A published share, quoted in a claim.

    claim: the id of that claim. plus: if the claim quotes a change, the id of the claim that quotes the start.
    """

    claim: str
    plus: str = ""


class Row(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A row of the trap figure: an arm that was asked the questions of a pool.

    pool: default, the pool that the figures show. label: default, the arm's short label. published: names of
    published points (keys of `published`) to draw in the row. claims: {model: {accuracy or faithful: claim, or
    CLAIM.KEY for a number that a claim quotes besides}}, for arms of another experiment, whose numbers the ledger has;
    only the trap figure draws such rows.
    """

    arm: str
    pool: str = ""
    label: str = ""
    published: list[str] = []
    claims: dict[str, dict[str, str]] = {}


class Finding(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A title that states a finding.

    It holds if each claim of `when` has one of the words listed for it: a verdict, `floor` or `ceiling`.
    """

    says: str
    when: dict[str, list[str]]


class Trap(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Accuracy and faithful accuracy of every arm.

    findings: titles; the first that holds is used, and `title` if none does. right, reasons: the names of the two bars.
    meaning: what `reasons` means, for the caption. baselines: drawn as lines, in every figure of accuracy; default, chance
    and the best of the others. explained: {baseline: what it does, for captions}.
    """

    title: str = "Accuracy on {questions}"
    findings: list[Finding] = []
    alt: str = ""
    right: str = "right answer"
    reasons: str = "right, and its reasons hold"
    meaning: str = ""
    rows: list[Row] = []
    baselines: tuple[str, ...] = ()
    explained: dict[str, str] = {}


class Doses(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A dose-response with doses from 0 to 1.

    findings: titles; the first that holds is used, and `title` if none does. family: of the table `doses`; the default is found by `doses.share_family`. doses: how many the sheet has, so that
    the caption can say if fewer were run. axis: the label of x. ends: what doses 0 and 1 mean. note: a sentence for the
    caption.
    """

    title: str = ""
    findings: list[Finding] = []
    alt: str = ""
    family: str = ""
    doses: int = 0
    axis: str = ""
    ends: tuple[str, str] = ("none", "all")
    note: str = ""


class Levels(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A metric by level.

    what: the name of the metric. each: what a sample size counts. x, y: the labels of the axes. diagonal: for a metric
    that counts the same as a level, such as steps: what the dashed diagonal means. arms: default, the
    first of each role.
    """

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
    """An arm that was asked the questions of a pool; `adds` follows its label."""

    arm: str
    pool: str = ""
    adds: str = ""


class Faithful(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Faithful accuracy against accuracy. meaning: of `faithful`. diagonal: what the dashed diagonal means."""

    title: str = "Right answers, and right answers whose reasons hold"
    alt: str = ""
    meaning: str = "right, and the stated reasons were checked and hold"
    diagonal: str = "every right answer\nhas reasons that hold"
    points: list[Point] = []


class Rollouts(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Rejection sampling by the number of samples K.

    family: of the table `doses`, with K as the dose. sampled: the first words of the caption. kept: the title of the
    upper panel. doses: how many K the sheet has, so that the caption can say if fewer were run.
    """

    title: str = "Rejection sampling by the number of samples per prompt"
    alt: str = ""
    family: str = ""
    sampled: str = "Rejection sampling"
    kept: str = "prompts that keep a right answer"
    doses: int = 0


class Training(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Curves from the training logs. stages: {title of a column of panels: its arms}. note: for the caption."""

    title: str = "Training curves"
    alt: str = ""
    pool: str = ""
    note: str = ""
    stages: dict[str, list[str]] = {}


class Difference(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A contrast of claims.yaml by name, with its label and the role that decides its colour."""

    name: str
    label: str = ""
    role: str = ""


class Scaling(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Contrasts by model size.

    note: a sentence for the caption. trend: the contrast whose slope the caption states. trend_words: what that contrast is, as a noun phrase.
    """

    title: str = "Differences between arms against model size"
    alt: str = ""
    contrasts: list[Difference] = []
    note: str = ""
    trend: str = ""
    trend_words: str = ""


class Platforms(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The same contrasts on several platforms. contrasts: {name of a contrast: label of its row}."""

    title: str = "The same comparisons on other platforms"
    alt: str = ""
    contrasts: dict[str, str] = {}


class Dial(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Small tests that the page draws again and again from the answers of these arms; without rows, there are none.

    rows: the first is what the others are compared with. sizes: numbers of questions to choose from, besides all.
    """

    rows: list[Row] = []
    sizes: tuple[int, ...] = (20, 30, 100, 300)


class FigureSettings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The whole of `figures.yaml`.

    models: {model: what it stands for}; their panels come first, in this order, and the words may be empty.
    pool: the pool that figures show; default, the last evaluation pool that no arm may train on.
    leaked: the pool that contaminated arms train on. validation: the pool of the curves.
    questions: the words for the questions of `pool`. level_name: what a level counts, in the plural.
    published: published shares by name. The other keys are one figure each.
    """

    models: dict[str, str] = {}
    pool: str = ""
    leaked: str = ""
    validation: str = ""
    questions: str = ""
    level_name: str = ""
    published: dict[str, Quote] = {}
    trap: Trap = Trap()
    dial: Dial = Dial()
    matching: Doses = Doses()
    leakage: Doses = Doses()
    levels: Levels = Levels()
    faithful: Faithful = Faithful()
    rollouts: Rollouts = Rollouts()
    training: Training = Training()
    scaling: Scaling = Scaling()
    platforms: Platforms = Platforms()


def parse_settings(values: Any, origin: str) -> FigureSettings:
    """The settings from plain values. Raises InputError with one line that names `origin` and the key."""
    found = checked(values or {}, FigureSettings, origin)
    for key, rows in (("trap", found.trap.rows), ("dial", found.dial.rows)):
        for row in rows:
            for name in row.published:
                if name not in found.published:
                    raise InputError(
                        f"{origin}: no published point `{name}` - at `{key}.rows` of arm `{row.arm}`"
                    )
    return found


def load_settings(path: Path | str | None) -> FigureSettings:
    """The settings from a file; the defaults for None. Raises InputError naming file, line and key."""
    if path is None:
        return FigureSettings()
    return parse_settings(read_yaml(path), str(path))
