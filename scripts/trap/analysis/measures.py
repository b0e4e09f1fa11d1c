"""From a declared measure to a number: looks up the cells, estimates, and says what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import BASELINE, METRICS, ItemTable
from trap.analysis.claim_specs import ClaimsFile, Measure
from trap.analysis.resampling import Cell
from trap.analysis.statistics import clopper_pearson, mean_interval
from trap.report.wording import estimate_text
from trap.studies.hops.analysis.attention import ALL_CLAUSES
from trap.studies.hops.analysis.properties import PROPERTIES, Material


class Missing(Exception):
    """What a measure needs was not run or not given; the message is the reason, for people."""


@dataclass(frozen=True)
class Result:
    """A measured number with its interval and where it came from. trained: rests on training runs."""

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    n: int | None = None
    seeds: int | None = None
    unit: str = "share"
    family: str | None = None
    margin: float | None = None
    comparison: str = ""
    file: str = ""
    row: str = ""
    arms: tuple[str, ...] = ()
    conditions: tuple[tuple[str, str, str], ...] = ()  # (model, platform, arm) of the runs behind it
    trained: bool = True

    @property
    def text(self) -> str:
        return estimate_text(self.value, self.low, self.high, self.unit, self.n, self.seeds)


@dataclass(frozen=True)
class Evidence:
    """Everything that measures are computed from; `files` says which file each part came from."""

    spec: ClaimsFile
    items: ItemTable
    runs: pl.DataFrame
    files: Mapping[str, str]
    contrasts: Mapping[tuple[str, str], Mapping[str, Any]] = field(
        default_factory=dict
    )  # (name, model) -> row
    findings: Mapping[str, Mapping[str, Any]] | None = None
    material: Material = field(default_factory=Material)
    repeat: tuple[int, int] | None = None  # rows that agree, rows compared
    pointers: pl.DataFrame | None = None  # as `attention.tables` gives it


def measure(what: Measure, evidence: Evidence) -> Result:
    """Compute one measure. Raises Missing with the reason when it cannot be."""
    if what.contrast:
        return _contrast(what, evidence)
    if what.dose:
        return _dose(what, evidence)
    if what.runs:
        return _runs(what, evidence)
    if what.property:
        return _property(what, evidence)
    if what.finding:
        return _finding(what, evidence)
    if what.repeat:
        return _repeat(evidence)
    if what.attention:
        return _attention(what, evidence)
    return _mean(what, evidence)


def cell_of(evidence: Evidence, model: str, platform: str, arm: str, pool: str, what: Measure) -> Cell:
    """The cell, or Missing with the reason."""
    cell = evidence.items.cell(model, arm, pool, what.metric, what.hops, platform)
    if cell is not None:
        return cell
    if arm.startswith(BASELINE):
        raise Missing(
            f"the baseline {arm.removeprefix(BASELINE)} needs the graph and the questions of {pool}"
        )
    here = [key for key in evidence.items.conditions if key[0] == model and key[1] == platform]
    if not here:
        raise Missing(f"the model {model} was not run on {platform}")
    if arm not in {key[2] for key in here}:
        raise Missing(f"arm {arm} was not run at this size")
    if (model, platform, arm, pool) not in here:
        raise Missing(f"no run of {arm} was scored on the pool {pool}")
    raise Missing(f"{what.metric} was not measured for {arm} on {pool}")


def _mean(what: Measure, evidence: Evidence) -> Result:
    arm, definition = str(what.arm), METRICS[what.metric]
    cell = cell_of(evidence, what.model, what.platform, arm, what.pool, what)
    paired = any((what.minus, what.minus_model, what.minus_pool))
    row = {"model": what.model, "arm": arm, "pool": what.pool, "metric": what.metric}
    if what.hops:
        row["hops"] = "+".join(map(str, what.hops))
    conditions = [(what.model, what.platform, arm)]
    if not paired:
        cells, weights, unit, comparison = (
            [cell],
            [1.0],
            definition.unit,
            f"{what.metric} of {arm} on {what.pool}",
        )
    else:
        minus, model = what.minus or arm, what.minus_model or what.model
        pool = what.minus_pool or what.pool
        other = cell_of(evidence, model, what.platform, minus, pool, what)
        cells, weights = [cell, other], [1.0, -1.0]
        unit = "points" if definition.unit == "share" else definition.unit
        same = (minus, model, pool)
        names = [f"{arm} ({what.model}, {what.pool})", f"{minus} ({model}, {pool})"]
        if same[1:] == (what.model, what.pool):
            names = [arm, f"{minus} on {what.pool}"]
        comparison = f"{what.metric} of {names[0]} minus {names[1]}, same questions and seeds"
        row |= {"minus": minus, "minus_model": model, "minus_pool": pool}
        conditions.append((model, what.platform, minus))
        if what.net_of:
            pools = (what.pool, pool)
            cells += [cell_of(evidence, what.model, what.platform, what.net_of, name, what) for name in pools]
            weights += [-1.0, 1.0]
            comparison += f", net of the same for {what.net_of}"
            row["net_of"] = what.net_of
            conditions.append((what.model, what.platform, what.net_of))
    return _estimated(evidence, cells, weights, unit, comparison, row, conditions)


def _dose(what: Measure, evidence: Evidence) -> Result:
    family = evidence.spec.doses[str(what.dose)]
    cells = [cell_of(evidence, what.model, what.platform, arm, what.pool, what) for arm in family.arms]
    doses = [math.log2(dose) if family.scale == "log2" else dose for dose in family.arms.values()]
    unit = "points" if METRICS[what.metric].unit == "share" else METRICS[what.metric].unit
    if family.scale == "log2":
        unit += " per doubling"
    row = {"model": what.model, "dose": what.dose, "pool": what.pool, "metric": what.metric}
    comparison = (
        f"least-squares slope of {what.metric} on {what.pool} over {family.label} ({len(doses)} arms)"
    )
    conditions = [(what.model, what.platform, arm) for arm in family.arms]
    return _estimated(evidence, cells, resampling.slope_weights(doses), unit, comparison, row, conditions)


def _estimated(
    evidence: Evidence,
    cells: list[Cell],
    weights: list[float],
    unit: str,
    comparison: str,
    row: Mapping[str, Any],
    conditions: list[tuple[str, str, str]],
) -> Result:
    try:
        found = resampling.estimate(
            cells, weights, replicates=evidence.spec.replicates, confidence=evidence.spec.confidence
        )
    except ValueError as error:
        raise Missing(str(error)) from None
    models = tuple(condition for condition in conditions if not condition[2].startswith(BASELINE))
    return Result(
        found.value,
        found.low,
        found.high,
        p=found.p if len(cells) > 1 else None,
        n=found.n,
        seeds=found.seeds,
        unit=unit,
        comparison=comparison,
        file=evidence.files.get("items", ""),
        row=" ".join(f"{key}={value}" for key, value in row.items()),
        arms=tuple(dict.fromkeys(condition[2] for condition in conditions)),
        conditions=models,
    )


def _contrast(what: Measure, evidence: Evidence) -> Result:
    declared = next(contrast for contrast in evidence.spec.contrasts if contrast.name == what.contrast)
    row = evidence.contrasts.get((declared.name, what.model))
    if row is None:  # says which part is missing
        as_arms = Measure(
            arm=declared.arm,
            minus=declared.minus,
            model=what.model,
            platform=what.platform,
            metric=declared.metric,
            pool=declared.pool,
        )
        measure(as_arms, evidence)
        raise Missing(f"the contrast {declared.name} was not computed for {what.model}")
    return Result(
        row["value"],
        row["low"],
        row["high"],
        p=row["p"],
        p_holm=row["p_holm"],
        n=row["n"],
        seeds=row["seeds"],
        unit=row["unit"],
        family=f"{declared.family}, {what.model}",
        margin=row["margin"],
        comparison=(
            f"{declared.metric} of {declared.arm} minus {declared.minus} on {declared.pool}, same questions and seeds"
        ),
        file=evidence.files.get("items", ""),
        row=f"contrast={declared.name} model={what.model} arm={declared.arm} minus={declared.minus} "
        f"pool={declared.pool} metric={declared.metric}",
        arms=(declared.arm, declared.minus),
        conditions=tuple((what.model, what.platform, arm) for arm in (declared.arm, declared.minus)),
    )


def _runs(what: Measure, evidence: Evidence) -> Result:
    column, arm = str(what.runs), str(what.arm)
    rows = evidence.runs.filter(
        (pl.col("model") == what.model) & (pl.col("platform") == what.platform) & (pl.col("arm") == arm)
    ).sort("seed")
    if rows.is_empty():
        raise Missing(f"arm {arm} was not run at this size")
    values = rows[column].drop_nulls().to_list()
    if not values:
        raise Missing(f"the runs of {arm} did not record {column}")
    share = column != "mean_winner_hops"
    mean, low, high = (round(part, resampling.DIGITS) for part in mean_interval(values))
    if share:
        low, high = max(0.0, low), min(1.0, high)
    prompts = rows["prompts"].drop_nulls()
    return Result(
        mean,
        low,
        high,
        n=int(prompts[0]) if len(prompts) else None,
        seeds=len(values),
        unit="share" if share else "hops",
        comparison=f"{column.replace('_', ' ')} of {arm}, mean over seeds",
        file=evidence.files.get("runs", ""),
        row=f"model={what.model} arm={arm} column={column}",
        arms=(arm,),
        conditions=((what.model, what.platform, arm),),
    )


def _property(what: Measure, evidence: Evidence) -> Result:
    name = str(what.property)
    if name not in PROPERTIES:
        raise Missing(f"no property {name!r}")
    fact = PROPERTIES[name](evidence.material)
    if fact is None:
        raise Missing("it needs the graph and the evaluation questions, which were not given")
    low = high = None
    if fact.unit == "share" and fact.n and name == "paid_without_reason":
        low, high = clopper_pearson(round(fact.value * fact.n), fact.n)
    value, low, high = (
        None if part is None else round(part, resampling.DIGITS) for part in (fact.value, low, high)
    )
    return Result(
        value or 0.0,
        low,
        high,
        n=fact.n,
        unit=fact.unit,
        comparison=fact.comparison,
        file="scripts/trap/studies/hops/analysis/properties.py",
        row=f"property={name}",
        trained=False,
    )


# What the audit calls its units -> ours.
_UNITS = {"probability": "share", "expected accuracy": "share", "difference of shares": "points"}


def _finding(what: Measure, evidence: Evidence) -> Result:
    """A finding by id, or a number of its detail as "F6.mcnemar_p"."""
    name, _, key = str(what.finding).partition(".")
    if evidence.findings is None:
        raise Missing("the published files were not given to this run")
    row = evidence.findings.get(name)
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
        raise Missing(f"the audit of the published files has no figure for {what.finding}")
    unit = str(found.get("unit") or "")
    return Result(
        value,
        number("low"),
        number("high"),
        n=found.get("n"),
        unit=_UNITS.get(unit, unit),
        comparison=str(row.get("statement") or "audit of the published files"),
        file=evidence.files.get("audit", ""),
        row=f"finding={what.finding}",
        trained=False,
    )


def _repeat(evidence: Evidence) -> Result:
    if evidence.repeat is None:
        raise Missing("no repeated run was given (--repeat)")
    agree, n = evidence.repeat
    return Result(
        round(agree / n, resampling.DIGITS),
        n=n,
        comparison="item rows of a repeated run that are identical in every column",
        file=evidence.files.get("repeat", ""),
        row="all",
        trained=False,
    )


def _attention(what: Measure, evidence: Evidence) -> Result:
    if evidence.pointers is None:
        raise Missing("where models look was not mapped at this size (--pointers)")
    row = {"model": what.model, "arm": str(what.arm), "hops": what.attention, "clause": ALL_CLAUSES}
    found = evidence.pointers.filter([pl.col(key) == value for key, value in row.items()])
    if found.is_empty():
        raise Missing(f"where {what.arm} looks at {what.attention} hops was not mapped")
    numbers = found.row(0, named=True)
    value, low, high = (round(numbers[key], resampling.DIGITS) for key in ("value", "low", "high"))
    return Result(
        value,
        low,
        high,
        n=numbers["n"],
        seeds=numbers["seeds"],
        comparison=(
            f"share of attention on the question's right relation before each clause's, {what.arm}, {what.attention} hops"
        ),
        file=evidence.files.get("pointers", ""),
        row=" ".join(f"{key}={value}" for key, value in row.items()),
        arms=(str(what.arm),),
        conditions=((what.model, what.platform, str(what.arm)),),
    )
