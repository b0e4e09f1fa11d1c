"""Tiny evidence with invented numbers, for tests of figures and prose only; never written to results/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

MODELS = ("nano", "nano_nope", "nano_able")
# arm: accuracy and faithful accuracy on eval_hard per model, accuracy on eval_leak per model
ARMS: dict[str, tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]] = {
    "base": ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    "sft": ((0.41, 0.72, 0.45), (0.001, 0.40, 0.18), (0.40, 0.73, 0.46)),
    "sft_more": ((0.42, 0.74, 0.46), (0.0, 0.41, 0.19), (0.42, 0.73, 0.45)),
    "rsft_easy": ((0.40, 0.72, 0.44), (0.0, 0.35, 0.16), (0.41, 0.72, 0.44)),
    "rsft_hard": ((0.51, 0.76, 0.55), (0.0, 0.41, 0.25), (0.50, 0.77, 0.55)),
    "rsft_hard_true": ((0.43, 0.78, 0.66), (0.0, 0.52, 0.48), (0.44, 0.77, 0.65)),
    "rsft_eval": ((0.52, 0.77, 0.54), (0.0, 0.42, 0.22), (0.83, 0.95, 0.9)),
    "rsft_eval_true": ((0.44, 0.78, 0.65), (0.0, 0.51, 0.46), (0.45, 0.84, 0.75)),
    "rsft_eval_permuted": ((0.44, 0.72, 0.44), (0.0, 0.38, 0.15), (0.20, 0.33, 0.25)),
    "sft_eval_random": ((0.48, 0.70, 0.40), (0.0, 0.1, 0.05), (0.80, 0.93, 0.85)),
    "sft_hard": ((0.55, 0.85, 0.75), (0.18, 0.62, 0.6), (0.56, 0.84, 0.75)),
    "rsft_hard_v2": ((0.44, 0.77, 0.6), (0.0, 0.52, 0.4), (0.45, 0.78, 0.6)),
}
ROLES = {
    "base": "base", "sft": "start", "sft_more": "start", "rsft_easy": "easy", "rsft_hard": "hard", "rsft_hard_v2": "hard",
    "rsft_hard_true": "hard", "rsft_eval": "leak", "rsft_eval_true": "leak", "rsft_eval_permuted": "leak", "sft_eval_random": "leak", "sft_hard": "gold",
}  # fmt: skip
CONTAMINATED = {"rsft_eval", "rsft_eval_true", "rsft_eval_permuted", "sft_eval_random"}
BASELINES = {"chance": 0.25, "constant": 0.28, "most_paths": 0.39, "first_relation": 0.27, "ceiling": 1.0}
VERDICTS = ("reproduced", "not reproduced", "inconclusive", "not tested here")


def _row(value: float, half: float, n: int, seeds: int, **keys: Any) -> dict[str, Any]:
    low, high = max(0.0, value - half), min(1.0, value + half)
    return {**keys, "value": value, "low": low, "high": high, "n": n, "seeds": seeds}


def arms_rows(seeds: int = 3) -> list[dict[str, Any]]:
    rows = []
    for model_index, model in enumerate(MODELS):
        for arm, (accuracy, faithful, leak) in ARMS.items():
            values = {
                ("eval_hard", "accuracy"): accuracy[model_index],
                ("eval_hard", "faithful"): faithful[model_index],
                ("eval_leak", "accuracy"): leak[model_index],
                ("eval_leak", "faithful"): faithful[model_index],
                ("eval_easy", "accuracy"): 0.6 + 0.3 * min(model_index, 1) if arm != "base" else 0.0,
                ("eval_easy", "faithful"): 0.45 + 0.3 * min(model_index, 1) if arm != "base" else 0.0,
                ("eval_hard", "valid"): faithful[model_index] + 0.02,
                ("eval_hard", "coverage"): 0.3 + 0.3 * min(model_index, 1) if arm != "base" else 0.0,
                ("eval_hard", "spam"): 0.02,
                ("eval_hard", "format"): 0.99 if arm != "base" else 0.0,
                ("eval_hard", "full_length"): 0.4 * min(model_index, 1),
                ("eval_hard", "hops_used"): 2.4 + 1.8 * min(model_index, 1) if arm != "base" else 0.0,
                ("eval_hard", "reward"): -0.4 + accuracy[model_index],
                ("eval_hard", "lenient"): accuracy[model_index],
                ("eval_hard", "ranked"): 0.27,
            }
            for (pool, metric), value in values.items():
                shared = {
                    "model": model, "platform": "torch", "arm": arm, "label": arm, "group": "made up",
                    "contaminated": arm in CONTAMINATED, "pool": pool, "metric": metric, "unit": "share",
                    "seed_sd": 0.01,
                }  # fmt: skip
                n = 300 if pool == "eval_leak" else 1000
                row = _row(value, 0.05, n, seeds, **shared)
                if metric in ("hops_used", "reward"):
                    row |= {"low": value - 0.1, "high": value + 0.1}
                rows.append(row)
    for name, value in BASELINES.items():
        shared = {
            "model": "none", "platform": "", "arm": f"baseline:{name}", "label": name, "group": "baseline",
            "contaminated": False, "metric": "accuracy", "unit": "share", "seed_sd": None,
        }  # fmt: skip
        rows += [_row(value, 0.02, 1000, 0, pool=pool, **shared) for pool in ("eval_easy", "eval_hard")]
    return rows


def by_level_rows(seeds: int = 3) -> list[dict[str, Any]]:
    rows = []
    for model_index, model in enumerate(MODELS):
        for arm in ARMS:
            for hops in range(1, 6):
                used = hops - 0.05 if model_index else min(hops, 2.4)
                if arm == "base":
                    used = 0.0
                if arm == "sft_hard":
                    used = min(hops, 4.4)
                keys = {
                    "model": model, "platform": "torch", "arm": arm, "label": arm, "group": "made up",
                    "contaminated": arm in CONTAMINATED, "pool": "eval_easy" if hops < 4 else "eval_hard",
                    "level": hops, "n": 400, "seeds": seeds, "seed_sd": 0.02,
                }  # fmt: skip
                rows.append({**keys, "metric": "hops_used", "unit": "hops", "value": used, "low": used - 0.06,
                             "high": used + 0.06})  # fmt: skip
                value = max(0.3, 1 - 0.15 * hops) if arm != "base" else 0.0
                rows.append({**keys, "metric": "accuracy", "unit": "share", "value": value, "low": value - 0.0,
                             "high": value + 0.04})  # fmt: skip
    return rows


def doses_rows(seeds: int = 3) -> list[dict[str, Any]]:
    families = {
        "hard_share": ((0.0, "rsft_easy"), (0.25, "rsft_mix25"), (0.5, "rsft_mix50"), (0.75, "rsft_mix75"),
                       (1.0, "rsft_hard")),
        "leaked_share": ((0.0, "rsft_hard"), (0.25, "rsft_leak25"), (0.5, "rsft_leak50"),
                         (0.75, "rsft_leak75"), (1.0, "rsft_eval")),
        "samples": ((1, "rsft_hard_k1"), (2, "rsft_hard_k2"), (4, "rsft_hard_k4"), (8, "rsft_hard"),
                    (16, "rsft_hard_k16"), (32, "rsft_hard_k32")),
        "easy_amount": ((100, "rsft_easy_n100"), (400, "rsft_easy_n400"), (1600, "rsft_easy_n1600")),
    }  # fmt: skip
    rows = []
    for model_index, model in enumerate(MODELS):
        for family, steps in families.items():
            for x, arm in steps:
                share = x if x <= 1 else min(1.0, x / 1600)
                for pool, metric in (("eval_hard", "accuracy"), ("eval_hard", "faithful"),
                                     ("eval_leak", "accuracy"), ("eval_leak", "faithful")):  # fmt: skip
                    value = 0.40 + 0.1 * share + 0.3 * min(model_index, 1)
                    if family == "leaked_share" and pool == "eval_leak":
                        value = 0.50 + 0.33 * share + 0.1 * min(model_index, 1)
                    if metric == "faithful":
                        value = 0.002 + 0.4 * min(model_index, 1) + 0.05 * share * min(model_index, 1)
                    rows.append(
                        _row(value, 0.04, 300 if pool == "eval_leak" else 1000, seeds, model=model,
                             family=family, x=float(x), arm=arm, label=arm, pool=pool, metric=metric,
                             contaminated=family == "leaked_share" and x > 0, unit="share")
                    )  # fmt: skip
        rows += ignition_rows(model_index, model, seeds)
    return rows


def ignition_rows(model_index: int, model: str, seeds: int) -> list[dict[str, Any]]:
    """Doses of hard traces: alone they do little, what follows goes on from 32. Without positions: of prompts."""
    rows = []
    if model_index > 1:
        return rows
    if model_index:
        for x in (24, 96, 384, 1536, 3600):
            arm = "way_out_rsft" if x == 3600 else f"prompts_n{x}"
            rows.append(_row(0.2 + 0.0001 * x, 0.03, 1000, seeds, model=model, family="round_prompts", x=float(x), arm=arm,
                             label=arm, pool="eval_hard", metric="faithful", contaminated=False, unit="share"))  # fmt: skip
        return rows
    for family, prefix in (
        ("ignition_sft", "demos"),
        ("ignition_rsft", "ignite_rsft"),
        ("ignition_grpo", "ignite_grpo"),
    ):
        for x in (0, 4, 8, 16, 32, 64, 128, 256):
            value = 0.005 + 0.0005 * x
            if prefix != "demos" and x >= 32:
                value += 0.3 + 0.01 * (prefix == "ignite_grpo")
            arm = "sft_long_more" if prefix == "demos" and not x else f"{prefix}_n{x}"
            rows.append(_row(value, 0.03, 1000, seeds, model=model, family=family, x=float(x), arm=arm, label=arm,
                             pool="eval_hard", metric="faithful", contaminated=False, unit="share"))  # fmt: skip
    return rows


def rollouts_rows(seeds: int = 3) -> list[dict[str, Any]]:
    rows = []
    for model in MODELS:
        for k in (1, 2, 4, 8, 16, 32):
            leaked = 1 - 0.64**k
            rows.append({
                "model": model, "arm": "rsft_hard" if k == 8 else f"rsft_hard_k{k}", "label": "made up", "k": k,
                "prompts": 400.0, "sampled": 400.0 * k, "winners": 390.0, "winner_faithful": 0.1,
                "winner_correct": leaked, "mean_winner_hops": 2.3, "leaked": leaked - 0.01,
                "low": max(0.0, leaked - 0.04), "high": min(1.0, leaked + 0.02),
                "predicted_blind": 1 - 0.75**k, "predicted": leaked, "seeds": seeds,
            })  # fmt: skip
    return rows


def curves_rows(seeds: int = 3) -> list[dict[str, Any]]:
    rows = []
    for model_index, model in enumerate(MODELS):
        for arm in ("base", "sft", "rsft_easy", "rsft_hard", "rsft_eval"):
            length = 600 if arm in ("base", "sft") else 150
            for seed in range(1, seeds + 1):
                shared = {"study": "hops", "model": model, "platform": "torch", "arm": arm, "seed": seed}
                for step in range(10, length + 1, 10):
                    loss = 0.3 + 2.5 / (1 + step / 40) + 0.02 * ((step * 7 + seed * 3) % 5)
                    rows.append({**shared, "kind": "train", "step": step, "loss": loss, "pool": None,
                                 "accuracy": None, "faithful": None})  # fmt: skip
                if arm == "base":
                    continue
                for step in range(0, length + 1, length // 5):
                    top = 0.45 + 0.3 * min(model_index, 1) + 0.01 * seed
                    for pool in ("valid_easy", "valid_hard"):
                        rows.append({**shared, "kind": "valid", "step": step, "loss": None, "pool": pool,
                                     "accuracy": top * step / length, "faithful": 0.4 * top * step / length
                                     })  # fmt: skip
    return rows


KIND_SHARES = {
    "faithful": 0.0, "wrong_letter": 0.01, "other_end": 0.1, "ran_on": 0.02, "stopped_early": 0.2,
    "wrong_relation": 0.3, "broken_chain": 0.05, "false_edge": 0.25, "no_format": 0.07,
}  # fmt: skip


def errors_rows(seeds: int = 3) -> list[dict[str, Any]]:
    """Kinds that add up to 1, in other shares for each model, pool and hop count."""
    asked = {"eval_easy": (0, 1, 2, 3), "eval_hard": (0, 4, 5), "eval_leak": (0, 4, 5)}
    rows = []
    for model_index, model in enumerate(MODELS):
        for arm in ARMS:
            for pool, counts in asked.items():
                for hops in counts:
                    faithful = max(0.0, 0.3 + 0.3 * min(model_index, 1) - 0.05 * (hops or 4))
                    shares = {kind: share * (1 - faithful) for kind, share in KIND_SHARES.items()}
                    shares["faithful"] = faithful
                    if model_index:  # another commonest error
                        shares["false_edge"], shares["wrong_relation"] = (
                            shares["wrong_relation"],
                            shares["false_edge"],
                        )
                    keys = {"model": model, "platform": "torch", "arm": arm, "label": arm, "group": "made up",
                            "contaminated": arm in CONTAMINATED, "pool": pool, "level": hops,
                            "letter": "any", "hop": 0}  # fmt: skip
                    rows += [
                        _row(share, 0.03, 100, seeds, **keys, kind=kind)
                        for kind, share in [*shares.items(), ("lucky", 0.25), ("astray", 0.2)]
                    ]
    return rows


def branches_rows(seeds: int = 3) -> list[dict[str, Any]]:
    return [
        _row(0.2, 0.03, 1000, seeds, model=model, platform="torch", arm=arm, label=arm, group="made up",
             contaminated=arm in CONTAMINATED, pool="eval_hard", level=0, by="reachable", above=None, upto=None,
             walk=0.27, metric=metric)
        for model in MODELS for arm in ARMS for metric in ("accuracy", "faithful")
    ]  # fmt: skip


PUBLISHED = {
    "B1": (0.75, 20, 0.509, 0.913), "B2": (0.0, 20, 0.0, 0.168), "B3": (11 / 30, 30, 0.199, 0.561),
    "B4": (-0.1, 30, None, None), "B9": (20 / 30, 30, 0.472, 0.827),
}  # fmt: skip
OWN = (
    "contamination", "leak_spread", "trap", "matching", "matching_faithful", "easy_hard", "memorisation", "leak_alone",
    "supervised_hard", "validity_selection", "from_base", "order_robustness", "hops_used_sft",
    "hops_used_rsft_hard", "dose_hard_share", "dose_leaked_share", "trap_true", "matching_true", "validity_alone",
    "leak_true", "leak_true_fresh",
)  # fmt: skip


def kind_of(identifier: str) -> str:
    """What the ledger of hops says: B1 and P1 were published, F1 is of the audit, all others are our own."""
    numbered = identifier[1:].isdigit()
    return {"F": "audit"}.get(identifier[0], "published") if numbered else "own"


def claim(identifier: str, **changes: Any) -> dict[str, Any]:
    """One ledger entry with every key present."""
    base: dict[str, Any] = {
        "id": identifier, "source": "a post", "statement": f"statement of {identifier}", "published": None,
        "model": None, "arms": [], "contaminated": False, "comparison": "made up", "value": 0.1, "n": 1000,
        "seeds": 3, "low": 0.05, "high": 0.15, "unit": "points", "text": "made up", "p": 0.01, "p_holm": 0.02,
        "p_ledger": 0.02, "family": "hops", "margin": 0.03, "room": "", "committed": None, "kind": kind_of(identifier), "verdict": "reproduced", "reason": "made up",
        "verdict_rule": {"reproduced": "low > 0", "not_reproduced": "high < 0"}, "also": {},
        "file": "results/tables/contrasts.parquet", "row": "x", "rule": "tabulate_results", "commit": "0" * 40,
        "seconds": 12.0,
    }  # fmt: skip
    return {**base, **changes}


def claims_list(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Claims F1–F11, B1–B14, P1–P10 and our own; `changes` by id override fields."""
    made = []
    source = (
        [f"F{i}" for i in range(1, 12)] + [f"B{i}" for i in range(1, 15)] + [f"P{i}" for i in range(1, 11)]
    )
    for index, identifier in enumerate(source):
        fields: dict[str, Any] = {"verdict": VERDICTS[index % 3], "unit": "share"}
        if identifier in PUBLISHED:
            value, n, low, high = PUBLISHED[identifier]
            fields["published"] = {"value": value, "n": n, "low": low, "high": high, "note": "made up"}
        made.append(claim(identifier, **fields))
    for model_index, model in enumerate(MODELS):
        made += [claim(f"{name}_{model}", model=model) for name in OWN]
        for arm, (accuracy, faithful, leak) in ARMS.items():
            for name, values in (("accuracy", accuracy), ("faithful", faithful), ("leak", leak)):
                value = values[model_index]
                made.append(claim(f"{name}_{model}_{arm}", model=model, value=value, unit="share",
                                  low=max(0, value - 0.04), high=min(1, value + 0.04)))  # fmt: skip
    made += [claim("position_encoding"), claim("leak_supervised_nano"), claim("leak_supervised_nano_nope")]
    for entry in made:
        entry.update(changes.get(entry["id"], {}))
    return made


TABLES = {
    "arms": arms_rows, "by_level": by_level_rows, "doses": doses_rows, "rollouts": rollouts_rows,
    "curves": curves_rows, "errors": errors_rows, "branches": branches_rows,
}  # fmt: skip


def write(
    folder: Path, *, keep_arms: set[str] | None = None, claims: list[dict[str, Any]] | None = None
) -> Path:
    """Write claims.json and tables/ into `folder`; `keep_arms` drops the rows of every other arm."""
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        table = pl.DataFrame(rows(), infer_schema_length=None)
        if "label" in table.columns:  # the sheet's columns
            table = table.with_columns(
                short=pl.col("label"), role=pl.col("arm").replace_strict(ROLES, default="base")
            )
        if keep_arms is not None:
            table = table.filter(pl.col("arm").is_in(keep_arms) | pl.col("arm").str.starts_with("baseline:"))
        table.write_parquet(tables / f"{name}.parquet")
    (folder / "claims.json").write_text(json.dumps(claims if claims is not None else claims_list()))
    return folder
