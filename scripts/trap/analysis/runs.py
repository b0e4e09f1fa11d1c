"""The table of runs, joined with what the sheet says of each arm and with the seconds that each run took."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.cells import read_table
from trap.analysis.collect import RUN_KEY
from trap.files import InputError, read_json
from trap.workflow.sheet import Arm

SECONDS = ("train", "evaluate")
ARM_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("study", "model", "platform", "arm", "label", "short", "role", "group"), pl.String),
    "contaminated": pl.Boolean,
}


def read_seconds(path: Path | str) -> dict[str, dict[str, float | None]]:
    """seconds.json of collect_runs.py: {run: {"train": s, "evaluate": s}}, null where unknown. Raises InputError."""
    found = read_json(path)
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise InputError(f"{path}: expected an object of objects, one a run")
    for run, row in found.items():
        for key in SECONDS:
            if not isinstance(row.get(key), int | float | None):
                raise InputError(f"{path}: {run}: {key}: not a number")
    return found


def arm_fact(sheet: Mapping[str, Arm], arm: str) -> dict[str, Any]:
    """label, short, role, group and contaminated of an arm. An arm that is in no sheet is labelled by its name."""
    row = sheet.get(arm)
    if row is None:
        return {"label": arm, "short": arm, "role": "", "group": "", "contaminated": False}
    return {
        "label": row.label or arm, "short": row.short or row.label or arm, "role": row.role, "group": row.group,
        "contaminated": row.contaminated,
    }  # fmt: skip


def read_runs(
    path: Path | str, sheet: Mapping[str, Arm] | None = None, seconds: Mapping[str, Mapping[str, Any]] | None = None
) -> pl.DataFrame:  # fmt: skip
    """runs.parquet with columns label, short, role, group and contaminated of the sheet, and the seconds of each run.

    These columns come from the sheet and are not kept with the runs, so that a new label needs no run.
    """
    runs = read_table(path)
    sheet, seconds = sheet or {}, seconds or {}
    facts = [arm_fact(sheet, name) for name in runs["arm"].to_list()]
    keys = ["/".join(map(str, row)) for row in runs.select(RUN_KEY).rows()]
    names = ("label", "short", "role", "group", *(["contaminated"] if sheet else []))
    columns = [pl.Series(name, [fact[name] for fact in facts], ARM_COLUMNS[name]) for name in names]
    columns += [
        pl.Series(f"seconds_{key}", [seconds.get(run, {}).get(key) for run in keys], pl.Float64)
        for key in SECONDS
    ]
    return runs.with_columns(columns)
