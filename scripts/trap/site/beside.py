"""Answers of other experiments that a page shows beside its own: those of finished models, without what was sampled in training.

Each model of such an experiment is an entry of `beside` in site.json, with a file of answers of its own:

    id          MODEL-EXPERIMENT, as in addresses and in episodes.ID.json
    title       of the model; experiment: what the experiment asks
    seed        of the answers
    arms        [{id, label, short, role, contaminated, parent}], in the order of the experiment's sheet
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from trap.figures.opening import sheet_path
from trap.site.episodes import read_episodes
from trap.workflow.config import StudyConfig
from trap.workflow.sheet import Arm, load_arms


class Beside(NamedTuple):
    """A model of another experiment: its entry in site.json, and its rows of `episodes.parquet`."""

    entry: dict[str, Any]
    answers: pl.DataFrame


def read_beside(
    folders: Sequence[Path], settings: StudyConfig, study: str, titles: Mapping[str, str]
) -> list[Beside]:
    """The models of other experiments. folders: of evidence, `…/EXPERIMENT` or `…/EXPERIMENT/collected`.

    titles: of models, by name, in their order. Raises InputError for an unknown experiment or a table that cannot be read.
    """
    found = []
    for folder in folders:
        name = folder.parent.name if folder.name == "collected" else folder.name
        sheet = load_arms(sheet_path(settings, study, name))
        answers = read_episodes(folder).filter(kind="eval")
        for model in [model for model in titles if model in set(answers["model"])]:
            mine = answers.filter(model=model)
            arms = [_arm(sheet[arm]) for arm in sheet if arm in set(mine["arm"])]
            entry = {
                "id": f"{model}-{name}", "title": titles[model], "experiment": settings.experiments[name].title or name,
                "seed": mine["seed"][0], "arms": arms,
            }  # fmt: skip
            found.append(Beside(entry, mine.filter(pl.col("arm").is_in([arm["id"] for arm in arms]))))
    return found


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "id": arm.arm, "label": arm.label, "short": arm.short or arm.label, "role": arm.role,
        "contaminated": arm.contaminated, "parent": arm.parent,
    }  # fmt: skip
