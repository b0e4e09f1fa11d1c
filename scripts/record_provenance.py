"""Record where, from what and at what cost the runs of an experiment were made: machine, versions, settings, seconds.

    python scripts/record_provenance.py --study STUDY --experiment EXPERIMENT --seconds seconds.json \\
        --output provenance.json

Runs right after the runs were collected, on the machine that trained them; the post quotes it, and it is released
with the items.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from trap.analysis.runs import read_seconds
from trap.cli import run_main
from trap.files import read_json, write_json
from trap.workflow.closure import sha256_file
from trap.workflow.config import load_config
from trap.workflow.plan import Plan
from trap.workflow.runs import Run, set_values

PACKAGES = ("torch", "mlx", "mlx-lm", "unsloth", "transformers", "numpy", "polars", "snakemake")
LOCK = Path(__file__).resolve().parents[1] / "requirements/lock.txt"


def processor() -> str:
    """The processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def hardware() -> dict[str, object]:
    """Processor, cores that this process may use, memory in GiB, system and versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor(),
        "cores": cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := installed(package))},
    }


def total_seconds(runs: dict[str, dict[str, float | None]]) -> dict[str, float]:
    """Seconds of jobs, spent on training and on evaluation, over all runs."""
    found = {}
    for name, key in (("training", "train"), ("evaluation", "evaluate")):
        found[name] = round(sum(row.get(key) or 0.0 for row in runs.values()), 1)
    return {**found, "total": round(sum(found.values()), 1)}


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def configuration(plan: Plan, experiment: str) -> dict[str, Any]:
    """What the runs depend on beside code: the experiment, how items are made, and what each arm trains with."""
    runs = plan.runs(experiment)
    trained = {run.model: {} for run in runs}
    for run in runs:
        for arm in (*plan.ancestors(run.arm), run.arm):
            trained[run.model][arm] = plan.run_settings(run.model, arm)
    return {
        "experiment": set_values(plan.experiment(experiment)),
        "data": plan.data_record(),
        "settings": {
            f"{model}/{arm}": value for model, arms in trained.items() for arm, value in sorted(arms.items())
        },
    }


def added_to(release: str, made: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """The record of a release with the runs that were added to it.

    Commit, machine and packages of the first runs stay where they are; `added` has those of the others.
    """
    before = read_json(Path(release, "provenance.json"), dict[str, Any])
    models: dict[str, set[int]] = {}
    for run in runs:
        models.setdefault(run.model, set()).add(run.seed)
    which = "; ".join(f"{model}, seeds {min(seeds)} to {max(seeds)}" for model, seeds in models.items())
    more = {"runs": len(runs), "what": which, "commit": made["commit"], "hardware": made["hardware"]}
    kept = {
        name: before[name]
        for name in before
        if name not in ("seconds", "runs", "experiment", "data", "settings")
    }
    return {**made, **kept, "added": [*before.get("added", []), *([more] if runs else [])]}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument("--experiment", required=True, help="an experiment of the study")
    parser.add_argument("--seconds", type=Path, required=True, help="seconds.json of collect_runs.py")
    parser.add_argument("--output", type=Path, required=True, help="provenance.json")
    args = parser.parse_args(argv)

    def body() -> None:
        runs, config = read_seconds(args.seconds), load_config(args.config)
        target = args.experiment if args.study == config.study else f"{args.study}_{args.experiment}"
        plan = Plan.of(config, args.study)
        made = {
            "study": args.study,
            "hardware": hardware(),
            "commands": [f"snakemake --cores all {target}"],
            "seconds": total_seconds(runs),
            "runs": len(runs),
            "commit": commit(),
            "lock": sha256_file(LOCK) if LOCK.is_file() else "",
            **configuration(plan, args.experiment),
        }
        release = plan.extended(args.experiment)
        write_json(args.output, added_to(release, made, plan.collected(args.experiment)) if release else made)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
