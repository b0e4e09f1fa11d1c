"""What programs that train or ask a run share: the arguments that name it, and its study, settings and model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from trap.files import InputError
from trap.models.loading import load_model
from trap.studies.base import BaseStudy
from trap.workflow.config import Config, Hyper, hyper_of, load_config
from trap.workflow.opening import open_study
from trap.workflow.running import fix_threads
from trap.workflow.sheet import Arm, load_arms

RUN = ("study", "model", "platform", "arm", "seed")  # what names a run in a table
SETTINGS = ("config", "study", "sheet", "arm", "model", "platform")


class Opened(NamedTuple):
    """An arm with its study and settings, before any weights are read. `arms`: its whole sheet."""

    config: Config
    study: BaseStudy
    arms: dict[str, Arm]
    arm: Arm
    hyper: Hyper


class Trained(NamedTuple):
    """A trained run. `run`: the columns that name it."""

    config: Config
    study: BaseStudy
    hyper: Hyper
    model: Any
    run: dict[str, Any]


def add_arm(parser: argparse.ArgumentParser, last: str) -> None:
    """Add the arguments that name a run. last: the last of the runs whose weights build on each other."""
    for name in SETTINGS:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--lineage", nargs="+", required=True, help=f"run folders from the base to {last}")
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a run and what it is asked."""
    add_arm(parser, "this run")
    parser.add_argument(
        "--pools", nargs="+", required=True, help="pool files; a pool's name is its file's stem"
    )


def open_arm(args: argparse.Namespace) -> Opened:
    """The arm that these arguments name. Raises InputError where the sheet has no such arm."""
    fix_threads()
    config = load_config(args.config)
    study = open_study(config, args.study, args.data)
    arms = load_arms(args.sheet, type(study))
    if args.arm not in arms:
        raise InputError(f"{args.sheet}: no arm `{args.arm}`")
    arm = arms[args.arm]
    return Opened(config, study, arms, arm, hyper_of(config, args.study, args.model, arm.hyper))


def weights(runs: Sequence[str]) -> list[Path]:
    """The weights that runs left in their folders."""
    return [Path(run) / "adapter" for run in runs]


def open_run(args: argparse.Namespace) -> Trained:
    """The run that these arguments name, with its model. Raises InputError where the sheet has no such arm."""
    config, study, _, _, hyper = open_arm(args)
    model = load_model(config, args.model, args.platform, weights(args.lineage), config.device)
    return Trained(config, study, hyper, model, {name: getattr(args, name) for name in RUN})
