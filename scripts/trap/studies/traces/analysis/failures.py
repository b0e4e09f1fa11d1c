"""How traces fail: rates of the nine kinds by arm and pool with intervals, and which expert is taken for which."""

from __future__ import annotations

from typing import Any

import polars as pl

from trap.analysis.runs import ARM_COLUMNS
from trap.analysis.summaries import Summaries
from trap.report.markdown import pipe_table
from trap.report.wording import interval_text, number_text
from trap.studies.traces.lint import KINDS

# What lies beside the kinds: a text that is no trace, a run without an answer, an answer that was cut.
OTHERS = {"unparsed": "no trace", "stopped": "no answer", "cut": "cut short"}
FAILURE_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    "pool": pl.String,
    "kind": pl.String,  # one of KINDS, which may overlap, or of OTHERS
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n", "seeds"), pl.Int64),
}
CONFUSION_COLUMNS: dict[str, Any] = {
    **ARM_COLUMNS,
    "pool": pl.String,
    "asked": pl.String,
    "written": pl.String,  # "" for a text that is no trace
    "n": pl.Int64,
}
COMPOSED = "composition"


def _rates(kind: str) -> tuple[str, bool]:
    """The metric of a kind, and whether its complement counts."""
    return {"unparsed": ("parsed", True), "stopped": ("valid", True)}.get(kind, (kind, False))


def failure_table(summaries: Summaries) -> pl.DataFrame:
    """Every arm on every pool: the rate of each kind. A kind nobody has is a row with value 0."""
    rows = []
    for model, platform, arm, pool in summaries.table.conditions:
        for kind in (*KINDS, *OTHERS):
            metric, complement = _rates(kind)
            cell = summaries.table.cell(model, platform, arm, pool, metric, None)
            if cell is None:
                continue
            found = summaries.estimate(cell)
            value, low, high = found.value, found.low, found.high
            if complement:
                value, low, high = (
                    1 - value,
                    None if high is None else 1 - high,
                    None if low is None else 1 - low,
                )
            rows.append(
                summaries.labels(model, platform, arm)
                | {
                    "pool": pool,
                    "kind": kind,
                    "value": value,
                    "low": low,
                    "high": high,
                    "n": found.n,
                    "seeds": found.seeds,
                }
            )
    return pl.DataFrame(rows, schema=FAILURE_COLUMNS)


def confusion_table(summaries: Summaries) -> pl.DataFrame:
    """By arm and pool: how many answers to questions for one expert name which. Compositions count as one."""

    def one(column: str) -> pl.Expr:
        text = pl.col(column).fill_null("")
        return pl.when(text.str.contains(" ")).then(pl.lit(COMPOSED)).otherwise(text).alias(column)

    keys = ["model", "platform", "arm", "pool", "asked", "written"]
    counted = summaries.items.with_columns(one("asked"), one("written")).group_by(keys).len("n").sort(keys)
    rows = [
        summaries.labels(*(str(row[key]) for key in keys[:3])) | {key: row[key] for key in (*keys[3:], "n")}
        for row in counted.iter_rows(named=True)
    ]
    return pl.DataFrame(rows, schema=CONFUSION_COLUMNS)


def failures_text(table: pl.DataFrame) -> str:
    """The table as Markdown: what occurs, the commonest kind of an arm first."""
    names = {**KINDS, **OTHERS}
    rows = [
        [row["model"], row["arm"], row["pool"], names[row["kind"]], number_text(row["value"], "share"),
         interval_text(row["low"], row["high"], "share"), str(row["n"])]
        for row in table.filter(pl.col("value") > 0).sort(["model", "arm", "pool", "value"], descending=[False] * 3 + [True])
        .iter_rows(named=True)
    ]  # fmt: skip
    head = ["model", "arm", "pool", "failure", "share", "95 % interval", "n"]
    return (
        "# How traces fail\n\nKinds overlap; a kind that nobody has is left out.\n\n"
        + pipe_table(head, rows)
        + "\n"
    )


def confusion_text(table: pl.DataFrame) -> str:
    """The table as Markdown."""
    head = ["model", "arm", "pool", "asked for", "named", "answers"]
    rows = [
        [row["model"], row["arm"], row["pool"], row["asked"], row["written"] or "no trace", str(row["n"])]
        for row in table.iter_rows(named=True)
    ]
    return "# Which expert is taken for which\n\n" + pipe_table(head, rows) + "\n"
