"""What the page's dial draws small tests from: whether each stored answer of some arms is right, a bit each.

    rows    [{arm, pool, words, marks: [{words, value, n}]}], as `dial` of figures.yaml declares them
    sizes   numbers of questions to choose from
    models  {model: {seeds: [...], n: [questions of each row], right: [[bits of each seed] of each row]}}

Bits are base64, in the order of the items' ids, the first in the highest bit of the first byte. Rows of one pool have the
same ids in the same places.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trap.figures.estimates import Evidence
from trap.figures.settings import Row

COLUMNS = ("model", "arm", "pool", "seed", "id", "correct")


def dial(evidence: Evidence, items: Path, words: Mapping[str, str]) -> dict[str, Any] | None:
    """The content above; None if figures.yaml declares no rows, or no model has answers of all of them.

    items: items.parquet. words: {published point: its name}.
    """
    settings = evidence.settings.dial
    if not settings.rows or not items.is_file():
        return None
    arms = [row.arm for row in settings.rows]
    kept = (
        pl.scan_parquet(items)
        .select(*COLUMNS)
        .with_columns(pl.col("model", "arm", "pool", "id").cast(pl.String))
    )
    answers = kept.filter(pl.col("arm").is_in(arms)).sort("model", "arm", "seed", "id").collect()
    found = {}
    for model in evidence.models(answers, most=answers.height):
        one = _model(answers.filter(model=model), settings.rows, evidence.pool)
        if one:
            found[model] = one
    if not found:
        return None
    most = min(min(one["n"]) for one in found.values())
    return {
        "rows": [
            {
                "arm": row.arm,
                "pool": row.pool or evidence.pool,
                "words": row.label or evidence.label(row.arm),
                "marks": [
                    {"words": words.get(key) or key.replace("_", " "), "value": quote.value, "n": quote.n}
                    for key in row.published if (quote := evidence.published(key))
                ],
            }
            for row in settings.rows
        ],
        "sizes": [*(size for size in settings.sizes if size < most), most],
        "models": found,
    }  # fmt: skip


def _model(answers: pl.DataFrame, rows: Sequence[Row], pool: str) -> dict[str, Any] | None:
    """Seeds, numbers of questions and bits of one model; None if it lacks a row."""
    parts = [answers.filter(arm=row.arm, pool=row.pool or pool) for row in rows]
    seeds = sorted(set.intersection(*(set(part["seed"]) for part in parts)))
    if not seeds:
        return None
    right = [[part.filter(seed=seed)["correct"].to_numpy() for seed in seeds] for part in parts]
    return {
        "seeds": seeds,
        "n": [min(len(one) for one in row) for row in right],
        "right": [[base64.b64encode(np.packbits(one)).decode("ascii") for one in row] for row in right],
    }
