"""A study's own part of its page: the optional module `studies/STUDY/page.py`. Each of these names is optional:

WORDS                                   {"pool_labels", "metric_labels", "published_labels": {name: label},
                                        "scatter_words": a sentence for the scatter chart}
ABOUT                                   headings of the post's sections that the page shows; without it, all of them
questions(pools, wanted) -> list[dict]  rows of questions.json, one for each wanted (pool, id), in that order; each has
                                        `id`, `pool`, `level`, `prompt`, and what the study's panels need
finding(evidence) -> list[str]          sentences, what was found; without it, the finding of the first figure
data(folder) -> {file name: value}      the data files that `panels.json` names; `folder` holds the study's data
answers(pools, episodes) -> {file name: value}  more of these files, made from the table of stored answers
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.figures.estimates import Evidence
from trap.figures.findings import headline
from trap.files import InputError
from trap.site.panels import Panels
from trap.workflow.registry import load_member


class Own:
    """The names of a study's `page.py`, with defaults for those that it lacks."""

    def __init__(self, module: Any = None) -> None:
        self._module = module
        self.words: dict[str, Any] = dict(getattr(module, "WORDS", {}))
        self.about: tuple[str, ...] = tuple(getattr(module, "ABOUT", ()))

    def questions(self, pools: Sequence[Path], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of questions.json. rows: the answered questions as `episodes.question_rows` gives them."""
        made = getattr(self._module, "questions", None)
        return made(pools, [(row["pool"], row["id"]) for row in rows]) if made else list(rows)

    def finding(self, evidence: Evidence) -> list[str]:
        """What was found, in sentences, the main one first; none where nothing says so."""
        made = getattr(self._module, "finding", None)
        trap = evidence.settings.trap
        if made:
            return [str(sentence) for sentence in made(evidence)]
        title = headline(trap.findings, evidence.claims, "")[0]
        return [evidence.text(title)] if title else []

    def data(
        self, folder: Path, panels: Panels, pools: Sequence[Path], episodes: pl.DataFrame
    ) -> dict[str, Any]:
        """{file name: value} of the study's data files. Raises InputError if `panels.json` names other files."""
        made = getattr(self._module, "data", None)
        found = dict(made(folder)) if made else {}
        if told := getattr(self._module, "answers", None):
            found |= told(pools, episodes)
        if sorted(found) != sorted(panels.data):
            raise InputError(
                f"page.py makes {', '.join(sorted(found)) or 'no file'}, panels.json names "
                f"{', '.join(sorted(panels.data)) or 'none'}"
            )
        return found


def own_of(study: str) -> Own:
    """The study's own part of its page. Raises InputError for an unknown study."""
    folder = load_member("study", study).__name__
    known = importlib.util.find_spec(f"{folder}.page") is not None
    return Own(load_member("study", study, "page") if known else None)
