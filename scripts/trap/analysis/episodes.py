"""What models wrote, as a small table: for people, for the film and for the page.

Numbers come from items; these are the words behind them. A table of every completion would take hundreds of megabytes.
So this one holds one seed, the first items of the pools that are reported on, and the first prompts that an arm
sampled from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from trap.analysis.extension import extension_of
from trap.files import InputError, iter_jsonl, read_json
from trap.studies.base import BaseStudy

SEED = 1
ITEMS = 60  # per pool
EPISODE_ORDER = ["study", "model", "platform", "kind", "pool", "id", "arm", "seed", "round", "sample"]
PROMPTS = 20  # prompts that an arm sampled from, each with all its samples

EPISODE_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("study", "model", "platform", "arm"), pl.String),
    "seed": pl.Int16,
    "kind": pl.String,  # eval: the finished arm's greedy answer; rollout: sampled to be trained on
    "round": pl.Int16,  # of sampling; 0 for eval
    **dict.fromkeys(("pool", "id"), pl.String),
    "level": pl.Int16,
    "sample": pl.Int16,  # which of a prompt's samples; 0 for eval
    "kept": pl.Boolean,  # null for eval
    **dict.fromkeys(("prompt", "completion"), pl.String),
    **dict.fromkeys(("correct", "format", "faithful"), pl.Boolean),
    "value": pl.Float32,
}


def episode_columns(study: type[BaseStudy]) -> dict[str, Any]:
    """Names and types of the columns of episodes.parquet: those of every study, then those that this one logs."""
    return {**EPISODE_COLUMNS, **extension_of(study).episode_columns}


class Owner(Struct, kw_only=True):
    """Which run a folder belongs to: the part of meta.json that is needed here."""

    study: str
    model: str
    platform: str
    arm: str
    seed: int


def collect_episodes(folders: Sequence[Path | str], study: type[BaseStudy]) -> pl.DataFrame:
    """The chosen episodes of the runs with seed 1, in a fixed order (see `episode_columns`)."""
    rows: list[dict[str, Any]] = []
    for folder in map(Path, folders):
        owner = read_json(folder / "meta.json", Owner)
        if owner.seed != SEED:
            continue
        run = {name: getattr(owner, name) for name in owner.__struct_fields__}
        rows += (run | row for row in _evaluated(folder / "episodes.jsonl", study))
        if (folder / "rollouts.jsonl").is_file():
            rows += (run | row for row in _sampled(folder / "rollouts.jsonl", study))
    frame = pl.DataFrame(rows, schema=episode_columns(study))
    return frame.sort(EPISODE_ORDER)


def _evaluated(path: Path, study: type[BaseStudy]) -> Iterator[dict[str, Any]]:
    shown = [pool.name for pool in study.pools if pool.role == "evaluation" and not pool.extra]
    counts = dict.fromkeys(shown, 0)
    for number, episode in enumerate(iter_jsonl(path, dict[str, Any]), start=1):
        pool = episode.get("pool", "")
        if counts.get(pool, ITEMS) < ITEMS:
            counts[pool] += 1
            yield _row(f"{path}:{number}", episode, study, "eval", 0, 0)


def _sampled(path: Path, study: type[BaseStudy]) -> Iterator[dict[str, Any]]:
    seen: dict[int, dict[str, int]] = {}  # round -> item -> samples so far
    for number, episode in enumerate(iter_jsonl(path, dict[str, Any]), start=1):
        where = f"{path}:{number}"
        row = _row(where, episode, study, "rollout", episode.get("step", 0), 0)
        samples = seen.setdefault(row["round"], {})
        if row["id"] not in samples and len(samples) == PROMPTS:
            continue
        if row["kept"] is None:
            raise InputError(f"{where}: kept: missing")
        row["sample"] = samples.get(row["id"], 0)
        samples[row["id"]] = row["sample"] + 1
        yield row


def _row(
    where: str, episode: Mapping[str, Any], study: type[BaseStudy], kind: str, round_number: int, sample: int
) -> dict[str, Any]:
    extension = extension_of(study)
    try:
        found = extension.episode(episode)
        shared = {"id": episode["ex_id"], "prompt": episode["prompt"], "completion": episode["completion"]}
    except KeyError as error:
        raise InputError(f"{where}: {error.args[0]}: missing") from None
    own = (*extension.episode_columns, "level", "correct", "format", "faithful", "value")
    return {
        "kind": kind, "round": round_number, "pool": episode.get("pool", ""), "sample": sample,
        "kept": episode.get("kept"), **shared, **{name: found.get(name) for name in own},
    }  # fmt: skip
