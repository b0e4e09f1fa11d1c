"""pass@k of several samples an item: `samples.parquet`, counts of the samples that were right, and the table of them.

A run that chooses among its own answers (`search_answers.py`) also counts them, one row an item: how many were drawn
(`n`), how many were right (`correct`), and how many of these for true reasons (`faithful`, null without reasons).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import read_table
from trap.analysis.collect import RUN_KEY
from trap.analysis.resampling import Cell
from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.statistics import pass_at_k
from trap.analysis.summaries import Summaries
from trap.files import InputError

COUNTS = {"accuracy": "correct", "faithful": "faithful"}
SAMPLE_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("study", "model", "platform", "arm"), pl.String),
    "seed": pl.Int16,
    **dict.fromkeys(("pool", "id", "cluster"), pl.String),
    **dict.fromkeys(("n", "correct", "faithful"), pl.Int32),
}
SAMPLE_ORDER = [*RUN_KEY, "pool", "id"]
PASS_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    **dict.fromkeys(("pool", "metric"), pl.String),
    **dict.fromkeys(("k", "samples"), pl.Int64),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n", "seeds"), pl.Int64),
}
NOTE = (
    "The share of items of which at least one of k samples is right (accuracy), or right for true reasons (faithful):"
    " the unbiased estimate of Chen et al. 2021 (arXiv 2107.03374), with intervals over seeds and items. Empty where no"
    " run counted its samples."
)


def read_samples(paths: Sequence[Path]) -> pl.DataFrame:
    """Files of samples as one frame. Raises InputError naming the file and the row whose counts do not fit."""
    frames = [pl.DataFrame(schema=SAMPLE_COLUMNS)]
    for path in paths:
        frame = read_table(path)
        if missing := [name for name in SAMPLE_COLUMNS if name not in frame.columns]:
            raise InputError(f"{path}: {missing[0]}: column missing")
        frame = frame.select(pl.col(name).cast(kind) for name, kind in SAMPLE_COLUMNS.items())
        within = (pl.col("faithful").fill_null(0) <= pl.col("correct")) & (pl.col("correct") <= pl.col("n"))
        wrong = frame.filter(~(within & (pl.col("n") >= 1) & (pl.col("faithful").fill_null(0) >= 0)))
        if wrong.height:
            raise InputError(f"{path}: {wrong['id'][0]}: not counts out of n samples")
        frames.append(frame)
    return pl.concat(frames).sort(SAMPLE_ORDER)


def pass_table(summaries: Summaries, samples: pl.DataFrame) -> pl.DataFrame:
    """A row for every arm, pool, metric and k = 1, 2, 4, … up to the fewest samples that an item has."""
    rows = []
    key = ["model", "platform", "arm", "pool"]
    for (model, platform, arm, pool), part in samples.partition_by(
        key, as_dict=True, maintain_order=True
    ).items():
        labels = summaries.labels(str(model), str(platform), str(arm))
        for metric, column in COUNTS.items():
            known = part.drop_nulls(column)
            if known.height:
                rows += [
                    labels | {"pool": pool, "metric": metric} | row for row in _rows(summaries, known, column)
                ]
    return pl.DataFrame(rows, schema=PASS_COLUMNS)


def _rows(summaries: Summaries, part: pl.DataFrame, column: str) -> Iterator[dict[str, Any]]:
    fewest, k = int(part["n"].min()), 1
    seeds, row = np.unique(part["seed"].to_numpy(), return_inverse=True)
    clusters, place = np.unique(part["cluster"].to_numpy().astype(str), return_inverse=True)
    shape = (len(seeds), len(clusters))
    at = row * shape[1] + place
    count = np.bincount(at, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    group = "/".join(map(str, part.select("model", "platform").row(0)))
    counts = part.select("n", column).rows()
    while k <= fewest:
        values = [pass_at_k(n, c, k) for n, c in counts]
        total = np.bincount(at, weights=values, minlength=count.size).reshape(shape)
        # a mean of probabilities, so that no binomial interval applies
        cell = Cell(group, tuple(map(int, seeds)), tuple(clusters), total, count, False, 0.0, 1.0)
        found = resampling.estimate(
            [cell], replicates=summaries.spec.replicates, confidence=summaries.spec.confidence
        )
        yield {"k": k, "samples": fewest, "value": found.value, "low": found.low, "high": found.high,
               "n": found.n, "seeds": found.seeds}  # fmt: skip
        k *= 2
