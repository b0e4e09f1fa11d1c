"""A folder of evidence, opened: items, runs and whatever else an experiment collected, with settings and study."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from trap.analysis.cells import read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.runs import load_sheets, read_runs, read_seconds
from trap.analysis.summaries import Summaries
from trap.studies.base import BaseStudy
from trap.workflow.config import Config, load_config
from trap.workflow.opening import open_study, study_settings

ITEMS = "items.parquet"


def add_options(parser: argparse.ArgumentParser, several: bool = False) -> None:
    """The options that every program of the evidence has."""
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument("--data", type=Path, help="its data folder, unless it is results/STUDY/data")
    parser.add_argument(
        "--evidence", type=Path, required=True, metavar="FOLDER", nargs="+" if several else None,
        help="what collect_runs.py wrote, or what was released of it",
    )  # fmt: skip


def open_folder(
    config: Config, study: BaseStudy, name: str, folder: Path, *, seconds: bool = False
) -> Summaries:
    """Summaries of a folder; `name` is the study's in the settings. Raises InputError for what is wrong in a file."""
    settings = study_settings(config, name)
    sheet = load_sheets(settings)
    runs = read_runs(folder / "runs.parquet", sheet, read_seconds(folder) if seconds else None)
    items = read_items([folder / ITEMS], type(study))
    return Summaries(load_claims(settings.claims, type(study)), study, items, runs, sheet, folder)


def open_arguments(arguments: argparse.Namespace, *, seconds: bool = False) -> Summaries:
    """`open_folder` of the options of `add_options`."""
    config = load_config(arguments.config)
    study = open_study(config, arguments.study, arguments.data)
    return open_folder(config, study, arguments.study, arguments.evidence, seconds=seconds)


def read_folders(folders: Sequence[Path], study: type[BaseStudy]) -> pl.DataFrame:
    """Items of several folders as one frame."""
    return read_items([folder / ITEMS for folder in folders], study)
