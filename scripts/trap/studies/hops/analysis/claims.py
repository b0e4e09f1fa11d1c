"""What claims of this study measure besides items: facts of the reward, findings of an audit, attention."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import read_table
from trap.analysis.claim_specs import Measure
from trap.analysis.extension import OwnMeasure
from trap.analysis.measures import Evidence, Missing, Result
from trap.analysis.statistics import clopper_pearson
from trap.files import InputError, read_json
from trap.studies.hops.analysis.attention import ALL_CLAUSES, POINTER_COLUMNS
from trap.studies.hops.analysis.properties import PROPERTIES, Material

AUDIT = (
    "published/audit.json"  # of the published files, beside the study's data folder, else as it was released
)
PROPERTIES_FILE = "scripts/trap/studies/hops/analysis/properties.py"
# What the audit calls its units -> ours.
_UNITS = {"probability": "share", "expected accuracy": "share", "difference of shares": "points"}


def read_findings(path: Path | str) -> dict[str, dict[str, Any]]:
    """id -> finding of an audit.json. Raises InputError when the file has no findings."""
    document = read_json(path)
    found = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(row, dict) and "id" in row for row in found):
        raise InputError(f"{path}: findings: expected a list of objects with an id")
    if not found:
        raise InputError(f"{path}: findings: empty; audit the published files with --published")
    return {str(row["id"]): row for row in found}


def _pointers(path: Path) -> pl.DataFrame:
    frame = read_table(path)
    if lost := [name for name in POINTER_COLUMNS if name not in frame.columns]:
        raise InputError(f"{path}: {lost[0]}: column missing")
    return frame


def _property(what: Measure, evidence: Evidence) -> Result:
    """A fact of the reward or of arithmetic (`properties.py`)."""
    name, questions = str(what.of), evidence.pools.get("eval_hard", ())
    material = (
        Material(evidence.study.graph, tuple(questions)) if evidence.study and questions else Material()
    )
    fact = PROPERTIES[name](material)
    if fact is None:
        raise Missing("it needs the graph and the evaluation questions, which were not given")
    low = high = None
    if fact.unit == "share" and fact.n and name == "paid_without_reason":
        low, high = clopper_pearson(round(fact.value * fact.n), fact.n)
    value, low, high = (
        None if part is None else round(part, resampling.DIGITS) for part in (fact.value, low, high)
    )
    return Result(
        value or 0.0, low, high, n=fact.n, unit=fact.unit, comparison=fact.comparison, file=PROPERTIES_FILE,
        row=f"property={name}", trained=False,
    )  # fmt: skip


def _audit(data: Path) -> Path | None:
    """The audit of the published files that are here, else the committed one."""
    home = data.parent
    return next(
        (path for path in (home / AUDIT, home.parent / "released" / home.name / AUDIT) if path.is_file()),
        None,
    )


def _finding(what: Measure, evidence: Evidence) -> Result:
    """A finding by id, or a number of its detail as "F6.mcnemar_p"."""
    name, _, key = str(what.of).partition(".")
    path = _audit(evidence.study.data) if evidence.study else None
    if path is None:
        raise Missing("the published files were not given to this run")
    row = read_findings(path).get(name)
    if row is None:
        raise Missing(f"the audit of the published files has no finding {name}")
    if row.get("how") == "read" and row.get("value") is None:
        raise Missing(f"read in the source code, not measured: {row.get('source') or 'see the audit'}")
    found = {"value": row.get("detail", {}).get(key), "unit": ""} if key else row

    def number(field: str) -> float | None:
        value = found.get(field)
        return round(float(value), resampling.DIGITS) if isinstance(value, int | float) else None

    value = number("value")
    if value is None:
        raise Missing(f"the audit of the published files has no figure for {what.of}")
    unit = str(found.get("unit") or "")
    return Result(
        value, number("low"), number("high"), n=found.get("n"), unit=_UNITS.get(unit, unit),
        comparison=str(row.get("statement") or "audit of the published files"), file=path.as_posix(),
        row=f"finding={what.of}", trained=False,
    )  # fmt: skip


def _attention(what: Measure, evidence: Evidence) -> Result:
    """How much an arm looks at the right relation, along chains of `of` hops (`attention.py`)."""
    path = evidence.folder / "pointers.parquet" if evidence.folder else Path()
    if not path.is_file():
        raise Missing("where models look was not mapped in this experiment (pointers.parquet)")
    row = {"model": what.model, "arm": str(what.arm), "level": what.of, "clause": ALL_CLAUSES}
    found = _pointers(path).filter([pl.col(key) == value for key, value in row.items()])
    if found.is_empty():
        raise Missing(f"where {what.arm} looks at {what.of} hops was not mapped")
    numbers = found.row(0, named=True)
    value, low, high = (round(numbers[key], resampling.DIGITS) for key in ("value", "low", "high"))
    return Result(
        value, low, high, n=numbers["n"], seeds=numbers["seeds"],
        comparison=(
            f"share of attention on the question's right relation before each clause's, {what.arm}, {what.of} hops"
        ),
        file=path.as_posix(), row=" ".join(f"{key}={value}" for key, value in row.items()), arms=(str(what.arm),),
        conditions=((what.model, what.platform, str(what.arm)),),
    )  # fmt: skip


def _check_property(what: Measure) -> str:
    return (
        "" if what.of in PROPERTIES else f"of: unknown property {what.of!r} (known: {', '.join(PROPERTIES)})"
    )


def _check_finding(what: Measure) -> str:
    return "" if isinstance(what.of, str) else "of: the id of a finding, please"


def _check_attention(what: Measure) -> str:
    return (
        ""
        if isinstance(what.of, int) and what.arm
        else "attention: of a number of hops and of an arm, please"
    )


MEASURES = {
    "property": OwnMeasure(_property, _check_property),
    "finding": OwnMeasure(_finding, _check_finding),
    "attention": OwnMeasure(_attention, _check_attention),
}
