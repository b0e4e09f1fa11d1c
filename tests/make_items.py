"""Small invented runs with known rates, for tests of the evidence only (never for results)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trap.analysis.collect import write_items
from trap.files import write_json, write_jsonl
from trap.studies.columns import item_columns
from trap.studies.hops.analysis.traces import TRACE_COLUMNS
from trap.studies.hops.study import Study

POOLS = {"eval_easy": (1, 2, 3), "eval_hard": (4, 5), "eval_leak": (4, 5), "eval_shuffled": (4, 5)}


def make_items(
    rates: dict[str, dict[str, float]],
    *,
    model: str = "nano",
    seeds: int = 3,
    questions: int = 120,
    starts: int = 30,
    seed_sd: float = 0.0,
    start_sd: float = 0.0,
    pools: tuple[str, ...] = ("eval_easy", "eval_hard", "eval_leak", "eval_shuffled"),
    seed: int = 0,
) -> pl.DataFrame:
    """Items of every arm in `rates`: arm -> {pool or "accuracy": rate, "faithful": rate given correct,
    "format": rate}. Every arm answers the same questions; seeds and starts may shift the rate.
    """
    generator = np.random.default_rng(seed)
    start_shift = {pool: generator.normal(0, start_sd, starts) for pool in pools}
    frames = []
    for arm, rate in rates.items():
        for training in range(1, seeds + 1):
            shift = generator.normal(0, seed_sd)
            for pool in pools:
                hops_of = POOLS.get(pool, (4, 5))
                index = np.arange(questions)
                start = index % starts
                chance = np.clip(
                    rate.get(pool, rate.get("accuracy", 0.25)) + shift + start_shift[pool][start], 0, 1
                )
                correct = generator.random(questions) < chance
                faithful = correct & (generator.random(questions) < rate.get("faithful", 0.0))
                well_formed = correct | (generator.random(questions) < rate.get("format", 1.0))
                hops = np.array(hops_of)[index % len(hops_of)]
                coverage = generator.integers(0, 6, questions) / 5
                name = "eval_hard" if pool == "eval_shuffled" else pool
                frames.append(
                    pl.DataFrame(
                        {
                            "study": "hops",
                            "model": model,
                            "platform": "torch",
                            "arm": arm,
                            "seed": training,
                            "pool": pool,
                            "id": [f"{name}_{number:04}" for number in index],
                            "level": hops,
                            "cluster": [f"{name}-start-{number:03}" for number in start],
                            "correct": correct,
                            "valid": faithful,
                            "faithful": faithful,
                            "format": well_formed,
                            "lenient": correct,
                            "ranked": correct,
                            "value": correct.astype(float),
                            "answer": np.where(
                                well_formed, np.array(list("ABCD"))[generator.integers(0, 4, questions)], ""
                            ),
                            "coverage": coverage,
                            "spam": np.zeros(questions, dtype=bool),
                            "reward": np.where(correct, 1.0, -2.0) + 0.5 * coverage,
                            "hops_used": np.where(faithful, hops, 2),
                            "tokens": generator.integers(20, 60, questions),
                            "first_false": np.where(faithful, -1, 0),
                        },
                        schema_overrides=item_columns(Study),
                    )
                )
    return pl.concat(frames).select(list(item_columns(Study)))


def episodes_of(items: pl.DataFrame) -> list[dict[str, Any]]:
    """Episodes that say of each item what its row says."""
    return [
        {
            "phase": row["arm"], "step": 5, "ex_id": row["id"], "split": "eval", "prompt": f"Question {row['id']}?",
            "completion": f"ANSWER: {row['answer']}", "hop_len": row["level"], "pool": row["pool"],
            "parsed": {"answer": row["answer"] or None, "valid_format": row["format"]},
            "reward": {
                "correctness": 1.0 if row["correct"] else -2.0, "path_coverage": row["coverage"], "path_reward": 0.0,
                "spam_penalty": 0.0, "total": row["reward"], "validity": float(row["valid"]), "faithful": row["faithful"],
            },
            "debug": {"valid": row["valid"], "hops_used": row["hops_used"], "true_clauses": 0, "first_false": 0},
        }
        for row in items.to_dicts()
    ]  # fmt: skip


def traces_of(items: pl.DataFrame, pool: str) -> pl.DataFrame:
    """Traces that go with the items of a pool: faithful, or over after the first hop, or without format."""
    kind = (
        pl.when("faithful")
        .then(pl.lit("faithful"))
        .otherwise(pl.when("format").then(pl.lit("stopped_early")).otherwise(pl.lit("no_format")))
    )
    found = items.filter(pl.col("pool") == pool).with_columns(kind=kind, astray=pl.lit(0))
    hop = pl.when(pl.col("kind") == "stopped_early").then(2).otherwise(0)
    return found.with_columns(hop=hop).select(pl.col(c).cast(k) for c, k in TRACE_COLUMNS.items())


def write_runs(
    folder: Path, items: pl.DataFrame, meta: dict[str, dict[str, Any]] | None = None
) -> list[Path]:
    """Run folders as the trainer leaves them, one for each (model, arm, seed); `meta` adds fields by arm."""
    written = []
    for key, part in items.partition_by(
        "model", "platform", "arm", "seed", as_dict=True, maintain_order=True
    ).items():
        model, platform, arm, seed = key
        run = folder / str(model) / str(platform) / str(arm) / f"s{seed}"
        run.mkdir(parents=True)
        write_items(part, run / "items.parquet")
        base = {
            "run_id": f"{model}-{arm}-{seed}",
            "study": "hops",
            "model": model,
            "platform": platform,
            "arm": arm,
            "seed": seed,
            "method": "rsft" if str(arm).startswith("rsft") else "sft",
            "contaminated": "eval" in str(arm),
            "data": {"n_train": 10, "steps": 5},
            "seconds": {"train": 2.0},
            "machine": {"cores": 2},
        }
        write_json(run / "meta.json", base | (meta or {}).get(str(arm), {}))
        watched = [
            {"step": step, "pool": pool, "n": 100, "accuracy": accuracy, "faithful": 0.1}
            for pool, values in (("valid_easy", (0.6, 0.4)), ("valid_hard", (0.3, 0.5)))
            for step, accuracy in zip((1, 3), values, strict=True)
        ]
        write_json(
            run / "metrics.json",
            {
                "run_id": base["run_id"],
                "splits": {},
                "curves": {"valid": watched},
                "seconds": {"evaluate": 0.5},
            },
        )
        write_jsonl(run / "episodes.jsonl", episodes_of(part))
        log = [{"kind": "train", "step": step, "loss": 2.0 / step, "rate": 1e-3} for step in range(1, 4)]
        write_jsonl(run / "log.jsonl", log)
        written.append(run)
    return written


def write_samples(run: Path) -> None:
    """Four samples an item of ten, of which as many are right as the item's number, and half of them faithful."""
    chosen = pl.read_parquet(run / "items.parquet").filter(pool="eval_hard").head(10)
    (run / "search").mkdir()
    write_items(chosen.with_columns(pool=pl.lit("eval_hard_of4")), run / "search/items.parquet")
    right = pl.int_range(pl.len()) % 5
    chosen.select(
        "study", "model", "platform", "arm", "seed", "pool", "id", "cluster",
        n=pl.lit(4), correct=right, faithful=right // 2,
    ).write_parquet(run / "search/samples.parquet")  # fmt: skip
