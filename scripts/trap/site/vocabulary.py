"""Labels and colours on a page for what a study declares: its pools, metrics and levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from trap.figures.estimates import same_values, span
from trap.studies.base import BaseStudy, Pool

ACCURACY, FAITHFUL, VALUE = "accuracy", "faithful", "value"
# metrics of every study; `faithful` only if its answers come with reasons
SHARED = {
    ACCURACY: "accuracy",
    FAITHFUL: "faithful accuracy",
    "format": "answers that could be read",
    VALUE: "mean score",
}


class Vocabulary:
    """Labels for one study. study: its class. own: `WORDS` of its `page.py` (`trap.site.own`)."""

    def __init__(self, study: type[BaseStudy], own: Mapping[str, Any] | None = None) -> None:
        self._study = study
        own = own or {}
        self._pool_labels: Mapping[str, str] = own.get("pool_labels", {})
        self._metric_labels: Mapping[str, str] = own.get("metric_labels", {})

    def metrics(self, arms: pl.DataFrame) -> list[dict[str, Any]]:
        """{id, label, unit} of the metrics that have values in the table `arms`: shared ones, then the study's own.

        The mean score is left out if it equals the accuracy everywhere.
        """
        measured = arms.filter(pl.col("value").is_not_null() & (pl.col("model") != "none"))
        units = dict(measured.select("metric", "unit").unique(maintain_order=True).iter_rows())
        declared = {measure.name: measure for measure in self._study.measures}
        found = []
        for name in (*SHARED, *declared):
            if name not in units or (name == FAITHFUL and not self._study.answers_with_reasons):
                continue
            if name == VALUE and same_values(measured, VALUE, ACCURACY):
                continue
            label = self._metric_labels.get(name) or (declared[name].label if name in declared else "")
            label = label or SHARED.get(name) or name.replace("_", " ")
            found.append({"id": name, "label": label, "unit": units[name]})
        return found

    @staticmethod
    def pair(metrics: list[str]) -> list[str]:
        """The two metrics that charts compare: accuracy, and `faithful` or else the mean score."""
        more = next((name for name in (FAITHFUL, VALUE) if name in metrics), None)
        return [name for name in (ACCURACY, more) if name in metrics]

    def pools(self, levels: pl.DataFrame) -> list[dict[str, Any]]:
        """The declared pools with labels and levels. asked: whether its questions are fresh. color: a figure role."""
        found = self._levels(levels)
        hardest = self._hardest(found)
        return [
            {
                "id": pool.name,
                "label": self._pool_labels.get(pool.name) or _label(pool),
                "role": pool.role,
                "level": pool.level,
                "levels": span(found[pool.name]) if found.get(pool.name) else "",
                "color": "leak" if _leaks(pool) else "hard" if pool.level == hardest else "easy",
                "asked": pool.role == "evaluation" and not pool.trainable,
            }
            for pool in self._study.pools
            if not pool.extra or pool.name in found
        ]

    def _hardest(self, found: Mapping[str, list[int]]) -> str:
        """The word for the level whose pools have the highest mean level."""
        words = {pool.level: _mean(found[pool.name]) for pool in self._study.pools if found.get(pool.name)}
        return max(words, key=lambda word: words[word], default="")

    @staticmethod
    def _levels(levels: pl.DataFrame) -> dict[str, list[int]]:
        rows = levels.select("pool", "level").unique().drop_nulls()
        return {pool: part["level"].to_list() for (pool,), part in rows.group_by("pool")}


def _leaks(pool: Pool) -> bool:
    return pool.role == "evaluation" and pool.trainable


def _label(pool: Pool) -> str:
    words = pool.name.replace("_", " ")
    if pool.level and pool.level not in words:
        words += f" ({pool.level})"
    return f"{words}, leaked into training" if _leaks(pool) else words


def _mean(levels: list[int]) -> float:
    return sum(levels) / len(levels)
