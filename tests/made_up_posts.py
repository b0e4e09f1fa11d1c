"""Posts of made-up evidence: a ledger in which nothing was tested but what a test says, and tables with one number."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import render_post
from trap.analysis.claim_specs import load_claims
from trap.studies.base import study_class

ROOT = Path(__file__).resolve().parent.parent
ARMS = ("base", "sft", "sft_more", "rsft_easy", "rsft_hard", "rsft_leak")
EMPTY = dict.fromkeys(
    "value low high n seeds margin published p_holm p_ledger unit room committed".split()  # noqa: SIM905
)


def measured(value: float, half: float, **more: Any) -> dict[str, Any]:
    """What a measured claim holds: a value and half the width of its interval."""
    low, high = value - half, value + half
    known = {"value": value, "low": low, "high": high, "margin": 0.03, "n": 100, "seeds": 5, "unit": "points"}
    return known | more


def line(text: str, name: str) -> str:
    """The bullet of a post that begins with a name in bold."""
    return next(one for one in text.split("\n") if one.startswith(f"- **{name}"))


@dataclass(frozen=True)
class MadeUp:
    """A study's evidence. pools: {pool: level}. metrics: of each arm on each pool. published: {claim: what was published}.
    tables: more tables by name, each with the columns that its rows have beside those of a table of arms."""

    study: str
    model: str
    pools: Mapping[str, int]
    metrics: Sequence[str]
    published: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, Any]]

    @property
    def template(self) -> Path:
        return ROOT / f"report/{self.study}/post.md.j2"

    def claims(self, **changes: dict[str, Any]) -> list[dict[str, Any]]:
        """Every declared claim as one that was not tested; `changes` by id."""
        declared = load_claims(ROOT / f"config/{self.study}/claims.yaml", study_class(self.study)).claims
        made = []
        for one in declared:
            kind = "own" if one.source == "ours" else "published"
            row = {**EMPTY, "id": one.id, "statement": one.statement, "verdict": "not tested here", "kind": kind, "reason": "", "also": {}}  # fmt: skip
            if one.id in self.published:
                row["published"] = dict(self.published[one.id])
            made.append(row | changes.get(one.id, {}))
        return made

    def render(self, folder: Path, *, run: bool = True, **changes: dict[str, Any]) -> str:
        """The post, with plain spaces. run: whether any arm was."""
        common = {"model": self.model, "platform": "torch", "n": 100, "seeds": 5}
        cells = [
            common | {"arm": arm, "pool": pool, "metric": metric, "value": 0.4, "low": 0.3, "high": 0.5, "level": level}
            for arm in ARMS if run
            for pool, level in self.pools.items()
            for metric in self.metrics
        ]  # fmt: skip
        nothing = {"arm": "x", "metric": "accuracy", "value": 0.0, "low": 0.0, "high": 0.0}
        levels = cells or [
            common | nothing | {"pool": pool, "level": level} for pool, level in self.pools.items()
        ]
        contrast = {"model": self.model, "statement": "a", "arm": "sft", "minus": "sft_more", "metric": "accuracy", "pool": "eval_hard",
                    "unit": "points", "value": 0.1, "low": 0.05, "high": 0.15, "margin": 0.03, "p_holm": 0.01, "room": None}  # fmt: skip
        rows = {"by_level": levels, "arms": cells, "contrasts": [contrast] if run else []}
        rows |= {name: [cell | more for cell in cells] for name, more in self.tables.items()}
        (folder / "tables").mkdir(parents=True)
        for name, found in rows.items():
            empty = pl.DataFrame([levels[0] | self.tables.get(name, {"minus": "", "statement": ""})]).clear()
            (pl.DataFrame(found) if found else empty).write_parquet(folder / f"tables/{name}.parquet")
        (folder / "claims.json").write_text(json.dumps(self.claims(**changes)))
        (folder / "figures").mkdir()
        output = folder / "report/post.md"
        paths = {
            "claims": folder / "claims.json", "tables": folder / "tables", "figures": folder / "figures", "data": folder, "output": output,
        }  # fmt: skip
        flat = [str(part) for name, path in paths.items() for part in (f"--{name}", path)]
        config = str(ROOT / "config/config.yaml")
        assert render_post.main(["--config", config, "--study", self.study, *flat]) == 0
        return re.sub("\u00a0", " ", output.read_text())

    def named(self) -> set[str]:
        """The claims that the template takes where they are."""
        return set(re.findall(r'claim\.maybe\("(\w+)"\)', self.template.read_text()))


TRACES = MadeUp(
    study="traces", model="nano_nope", metrics=("accuracy", "faithful"),
    pools={"eval_easy": 2, "eval_hard": 6, "eval_leak": 6, "eval_wording": 2, "eval_family": 2},
    published={"G5": {"value": 0.927, "n": 248, "low": 0.888, "high": 0.957}},
    tables={"failures": {"kind": "missing_step"}, "confusion": {"asked": "arithmetic", "written": "comparison"}},
)  # fmt: skip
CLUES = MadeUp(
    study="clues", model="nano", metrics=("accuracy", "faithful", "sound"),
    pools={"eval_easy": 3, "eval_hard": 5, "eval_leak": 5},
    published={"rewarded": {"value": 0.313, "n": 64, "low": 0.2, "high": 0.4}}, tables={},
)  # fmt: skip
