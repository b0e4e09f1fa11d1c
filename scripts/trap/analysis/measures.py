"""From a declared measure to a number: find its cells, estimate, and record where the number came from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import BASELINE, ItemTable
from trap.analysis.claim_specs import ClaimsFile, Measure, run_measures
from trap.analysis.extension import extension_of
from trap.analysis.resampling import Cell
from trap.analysis.room import ENOUGH, Room, room_of
from trap.analysis.statistics import mean_interval
from trap.report.wording import estimate_text
from trap.studies.base import BaseStudy

RUN_WORDS = {"any_correct": "share of prompts with a right sample"}  # columns that want more words


class Missing(Exception):
    """Raised where a measure needs something that was not run or not given. The message says what, in words."""


@dataclass(frozen=True)
class Result:
    """A measured number with its interval and origin. trained: whether it rests on training runs."""

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
    room: Room = ENOUGH  # whether the arms of a difference have room to differ

    @property
    def text(self) -> str:
        return estimate_text(self.value, self.low, self.high, self.unit, self.n, self.seeds)


@dataclass(frozen=True)
class Evidence:
    """Everything that measures are computed from. `files` says which file each part came from.

    folder: where the items and other collected files lie. study: opened on its data; only tests leave it None.
    """

    spec: ClaimsFile
    items: ItemTable
    runs: pl.DataFrame
    files: Mapping[str, str]
    contrasts: Mapping[tuple[str, str, str], Mapping[str, Any]] = field(
        default_factory=dict
    )  # (name, model, platform) -> row
    repeat: tuple[int, int] | None = None  # rows that agree, rows compared
    study: BaseStudy | None = None
    pools: Mapping[str, Sequence[Any]] = field(
        default_factory=dict
    )  # items by pool, of the pools that were given
    folder: Path | None = None


def measure(what: Measure, evidence: Evidence) -> Result:
    """Compute one measure. Raises Missing with the reason when that is not possible."""
    if what.contrast:
        return _contrast(what, evidence)
    if what.dose:
        return _dose(what, evidence)
    if what.runs:
        return _runs(what, evidence)
    if what.study:
        return extension_of(evidence.items.study).measures[what.study].compute(what, evidence)
    if what.repeat:
        return _repeat(evidence)
    return _mean(what, evidence)


def cell_of(evidence: Evidence, model: str, platform: str, arm: str, pool: str, what: Measure) -> Cell:
    """The cell. Raises Missing with the reason where there is none."""
    cell = evidence.items.cell(model, platform, arm, pool, what.metric, what.levels)
    if cell is not None:
        return cell
    if arm.startswith(BASELINE):
        raise Missing(f"the baseline {arm.removeprefix(BASELINE)} needs the items of {pool}")
    here = [key for key in evidence.items.conditions if key[0] == model and key[1] == platform]
    if not here:
        raise Missing(f"the model {model} was not run on {platform}")
    if arm not in {key[2] for key in here}:
        raise Missing(f"arm {arm} was not run in this experiment")
    if (model, platform, arm, pool) not in here:
        raise Missing(f"no run of {arm} was scored on the pool {pool}")
    raise Missing(f"{what.metric} was not measured for {arm} on {pool}")


def _mean(what: Measure, evidence: Evidence) -> Result:
    arm, definition = str(what.arm), evidence.items.metrics[what.metric]
    cell = cell_of(evidence, what.model, what.platform, arm, what.pool, what)
    paired, alone = any((what.minus, what.minus_model, what.minus_pool)), False
    row = {"model": what.model, "arm": arm, "pool": what.pool, "metric": what.metric}
    if what.levels:
        row["level"] = "+".join(map(str, what.levels))
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
        alone = pool == what.pool and not minus.startswith(BASELINE)
        row |= {"minus": minus, "minus_model": model, "minus_pool": pool}
        conditions.append((model, what.platform, minus))
        if what.net_of:
            pools = (what.pool, pool)
            cells += [cell_of(evidence, what.model, what.platform, what.net_of, name, what) for name in pools]
            weights += [-1.0, 1.0]
            comparison += f", net of the same for {what.net_of}"
            row["net_of"] = what.net_of
            conditions.append((what.model, what.platform, what.net_of))
    found = _estimated(evidence, cells, weights, unit, comparison, row, conditions)
    if not paired:
        return found
    return replace(
        found, family=f"direct, {what.model}", room=_room(what, evidence, cells) if alone else ENOUGH
    )


def _room(what: Measure, evidence: Evidence, cells: Sequence[Cell]) -> Room:
    """Of two arms on one pool."""
    spec = evidence.spec
    options = {"replicates": spec.replicates, "confidence": spec.confidence}
    return room_of(evidence.items, what.pool, what.metric, cells, spec.margin, levels=what.levels, **options)


def _dose(what: Measure, evidence: Evidence) -> Result:
    family = evidence.spec.doses[str(what.dose)]
    cells = [cell_of(evidence, what.model, what.platform, arm, what.pool, what) for arm in family.arms]
    doses = [math.log2(dose) if family.scale == "log2" else dose for dose in family.arms.values()]
    unit = evidence.items.metrics[what.metric].unit
    unit = "points" if unit == "share" else unit
    if family.scale == "log2":
        unit += " per doubling"
    row = {"model": what.model, "dose": what.dose, "pool": what.pool, "metric": what.metric}
    comparison = (
        f"least-squares slope of {what.metric} on {what.pool} over {family.label} ({len(doses)} arms)"
    )
    conditions = [(what.model, what.platform, arm) for arm in family.arms]
    found = _estimated(evidence, cells, resampling.slope_weights(doses), unit, comparison, row, conditions)
    return replace(found, family=f"doses, {what.model}")


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
    row = evidence.contrasts.get((declared.name, what.model, what.platform))
    if row is None:  # raises Missing for the part that is missing
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
        room=Room(row["room"], row["room_reason"]),
    )


def _runs(what: Measure, evidence: Evidence) -> Result:
    column, arm = str(what.runs), str(what.arm)
    rows = evidence.runs.filter(
        (pl.col("model") == what.model) & (pl.col("platform") == what.platform) & (pl.col("arm") == arm)
    ).sort("seed")
    if rows.is_empty():
        raise Missing(f"arm {arm} was not run in this experiment")
    values = rows[column].drop_nulls().to_list()
    if not values:
        raise Missing(f"the runs of {arm} did not record {column}")
    unit = run_measures(evidence.items.study)[column]
    mean, low, high = (round(part, resampling.DIGITS) for part in mean_interval(values))
    least, most = _range(column, unit, evidence)
    low, high = max(least, low), min(most, high)
    prompts = rows["prompts"].drop_nulls()
    return Result(
        mean,
        low,
        high,
        n=int(prompts[0]) if len(prompts) else None,
        seeds=len(values),
        unit=unit,
        comparison=f"{RUN_WORDS.get(column, column.replace('_', ' '))} of {arm}, mean over seeds",
        file=evidence.files.get("runs", ""),
        row=f"model={what.model} arm={arm} column={column}",
        arms=(arm,),
        conditions=((what.model, what.platform, arm),),
    )


def _range(column: str, unit: str, evidence: Evidence) -> tuple[float, float]:
    """Of a column of runs: of the measure whose mean over winners it is, or of a share."""
    metric = evidence.items.metrics.get(column.removeprefix("winner_"))
    if metric is not None:
        return metric.range
    return (0.0, 1.0) if unit == "share" else (-math.inf, math.inf)


def _repeat(evidence: Evidence) -> Result:
    if evidence.repeat is None:
        raise Missing("no repeated run is there (repeat_MODEL.parquet)")
    agree, n = evidence.repeat
    return Result(
        round(agree / n, resampling.DIGITS),
        n=n,
        comparison="item rows of a repeated run that are identical in every column",
        file=evidence.files.get("repeat", ""),
        row="all",
        trained=False,
    )
