"""What models wrote, as a small table: for people, for the film and for the page.

Numbers come from items; these are the words behind them. A table of every completion would be
hundreds of megabytes, so that it holds one seed, the first questions of some pools, and the first
prompts that an arm sampled from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from trap.files import InputError, iter_jsonl, read_json
from trap.studies.hops.records import Episode

SEED = 1
POOLS = ("eval_easy", "eval_hard", "eval_leak")
QUESTIONS = 60  # per pool
PROMPTS = 20  # of those that an arm sampled from, with all samples of each

EPISODE_COLUMNS: dict[str, Any] = {
    "study": pl.String,
    "model": pl.String,
    "platform": pl.String,
    "arm": pl.String,
    "seed": pl.Int16,
    "kind": pl.String,  # eval: the finished arm's greedy answer; rollout: sampled to be trained on
    "round": pl.Int16,  # of sampling; 0 for eval
    "pool": pl.String,
    "id": pl.String,
    "hops": pl.Int8,
    "sample": pl.Int16,  # which of a prompt's samples; 0 for eval
    "kept": pl.Boolean,  # null for eval
    "prompt": pl.String,
    "completion": pl.String,
    "answer": pl.String,  # null where the format was missed
    "correct": pl.Boolean,
    "valid": pl.Boolean,  # a true path along the chain of relations to the chosen option
    "faithful": pl.Boolean,
    "format": pl.Boolean,
    "correctness": pl.Float32,
    "coverage": pl.Float32,
    "path_reward": pl.Float32,
    "spam_penalty": pl.Float32,
    "total": pl.Float32,
    "validity": pl.Float32,  # share of clauses that are edges
    "hops_used": pl.Int16,
    "true_clauses": pl.Int16,
    "first_false": pl.Int16,  # index of the first clause that is no edge; -1 if none
    "trace_entities": pl.List(pl.String),
    "path_entities": pl.List(pl.String),
}


class Owner(Struct, kw_only=True):
    """Whose run a folder is: the part of meta.json needed here."""

    study: str
    model: str
    platform: str
    arm: str
    seed: int


def collect_episodes(folders: Sequence[Path | str]) -> pl.DataFrame:
    """The chosen episodes of the runs with seed 1, in a fixed order (see EPISODE_COLUMNS)."""
    rows: list[dict[str, Any]] = []
    for folder in map(Path, folders):
        owner = read_json(folder / "meta.json", Owner)
        if owner.seed != SEED:
            continue
        run = {name: getattr(owner, name) for name in owner.__struct_fields__}
        rows += (run | row for row in _evaluated(folder / "episodes.jsonl"))
        if (folder / "rollouts.jsonl").is_file():
            rows += (run | row for row in _sampled(folder / "rollouts.jsonl"))
    frame = pl.DataFrame(rows, schema=EPISODE_COLUMNS)
    order = ["study", "model", "platform", "kind", "pool", "id", "arm", "seed", "round", "sample"]
    return frame.sort(order)


def _evaluated(path: Path) -> Iterator[dict[str, Any]]:
    counts = dict.fromkeys(POOLS, 0)
    for episode in iter_jsonl(path, Episode):
        if counts.get(episode.pool, QUESTIONS) < QUESTIONS:
            counts[episode.pool] += 1
            yield _row(episode, "eval", 0, 0)


def _sampled(path: Path) -> Iterator[dict[str, Any]]:
    seen: dict[int, dict[str, int]] = {}  # round -> question -> samples so far
    for number, episode in enumerate(iter_jsonl(path, Episode), start=1):
        samples = seen.setdefault(episode.step, {})
        if episode.ex_id not in samples and len(samples) == PROMPTS:
            continue
        if episode.kept is None:
            raise InputError(f"{path}:{number}: kept: missing")
        sample = samples.get(episode.ex_id, 0)
        samples[episode.ex_id] = sample + 1
        yield _row(episode, "rollout", episode.step, sample)


def _row(episode: Episode, kind: str, round_number: int, sample: int) -> dict[str, Any]:
    parsed, reward, debug = episode.parsed, episode.reward, episode.debug
    return {
        "kind": kind,
        "round": round_number,
        "pool": episode.pool,
        "id": episode.ex_id,
        "hops": episode.hop_len,
        "sample": sample,
        "kept": episode.kept,
        "prompt": episode.prompt,
        "completion": episode.completion,
        "answer": parsed.answer or None,
        "correct": reward.correctness > 0,
        "valid": debug.get("valid"),
        "faithful": reward.faithful,
        "format": parsed.valid_format,
        "correctness": reward.correctness,
        "coverage": reward.path_coverage,
        "path_reward": reward.path_reward,
        "spam_penalty": reward.spam_penalty,
        "total": reward.total,
        "validity": reward.validity,
        **{name: debug.get(name) for name in ("hops_used", "true_clauses", "first_false")},
        "trace_entities": parsed.trace_entities,
        "path_entities": parsed.path_entities,
    }
