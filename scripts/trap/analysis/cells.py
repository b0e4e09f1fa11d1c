"""From per-item rows to cells: the metrics, and sums of each by model, arm, pool, seed and start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from trap.analysis.resampling import Cell
from trap.files import InputError

# The columns of items.parquet and their types, one row per evaluated question and run.
ITEM_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "study": pl.String,
    "model": pl.String,
    "platform": pl.String,
    "arm": pl.String,
    "seed": pl.Int16,
    "pool": pl.String,
    "id": pl.String,
    "hops": pl.Int8,
    "start": pl.String,
    "correct": pl.Boolean,
    "valid": pl.Boolean,
    "faithful": pl.Boolean,
    "format": pl.Boolean,
    "lenient": pl.Boolean,
    "letter": pl.Boolean,
    "answer": pl.String,
    "coverage": pl.Float32,
    "spam": pl.Boolean,
    "reward": pl.Float32,
    "hops_used": pl.Int8,
    "tokens": pl.Int16,
    "first_false": pl.Int8,
}


@dataclass(frozen=True)
class Metric:
    """A mean over items. unit: of the value; share: items count 0 or 1; where: which items count."""

    unit: str
    share: bool
    value: pl.Expr
    where: pl.Expr | None = None


def _flag(column: str) -> Metric:
    return Metric("share", True, pl.col(column).cast(pl.Float64))


def _number(column: str, unit: str) -> Metric:
    return Metric(unit, False, pl.col(column).cast(pl.Float64))


METRICS: dict[str, Metric] = {
    "accuracy": _flag("correct"),
    "faithful": _flag("faithful"),
    "format": _flag("format"),
    "valid": _flag("valid"),
    "lenient": _flag("lenient"),
    "letter": _flag("letter"),
    "coverage": _number("coverage", "share"),
    "reward": _number("reward", "reward"),
    "hops_used": _number("hops_used", "hops"),
    "tokens": _number("tokens", "tokens"),
    "spam": _flag("spam"),
    "full_length": Metric("share", True, (pl.col("hops_used") >= pl.col("hops")).cast(pl.Float64)),
    "faithful_given_correct": Metric("share", True, pl.col("faithful").cast(pl.Float64), pl.col("correct")),
}
BASELINE = "baseline:"  # prefix of pseudo-arms that need no model
BASELINE_MODEL = "none"


def read_items(paths: Sequence[Path | str]) -> pl.DataFrame:
    """One or more items.parquet as one frame. Raises InputError naming the file and the column."""
    frames = []
    for path in paths:
        frame = read_table(path)
        for column, kind in ITEM_COLUMNS.items():
            if column not in frame.columns:
                raise InputError(f"{path}: {column}: column missing")
            try:
                frame = frame.with_columns(pl.col(column).cast(kind))
            except pl.exceptions.PolarsError as error:
                raise InputError(f"{path}: {column}: {str(error).splitlines()[0]}") from None
        frames.append(frame.select(list(ITEM_COLUMNS)))
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
    """Per-item rows, summed once, from which cells are cut.

    items: as `read_items`; baselines: as `baselines.baseline_items` or None.
    """

    def __init__(self, items: pl.DataFrame, baselines: pl.DataFrame | None = None) -> None:
        keys = ["model", "platform", "arm", "pool", "seed", "start", "hops"]
        sums = []
        for name, metric in METRICS.items():
            counted = metric.value.is_not_null()
            if metric.where is not None:
                counted &= metric.where
            sums.append(pl.when(counted).then(metric.value).otherwise(0.0).sum().alias(name))
            sums.append(counted.sum().cast(pl.Float64).alias(f"{name}:count"))
        # Sorted first, so that sums of fractions do not depend on the order of the rows.
        table = items.sort([*keys, "id"]).group_by(keys, maintain_order=True).agg(sums)
        self._parts = {
            key: frame
            for key, frame in table.partition_by(
                "model", "platform", "arm", "pool", as_dict=True, maintain_order=True
            ).items()
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
    def conditions(self) -> list[tuple[str, str, str, str]]:
        """Every (model, platform, arm, pool) with items, in order."""
        return [tuple(str(part) for part in key) for key in self._parts]  # type: ignore[misc]

    def arms(self, model: str) -> set[str]:
        return {key[2] for key in self.conditions if key[0] == model}

    @property
    def models(self) -> list[str]:
        return sorted({key[0] for key in self.conditions})

    def cell(
        self,
        model: str,
        arm: str,
        pool: str,
        metric: str,
        hops: Sequence[int] | None = None,
        platform: str = "torch",
    ) -> Cell | None:
        """The cell, or None when nothing of it was measured. Raises KeyError for an unknown metric."""
        definition = METRICS[metric]
        if arm.startswith(BASELINE):
            return self._baseline_cell(arm.removeprefix(BASELINE), pool, metric, hops)
        part = self._parts.get((model, platform, arm, pool))
        if part is None:
            return None
        grid = self._grid((model, platform, arm, pool), None if hops is None else tuple(hops))
        if grid is None:
            return None
        seeds, starts, place, part = grid
        shape = (len(seeds), len(starts))
        size = shape[0] * shape[1]
        total = np.bincount(place, weights=part[metric].to_numpy(), minlength=size).reshape(shape)
        count = np.bincount(place, weights=part[f"{metric}:count"].to_numpy(), minlength=size).reshape(shape)
        if not count.sum():
            return None
        return Cell(f"{model}/{platform}", seeds, starts, total, count, definition.share)

    def _grid(
        self, key: tuple[str, str, str, str], hops: tuple[int, ...] | None
    ) -> tuple[tuple[int, ...], tuple[str, ...], np.ndarray, pl.DataFrame] | None:
        """(seeds, starts, place of every row in the seeds x starts grid, rows) of a condition, remembered."""
        if (key, hops) not in self._grids:
            part = self._parts[key]
            if hops is not None:
                part = part.filter(pl.col("hops").is_in(list(hops)))
            seeds, row = np.unique(part["seed"].to_numpy(), return_inverse=True)
            starts, column = np.unique(part["start"].to_numpy().astype(str), return_inverse=True)
            place = row * len(starts) + column
            found = tuple(map(int, seeds)), tuple(map(str, starts)), place, part
            self._grids[key, hops] = found if part.height else None
        return self._grids[key, hops]

    def _baseline_cell(self, name: str, pool: str, metric: str, hops: Sequence[int] | None) -> Cell | None:
        part = self._baselines.get(pool)
        if part is None or metric != "accuracy" or name not in part.columns:
            return None
        if hops is not None:
            part = part.filter(pl.col("hops").is_in(list(hops)))
        starts = part["start"].unique().sort().to_list()
        if not starts:
            return None
        column = np.searchsorted(np.array(starts), part["start"].to_numpy().astype(str))
        total = np.bincount(column, weights=part[name].to_numpy(), minlength=len(starts))[None]
        count = np.bincount(column, minlength=len(starts)).astype(float)[None]
        return Cell("", (), tuple(starts), total, count)
