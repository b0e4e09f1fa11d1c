"""Invented evidence of a study that is as unlike hops as the tables allow: two levels, no reasons, nothing published.

One model, one arm of each role, one seed; `write` gives the tables and the ledger, `SHEET` what its sheet would say.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl

from trap.figures.estimates import Evidence
from trap.figures.settings import FigureSettings
from trap.studies.base import Pool

MODEL = "wren"
POOLS = (
    Pool("drill", "train", "plain", trainable=True),
    Pool("check", "validation", "plain"),
    Pool("warm", "evaluation", "plain", scored=True),
    Pool("test_set", "evaluation", "knotty", scored=True),
    Pool("seen", "evaluation", "knotty", trainable=True, scored=True),
    Pool("swapped", "control", "knotty", derived_from="seen", scored=True),
)
# name: (short, role, contaminated, accuracy on test_set, on seen)
ARMS = {
    "blank": ("Blank", "base", False, 0.0, 0.0),
    "taught": ("Taught", "start", False, 0.31, 0.3),
    "same_again": ("Taught on plain ones again", "easy", False, 0.28, 0.3),
    "stretched": ("Taught on knotty ones", "hard", False, 0.44, 0.45),
    "peeked": ("Taught on the very ones asked", "leak", True, 0.40, 0.97),
    "shown": ("Shown worked answers", "gold", False, 0.52, 0.5),
}
SHEET = {
    name: SimpleNamespace(label=short, short=short, role=role, contaminated=contaminated)
    for name, (short, role, contaminated, *_) in ARMS.items()
}


def _arm(name: str) -> dict[str, Any]:
    short, role, contaminated, *_ = ARMS[name]
    return {
        "study": "knots", "model": MODEL, "platform": "torch", "arm": name, "label": short, "short": short, "role": role,
        "group": "all", "contaminated": contaminated,
    }  # fmt: skip


def _row(value: float | None, **keys: Any) -> dict[str, Any]:
    ends = (None, None) if value is None else (max(0.0, value - 0.06), min(1.0, value + 0.06))
    return {**keys, "value": value, "low": ends[0], "high": ends[1], "n": 60, "seeds": 1, "seed_sd": None}


def tables() -> dict[str, list[dict[str, Any]]]:
    """Rows of every table that figures and the post read."""
    arms, levels, doses, rollouts, curves, contrasts = [], [], [], [], [], []
    for name, (*_, fresh, seen) in ARMS.items():
        for pool, value in (("warm", min(1.0, fresh + 0.3)), ("test_set", fresh), ("seen", seen)):
            for metric, number in (("accuracy", value), ("format", 0.9), ("value", 0.8 * value)):
                arms.append(_arm(name) | _row(number, pool=pool, metric=metric, unit="share"))
            level = 20 if pool == "warm" else 70
            levels.append(_arm(name) | _row(value, pool=pool, metric="accuracy", unit="share", level=level))
        for step in (1, 20, 40):
            keys = {
                "study": "knots",
                "model": MODEL,
                "platform": "torch",
                "arm": name,
                "seed": 1,
                "faithful": None,
            }
            curves.append(keys | {"kind": "train", "step": step, "loss": 2.0 / step, "pool": None, "accuracy": None, "n": None})  # fmt: skip
            if name != "blank":
                curves.append(keys | {"kind": "valid", "step": step, "loss": None, "pool": "check", "accuracy": 0.01 * step, "n": 60})  # fmt: skip
    baseline = dict.fromkeys(("study", "platform", "role"), "") | {"model": "none", "arm": "baseline:chance", "label": "chance", "short": "chance", "group": "baseline", "contaminated": False}  # fmt: skip
    arms += [
        baseline | _row(0.05, pool=pool, metric="accuracy", unit="share") | {"seeds": 0}
        for pool in ("warm", "test_set")
    ]
    for family, label, steps in (
        ("share_of_knots", "share of knotty prompts", (("same_again", 0.0), ("stretched", 1.0))),
        ("share_seen", "share of prompts that are asked", (("stretched", 0.0), ("peeked", 1.0))),
    ):
        for name, x in steps:
            for pool, value in (("test_set", ARMS[name][3]), ("seen", ARMS[name][4])):
                doses.append({"family": family, "x_label": label, "x": x} | _arm(name) | _row(value, pool=pool, metric="accuracy", unit="share"))  # fmt: skip
    for name in ("same_again", "stretched", "peeked"):
        rollouts.append(_arm(name) | {"k": 4, "prompts": 50.0, "sampled": 200.0, "winners": 30.0, "leaked": 0.6, "low": 0.5, "high": 0.7, "predicted_blind": 0.185, "predicted": None, "seeds": 1})  # fmt: skip
    for name, minus, value in (("trap", "taught", -0.03), ("gain", "taught", 0.13)):
        arm = "same_again" if name == "trap" else "stretched"
        contrasts.append({
            "study": "knots", "name": name, "model": MODEL, "platform": "torch", "arm": arm, "minus": minus, "pool": "test_set",
            "metric": "accuracy", "unit": "points", "value": value, "low": value - 0.05, "high": value + 0.05, "p": 0.04,
            "p_holm": 0.04, "family": "decisive", "margin": 0.03, "equivalent": False, "room": "", "detectable": 0.07, "n": 60, "seeds": 1,
            "statement": f"what {arm} does to <knotty> ones, against {minus}",
        })  # fmt: skip
    scaling = [
        {"kind": "arm", "name": name, "model": f"{MODEL}_{size}", "parameters": size, "pool": "test_set", "metric": "accuracy"}
        | {key: _row(ARMS[name][3])[key] for key in ("value", "low", "high", "n", "seeds")} | {"unit": "share"}
        for name in ARMS for size in (400_000, 3_000_000)
    ]  # fmt: skip
    scaling += [
        {"kind": "contrast", "name": "trap", "model": f"{MODEL}_{size}", "parameters": size, "pool": "test_set", "metric": "accuracy",
         "value": -0.03, "low": -0.1, "high": 0.04, "n": 60, "seeds": 1, "unit": "points"}
        for size in (400_000, 3_000_000)
    ]  # fmt: skip
    platforms = [
        {"kind": "contrast", "name": name, "model": MODEL, "pool": "test_set", "metric": "accuracy", "unit": "points",
         "platform": "abacus", "reference": "torch", "value": 0.02, "low": -0.1, "high": 0.1, "reference_value": 0.03,
         "reference_low": -0.04, "reference_high": 0.1, "difference": -0.01, "difference_low": -0.1, "difference_high": 0.1,
         "agree": True, "n": 60, "seeds": 1, "reference_seeds": 1}
        for name in ("trap", "gain")
    ]  # fmt: skip
    return {
        "arms": arms, "by_level": levels, "doses": doses, "rollouts": rollouts, "curves": curves, "contrasts": contrasts,
        "scaling": scaling, "platforms": platforms,
    }  # fmt: skip


def claims() -> list[dict[str, Any]]:
    """A ledger in which nothing was published, with text that must stay text."""
    shared = {
        "published": None,
        "n": 60,
        "seeds": 1,
        "unit": "points",
        "p_holm": None,
        "p_ledger": None,
        "margin": 0.03,
        "room": "",
        "committed": None,
        "model": MODEL,
    }
    return [
        {"id": "falls", "kind": "own", "source": "this project", "statement": "Plain ones <i>hurt</i> & \"that's\" it.", "value": -0.03,
         "low": -0.08, "high": 0.02, "verdict": "inconclusive", "reason": "", "arms": ["same_again", "taught"], **shared},
        {"id": "untried", "kind": "own", "source": "this project", "statement": "Larger models do not fall.", "value": None, "low": None,
         "high": None, "verdict": "not tested here", "reason": "No larger model was run.", "arms": [], **shared},
    ]  # fmt: skip


def write(folder: Path, *, drop: tuple[str, ...] = ()) -> Path:
    """Write claims.json and tables/ into `folder`; arms in `drop` were not run."""
    there = folder / "tables"
    there.mkdir(parents=True, exist_ok=True)
    for name, rows in tables().items():
        table = pl.DataFrame(rows, infer_schema_length=None)
        kept = ~pl.col("arm" if "arm" in table.columns else "name").is_in(drop)
        table.filter(kept).write_parquet(there / f"{name}.parquet")
    (folder / "claims.json").write_text(json.dumps(claims()))
    return folder


def evidence(folder: Path, settings: FigureSettings | None = None, pools: Sequence[Pool] = POOLS) -> Evidence:
    """The evidence as it is opened for a study that declares nothing about its figures."""
    return Evidence(
        folder / "claims.json", folder / "tables", settings=settings, sheet=SHEET, titles={MODEL: "Wren"}, pools=pools,
        level_name="knots",
    )  # fmt: skip
