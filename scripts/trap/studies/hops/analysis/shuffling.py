"""Robustness to the order of options: the same questions, asked with the options shuffled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from trap.analysis.resampling import DIGITS
from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.summaries import Summaries
from trap.studies.hops.records import Question

PLAIN, SHUFFLED = "eval_hard", "eval_shuffled"


def shuffle_table(summaries: Summaries) -> pl.DataFrame:
    """Accuracy in both orders and how often the answer stays the same option or the same letter.

    same_option needs the questions of both pools (else null); both are shares of the questions that
    were answered in both orders.
    """
    table, pools = summaries.table, summaries.pools
    rows: list[dict[str, Any]] = []
    agreement = _agreement(summaries.items, pools)
    for model, platform, arm in sorted({key[:3] for key in table.conditions if key[3] == SHUFFLED}):
        plain = table.cell(model, platform, arm, PLAIN, "accuracy")
        shuffled = table.cell(model, platform, arm, SHUFFLED, "accuracy")
        if plain is None or shuffled is None:
            continue
        found = summaries.estimate(shuffled, plain)
        same = agreement.get((model, platform, arm), (None, None))
        rows.append(
            summaries.labels(model, platform, arm)
            | {
                "accuracy": round(plain.value, DIGITS),
                "accuracy_shuffled": round(shuffled.value, DIGITS),
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "same_option": same[0],
                "same_letter": same[1],
                "n": found.n,
                "seeds": found.seeds,
            }
        )
    schema: dict[str, Any] = {
        **ARM_COLUMNS,
        **dict.fromkeys(
            ("accuracy", "accuracy_shuffled", "value", "low", "high", "same_option", "same_letter"),
            pl.Float64,
        ),
        "n": pl.Int64,
        "seeds": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema)


def _agreement(
    items: pl.DataFrame, pools: Mapping[str, Sequence[Question]]
) -> dict[tuple[str, str, str], tuple[float | None, float | None]]:
    """(model, platform, arm) -> (same option, same letter)."""
    keys = ["model", "platform", "arm", "seed", "id"]
    answered = items.filter(pl.col("answer") != "").select(*keys, "pool", "answer")
    one, two = (answered.filter(pl.col("pool") == pool).drop("pool") for pool in (PLAIN, SHUFFLED))
    pairs = one.join(two, on=keys, suffix="_shuffled")
    known = all(pool in pools for pool in (PLAIN, SHUFFLED))
    if known:
        for pool, column in ((PLAIN, "answer"), (SHUFFLED, "answer_shuffled")):
            options = pl.DataFrame(
                [(q.id, letter, text) for q in pools[pool] for letter, text in q.options.items()],
                schema={"id": pl.String, column: pl.String, f"{column}_option": pl.String},
                orient="row",
            )
            pairs = pairs.join(options, on=["id", column], how="left")
        same_option = (pl.col("answer_option") == pl.col("answer_shuffled_option")).mean()
    else:
        same_option = pl.lit(None, dtype=pl.Float64)
    counted = (
        pairs.group_by("model", "platform", "arm")
        .agg(option=same_option, letter=(pl.col("answer") == pl.col("answer_shuffled")).mean())
        .to_dicts()
    )
    return {
        (row["model"], row["platform"], row["arm"]): (
            None if row["option"] is None else round(row["option"], DIGITS),
            round(row["letter"], DIGITS),
        )
        for row in counted
    }
