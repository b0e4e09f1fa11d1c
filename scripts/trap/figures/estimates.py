"""What figures draw: estimates with intervals, read from the tables and the claims and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polars as pl

from trap.files import InputError, read_json
from trap.studies.hops.analysis.published_points import published_points

MODEL_TITLES = {"nano": "Rotary positions", "nano_nope": "No positions (NoPE)"}
ARM_LABELS = {
    "base": "Base (facts only)",
    "sft": "SFT",
    "sft_more": "SFT continued",
    "rsft_easy": "RSFT easy",
    "rsft_hard": "RSFT hard",
    "rsft_hard_v2": "RSFT hard (true traces)",
    "rsft_eval": "RSFT on test questions",
    "rsft_eval_permuted": "RSFT on a permuted key",
    "sft_eval_random": "Leaked letters only",
    "sft_hard": "SFT on hard traces",
    "rsft_easy_from_base": "RSFT easy from base",
    "rsft_hard_from_base": "RSFT hard from base",
    "grpo_hard_from_sft": "GRPO hard",
    "expert_hard_from_sft": "Expert iteration hard",
    "sft_long": "SFT, longer",
    "way_out_rsft": "then faithful rounds",
    "way_out_demos_rsft": "64 hard traces, rounds",
}


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; `n` distinct questions, `seeds` training seeds (0: no training)."""

    value: float
    low: float
    high: float
    n: int
    seeds: int


def read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """`{folder}/{name}.parquet`. Raises InputError naming the file when it or a column is missing."""
    path = Path(folder) / f"{name}.parquet"
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        table = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: not a Parquet table: {str(error).splitlines()[0]}") from None
    for column in columns:
        if column not in table.columns:
            raise InputError(f"{path}: no column {column!r}")
    return table


def select(table: pl.DataFrame, **conditions: object) -> pl.DataFrame:
    """Rows whose columns equal the conditions, in table order."""
    return table.filter(*[pl.col(name) == value for name, value in conditions.items()])


def estimates(table: pl.DataFrame, **conditions: object) -> list[tuple[dict[str, Any], Estimate]]:
    """(row, Estimate) of every matching row that has a value; a missing interval is the value itself."""
    found = []
    for row in select(table, **conditions).iter_rows(named=True):
        if row["value"] is None:
            continue
        value = float(row["value"])
        low = value if row["low"] is None else float(row["low"])
        high = value if row["high"] is None else float(row["high"])
        found.append((row, Estimate(value, low, high, int(row["n"] or 0), int(row["seeds"] or 0))))
    return found


def one(table: pl.DataFrame, **conditions: object) -> Estimate | None:
    """The one matching estimate, or None. Raises InputError when the table has several."""
    found = estimates(table, **conditions)
    if len(found) > 1:
        raise InputError(f"table has {len(found)} rows for {conditions}: expected one")
    return found[0][1] if found else None


def models_of(table: pl.DataFrame) -> list[str]:
    """Models of a table that trained something, the two nano models first."""
    names = set(table["model"].drop_nulls().to_list()) - {"none", ""}
    return sorted(
        names, key=lambda name: (list(MODEL_TITLES).index(name) if name in MODEL_TITLES else 9, name)
    )


def model_title(model: str) -> str:
    return MODEL_TITLES.get(model, model.rsplit("/", 1)[-1])


def arm_label(arm: str) -> str:
    """A short name that fits beside a mark."""
    return ARM_LABELS.get(arm, arm.replace("_", " "))


def span(numbers: list[int]) -> str:
    """`4–5` of [4, 5]; `3` of [3]."""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low}–{high}"


def sizes(found: list[Estimate], what: str) -> str:
    """`1000 questions × 3 seeds` of estimates, `300–1000` where they differ."""
    trained = [estimate for estimate in found if estimate.seeds]
    if not trained:
        return ""
    n, seeds = span([e.n for e in trained]), span([e.seeds for e in trained])
    return f"{n} {what} × {seeds} {'seed' if seeds == '1' else 'seeds'}"


def missing_note(missing: list[str]) -> str:
    """The sentence of a caption line about what this size of the workflow did not run."""
    return f" Not run at this size: {', '.join(missing)}." if missing else ""


class Evidence:
    """Tables and claims of one size of the workflow, each read when it is first asked for."""

    def __init__(self, claims: Path, tables: Path) -> None:
        self._claims = Path(claims)
        self._tables = Path(tables)
        self.table = cache(self._table)

    _MEASURED = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
    _COLUMNS = {  # noqa: RUF012
        "arms": _MEASURED,
        "by_hops": (*_MEASURED, "hops"),
        "doses": ("model", "family", "x", "arm", "pool", "metric", "value", "low", "high", "n", "seeds"),
        "errors": (
            "model",
            "arm",
            "pool",
            "hops",
            "kind",
            "letter",
            "hop",
            "value",
            "low",
            "high",
            "n",
            "seeds",
        ),
        "rollouts": ("model", "arm", "k", "leaked", "low", "high", "predicted", "predicted_blind", "seeds"),
        "attention": ("model", "arm", "hops", "clause", "relation", "weight"),
        "pointers": ("model", "arm", "hops", "clause", "value", "low", "high", "n", "seeds"),
        "curves": ("model", "arm", "seed", "kind", "step", "loss", "pool", "accuracy", "faithful"),
    }

    def _table(self, name: str) -> pl.DataFrame:
        return read_table(self._tables, name, self._COLUMNS.get(name, ()))

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """Claims by id."""
        found = read_json(self._claims, list[dict[str, Any]])
        return {str(claim.get("id")): claim for claim in found}

    def published(self, key: str) -> Estimate | None:
        """A published accuracy with its exact binomial interval, when the claims quote it."""
        given = published_points(self.claims).get(key)
        return Estimate(given["value"], given["low"], given["high"], given["n"], 0) if given else None

    def hops(self, pool: str) -> str:
        """`4–5`: the hop counts of a pool, from the table by hops; empty when the table has none."""
        found = select(self.table("by_hops"), pool=pool)["hops"].unique().to_list()
        return span(found) if found else ""
