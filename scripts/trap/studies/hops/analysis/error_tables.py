"""Shares of what traces get wrong first, per arm and hop count (the level of a question), with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from trap.analysis import resampling
from trap.analysis.claim_specs import ClaimsFile
from trap.analysis.resampling import Cell
from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.summaries import Summaries
from trap.report.markdown import pipe_table
from trap.report.wording import interval_text, number_text
from trap.studies.hops.analysis.errors import KINDS, STEPPED

Columns = dict[str, np.ndarray]
ALL_LEVELS = 0  # in the column level: all questions of the pool
# Shares that lie across the kinds: what `kinds` adds up to holds them too.
ACROSS: dict[str, str] = {
    "lucky": "lucky guess",  # a right letter without a faithful trace
    "astray": "took a wrong branch",  # true clauses, after which the right option was out of reach
}
ESTIMATE_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n", "seeds"), pl.Int64),
}
ERROR_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    "pool": pl.String,
    "level": pl.Int16,  # hops asked for; ALL_LEVELS: of the whole pool
    "kind": pl.String,  # one of KINDS, which add up to 1, or of ACROSS
    "letter": pl.String,  # any, or right: the answers among them whose letter is right
    "hop": pl.Int8,  # at which it happens; 0: at any
    **ESTIMATE_COLUMNS,
}


class Grid:
    """Answers of one condition, counted by training seed and start entity (the cluster of a question)."""

    def __init__(self, columns: Columns, spec: ClaimsFile) -> None:
        """`columns`: as `columns_of`, of one model, platform and arm."""
        self.spec, self.group = spec, "/".join(map(str, (columns["model"][0], columns["platform"][0])))
        seeds, row = np.unique(columns["seed"], return_inverse=True)
        clusters, column = np.unique(columns["cluster"], return_inverse=True)
        self.seeds, self.clusters = tuple(map(int, seeds)), tuple(map(str, clusters))
        self._place = row * len(clusters) + column

    def _sums(self, weights: np.ndarray | None) -> np.ndarray:
        shape = len(self.seeds), len(self.clusters)
        found = np.bincount(self._place, weights=weights, minlength=shape[0] * shape[1])
        return found.reshape(shape).astype(float)

    @cached_property
    def _count(self) -> np.ndarray:
        return self._sums(None)

    def share(self, hit: np.ndarray) -> dict[str, Any]:
        """Which share of the answers `hit` holds for: value, low, high, n, seeds."""
        total = self._sums(hit.astype(float))
        cell = Cell(self.group, self.seeds, self.clusters, total, self._count)
        found = resampling.estimate([cell], replicates=self.spec.replicates, confidence=self.spec.confidence)
        return {name: getattr(found, name) for name in ESTIMATE_COLUMNS}


def columns_of(part: pl.DataFrame) -> Columns:
    """Columns as arrays; clusters as their ranks, which are quicker to tell apart than names."""
    ranks = part.with_columns(pl.col("cluster").rank("dense"))
    return {name: ranks[name].to_numpy() for name in ranks.columns}


def chosen(columns: Columns, rows: np.ndarray) -> Columns:
    """The rows for which a flag holds."""
    return {name: column[rows] for name, column in columns.items()}


def by_level(columns: Columns) -> Iterator[tuple[int, Columns]]:
    """(ALL_LEVELS, everything) where several hop counts are asked, then (hops, its rows) of each."""
    asked = np.unique(columns["level"])
    if len(asked) > 1:
        yield ALL_LEVELS, columns
    for level in asked:
        yield int(level), chosen(columns, columns["level"] == level)


def error_table(traces: pl.DataFrame, summaries: Summaries) -> pl.DataFrame:
    """One row per arm, pool, hop count and kind; see ERROR_COLUMNS. traces: as `traces.read_traces`."""
    rows: list[dict[str, Any]] = []
    parts = traces.partition_by("model", "platform", "arm", "pool", as_dict=True, maintain_order=True)
    for key, part in sorted(parts.items()):
        model, platform, arm, pool = map(str, key)
        shared = summaries.labels(model, platform, arm) | {"pool": pool}
        for level, asked in by_level(columns_of(part)):
            rows += [shared | {"level": level} | row for row in _shares(asked, summaries.spec)]
    return pl.DataFrame(rows, schema=ERROR_COLUMNS)


def _shares(columns: Columns, spec: ClaimsFile) -> Iterator[dict[str, Any]]:
    grid, kind, right = Grid(columns, spec), columns["kind"], columns["correct"]
    for name in KINDS:
        of_kind = kind == name
        yield {"kind": name, "letter": "any", "hop": 0} | grid.share(of_kind)
        if name not in ("faithful", "wrong_letter", "no_format"):  # which say what the letter is
            yield {"kind": name, "letter": "right", "hop": 0} | grid.share(of_kind & right)
        if name in STEPPED:
            for hop in np.unique(columns["hop"][of_kind]):
                found = grid.share(of_kind & (columns["hop"] == hop))
                yield {"kind": name, "letter": "any", "hop": int(hop)} | found
    yield {"kind": "lucky", "letter": "any", "hop": 0} | grid.share(right & (kind != "faithful"))
    yield {"kind": "astray", "letter": "any", "hop": 0} | grid.share(columns["astray"] > 0)


def errors_text(table: pl.DataFrame) -> str:
    """The table for people: a section per pool and model, a row per arm and hop count, kinds across."""
    names = {**KINDS, **ACROSS}
    parts = [
        "# What the traces get wrong first\n",
        "Shares of the logged answers (the first questions of each pool), 95 % intervals in brackets. Each answer "
        f"has one kind; the first {len(KINDS)} add up to 100 %. A lucky guess is a right letter with any kind but "
        "faithful. Took a wrong branch: after true clauses, and before the first wrong one if there is one, the right "
        "option could no longer be reached. Kinds with a hop are split by it in errors.parquet, and by the letter. "
        "Hops 0: all. How far answers depend on the order of the options: shuffle.md.\n",
    ]
    shown = table.filter(pl.col("letter") == "any", pl.col("hop") == 0)
    header = ["arm", "hops", "n x seeds", *names.values()]
    for (pool, model), part in shown.partition_by("pool", "model", as_dict=True, maintain_order=True).items():
        rows = [
            _line(group, names)
            for group in part.partition_by("platform", "arm", "level", maintain_order=True)
        ]
        parts += [f"## {pool}, {model}\n", pipe_table(header, rows)]
    return "\n".join(parts)


def _line(group: pl.DataFrame, names: Sequence[str] | Mapping[str, str]) -> list[str]:
    cells = {row["kind"]: row for row in group.to_dicts()}
    first = group.row(0, named=True)
    sizes = f"{first['n']} x {first['seeds']}"
    return [first["label"], str(first["level"]), sizes, *(share_text(cells[name]) for name in names)]


def share_text(row: Mapping[str, Any]) -> str:
    """`41 % [35-47]` of a row with a share and its interval."""
    return f"{number_text(row['value'], 'share')} {interval_text(row['low'], row['high'], 'share')}"
