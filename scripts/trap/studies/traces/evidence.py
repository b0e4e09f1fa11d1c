"""What the study traces adds to the evidence: accuracy by expert, confusion of experts, failures, the ceiling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.claim_specs import Measure
from trap.analysis.extension import Extension, Metric, OwnMeasure, Table
from trap.analysis.measures import Evidence, Missing, Result
from trap.analysis.resampling import DIGITS
from trap.files import InputError, read_json
from trap.studies.traces.analysis.failures import (
    confusion_table,
    confusion_text,
    failure_table,
    failures_text,
)
from trap.studies.traces.language import EXPERTS

# Of the published solutions that are here, beside the study's data folder, else as it was released.
CEILING = "published/ceiling.json"


def _right(where: pl.Expr) -> Metric:
    return Metric("share", True, pl.col("correct").cast(pl.Float64), where)


def _failures(summaries: Any) -> Table:
    found = failure_table(summaries)
    return Table(found, failures_text(found))


def _confusion(summaries: Any) -> Table:
    found = confusion_table(summaries)
    return Table(found, confusion_text(found))


def ceiling_file(data: Path) -> Path | None:
    """The findings about published solutions: those that were made here, else the committed ones."""
    home = data.parent
    places = (home / CEILING, home.parent / "released" / home.name / CEILING)
    return next((path for path in places if path.is_file()), None)


def _ceiling(what: Measure, evidence: Evidence) -> Result:
    """A finding of `ceiling.json` by its id."""
    path = ceiling_file(evidence.study.data) if evidence.study else None
    if path is None:
        raise Missing("the published solutions were not given to this run")
    document = read_json(path)
    rows = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise InputError(f"{path}: findings: expected a list")
    row = next((row for row in rows if isinstance(row, dict) and row.get("id") == what.of), None)
    if row is None:
        raise Missing(f"the published solutions have no finding {what.of}")
    value, low, high = (round(float(row[key]), DIGITS) for key in ("value", "low", "high"))
    return Result(
        value, low, high, n=row["n"], unit="share", comparison=f"{row['statement']} ({document.get('source', '')})",
        file=path.as_posix(), row=f"finding={what.of}", trained=False,
    )  # fmt: skip


def _check_ceiling(what: Measure) -> str:
    return "" if isinstance(what.of, str) else "of: the id of a finding, please"


EXTENSION = Extension(
    metrics={
        **{f"accuracy_{expert}": _right(pl.col("asked") == expert) for expert in EXPERTS},
        "accuracy_composition": _right(pl.col("asked").str.contains(" ")),
        # an arithmetic problem, and a trace that names another expert
        "confused_arithmetic": Metric(
            "share", True, (pl.col("written") != "arithmetic").cast(pl.Float64),
            (pl.col("asked") == "arithmetic") & pl.col("written").is_not_null(),
        ),
    },
    shown=("valid", "routed", "parsed", "cut"),
    measures={"ceiling": OwnMeasure(_ceiling, _check_ceiling)},
    tables={"failures": _failures, "confusion": _confusion},
)  # fmt: skip
