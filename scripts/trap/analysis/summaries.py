"""Tables of results from items, runs and baselines: one number per row, with its interval.

Nothing here reads a clock: two clean runs on one machine give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.baselines import baseline_items
from trap.analysis.cells import BASELINE, BASELINE_MODEL, ItemTable
from trap.analysis.claim_specs import ClaimsFile, run_measures
from trap.analysis.extension import extension_of
from trap.analysis.resampling import DIGITS, Cell, Estimate
from trap.analysis.runs import ARM_COLUMNS, arm_fact
from trap.analysis.statistics import (
    items_needed,
    mean_interval,
    noise_band,
    paired_items_needed,
)
from trap.studies.base import BaseStudy
from trap.workflow.sheet import Arm

MEASURED = ("accuracy", "faithful")

_ESTIMATE: dict[str, Any] = {
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "seeds": pl.Int64,
    "seed_sd": pl.Float64,
}
_OF: dict[str, Any] = dict.fromkeys(("pool", "metric", "unit"), pl.String)


class Summaries:
    """All tables of one collection of runs.

    study: opened on its data. pools: items by pool, for baselines. sheet: arms by name, for labels. folder: where the
    evidence lies, with what the study collected besides.
    """

    def __init__(
        self, spec: ClaimsFile, study: BaseStudy, pools: Mapping[str, Sequence[Any]], items: pl.DataFrame,
        runs: pl.DataFrame, sheet: Mapping[str, Arm], folder: Path,
    ) -> None:  # fmt: skip
        self.spec, self.study, self.pools, self.items, self.runs = spec, study, pools, items, runs
        self.sheet, self.folder = sheet, folder
        self.extension = extension_of(type(study))

    @property
    def honest(self) -> dict[str, Sequence[Any]]:
        """The pools among those given that are honest sets of questions."""
        return {name: items for name, items in self.pools.items() if self.study.pool(name).honest}

    @cached_property
    def baselines(self) -> pl.DataFrame:
        """`baseline_items` for the honest pools."""
        return baseline_items(self.study, self.honest)

    @cached_property
    def table(self) -> ItemTable:
        return ItemTable(self.items, type(self.study), self.baselines)

    def estimate(self, cell: Cell, *others: Cell) -> Estimate:
        """The estimate of one cell, or of its difference to another."""
        weights = [1.0, *(-1.0 for _ in others)]
        return resampling.estimate(
            [cell, *others], weights, replicates=self.spec.replicates, confidence=self.spec.confidence
        )

    def labels(self, model: str, platform: str, arm: str) -> dict[str, Any]:
        """The values of ARM_COLUMNS for an arm."""
        keys = {"study": self.table.name, "model": model, "platform": platform, "arm": arm}
        if arm.startswith(BASELINE):
            name = arm.removeprefix(BASELINE).replace("_", " ")
            fact = {"label": name, "short": name, "role": "", "group": "baseline", "contaminated": False}
            return keys | fact
        return keys | arm_fact(self.sheet, arm)

    def _numbers(self, cell: Cell) -> dict[str, Any]:
        found = self.estimate(cell)
        values = [value for value in cell.per_seed if math.isfinite(value)]
        sd = noise_band([values])[0] if cell.group else math.nan
        return {
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "n": found.n,
            "seeds": found.seeds,
            "seed_sd": round(sd, DIGITS) if math.isfinite(sd) else None,
        }

    def _rows(self, level: int | None = None, pools: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        only = None if level is None else [level]
        for model, platform, arm, pool in self.table.conditions:
            if pools is not None and pool not in pools:
                continue
            for metric, definition in self.table.metrics.items():
                cell = self.table.cell(model, platform, arm, pool, metric, only)
                if cell is not None:
                    row = self.labels(model, platform, arm)
                    row |= {"pool": pool, "metric": metric, "unit": definition.unit}
                    yield row | self._numbers(cell)
        for pool in sorted({key[3] for key in self.table.conditions}):
            if pools is not None and pool not in pools:
                continue
            for name in self.table.baselines:
                cell = self.table.cell(BASELINE_MODEL, "", BASELINE + name, pool, "accuracy", only)
                if cell is not None:
                    row = self.labels(BASELINE_MODEL, "", BASELINE + name)
                    yield row | {"pool": pool, "metric": "accuracy", "unit": "share"} | self._numbers(cell)

    def arms(self) -> pl.DataFrame:
        """Every metric of every arm on every pool."""
        return pl.DataFrame(list(self._rows()), schema={**ARM_COLUMNS, **_OF, **_ESTIMATE})

    def by_level(self) -> pl.DataFrame:
        """Every metric of every arm by level, on the evaluation pools."""
        rows: list[dict[str, Any]] = []
        chosen = [pool.name for pool in self.table.study.pools if pool.role == "evaluation"]
        for level in self.items["level"].unique().sort().to_list():
            rows += [row | {"level": level} for row in self._rows(level, chosen)]
        schema = {**ARM_COLUMNS, **_OF, "level": pl.Int16, **_ESTIMATE}
        return pl.DataFrame(rows, schema=schema).sort("model", "platform", "arm", "pool", "metric", "level")

    def doses(self) -> pl.DataFrame:
        """Dose-responses: value of each metric at each declared dose that was run."""
        rows = []
        shown = (*MEASURED, *self.extension.dose_metrics)
        for model, platform in sorted({key[:2] for key in self.table.conditions}):
            for name, family in self.spec.doses.items():
                for arm, dose in family.arms.items():
                    for pool in family.pools:
                        for metric in shown:
                            cell = self.table.cell(model, platform, arm, pool, metric)
                            if cell is not None:
                                row = {"family": name, "x_label": family.label, "x": dose}
                                row |= self.labels(model, platform, arm)
                                row |= {"pool": pool, "metric": metric}
                                row |= {"unit": self.table.metrics[metric].unit}
                                rows.append(row | self._numbers(cell))
        schema = {
            "family": pl.String, "x_label": pl.String, "x": pl.Float64, **ARM_COLUMNS, **_OF, **_ESTIMATE,
        }  # fmt: skip
        return pl.DataFrame(rows, schema=schema).sort("model", "platform", "family", "pool", "metric", "x")

    def chance(self) -> float | None:
        """Probability that a blind answer is right, over the items of the honest pools; None without any."""
        chances = [self.study.chance(item) for items in self.honest.values() for item in items]
        return sum(chances) / len(chances) if chances else None

    def _samples(self) -> tuple[dict[str, int], dict[str, str]]:
        """For dose families that count samples: samples by arm, and by arm the arm of its family with one sample."""
        counts: dict[str, int] = {}
        single: dict[str, str] = {}
        for family in self.spec.doses.values():
            if family.samples:
                counts |= {arm: int(dose) for arm, dose in family.arms.items()}
                one = next((arm for arm, dose in family.arms.items() if dose == 1), "")
                single |= dict.fromkeys(family.arms, one)
        return counts, single

    def rollouts(self) -> pl.DataFrame:
        """What sampling kept, and for how many prompts a right answer got into the training set.

        predicted_blind = 1 - (1 - c)^K with c the study's chance; predicted = 1 - (1 - p)^K with p the measured hit
        rate of one draw (the arm with K = 1): what K independent draws of equally hard items would give.
        """
        sampled = self.runs.filter(pl.col("winners").is_not_null())
        counts, single = self._samples()
        chance = self.chance()
        parts = sampled.partition_by("model", "platform", "arm", as_dict=True, maintain_order=True)
        hits = {key: part["any_correct"].mean() for key, part in parts.items()}
        means = {"prompts": "prompts", "sampled": "rollouts_sampled", "winners": "winners"}
        winners = [name for name in run_measures(self.table.study) if name.startswith("winner_")]
        winners = [name for name in winners if sampled[name].null_count() < sampled.height]
        means |= {name: name for name in winners}
        rows = []
        for key, part in sorted(parts.items()):
            model, platform, arm = map(str, key)
            k = counts.get(arm) or part["k"].drop_nulls().first()
            leaked = part["any_correct"].drop_nulls().to_list()
            mean, low, high = mean_interval(leaked) if leaked else (None, None, None)
            p = hits.get((model, platform, single.get(arm, "")))
            rows.append(
                self.labels(model, platform, arm)
                | {"k": k}
                | {name: _rounded(part[column].mean()) for name, column in means.items()}
                | {
                    "leaked": _rounded(mean),
                    "low": _rounded(low if low is None else max(0.0, low)),
                    "high": _rounded(high if high is None else min(1.0, high)),
                    "predicted_blind": _rounded(1 - (1 - chance) ** k) if k and chance is not None else None,
                    "predicted": _rounded(1 - (1 - float(p)) ** k) if k and p is not None else None,
                    "seeds": part.height,
                }
            )
        numbers = (*means, "leaked", "low", "high", "predicted_blind", "predicted")
        schema = {**ARM_COLUMNS, "k": pl.Int32, **dict.fromkeys(numbers, pl.Float64), "seeds": pl.Int64}
        return pl.DataFrame(rows, schema=schema)

    def noise(self) -> pl.DataFrame:
        """How far two training runs of one arm differ that differ in their seed alone."""
        rows = []
        for model, platform in sorted({key[:2] for key in self.table.conditions}):
            for pool in sorted({key[3] for key in self.table.conditions if key[:2] == (model, platform)}):
                for metric in MEASURED:
                    cells = [
                        self.table.cell(model, platform, key[2], pool, metric)
                        for key in self.table.conditions
                        if key[:2] == (model, platform) and key[3] == pool
                    ]
                    sd, band = noise_band([list(cell.per_seed) for cell in cells if cell is not None])
                    seeds = max((len(cell.seeds) for cell in cells if cell is not None), default=0)
                    row = {"study": self.table.name, "model": model, "platform": platform}
                    row |= {"pool": pool, "metric": metric}
                    row |= {"arms": len(cells), "seeds": seeds}
                    finite = math.isfinite(sd)
                    rows.append(
                        row
                        | {
                            "seed_sd": _rounded(sd) if finite else None,
                            "band": _rounded(band) if finite else None,
                        }
                    )
        schema = {
            **dict.fromkeys(("study", "model", "platform", "pool", "metric"), pl.String),
            "arms": pl.Int64,
        }
        schema |= {"seeds": pl.Int64, "seed_sd": pl.Float64, "band": pl.Float64}
        return pl.DataFrame(rows, schema=schema)


def power_table() -> pl.DataFrame:
    """Questions needed to see a difference with 80 % power at 5 %: independent arms, and paired ones
    that disagree on 20 % of the questions (never less than the difference itself)."""
    rows = []
    for p in (0.25, 0.37, 0.5, 0.75):
        for delta in (0.02, 0.03, 0.05, 0.1, 0.2):
            disagreement = max(0.2, delta)
            paired = paired_items_needed(delta, disagreement)
            rows.append((p, delta, items_needed(p, p + delta), paired, disagreement, 0.05, 0.8))
    names = ("p", "delta", "n_independent", "n_paired", "disagreement", "alpha", "power")
    kinds = (pl.Float64, pl.Float64, pl.Int64, pl.Int64, pl.Float64, pl.Float64, pl.Float64)
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), DIGITS)
