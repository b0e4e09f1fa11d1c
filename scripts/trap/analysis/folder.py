"""Open a folder of evidence: items, runs and what else an experiment collected, with its settings and study."""

from __future__ import annotations

import argparse
from pathlib import Path

from trap.analysis.cells import read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.runs import read_runs, read_seconds
from trap.analysis.summaries import Summaries
from trap.files import InputError
from trap.workflow.config import load_config
from trap.workflow.opening import open_study, study_settings
from trap.workflow.sheet import load_arms


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a program that reads one folder of evidence (`open_folder`)."""
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument(
        "--sheet", type=Path, required=True, help="the experiment sheet: what its arms are called"
    )
    parser.add_argument(
        "--evidence", type=Path, required=True, metavar="FOLDER",
        help="what collect_runs.py wrote, or what was released of it",
    )  # fmt: skip
    parser.add_argument(
        "--pools", type=Path, nargs="*", default=[], metavar="POOL.jsonl",
        help="items of the evaluation pools, for what needs no model",
    )  # fmt: skip
    parser.add_argument("--data", type=Path, help="the study's data folder, unless it is results/STUDY/data")


def open_folder(arguments: argparse.Namespace) -> Summaries:
    """The evidence that the options of `add_options` name. Raises InputError naming the file that is wrong."""
    config = load_config(arguments.config)
    study = open_study(config, arguments.study, arguments.data)
    folder, sheet = arguments.evidence, load_arms(arguments.sheet)
    pools = {}
    for path in arguments.pools:
        if path.stem in pools:
            raise InputError(f"{path}: a second file for the pool {path.stem!r}")
        pools[study.pool(path.stem).name] = study.read(path)
    spec = load_claims(study_settings(config, arguments.study).claims, type(study))
    runs = read_runs(folder / "runs.parquet", sheet, read_seconds(folder / "seconds.json"))
    items = read_items([folder / "items.parquet"], type(study))
    return Summaries(spec, study, pools, items, runs, sheet, folder)
