"""The page's numbers: claims and rows of the tables as compact JSON. Nothing is computed here.

A list of equal rows is written as `{"columns": [...], "words": [...], "coded": [...], "rows": [[...], ...]}`: texts of the
columns in `coded` stand once in `words`, and rows hold their places there; page/data.js reads it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.claims import current_commit
from trap.figures.estimates import read_table
from trap.report.prose import Ledger, quantity, quoted
from trap.site.vocabulary import Vocabulary

DECIMALS = 6  # as in claims.json
MEASURED = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
SHEET = ("label", "short", "role", "contaminated")
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
    """Those columns of a table, in table order; floats rounded to DECIMALS, texts by their place in `words`."""
    floats = [name for name in names if rows.schema[name].is_float()]
    coded = [name for name in names if rows.schema[name] == pl.String]
    shown = rows.select(names).with_columns(pl.col(name).round(DECIMALS) for name in floats)
    places: dict[Any, int] = {}
    found = [
        [
            places.setdefault(value, len(places)) if name in coded else value
            for name, value in zip(names, row, strict=True)
        ]
        for row in shown.iter_rows()
    ]
    return {"columns": list(names), "words": list(places), "coded": coded, "rows": found}


def numbers(
    vocabulary: Vocabulary,
    tables: Path,
    evidence: Path,
    *,
    titles: Mapping[str, str],
    own: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of `site.json`: models, arms, pools, measures, and every estimate that a chart shows.

    `evidence` is the folder of runs.parquet. `titles`: what models are called, in their order. `own`: what the study
    says besides (`trap.site.own`): `story`, `references`, `scatter_words`; `pool_labels`, `metric_labels`, `main_pool`
    are of `vocabulary`.
    """
    arms = read_table(tables, "arms", (*MEASURED, *SHEET, "unit"))
    levels = read_table(tables, "by_level", (*MEASURED, "level"))
    doses = read_table(tables, "doses", (*MEASURED, "family", "x", "x_label"))
    contrasts = read_table(tables, "contrasts", CONTRAST)
    runs = read_table(evidence, "runs", ("model", "arm", "seed", *RUN))
    metrics = vocabulary.metrics(arms)
    pair = vocabulary.pair([metric["id"] for metric in metrics])
    pools = vocabulary.pools(levels)
    named = [metric["id"] for metric in metrics]
    models = set(runs["model"].to_list())
    return {
        "models": [
            {"id": name, "title": titles.get(name) or name.rsplit("/", 1)[-1]}
            for name in sorted(models, key=lambda name: (_place(name, list(titles)), name))
        ],
        "arms": _arms(arms, runs),
        "pools": pools,
        "main_pool": vocabulary.main_pool(levels),
        "metrics": metrics,
        "pair": pair,
        "families": _families(doses, [pool["id"] for pool in pools]),
        "estimates": columns(arms.filter(pl.col("metric").is_in(named)), MEASURED),
        "by_level": columns(levels.filter(pl.col("metric").is_in(pair)), (*MEASURED, "level")),
        "doses": columns(doses.filter(pl.col("metric").is_in(pair)), (*MEASURED, "family", "x")),
        "contrasts": columns(contrasts, CONTRAST),
        "story": _rounded(own.get("story")),
        "references": own.get("references", ["chance"]),
        "scatter_words": own.get("scatter_words", ""),
        "commit": current_commit(Path(__file__).parent),
    }


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


def curves(evidence: Path, model: str) -> dict[str, Any]:
    """Training logs of a model, one list a column: {arm: {seed: {train: {step, loss}, valid: {step, pool, …}}}}.

    Steps that grow evenly are `[first, by, count]`.
    """
    logged = read_table(evidence, "curves", LOGGED).filter(pl.col("model") == model)
    found: dict[str, Any] = {}
    for (arm, seed), rows in logged.group_by("arm", "seed", maintain_order=True):
        train = rows.filter(pl.col("kind") == "train").with_columns(pl.col("loss").round(DECIMALS))
        valid = rows.filter(pl.col("kind") == "valid").with_columns(
            pl.col("accuracy", "faithful").round(DECIMALS)
        )
        found.setdefault(str(arm), {})[str(seed)] = {
            "train": {"step": _evenly(train["step"].to_list()), "loss": train["loss"].to_list()},
            "valid": {name: valid[name].to_list() for name in ("step", "pool", "accuracy", "faithful", "n")},
        }
    return found


def _evenly(steps: list[int]) -> Any:
    if len(steps) < 3 or len({b - a for a, b in pairwise(steps)}) > 1:
        return steps
    return {"first": steps[0], "by": steps[1] - steps[0], "count": len(steps)}


def _place(name: str, order: list[str]) -> int:
    return order.index(name) if name in order else len(order)


def _arms(arms: pl.DataFrame, runs: pl.DataFrame) -> list[dict[str, Any]]:
    """What a sheet and its runs say of every arm, in the order of the table, which is that of the sheet."""
    told = {row["arm"]: row for row in arms.unique("arm", maintain_order=True).iter_rows(named=True)}
    names = [name for name in dict.fromkeys([*told, *runs["arm"].to_list()])]
    found = []
    for name in names:
        mine = runs.filter(pl.col("arm") == name).sort("seed")
        if mine.is_empty():
            continue  # what needs no model is no arm
        row, sheet = mine.row(0, named=True), told.get(name, {})
        label = sheet.get("label") or name.replace("_", " ")
        found.append(
            {
                "id": name,
                "label": label,
                "short": sheet.get("short") or label,
                "role": sheet.get("role") or "base",
                "contaminated": bool(sheet.get("contaminated", row.get("contaminated"))),
                "models": sorted(set(mine["model"].to_list())),
                "seeds": sorted(set(mine["seed"].to_list())),
                **{key: row[key] for key in RUN},
            }
        )
    return found


def _families(doses: pl.DataFrame, pools: list[str]) -> list[dict[str, Any]]:
    """Families of doses, with the pools that were asked."""
    return [
        {"id": family, "title": label, "label": label, "pools": [pool for pool in pools if pool in set(rows["pool"])]}
        for family, label in doses.select("family", "x_label").unique(maintain_order=True).iter_rows()
        for rows in [doses.filter(pl.col("family") == family)]
    ]  # fmt: skip


def _rounded(value: Any) -> Any:
    """The value with every float in it rounded to DECIMALS."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, dict):
        return {key: _rounded(held) for key, held in value.items()}
    return [_rounded(held) for held in value] if isinstance(value, list) else value
