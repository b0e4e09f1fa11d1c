"""The post of the study traces: no typed numbers, and sentences that follow what was measured, or say that it was not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import render_post
from trap.analysis.claim_specs import load_claims
from trap.report.numerals import bare_numerals, literal_numbers
from trap.studies.base import study_class

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "report/traces/post.md.j2"
MODEL = "nano_nope"
ARMS = ("base", "sft", "sft_more", "rsft_easy", "rsft_hard", "rsft_leak")
POOLS = {"eval_easy": 2, "eval_hard": 6, "eval_leak": 6, "eval_wording": 2, "eval_family": 2}
EMPTY = dict.fromkeys(
    (
        "value",
        "low",
        "high",
        "n",
        "seeds",
        "margin",
        "published",
        "p_holm",
        "p_ledger",
        "unit",
        "room",
        "committed",
    )
)


def claims(**changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Every declared claim as one that was not tested; `changes` by id."""
    declared = load_claims(ROOT / "config/traces/claims.yaml", study_class("traces")).claims
    made = []
    for one in declared:
        row = {
            **EMPTY,
            "id": one.id,
            "statement": one.statement,
            "verdict": "not tested here",
            "kind": "own" if one.source == "ours" else "published",
            "reason": "",
            "also": {},
        }
        if one.id == "G5":
            row["published"] = {"value": 0.927, "n": 248, "low": 0.888, "high": 0.957}
        made.append(row | changes.get(one.id, {}))
    return made


def measured(value: float, half: float, **more: Any) -> dict[str, Any]:
    low, high = value - half, value + half
    return {
        "value": value,
        "low": low,
        "high": high,
        "margin": 0.03,
        "n": 100,
        "seeds": 5,
        "unit": "points",
    } | more


def render(folder: Path, *, run: bool = True, **changes: dict[str, Any]) -> str:
    tables = folder / "tables"
    tables.mkdir(parents=True)
    common = {"model": MODEL, "platform": "torch", "n": 100, "seeds": 5}
    cells = [
        common | {"arm": arm, "pool": pool, "metric": metric, "value": 0.4, "low": 0.3, "high": 0.5, "level": level}
        for arm in ARMS if run
        for pool, level in POOLS.items()
        for metric in ("accuracy", "faithful")
    ]  # fmt: skip
    levels = cells or [
        common
        | {"arm": "x", "pool": p, "metric": "accuracy", "value": 0.0, "low": 0.0, "high": 0.0, "level": n}
        for p, n in POOLS.items()
    ]
    failed = [row | {"kind": "missing_step"} for row in cells]
    taken = [row | {"asked": "arithmetic", "written": "comparison"} for row in cells]
    contrast = {"model": MODEL, "statement": "a", "arm": "sft", "minus": "sft_more", "metric": "accuracy", "pool": "eval_hard",
                "unit": "points", "value": 0.1, "low": 0.05, "high": 0.15, "margin": 0.03, "p_holm": 0.01, "room": None}  # fmt: skip
    for name, rows in {
        "by_level": levels,
        "arms": cells,
        "failures": failed,
        "confusion": taken,
        "contrasts": [contrast],
    }.items():
        frame = pl.DataFrame(rows or failed or levels)
        if not rows or (name == "contrasts" and not run):
            frame = pl.DataFrame(levels).with_columns(
                kind=pl.lit(""), asked=pl.lit(""), written=pl.lit(""), minus=pl.lit(""), statement=pl.lit("")
            ).clear()  # fmt: skip
        frame.write_parquet(tables / f"{name}.parquet")
    (folder / "claims.json").write_text(json.dumps(claims(**changes)))
    (folder / "figures").mkdir()
    output = folder / "report/post.md"
    arguments = {
        "claims": folder / "claims.json",
        "tables": tables,
        "figures": folder / "figures",
        "data": folder,
        "output": output,
    }
    flat = [str(part) for name, path in arguments.items() for part in (f"--{name}", path)]
    assert render_post.main(["--config", str(ROOT / "config/config.yaml"), "--study", "traces", *flat]) == 0
    return re.sub(r"\u00a0", " ", output.read_text())


def line(text: str, name: str) -> str:
    return next(one for one in text.split("\n") if one.startswith(f"- **{name}"))


def test_the_template_holds_no_number() -> None:
    text = TEMPLATE.read_text()
    assert bare_numerals(text) == [] and literal_numbers(text) == []


def test_every_claim_that_the_template_names_is_declared() -> None:
    declared = {claim["id"] for claim in claims()}
    named = set(re.findall(r'claim\.maybe\("(\w+)"\)', TEMPLATE.read_text()))
    assert named and named <= declared


@pytest.mark.parametrize("run", [True, False])
def test_a_post_of_nothing_says_so(tmp_path: Path, run: bool) -> None:
    text = render(tmp_path, run=run)
    assert text.startswith("# 93 % of what it had seen")
    assert "was not measured in this experiment" in line(text, "Fresh problems")
    assert "was not run in this experiment" in line(text, "The trap")
    assert "was not drawn in this experiment" in text
    assert ("no arm was run" in text or "No model was trained" in text) == (not run)
    assert "None" not in text and "{{" not in text


@pytest.mark.parametrize(
    "fields, says",
    [
        (measured(0.97, 0.01, unit="share", verdict="reproduced"), "97 % [96–98], as much as was aimed at"),
        (measured(0.5, 0.01, unit="share", verdict="not reproduced"), "less than was aimed at"),
        (measured(0.95, 0.02, unit="share", verdict="inconclusive"), "is not settled"),
    ],
)
def test_prose_follows_what_was_learned(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = render(tmp_path, learned=fields, wordings=fields, families=fields)
    assert all(says in line(text, name) for name in ("Fresh problems", "Other words", "Other families"))


@pytest.mark.parametrize(
    "fields, says",
    [
        (measured(-0.1, 0.04, verdict="reproduced", p_holm=0.01), "−10.0 points [−14.0 to −6.0]."),
        (measured(0.0, 0.01, verdict="not reproduced", p_holm=1.0), "no difference beyond the margin"),
        (measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0), "undecided"),
        (
            measured(0.0, 0.08, verdict="inconclusive", p_holm=1.0, room="floor"),
            "no room to show a difference",
        ),
    ],
)
def test_prose_follows_the_trap_and_the_leak(tmp_path: Path, fields: dict[str, Any], says: str) -> None:
    text = render(
        tmp_path, trap=fields, matching=fields, contamination=fields, leak_spread=fields, longer=fields
    )
    assert says in line(text, "The trap") and says.rstrip(".") in line(text, "The leak")
    assert fields.get("room") or says.rstrip(".") in line(text, "Longer problems")


@pytest.mark.parametrize(
    "verdict, says",
    [
        ("reproduced", "Here they are."),
        ("not reproduced", "Here they are not."),
        ("inconclusive", "Whether they are is not settled here."),
    ],
)
def test_prose_follows_what_carries_over(tmp_path: Path, verdict: str, says: str) -> None:
    assert says in render(tmp_path, G10=measured(-0.1, 0.2, verdict=verdict))
