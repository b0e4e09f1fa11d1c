"""What a study adds to the common evidence: metrics, measures of claims, tables, columns of episodes.

A study may have a module `evidence.py` beside its `study.py` that defines `EXTENSION`. A study without one has the
metrics of its items and the tables that every study has.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from trap.files import InputError
from trap.studies.base import BaseStudy

if TYPE_CHECKING:
    from trap.analysis.claim_specs import Measure
    from trap.analysis.measures import Evidence, Result
    from trap.analysis.summaries import Summaries


@dataclass(frozen=True)
class Metric:
    """A mean over items. unit: that of the value. share: whether items count 0 or 1. where: which items count.

    column: the column of items whose mean it is, if every item counts. low, high: the range of its values, infinite
    where it has no end; intervals stay inside. guessed: a blind answer earns it as often as chance, not never.
    """

    unit: str
    share: bool
    value: pl.Expr
    where: pl.Expr | None = None
    column: str = ""
    low: float = -math.inf
    high: float = math.inf
    guessed: bool = False

    @property
    def range(self) -> tuple[float, float]:
        """Of what counts 0 or 1, that; else as declared."""
        return (0.0, 1.0) if self.share else (self.low, self.high)


class Table(NamedTuple):
    """A table, and the same as Markdown."""

    frame: pl.DataFrame
    text: str


@dataclass(frozen=True)
class OwnMeasure:
    """A measure that claims name by `study: NAME`. `check` returns what is wrong with a declaration, or "".

    `compute` gives the number, or raises `Missing` with the reason.
    """

    compute: Callable[[Measure, Evidence], Result]
    check: Callable[[Measure], str] = lambda what: ""


def _plain_episode(row: Mapping[str, Any]) -> dict[str, Any]:
    """The score in a line of episodes.jsonl that `BaseStudy.episode` wrote."""
    return {"level": row.get("level"), **(row.get("score") or {})}


@dataclass(frozen=True)
class Extension:
    """All that a study adds.

    metrics: further metrics by name; None removes the metric of a measure. guessed: measures that a blind answer earns
    as often as chance. dose_metrics: metrics that dose-responses
    show besides accuracy and faithful accuracy. shown: metrics that the Markdown tables show besides. tables: tables of
    its own by name, each made from the summaries of one folder of evidence. episode: takes a line of episodes.jsonl
    and gives the columns of `episode_columns`, level, correct, format, faithful and value.
    """

    metrics: Mapping[str, Metric | None] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    dose_metrics: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    measures: Mapping[str, OwnMeasure] = field(default_factory=dict)
    tables: Mapping[str, Callable[[Summaries], Table]] = field(default_factory=dict)
    episode_columns: Mapping[str, Any] = field(default_factory=dict)
    episode: Callable[[Mapping[str, Any]], dict[str, Any]] = _plain_episode


@cache
def extension_of(study: type[BaseStudy]) -> Extension:
    """The extension of a study; without `evidence.py`, an empty one. Raises InputError if that file defines none."""
    package = study.__module__.rpartition(".")[0]
    name = f"{package}.evidence"
    if not package or importlib.util.find_spec(name) is None:
        return Extension()
    module = importlib.import_module(name)
    found = getattr(module, "EXTENSION", None)
    if not isinstance(found, Extension):
        raise InputError(f"{module.__file__}: it defines no EXTENSION")
    return found
