"""What the post of the hops study can see beside claims and tables: errors of traces, the audit, its models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from trap.figures.estimates import levels_of, models_of, read_table, select
from trap.files import InputError
from trap.report.prose import verdict_phrase
from trap.studies.hops.analysis.errors import KINDS
from trap.studies.hops.finding import leak_sentences, sentences, way_out_sentences

ROTARY, NOPE, REACH = "nano", "nano_nope", "nano_able"
# How the names of predictions begin that the appendix of a post lists; all others stand in that of the post on the trap.
FORETOLD = {
    "leak": ("contamination_", "leak_", "memorisation_", "dose_leaked_share_"),
    "way_out": (
        "way_out_", "search_", "ignition_", "positions_", "grpo_", "expert_nano", "hop_curriculum_", "sixteen_prompts",
        "P1_", "P2_", "P4_", "P6_",
    ),
}  # fmt: skip
NOT_THERE = ("grpo_from_sft_",)
AUDIT = {
    "reproduced": "Our audit of the published files confirms it.",
    "not reproduced": "Our audit of the published files does not confirm it.",
    "inconclusive": "Our audit of the published files leaves it open.",
    "not tested here": "The published files were not audited in this run.",
}


class Traces:
    """What answers get wrong first, from the tables `errors` and `branches`."""

    def __init__(self, folder: Path) -> None:
        self._errors = read_table(
            folder,
            "errors",
            ("model", "arm", "pool", "level", "kind", "letter", "hop", "value", "low", "high"),
        )
        self._branches = read_table(folder, "branches", ("pool", "level", "above", "walk"))

    def error(self, model: str, arm: str, pool: str, kind: str) -> dict[str, Any] | None:
        """Share of a pool's answers whose trace is of a kind; `name` is the kind in words."""
        found = select(self._errors, model=model, arm=arm, pool=pool, level=0, kind=kind, letter="any", hop=0)
        return found.row(0, named=True) | {"name": KINDS.get(kind, kind)} if found.height else None

    def commonest_error(self, model: str, arm: str, pool: str) -> dict[str, Any] | None:
        """The kind that most of the answers without a faithful trace have."""
        found = [self.error(model, arm, pool, kind) for kind in KINDS if kind != "faithful"]
        return max(filter(None, found), key=lambda row: row["value"], default=None)

    def walker(self, pool: str) -> float | None:
        """How often a walker who knows every edge, but looks no step ahead, is faithful on a pool."""
        rows = select(self._branches, pool=pool, level=0).filter(pl.col("above").is_null())
        return rows["walk"][0] if rows.height else None


def audit_phrase(claim: Mapping[str, Any]) -> str:
    """What the audit of the published files says of one of its findings."""
    verdict_phrase(claim)  # refuses a verdict that nobody knows
    return AUDIT[claim["verdict"]]


def foretold(post: str, claims: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Predictions of differences that the appendix of a post lists. Each stands in one appendix."""

    def place(name: str) -> str:
        found = (at for at, starts in FORETOLD.items() if name.startswith(starts))
        return "trap" if name.startswith(NOT_THERE) else next(found, "trap")

    return [one for one in claims if one["unit"] == "points" and place(str(one["id"])) == post]


def final_number(name: str) -> Markup:
    """The number that the name of an arm or pool ends in: `16` of demos_n16, `6` of eval_hop6."""
    found = re.search(r"(\d+)$", name)
    if not found:
        raise InputError(f"{name!r} ends in no number")
    return Markup(found[1])


def context(tables: Path) -> dict[str, Any]:
    """Names of the template. Raises InputError naming a table or column that is missing."""
    models = models_of(read_table(tables, "arms", ("model",)))
    return {
        "traces": Traces(tables), "finding": sentences, "leak_finding": leak_sentences,
        "way_out_finding": way_out_sentences, "foretold": foretold, "audit_phrase": audit_phrase, "final_number": final_number, "nope": NOPE, "reach": REACH,
        "rotary": ROTARY if ROTARY in models else (models or [""])[0],
        "easy": levels_of(tables, "eval_easy"), "hard": levels_of(tables, "eval_hard"),
    }  # fmt: skip
