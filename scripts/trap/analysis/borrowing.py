"""Take runs over that another experiment has already collected, so that no run is made twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.cells import read_items, read_table
from trap.analysis.collect import RUN_KEY
from trap.analysis.runs import read_seconds
from trap.files import InputError
from trap.studies.base import BaseStudy

TABLES = ("items", "runs", "curves", "episodes")
# What seconds.json calls a run: STUDY/MODEL/PLATFORM/ARM/SEED.
RUN_NAME = pl.concat_str([pl.col(column).cast(pl.String) for column in RUN_KEY], separator="/")


def borrow(
    folders: Sequence[Path], names: Sequence[str], study: type[BaseStudy], whole: Path | None = None
) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    """(tables, seconds) of the named runs (STUDY/MODEL/PLATFORM/ARM/SEED), each from the first folder that holds it.

    folders: what collect_runs.py wrote for other experiments, or its released copy. Pools that only those experiments
    ask are left out, but not those of `whole`, the release of the experiment itself. Raises InputError for a run that
    none of the folders holds.
    """
    asked = [pool.name for pool in study.pools if pool.scored and not pool.extra]
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in TABLES}
    seconds: dict[str, Any] = {}
    wanted = list(names)
    for folder in folders:
        spent = read_seconds(folder / "seconds.json")
        here = [name for name in wanted if name in spent]
        if not here:
            continue
        wanted = [name for name in wanted if name not in spent]
        seconds |= {name: spent[name] for name in here}
        for table in TABLES:
            path = folder / f"{table}.parquet"
            frame = read_items([path], study) if table == "items" else read_table(path)
            if table == "items" and folder != whole:
                frame = frame.filter(pl.col("pool").is_in(asked))
            parts[table].append(frame.filter(RUN_NAME.is_in(here)))
    if wanted:
        raise InputError(f"{', '.join(map(str, folders))}: no run {wanted[0]}")
    return {name: pl.concat(frames) for name, frames in parts.items()}, seconds
