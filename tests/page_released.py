"""A page of what is committed: released answers, released models, and those of another experiment beside them.

Its tables and claims are invented, because those of a whole release take minutes.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

import export_page_model
from hops_data import write_graph
from page_site import build_from, write_items, write_tables
from trap.files import write_jsonl
from trap.models.released_weights import tokenizer_of
from trap.workflow.config import load_config
from trap.workflow.opening import open_study

ROOT = Path(__file__).resolve().parent.parent
OWN, BESIDE = ROOT / "results/released/hops/full", ROOT / "results/released/hops/way_out"
MODEL = "nano_able"
POOLS, STORED = (
    ("eval_easy", "eval_hard", "eval_leak"),
    60,
)  # questions of a pool whose answers are stored as texts


def stored(folder: Path, **conditions: object) -> pl.DataFrame:
    """Stored greedy answers of a release."""
    return pl.read_parquet(folder / "episodes.parquet").filter(kind="eval", **conditions)


def build(folder: Path) -> Path:
    """The page, in `folder/page`. Its questions are those of the settings."""
    write_graph(folder)
    study = open_study(load_config(ROOT / "config/config.yaml"), "hops", folder)
    for pool in POOLS:
        write_jsonl(folder / f"{pool}.jsonl", study.items(pool, STORED))
    evidence = write_tables(folder, stored(OWN, model=MODEL))
    write_items(evidence / "tables/items.parquet")
    models = []
    for path in sorted([*OWN.glob("weights/*.bin"), *BESIDE.glob("weights/*.bin")]):
        models.append(folder / "page/models" / path.name)
        given = ["--released", path, "--output", models[-1], "--tokenizer", tokenizer_of(models[-1])]
        assert export_page_model.main([str(word) for word in given]) == 0
    pools = ["--pools", *(str(folder / f"{pool}.jsonl") for pool in POOLS)]
    return build_from(folder, evidence, models, [*pools, "--beside", str(BESIDE)])
