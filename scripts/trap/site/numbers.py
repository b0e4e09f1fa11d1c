"""The numbers of the page: claims and rows of the tables as compact JSON. They are copied, not computed.

A table is written as `{"columns": [...], "words": [...], "coded": [...], "rows": [[...], ...]}`. The columns in `coded`
hold texts: each text stands once in `words`, and rows hold its index. page/data.js reads this format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.claims import current_commit
from trap.figures.estimates import Evidence
from trap.figures.findings import headline
from trap.figures.references import references
from trap.report.prose import Ledger, quantity, quoted, verdict_words
from trap.report.wording import said
from trap.site.vocabulary import Vocabulary

DECIMALS = 6  # as in claims.json
MEASURED = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
LOGGED = ("model", "arm", "seed", "kind", "step", "loss", "pool", "accuracy", "faithful", "n")
RUN = (
    "parent", "method", "pool", "mixture", "reward", "selection", "rounds", "k", "steps", "n_train", "prompts", "winners",
)  # fmt: skip
CONTRAST = (
    "name", "model", "arm", "minus", "pool", "metric", "value", "low", "high", "n", "seeds", "p_holm", "margin", "room",
    "detectable", "statement",
)  # fmt: skip
CLAIM = (
    "id", "source", "statement", "published", "model", "arms", "contaminated", "comparison", "value", "low", "high",
    "n", "seeds", "unit", "text", "p", "p_holm", "p_ledger", "family", "margin", "room", "kind", "verdict", "reason", "file", "row", "rule",
    "commit", "seconds", "committed",
)  # fmt: skip


def columns(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    """Some columns of a table in the format above; floats are rounded to DECIMALS."""
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


def numbers(evidence: Evidence, vocabulary: Vocabulary, own: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `site.json`: models, arms, pools, metrics, and every estimate that a chart shows.

    own: `WORDS` of the study's `page.py` (`trap.site.own`); `scatter_words` and `published_labels` are used here.
    """
    arms, levels = evidence.table("arms", (*MEASURED, "unit")), evidence.table("by_level")
    doses, contrasts = (
        evidence.table("doses", (*MEASURED, "family", "x", "x_label")),
        evidence.table("contrasts", CONTRAST),
    )
    runs = evidence.table("runs", ("model", "arm", "seed", *RUN))
    metrics = vocabulary.metrics(arms)
    pair = vocabulary.pair([metric["id"] for metric in metrics])
    pools = vocabulary.pools(levels)
    named = [metric["id"] for metric in metrics]
    return {
        "models": [{"id": name, "title": evidence.title(name)} for name in evidence.models(runs, most=runs.height)],
        "arms": _arms(evidence, runs),
        "pools": pools,
        "main_pool": evidence.pool,
        "metrics": metrics,
        "pair": pair,
        "families": _families(doses, [pool["id"] for pool in pools]),
        "estimates": columns(arms.filter(pl.col("metric").is_in(named)), MEASURED),
        "by_level": columns(levels.filter(pl.col("metric").is_in(pair)), (*MEASURED, "level")),
        "doses": columns(doses.filter(pl.col("metric").is_in(pair)), (*MEASURED, "family", "x")),
        "contrasts": columns(contrasts, CONTRAST),
        "story": _story(evidence, own.get("published_labels", {})),
        "references": list(references(evidence)),
        "scatter_words": own.get("scatter_words", ""),
        "commit": current_commit(Path(__file__).parent),
    }  # fmt: skip


def scoreboard(evidence: Evidence) -> list[dict[str, Any]]:
    """The content of the page's `claims.json`: claims, with their numbers also formatted as in the post.

    `kind` is one of `published`, `own` and `audit`. `contaminated` is said of the arms of the claim's own number: a clean
    number stays clean where a contaminated one stands beside it.
    """
    claims = list(evidence.claims.values())
    ours = {claim["id"] for claim in Ledger(claims).own}
    return [
        {key: claim.get(key) for key in CLAIM}
        | {
            "kind": claim.get("kind") or ("own" if claim["id"] in ours else "published"),
            "contaminated": _tainted(claim, evidence),
            "said": verdict_words(claim),
            "rules": _rules(claim),
            "committed_said": verdict_words(claim, committed=True),
            "shown": str(quantity(claim)) if claim.get("value") is not None else None,
            "quoted": str(quoted(claim)) if claim.get("published") else None,
        }
        for claim in claims
    ]


