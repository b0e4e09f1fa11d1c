"""Tables of results from items, runs and baselines: one number per row, with its interval.

Nothing here reads a clock: two clean runs on one machine give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import BASELINE, BASELINE_MODEL, METRICS, ItemTable
from trap.analysis.claim_specs import ClaimsFile
from trap.analysis.resampling import DIGITS, Cell, Estimate
from trap.analysis.statistics import (
    items_needed,
    mean_interval,
    noise_band,
    paired_items_needed,
)
from trap.studies.hops.analysis.baselines import BASELINES

HOP_POOLS = ("eval_easy", "eval_hard")
DOSE_METRICS = ("accuracy", "faithful", "hops_used")
NOISE_METRICS = ("accuracy", "faithful")

_ESTIMATE: dict[str, Any] = {
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "n": pl.Int64,
    "seeds": pl.Int64,
    "seed_sd": pl.Float64,
}
_ARM: dict[str, Any] = {
    **dict.fromkeys(("model", "platform", "arm", "label", "group"), pl.String),
    "contaminated": pl.Boolean,
}


def arm_facts(runs: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """arm -> label, group, contaminated, as the experiment sheet named it."""
    columns = ["arm", "label", "group", "contaminated"]
    return {row["arm"]: row for row in runs.select(columns).unique("arm", maintain_order=True).to_dicts()}


class Summaries:
    """All tables of one collection of runs."""

    def __init__(self, spec: ClaimsFile, table: ItemTable, runs: pl.DataFrame, items: pl.DataFrame) -> None:
        self.spec, self.table, self.runs, self.items = spec, table, runs, items
        self.facts = arm_facts(runs)

    def estimate(self, cell: Cell, *others: Cell) -> Estimate:
        """One cell, or the difference to another."""
        weights = [1.0, *(-1.0 for _ in others)]
        return resampling.estimate(
            [cell, *others], weights, replicates=self.spec.replicates, confidence=self.spec.confidence
        )

    def labels(self, model: str, platform: str, arm: str) -> dict[str, Any]:
        fact = self.facts.get(arm, {})
        return {
            "model": model,
            "platform": platform,
            "arm": arm,
            "label": fact.get("label") or arm,
            "group": fact.get("group") or "",
            "contaminated": bool(fact.get("contaminated", False)),
        }

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

    def _rows(
        self, hops: int | None = None, pools: tuple[str, ...] | None = None
    ) -> Iterator[dict[str, Any]]:
        only = None if hops is None else [hops]
        for model, platform, arm, pool in self.table.conditions:
            if pools and pool not in pools:
                continue
            for metric, definition in METRICS.items():
                cell = self.table.cell(model, arm, pool, metric, only, platform)
                if cell is not None:
                    row = self.labels(model, platform, arm)
                    yield (
                        row | {"pool": pool, "metric": metric, "unit": definition.unit} | self._numbers(cell)
                    )
        for pool in sorted({key[3] for key in self.table.conditions}):
            if pools and pool not in pools:
                continue
            for name in BASELINES:
                cell = self.table.cell(BASELINE_MODEL, BASELINE + name, pool, "accuracy", only)
                if cell is not None:
                    row = self.labels(BASELINE_MODEL, "", BASELINE + name)
                    row |= {"label": name.replace("_", " "), "group": "baseline"}
                    yield row | {"pool": pool, "metric": "accuracy", "unit": "share"} | self._numbers(cell)

    def arms(self) -> pl.DataFrame:
        """Every metric of every arm on every pool."""
        schema = {**_ARM, "pool": pl.String, "metric": pl.String, "unit": pl.String, **_ESTIMATE}
        return pl.DataFrame(list(self._rows()), schema=schema)

    def by_hops(self) -> pl.DataFrame:
        """The same by the number of hops asked, on the easy and the hard pool."""
        schema = {
            **_ARM,
            "pool": pl.String,
            "metric": pl.String,
            "unit": pl.String,
            "hops": pl.Int8,
            **_ESTIMATE,
        }
        rows = []
        for hops in self.items["hops"].unique().sort().to_list():
            rows += [row | {"hops": hops} for row in self._rows(hops, HOP_POOLS)]
        return pl.DataFrame(rows, schema=schema).sort("model", "platform", "arm", "pool", "metric", "hops")

    def doses(self) -> pl.DataFrame:
        """Dose-responses: value of each metric at each declared dose that was run."""
        rows = []
        for model, platform in sorted({key[:2] for key in self.table.conditions}):
            for name, family in self.spec.doses.items():
                for arm, dose in family.arms.items():
                    for pool in family.pools:
                        for metric in DOSE_METRICS:
                            cell = self.table.cell(model, arm, pool, metric, platform=platform)
                            if cell is not None:
                                row = {"family": name, "x_label": family.label, "x": dose}
                                row |= self.labels(model, platform, arm)
                                row |= {"pool": pool, "metric": metric, "unit": METRICS[metric].unit}
                                rows.append(row | self._numbers(cell))
        schema = {
            "family": pl.String,
            "x_label": pl.String,
            "x": pl.Float64,
            **_ARM,
            "pool": pl.String,
            "metric": pl.String,
            "unit": pl.String,
            **_ESTIMATE,
        }
        return pl.DataFrame(rows, schema=schema).sort("model", "platform", "family", "pool", "metric", "x")

    def rollouts(self) -> pl.DataFrame:
        """What rejection sampling kept, and how often it handed the right letter to the training set.

        predicted_blind = 1 - 0.75^K; predicted = 1 - (1 - p)^K with p the measured hit rate of one draw
        (the K = 1 arm): what K independent draws of equally hard questions would give.
        """
        sampled = self.runs.filter(pl.col("winners").is_not_null())
        sizes = (
            {arm: int(dose) for arm, dose in self.spec.doses["samples"].arms.items()}
            if ("samples" in self.spec.doses)
            else {}
        )
        singles = {arm for arm, k in sizes.items() if k == 1}
        parts = sampled.partition_by("model", "platform", "arm", as_dict=True, maintain_order=True)
        single = {
            key[:2]: part["leaked_letter_rate"].mean() for key, part in parts.items() if key[2] in singles
        }
        rows = []
        for key, part in sorted(parts.items()):
            model, platform, arm = map(str, key)
            k = sizes.get(arm) or part["k"].drop_nulls().first()
            leaked = part["leaked_letter_rate"].drop_nulls().to_list()
            mean, low, high = mean_interval(leaked) if leaked else (None, None, None)
            p = single.get((model, platform)) if arm in sizes else None
            means = {
                name: _rounded(part[column].mean())
                for name, column in (
                    ("prompts", "prompts"),
                    ("sampled", "rollouts_sampled"),
                    ("winners", "winners"),
                    ("winner_faithful", "winner_faithful"),
                    ("winner_correct", "winner_correct"),
                    ("mean_winner_hops", "mean_winner_hops"),
                )
            }
            rows.append(
                self.labels(model, platform, arm)
                | {"k": k}
                | means
                | {
                    "leaked": _rounded(mean),
                    "low": _rounded(low if low is None else max(0.0, low)),
                    "high": _rounded(high if high is None else min(1.0, high)),
                    "predicted_blind": _rounded(1 - 0.75**k) if k else None,
                    "predicted": _rounded(1 - (1 - float(p)) ** k) if k and p is not None else None,
                    "seeds": part.height,
                }
            )
        numbers = ("prompts", "sampled", "winners", "winner_faithful", "winner_correct", "mean_winner_hops")
        numbers += ("leaked", "low", "high", "predicted_blind", "predicted")
        schema = {**_ARM, "k": pl.Int32, **dict.fromkeys(numbers, pl.Float64), "seeds": pl.Int64}
        return pl.DataFrame(rows, schema=schema)

    def noise(self) -> pl.DataFrame:
        """How far two single training runs of one arm differ by nothing but their seed."""
        rows = []
        for model, platform in sorted({key[:2] for key in self.table.conditions}):
            for pool in sorted({key[3] for key in self.table.conditions if key[:2] == (model, platform)}):
                for metric in NOISE_METRICS:
                    cells = [
                        self.table.cell(model, key[2], pool, metric, platform=platform)
                        for key in self.table.conditions
                        if key[:2] == (model, platform) and key[3] == pool
                    ]
                    sd, band = noise_band([list(cell.per_seed) for cell in cells if cell is not None])
                    seeds = max((len(cell.seeds) for cell in cells if cell is not None), default=0)
                    row = {"model": model, "platform": platform, "pool": pool, "metric": metric}
                    row |= {"arms": len(cells), "seeds": seeds}
                    finite = math.isfinite(sd)
                    rows.append(
                        row
                        | {
                            "seed_sd": _rounded(sd) if finite else None,
                            "band": _rounded(band) if finite else None,
                        }
                    )
        schema = {**dict.fromkeys(("model", "platform", "pool", "metric"), pl.String), "arms": pl.Int64}
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
