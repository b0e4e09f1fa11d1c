"""Accuracy and faithful accuracy against how far a question's chain of relations branches.

A relation has several targets, so a chain leads from its start to several entities, of which one is the
right option. Two measures of a question, which know the graph and no model:

    reachable   entities at the end of the chain, by all of its multi-valued steps
    walk        the chance that a walker who knows every edge, but looks no step ahead and takes each of the
                true targets with equal chance, ends at the right option

A model whose facts are perfect and which does not look ahead is faithful on a share `walk` of the questions;
what it is faithful on beyond that it has seen ahead, and what it stays below, facts or relations explain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import fsum
from typing import Any

import numpy as np
import polars as pl

from trap.analysis.claim_specs import ClaimsFile
from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.summaries import Summaries
from trap.files import InputError
from trap.report.markdown import pipe_table
from trap.studies.hops.analysis.error_tables import (
    ESTIMATE_COLUMNS,
    Columns,
    Grid,
    by_level,
    chosen,
    columns_of,
    share_text,
)
from trap.studies.hops.audit import chain_of, start_of
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import Question

# Intervals (low, high], chosen from the questions before any answer was read.
BINS: dict[str, tuple[float, ...]] = {
    "reachable": (0, 1, 2, 3, 4, 8, 16, float("inf")),
    "walk": (0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1),
}
METRICS = {"accuracy": "correct", "faithful": "faithful"}
BRANCH_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    "pool": pl.String,
    "level": pl.Int16,  # hops asked for; 0: of the whole pool
    "by": pl.String,  # reachable or walk
    "above": pl.Float64,  # the bin: above < by <= upto; both null: all questions
    "upto": pl.Float64,
    "walk": pl.Float64,  # mean over the questions of the bin
    "metric": pl.String,
    **ESTIMATE_COLUMNS,
}


def walk_chance(graph: Graph, question: Question) -> float:
    """The chance that a walk along the chain, each true target with equal chance, ends at the right option."""
    here: Mapping[str, float] = {start_of(question): 1.0}
    for relation in chain_of(question):
        there: Counter[str] = Counter()
        for entity, chance in here.items():
            targets = graph.targets.get((entity, relation), ())
            for target in targets:
                there[target] += chance / len(targets)
        here = there
    return here.get(question.options.get(question.answer_star, ""), 0.0)


def question_branches(graph: Graph, pools: Mapping[str, Sequence[Question]]) -> pl.DataFrame:
    """Columns pool, id, reachable, walk: one row per question."""
    rows = [
        (pool, question.id, len(graph.reachable(start_of(question), chain_of(question))), walk_chance(graph, question))
        for pool, questions in sorted(pools.items())
        for question in questions
    ]  # fmt: skip
    schema = {"pool": pl.String, "id": pl.String, "reachable": pl.Int64, "walk": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def branch_table(summaries: Summaries, measured: pl.DataFrame) -> pl.DataFrame:
    """One row per arm, pool, hop count, bin and metric (see BRANCH_COLUMNS).

    measured: as `question_branches`. Answers to questions of other pools are
    left out. Raises InputError for an item whose question the pool does not have.
    """
    pools = measured["pool"].unique().to_list()
    joined = summaries.items.filter(pl.col("pool").is_in(pools)).join(
        measured, on=["pool", "id"], how="left", maintain_order="left"
    )
    lost = joined.filter(pl.col("walk").is_null())
    if lost.height:
        pool, name = lost.select("pool", "id").row(0)
        raise InputError(f"{pool}: no question {name!r}, which the items answer")
    rows: list[dict[str, Any]] = []
    parts = joined.partition_by("model", "platform", "arm", "pool", as_dict=True, maintain_order=True)
    for key, part in sorted(parts.items()):
        model, platform, arm, pool = map(str, key)
        shared = summaries.labels(model, platform, arm) | {"pool": pool}
        for level, asked in by_level(columns_of(part)):
            rows += [shared | {"level": level} | row for row in _bins(asked, summaries.spec)]
    return pl.DataFrame(rows, schema=BRANCH_COLUMNS)


def _bins(columns: Columns, spec: ClaimsFile) -> Iterator[dict[str, Any]]:
    for by, edges in BINS.items():
        whole = [(None, None)] if by == "reachable" else []
        for above, upto in [*whole, *pairwise(edges)]:
            rows = np.ones(len(columns[by]), dtype=bool)
            if above is not None:
                rows = (columns[by] > above) & (columns[by] <= upto)
            if not rows.any():
                continue
            part = chosen(columns, rows)
            grid, walk = Grid(part, spec), round(fsum(part["walk"]) / len(part["walk"]), 6)
            for metric, column in METRICS.items():
                row = {"by": by, "above": above, "upto": upto, "walk": walk, "metric": metric}
                yield row | grid.share(part[column])


def bin_text(by: str, above: float, upto: float) -> str:
    """`3`, `5-8` or `17 or more` entities; `1/4-1/2` of a chance."""
    if by == "reachable":
        first = int(above) + 1
        if upto == float("inf"):
            return f"{first} or more"
        return str(first) if first == upto else f"{first}-{int(upto)}"
    low, high = (f"1/{round(1 / edge)}" if 0 < edge < 1 else f"{edge:.0f}" for edge in (above, upto))
    return f"{low}-{high}"


def branches_text(table: pl.DataFrame) -> str:
    """The table for people: a section per pool and model, a row per arm, hop count and measure."""
    parts = [
        "# Branches\n",
        "Faithful accuracy by the number of entities that the chain of relations leads to, and by the chance that a "
        "walker who knows every edge, but looks no step ahead, ends at the right one (its mean is the column walker). "
        "95 % intervals in brackets; hops 0: all. Accuracy is in branches.parquet.\n",
    ]
    shown = table.filter(pl.col("metric") == "faithful")
    for (pool, model, by), part in shown.partition_by(
        "pool", "model", "by", as_dict=True, maintain_order=True
    ).items():
        edges = list(pairwise(BINS[by]))
        edges = [edge for edge in edges if part.filter(above=edge[0], upto=edge[1]).height]
        header = ["arm", "hops", "n x seeds", "walker", "all", *(bin_text(by, *edge) for edge in edges)]
        rows = []
        for group in part.partition_by("platform", "arm", "level", maintain_order=True):
            first = group.row(0, named=True)
            whole = table.filter(
                *(
                    pl.col(name) == first[name]
                    for name in ("model", "platform", "arm", "pool", "level", "metric")
                ),
                pl.col("above").is_null(),
            ).row(0, named=True)
            cells = {(row["above"], row["upto"]): row for row in group.to_dicts()}
            rows.append([
                first["label"], str(first["level"]), f"{whole['n']} x {whole['seeds']}", f"{100 * whole['walk']:.0f} %",
                share_text(whole), *(share_text(cells[edge]) if edge in cells else "" for edge in edges),
            ])  # fmt: skip
        parts += [f"## {pool}, {model}, by {by}\n", pipe_table(header, rows)]
    return "\n".join(parts)
