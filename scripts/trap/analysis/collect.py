"""Gather what runs left in their folders: the tables items, runs and curves, and the seconds that runs took.

Read of each run folder: items.parquet, meta.json, log.jsonl, and the validation curves and seconds of metrics.json (the
rest of which sums up items.parquet). Sorting, encoding and compression are fixed, so that equal runs give equal bytes.
Seconds are never equal and have a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl
from msgspec import Struct, field

from trap.analysis.cells import read_items
from trap.files import InputError, iter_jsonl, read_json, replacing
from trap.studies.base import BaseStudy
from trap.studies.columns import item_columns

# Pool and item first: outcomes of one item by many runs resemble each other and compress.
ITEM_ORDER = ["study", "model", "platform", "pool", "id", "arm", "seed"]
RUN_KEY = ["study", "model", "platform", "arm", "seed"]
CURVE_ORDER = [*RUN_KEY, "kind", "pool", "step"]


class Rollouts(Struct, kw_only=True):
    """What sampling gave: counts of samples, prompts and winners; how many winners were right and faithful; the share
    of prompts with a right sample; means of the study's measures over the winners.
    """

    sampled: int | None = None
    prompts: int | None = None
    winners: int | None = None
    winner_faithful: int | float | None = None  # an integer is a count, a fraction is a share of winners
    winner_correct: int | float | None = None
    any_correct: float | None = None
    winner_means: dict[str, float | None] = field(default_factory=dict)


class RunData(Struct, kw_only=True):
    n_train: int | None = None
    steps: int | None = None
    rollouts: Rollouts | None = None


class RunSeconds(Struct, kw_only=True):
    train: float | None = None
    evaluate: float | None = None


class RunMeta(Struct, kw_only=True):
    """The part of meta.json that the tables need; other fields are ignored."""

    study: str
    model: str
    platform: str
    arm: str
    seed: int
    run_id: str = ""
    parent: str | None = None
    rollouts: str | None = None
    method: str = ""
    pool: str | None = None
    mixture: Any = None
    reward: str | None = None
    selection: str | None = None
    rounds: int | None = None
    contaminated: bool = False
    hyper: dict[str, Any] = field(default_factory=dict)
    data: RunData = field(default_factory=RunData)
    hashes: dict[str, Any] = field(default_factory=dict)
    seconds: RunSeconds = field(default_factory=RunSeconds)


RUN_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("study", "model", "platform", "arm"), pl.String),
    "seed": pl.Int16,
    **dict.fromkeys(
        ("run_id", "parent", "rollouts", "method", "pool", "mixture", "reward", "selection"), pl.String
    ),
    "rounds": pl.Int16,
    "contaminated": pl.Boolean,
    "k": pl.Int32,
    "hyper": pl.String,
    **dict.fromkeys(("n_train", "steps"), pl.Int64),
    "parent_hash": pl.String,
    **dict.fromkeys(("rollouts_sampled", "prompts", "winners"), pl.Int64),
    **dict.fromkeys(("winner_faithful", "winner_correct", "any_correct"), pl.Float64),
}


def run_columns(study: type[BaseStudy]) -> dict[str, Any]:
    """Columns of runs.parquet and their types: those of every study, then winner_NAME of its measures."""
    names = [f"winner_{measure.name}" for measure in study.measures if measure.type != "text"]
    return {**RUN_COLUMNS, **dict.fromkeys(names, pl.Float64)}


CURVE_COLUMNS: dict[str, Any] = {
    "study": pl.String,
    "model": pl.String,
    "platform": pl.String,
    "arm": pl.String,
    "seed": pl.Int16,
    "kind": pl.String,
    "step": pl.Int64,
    "loss": pl.Float64,
    "pool": pl.String,
    "accuracy": pl.Float64,
    "faithful": pl.Float64,
    "n": pl.Int64,
}


class LogRow(Struct, kw_only=True):
    """One line of log.jsonl; other fields and other kinds of line are ignored."""

    kind: str = ""
    step: int | None = None
    loss: float | None = None


class Watched(Struct, kw_only=True):
    """Results of the run on a validation pool during training, after `step` steps."""

    step: int
    pool: str
    n: int
    accuracy: float
    faithful: float | None = None  # null for studies that ask for no reasons


class Curves(Struct, kw_only=True):
    valid: list[Watched] = field(default_factory=list)


class RunMetrics(Struct, kw_only=True):
    """The part of metrics.json that is not in items.parquet."""

    curves: Curves = field(default_factory=Curves)
    seconds: RunSeconds = field(default_factory=RunSeconds)


class Collected(NamedTuple):
    """What the runs of an experiment left: `seconds` is {run: {"train": s, "evaluate": s}}, null where unknown."""

    items: pl.DataFrame
    runs: pl.DataFrame
    curves: pl.DataFrame
    seconds: dict[str, dict[str, float | None]]


def collect(
    folders: Sequence[Path | str], study: type[BaseStudy], more: Sequence[Path | str] = ()
) -> Collected:
    """Everything in finished run folders of a study. `more`: further items of these runs (RUN/NAME/items.parquet).

    Raises InputError for a folder without its files, a run given twice, and items that belong to
    another run than meta.json says, or to none of these.
    """
    if not folders:
        raise InputError("no run folder was given")
    items, runs, curves, seconds = [], [], [], {}
    beside: dict[Path, list[Path]] = {Path(folder): [] for folder in folders}
    for path in map(Path, more):
        if path.parent.parent not in beside:
            raise InputError(f"{path}: its run is not among those given")
        beside[path.parent.parent].append(path.parent)
    for folder in map(Path, folders):
        meta = read_json(folder / "meta.json", RunMeta)
        items += [_items(scored, meta, study) for scored in (folder, *beside[folder])]
        runs.append(_run_row(meta, study))
        metrics = read_json(folder / "metrics.json", RunMetrics)
        curves += _curve_rows(folder / "log.jsonl", metrics.curves, meta)
        spent = metrics.seconds
        name = "/".join(str(getattr(meta, key)) for key in RUN_KEY)
        seconds[name] = {"train": meta.seconds.train, "evaluate": spent.evaluate}
    run_table = pl.DataFrame(runs, schema=run_columns(study)).sort(RUN_KEY)
    twice = run_table.filter(pl.struct(RUN_KEY).is_duplicated())
    if twice.height:
        raise InputError(f"the run {'/'.join(map(str, twice.select(RUN_KEY).row(0)))} was given twice")
    curve_table = pl.DataFrame(curves, schema=CURVE_COLUMNS, orient="row").sort(
        CURVE_ORDER, nulls_last=True, maintain_order=True
    )
    return Collected(
        pl.concat(items).sort(ITEM_ORDER),
        run_table,
        curve_table,
        {name: seconds[name] for name in sorted(seconds)},
    )


def write_table(frame: pl.DataFrame, path: Path | str) -> None:
    """Parquet with equal bytes for equal frames: zstd, one row group per half million rows."""
    with replacing(path) as partial:
        frame.write_parquet(
            partial, compression="zstd", compression_level=19, statistics=False, row_group_size=1 << 20
        )


def write_items(frame: pl.DataFrame, path: Path | str) -> None:
    """Write items with repeated words dictionary-encoded; `read_items` gives strings back."""
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    encoded = [
        pl.col(name).cast(pl.Enum(frame[name].drop_nulls().unique().sort().to_list())) for name in words
    ]
    write_table(frame.with_columns(encoded), path)


def _items(folder: Path, meta: RunMeta, study: type[BaseStudy]) -> pl.DataFrame:
    path = folder / "items.parquet"
    items = read_items([path], study)
    for name in RUN_KEY:
        values = items[name].unique().to_list()
        if values != [getattr(meta, name)]:
            raise InputError(f"{path}: {name}: {values}, but meta.json says {getattr(meta, name)!r}")
    if items.select(pl.struct("pool", "id").is_duplicated().any()).item():
        raise InputError(f"{path}: id: an item occurs twice in one pool")
    may_miss = ["ranked", *([] if study.answers_with_reasons else ["faithful"])]
    may_miss += [measure.name for measure in study.measures if measure.type == "text"]
    lost = [name for name in item_columns(study) if name not in may_miss and items[name].null_count()]
    if lost:
        raise InputError(f"{path}: {lost[0]}: a value is missing")
    return items


def _run_row(meta: RunMeta, study: type[BaseStudy]) -> dict[str, Any]:
    rollouts = meta.data.rollouts or Rollouts()
    own = [name for name in run_columns(study) if name not in RUN_COLUMNS]
    samples = next(
        (meta.hyper[key] for key in ("num_generations", "k", "K", "samples") if key in meta.hyper), None
    )
    mixture = (
        meta.mixture if isinstance(meta.mixture, str | None) else msgspec.json.encode(meta.mixture).decode()
    )
    parent_hash = meta.hashes.get("parent")
    return {
        **{
            name: getattr(meta, name) for name in (*RUN_KEY, "run_id", "parent", "rollouts", "method", "pool")
        },
        "mixture": mixture,
        **{name: getattr(meta, name) for name in ("reward", "selection", "rounds", "contaminated")},
        "k": int(samples) if isinstance(samples, int | float) else None,
        "hyper": msgspec.json.encode(meta.hyper, order="sorted").decode(),
        "n_train": meta.data.n_train,
        "steps": meta.data.steps,
        "parent_hash": parent_hash if isinstance(parent_hash, str) else None,
        "rollouts_sampled": rollouts.sampled,
        "prompts": rollouts.prompts,
        "winners": rollouts.winners,
        "winner_faithful": _share(rollouts.winner_faithful, rollouts.winners),
        "winner_correct": _share(rollouts.winner_correct, rollouts.winners),
        "any_correct": rollouts.any_correct,
        **{name: rollouts.winner_means.get(name.removeprefix("winner_")) for name in own},
    }


def _share(value: int | float | None, of: int | None) -> float | None:
    """The share of winners, from a count (12 in meta.json) or from a share (0.12)."""
    if value is None or isinstance(value, float):
        return value
    return value / of if of else None


def _curve_rows(path: Path, curves: Curves, meta: RunMeta) -> Iterable[tuple[Any, ...]]:
    key = tuple(getattr(meta, name) for name in RUN_KEY)
    for seen in curves.valid:
        yield (*key, "valid", seen.step, None, seen.pool, seen.accuracy, seen.faithful, seen.n)
    if not path.exists():  # an arm that is not trained, such as a fetched base model, may have no log
        return
    for row in iter_jsonl(path, LogRow):
        if row.kind == "train" and row.step is not None:
            yield (*key, "train", row.step, row.loss, None, None, None, None)
