"""From rows of items to cells: sums of each metric of a study, by condition, seed and cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from trap.analysis.extension import Metric, extension_of
from trap.analysis.resampling import Cell
from trap.files import InputError
from trap.studies.base import BaseStudy
from trap.studies.columns import item_columns


def _flag(column: str, where: pl.Expr | None = None, guessed: bool = False) -> Metric:
    whole = "" if where is not None else column
    return Metric("share", True, pl.col(column).cast(pl.Float64), where, whole, guessed=guessed)


def _number(column: str, unit: str, low: float | None = None, high: float | None = None) -> Metric:
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    return Metric(unit, False, pl.col(column).cast(pl.Float64), None, column, *ends)


@cache
def metrics_of(study: type[BaseStudy]) -> dict[str, Metric]:
    """The metrics of a study by name: those of every study, those of its measures, and what its extension adds."""
    found: dict[str, Metric | None] = {
        "accuracy": _flag("correct", guessed=True),
        "faithful": _flag("faithful"),
        "format": _flag("format"),
        "value": _number("value", "share", 0, 1),
        "ranked": _flag("ranked", guessed=True),
        "tokens": _number("tokens", "tokens", 0),
        "faithful_given_correct": _flag("faithful", pl.col("correct")),
        "accuracy_given_format": _flag("correct", pl.col("format"), guessed=True),
    }
    extension = extension_of(study)
    for measure in study.measures:
        if measure.type == "flag":
            found[measure.name] = _flag(measure.name, guessed=measure.name in extension.guessed)
        elif measure.type != "text":
            found[measure.name] = _number(measure.name, measure.unit, measure.low, measure.high)
    found |= extension.metrics
    return {name: metric for name, metric in found.items() if metric is not None}


BASELINE = "baseline:"  # prefix of pseudo-arms that need no model
BASELINE_MODEL = "none"
BASELINE_KEYS = ("pool", "id", "level", "cluster")  # all other columns of the baselines are answers
Condition = tuple[str, str, str, str]  # model, platform, arm, pool


def read_items(paths: Sequence[Path | str], study: type[BaseStudy]) -> pl.DataFrame:
    """One or more items.parquet as one frame. Raises InputError naming the file and the column."""
    frames, columns = [], item_columns(study)
    for path in paths:
        frame = read_table(path)
        for column, kind in columns.items():
            if column not in frame.columns:
                raise InputError(f"{path}: {column}: column missing")
            try:
                frame = frame.with_columns(pl.col(column).cast(kind))
            except pl.exceptions.PolarsError as error:
                raise InputError(f"{path}: {column}: {str(error).splitlines()[0]}") from None
        frames.append(frame.select(list(columns)))
    items = pl.concat(frames)
    if items.is_empty():
        raise InputError(f"{paths[0]}: no items")
    return items


def read_table(path: Path | str) -> pl.DataFrame:
    """A Parquet file. Raises InputError naming it when it is absent or is not Parquet."""
    try:
        return pl.read_parquet(path, use_statistics=False, parallel="none")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: not a readable Parquet table: {str(error).splitlines()[0]}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, not a file") from None


class ItemTable:
    """Per-item rows of one study, summed once, from which cells are cut.

    items: as `read_items`; baselines: as `baselines.baseline_items` or None. Raises InputError for items of two
    studies: arms of one name would else meet in one cell.
    """

    def __init__(
        self, items: pl.DataFrame, study: type[BaseStudy], baselines: pl.DataFrame | None = None
    ) -> None:
        names = items["study"].unique().sort().to_list()
        if len(names) > 1:
            raise InputError(f"items of two studies, {names[0]} and {names[1]}: one table is of one study")
        self.study, self.name, self.metrics = study, names[0] if names else "", metrics_of(study)
        keys = ["model", "platform", "arm", "pool", "seed", "cluster", "level"]
        sums = []
        for name, metric in self.metrics.items():
            counted = metric.value.is_not_null()
            if metric.where is not None:
                counted &= metric.where
            sums.append(pl.when(counted).then(metric.value).otherwise(0.0).sum().alias(name))
            sums.append(counted.sum().cast(pl.Float64).alias(f"{name}:count"))
        # Sorted first, so that sums of fractions do not depend on the order of the rows.
        table = items.sort([*keys, "id"]).group_by(keys, maintain_order=True).agg(sums)
        columns = {name: table[name].to_numpy() for name in table.columns if name not in keys[:4]}
        columns["cluster"] = columns["cluster"].astype(str)
        # One condition's rows stand together, so that a condition is a slice of every column.
        lengths = table.group_by(keys[:4], maintain_order=True).len()
        ends = np.cumsum(lengths["len"].to_numpy())
        self._parts: dict[Condition, dict[str, np.ndarray]] = {
            tuple(map(str, row[:4])): {name: column[end - row[4] : end] for name, column in columns.items()}  # type: ignore[misc]
            for row, end in zip(lengths.rows(), ends, strict=True)
        }
        self._grids: dict[tuple, tuple | None] = {}
        self._baselines: dict[str, pl.DataFrame] = {}
        if baselines is not None and not baselines.is_empty():
            self._baselines = {
                str(pool): frame
                for (pool,), frame in baselines.partition_by(
                    "pool", as_dict=True, maintain_order=True
                ).items()
            }

    @property
    def conditions(self) -> list[Condition]:
        """Every (model, platform, arm, pool) with items, in order."""
        return list(self._parts)

    @property
    def baselines(self) -> list[str]:
        """Names of the answers that need no model."""
        frames = self._baselines.values()
        return list(
            dict.fromkeys(name for frame in frames for name in frame.columns if name not in BASELINE_KEYS)
        )

    @property
    def pools(self) -> list[str]:
        """Declared evaluation pools that all runs were asked and that have items, in declared order."""
        here = {key[3] for key in self._parts}
        return [
            pool.name
            for pool in self.study.pools
            if pool.role == "evaluation" and not pool.extra and pool.name in here
        ]

    def arms(self, model: str) -> set[str]:
        return {key[2] for key in self._parts if key[0] == model}

    @property
    def models(self) -> list[str]:
        return sorted({key[0] for key in self._parts})

    def chance(self, pool: str, levels: Sequence[int] | None = None) -> float | None:
        """What a blind answer earns on a pool, from 0 to 1; on one whose items were not given, as on all that were.

        None where no items were given.
        """
        cell = self._baseline_cell("chance", pool, "accuracy", levels)
        if cell is not None:
            return cell.value
        known = [frame["chance"] for frame in self._baselines.values() if "chance" in frame.columns]
        return float(pl.concat(known).mean()) if known else None

    def cell(
        self,
        model: str,
        platform: str,
        arm: str,
        pool: str,
        metric: str,
        levels: Sequence[int] | None = None,
    ) -> Cell | None:
        """The cell, or None when nothing in it was measured. Raises KeyError for an unknown metric."""
        definition = self.metrics[metric]
        if arm.startswith(BASELINE):
            return self._baseline_cell(arm.removeprefix(BASELINE), pool, metric, levels)
        if (model, platform, arm, pool) not in self._parts:
            return None
        grid = self._grid((model, platform, arm, pool), None if levels is None else tuple(levels))
        if grid is None:
            return None
        seeds, clusters, place, part = grid
        shape = (len(seeds), len(clusters))
        size = shape[0] * shape[1]
        total = np.bincount(place, weights=part[metric], minlength=size).reshape(shape)
        count = np.bincount(place, weights=part[f"{metric}:count"], minlength=size).reshape(shape)
        if not count.sum():
            return None
        return Cell(f"{model}/{platform}", seeds, clusters, total, count, definition.share, *definition.range)

    def _grid(
        self, key: Condition, levels: tuple[int, ...] | None
    ) -> tuple[tuple[int, ...], tuple[str, ...], np.ndarray, dict[str, np.ndarray]] | None:
        """For a condition: (seeds, clusters, cell number of every row in seeds x clusters, rows). The result is kept."""
        if (key, levels) not in self._grids:
            part = self._parts[key]
            if levels is not None:
                asked = np.isin(part["level"], levels)
                part = {name: column[asked] for name, column in part.items()}
            seeds, row = np.unique(part["seed"], return_inverse=True)
            clusters, column = np.unique(part["cluster"], return_inverse=True)
            place = row * len(clusters) + column
            found = tuple(map(int, seeds)), tuple(map(str, clusters)), place, part
            self._grids[key, levels] = found if len(place) else None
        return self._grids[key, levels]

    def _baseline_cell(self, name: str, pool: str, metric: str, levels: Sequence[int] | None) -> Cell | None:
        part = self._baselines.get(pool)
        if part is None or metric != "accuracy" or name not in part.columns or name in BASELINE_KEYS:
            return None
        if levels is not None:
            part = part.filter(pl.col("level").is_in(list(levels)))
        clusters = part["cluster"].unique().sort().to_list()
        if not clusters:
            return None
        column = np.searchsorted(np.array(clusters), part["cluster"].to_numpy().astype(str))
        total = np.bincount(column, weights=part[name].to_numpy(), minlength=len(clusters))[None]
        count = np.bincount(column, minlength=len(clusters)).astype(float)[None]
        return Cell("", (), tuple(clusters), total, count, True, 0.0, 1.0)