def _rules(claim: Mapping[str, Any]) -> list[list[str]]:
    """[words of a verdict, its rule] of every verdict that a rule decides."""
    return [
        [
            said(verdict.replace("_", " "), claim.get("kind")),
            " or ".join([when] if isinstance(when, str) else when),
        ]
        for verdict, when in (claim.get("verdict_rule") or {}).items()
    ]


def _tainted(claim: Mapping[str, Any], evidence: Evidence) -> bool:
    """Whether an arm of the claim's number is contaminated; as the ledger says it where the sheet lacks one of them."""
    arms = claim.get("arms") or []
    if arms and all(arm in evidence.arms for arm in arms):
        return any(evidence.contaminated(arm) for arm in arms)
    return bool(claim.get("contaminated"))


def curves(evidence: Evidence, model: str) -> dict[str, Any]:
    """Training logs of a model as {arm: {seed: {train: {step, loss}, valid: {step, pool, …}}}}, one list per column.

    Evenly spaced steps are written as `{first, by, count}`.
    """
    logged = evidence.table("curves", LOGGED).filter(pl.col("model") == model)
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


def _arms(evidence: Evidence, runs: pl.DataFrame) -> list[dict[str, Any]]:
    """Every arm that was run, in the order of the sheet, with its facts from the sheet and from its runs."""
    ran = runs["arm"].unique(maintain_order=True).to_list()
    found = []
    for name in [*evidence.run_arms(runs), *(name for name in ran if name not in evidence.arms)]:
        mine, fact = runs.filter(pl.col("arm") == name).sort("seed"), evidence.fact(name)
        row = mine.row(0, named=True)
        found.append({
            "id": name, "label": fact.label, "short": fact.short, "role": fact.role, "contaminated": fact.contaminated,
            "models": sorted(set(mine["model"].to_list())), "seeds": sorted(set(mine["seed"].to_list())),
            **{key: row[key] for key in RUN},
        })  # fmt: skip
    return found


def _story(evidence: Evidence, words: Mapping[str, str]) -> dict[str, Any] | None:
    """The rows of the study's main figure, with published points; None if figures.yaml declares no rows.

    words: {published point: its name}.
    """
    rows = []
    for row in (row for row in evidence.settings.trap.rows if not row.claims):
        quoted = [(key, evidence.published(key)) for key in row.published]
        rows.append({
            "arm": row.arm,
            "pool": row.pool or evidence.pool,
            "words": " ".join((row.label or evidence.label(row.arm)).split()),
            "marks": [
                {"words": f"published, {words.get(key) or key.replace('_', ' ')}", "value": round(found.value, DECIMALS),
                 "low": round(found.low, DECIMALS), "high": round(found.high, DECIMALS), "n": found.n}
                for key, found in quoted if found
            ],
        })  # fmt: skip
    if not rows:
        return None
    quoted = any(row["marks"] for row in rows)
    title, borrowed = headline(evidence.settings.trap.findings, evidence.claims, evidence.settings.trap.title)
    said = "The heading is the verdict of the committed runs." if borrowed else ""
    squares = "Squares: published, read off the claims." if quoted else ""
    return {
        "name": "the arms of the post, side by side",
        "title": evidence.text(title),
        "words": " ".join(filter(None, (said, squares))),
        "models": [
            {"id": name, "words": evidence.panel_title(name)}
            for name in evidence.models(evidence.table("arms"))
        ],
        "rows": rows,
    }


def _families(doses: pl.DataFrame, pools: list[str]) -> list[dict[str, Any]]:
    """Families of doses, each with the pools that its arms were asked."""
    return [
        {"id": family, "title": label, "label": label, "pools": [pool for pool in pools if pool in set(rows["pool"])]}
        for family, label in doses.select("family", "x_label").unique(maintain_order=True).iter_rows()
        for rows in [doses.filter(pl.col("family") == family)]
    ]  # fmt: skip
