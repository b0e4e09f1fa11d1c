"""The table of runs with what is not a run's own: its arm's name in figures, and the seconds it took."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from trap.analysis.cells import read_table
from trap.analysis.collect import RUN_KEY
from trap.files import InputError, read_json
from trap.workflow.sheet import load_arms

SECONDS = ("train", "evaluate")


def read_seconds(path: Path | str) -> dict[str, dict[str, float | None]]:
    """seconds.json of collect_runs.py: {run: {"train": s, "evaluate": s}}. Raises InputError."""
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise InputError(f"{path}: expected an object of objects, one a run")
    for run, row in found.items():
        for key in SECONDS:
            if not isinstance(row.get(key), int | float | None):
                raise InputError(f"{path}: {run}: {key}: not a number")
    return found


def read_runs(
    path: Path | str, arms: Path | str | None = None, seconds: Path | str | None = None
) -> pl.DataFrame:
    """runs.parquet with columns label and group (of the experiment sheet) and seconds_train, seconds_evaluate.

    Labels are read here and not kept with the runs, so that renaming an arm in the figures needs no run.
    An arm that the sheet no longer has, or any arm without a sheet, is called by its own name.
    """
    runs = read_table(path)
    sheet = load_arms(arms) if arms else {}
    spent = read_seconds(seconds) if seconds else {}
    names = runs["arm"].to_list()
    keys = ["/".join(map(str, row)) for row in runs.select(RUN_KEY).rows()]
    columns = [
        pl.Series("label", [sheet[name].label or name if name in sheet else name for name in names]),
        pl.Series("group", [sheet[name].group if name in sheet else "" for name in names], pl.String),
        *(
            pl.Series(f"seconds_{key}", [spent.get(run, {}).get(key) for run in keys], pl.Float64)
            for key in SECONDS
        ),
    ]
    return runs.with_columns(columns)
