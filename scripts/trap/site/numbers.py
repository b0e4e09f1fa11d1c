"""The page's numbers: claims and rows of the tables as compact JSON. Nothing is computed here.

A list of equal rows is written as `{"columns": [...], "rows": [[...], ...]}`; page/data.js reads it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.claims import current_commit
from trap.figures.estimates import arm_label, model_title, models_of, read_table, span
from trap.figures.theme import role_of
from trap.report.prose import Ledger, quantity, quoted
from trap.studies.hops.analysis.published_points import published_points

DECIMALS = 6  # as in claims.json
POOLS = ("eval_hard", "eval_easy", "eval_leak", "eval_shuffled", "eval_leak_permuted")
METRICS = ("accuracy", "faithful", "valid", "coverage", "hops_used", "reward")
MEASURED = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
LOGGED = ("model", "arm", "seed", "kind", "step", "loss", "pool", "accuracy", "faithful", "n")
RUN = (
    "parent", "method", "pool", "mixture", "reward", "selection", "rounds", "k", "steps", "n_train", "prompts", "winners",
)  # fmt: skip
CONTRAST = (
    "name", "model", "arm", "minus", "pool", "metric", "value", "low", "high", "n", "seeds", "p_holm", "margin", "statement",
)  # fmt: skip
CLAIM = (
    "id", "source", "statement", "published", "model", "arms", "contaminated", "comparison", "value", "low", "high",
    "n", "seeds", "unit", "text", "p", "p_holm", "margin", "verdict", "reason", "verdict_rule", "file", "row", "rule",
    "commit", "seconds",
)  # fmt: skip


def columns(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Those columns of a table, in table order; floats rounded to DECIMALS."""
    floats = [name for name in names if rows.schema[name].is_float()]
    shown = rows.select(names).with_columns(pl.col(name).round(DECIMALS) for name in floats)
    return {"columns": list(names), "rows": [list(row) for row in shown.iter_rows()]}


def numbers(claims: list[dict[str, Any]], tables: Path) -> dict[str, Any]:
    """The content of `site.json`: models, arms, pools, every estimate that a chart shows, published points."""
    arms = read_table(tables, "arms", (*MEASURED, "label", "group", "contaminated"))
    hops = read_table(tables, "by_hops", (*MEASURED, "hops"))
    doses = read_table(tables, "doses", (*MEASURED, "family", "x"))
    contrasts = read_table(tables, "contrasts", CONTRAST)
    runs = read_table(tables, "runs", ("model", "arm", "seed", *RUN))
    kept = pl.col("pool").is_in(POOLS) & pl.col("metric").is_in(METRICS)
    names = sorted(set(runs["arm"].to_list()), key=_order(runs))
    return {
        "models": [{"id": model, "title": model_title(model)} for model in models_of(arms)],
        "arms": [_arm(name, arms, runs) for name in names],
        "pools": {
            pool: span(found)
            for pool in POOLS
            if (found := hops.filter(pl.col("pool") == pool)["hops"].drop_nulls().unique().to_list())
        },
        "estimates": columns(arms.filter(kept), MEASURED),
        "by_hops": columns(hops.filter(kept & pl.col("metric").is_in(METRICS[:2])), (*MEASURED, "hops")),
        "doses": columns(doses.filter(kept), (*MEASURED, "family", "x")),
        "contrasts": columns(
            contrasts,
            CONTRAST,
        ),
        "published": {key: _rounded(point) for key, point in published_points({c["id"]: c for c in claims}).items()},
        "commit": current_commit(Path(__file__).parent),
    }  # fmt: skip


def scoreboard(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The content of `claims.json` of the page: claims with their numbers also in the post's words."""
    ledger = Ledger(claims)
    ours = {claim["id"] for claim in ledger.own}
    return [
        {key: claim.get(key) for key in CLAIM}
        | {
            "own": claim["id"] in ours,
            "shown": str(quantity(claim)) if claim.get("value") is not None else None,
            "quoted": str(quoted(claim)) if claim.get("published") else None,
        }
        for claim in claims
    ]


def curves(tables: Path, model: str) -> dict[str, Any]:
    """Training logs of a model: {arm: {seed: {train: [[step, loss]], valid: [[step, pool, accuracy, faithful, n]]}}}."""
    logged = read_table(tables, "curves", LOGGED).filter(pl.col("model") == model)
    found: dict[str, Any] = {}
    for (arm, seed), rows in logged.group_by("arm", "seed", maintain_order=True):
        train = rows.filter(pl.col("kind") == "train").select("step", pl.col("loss").round(DECIMALS))
        valid = rows.filter(pl.col("kind") == "valid").select("step", "pool", "accuracy", "faithful", "n")
        told = {
            "train": [list(row) for row in train.iter_rows()],
            "valid": [list(row) for row in valid.iter_rows()],
        }
        found.setdefault(str(arm), {})[str(seed)] = told
    return found


def _order(runs: pl.DataFrame):
    """Arms in the order in which the runs table first names them, the base and the SFT arms first."""
    first = {name: place for place, name in enumerate(dict.fromkeys(runs["arm"].to_list()))}
    return lambda name: (name != "base", name != "sft", not name.startswith("sft"), first[name])


def _arm(name: str, arms: pl.DataFrame, runs: pl.DataFrame) -> dict[str, Any]:
    mine = runs.filter(pl.col("arm") == name).sort("seed")
    row = mine.row(0, named=True)
    shown = arms.filter(pl.col("arm") == name)
    label = shown["label"][0] if shown.height else arm_label(name)
    return {
        "id": name,
        "label": label,
        "short": arm_label(name) if arm_label(name) != name.replace("_", " ") else label,
        "role": role_of(name),
        "contaminated": bool(row.get("contaminated")),
        "models": sorted(set(mine["model"].to_list())),
        "seeds": sorted(set(mine["seed"].to_list())),
        **{key: row[key] for key in RUN},
    }


def _rounded(point: dict[str, Any]) -> dict[str, Any]:
    return {
        key: round(value, DECIMALS) if isinstance(value, float) else value for key, value in point.items()
    }
