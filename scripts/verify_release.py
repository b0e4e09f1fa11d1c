"""Say which released items are older than the code and the settings that made them, and whether released weights are whole.

    python scripts/verify_release.py [--study hops] [--experiment full …]

For each experiment under results/released/, this lists the commits after that of its provenance.json that changed code
for training, evaluation or collection, and says whether the settings of its arms have changed. These are warnings, not
errors, because code can be tidied without training for hours. Whether a change of code changes results is for a test
that trains a tiny run again, and for `repeat_run` with a real one. Weights that are damaged, missing or of another model
are an error: the exit status is 1.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import InputError, read_json
from trap.models.released_weights import troubles
from trap.workflow.closure import code
from trap.workflow.config import ROOT, Config, load_config
from trap.workflow.plan import RELEASED, WEIGHTS, Plan

SHOWN = 5  # commits listed by name; the others are counted


def training_files(plan: Plan, experiment: str) -> list[str]:
    """Paths of the code that an experiment's runs came from."""
    study = f"studies.{plan.module}.study"
    programs = {("collect_runs.py", study)}
    for run in plan.runs(experiment):
        programs.add(("evaluate_adapter.py", f"platforms.{run.platform}", study))
        programs |= {tuple(plan.trains(arm, run.platform)) for arm in (run.arm, *plan.ancestors(run.arm))}
    return sorted({path for program in programs for path in code(*program) if not Path(path).is_absolute()})


def later_commits(commit: str, files: list[str]) -> list[str] | None:
    """Commits after `commit` that touched one of the files, newest first; None where history does not tell."""
    command = ["git", "-C", str(ROOT), "log", "--format=%h %s", f"{commit}..HEAD", "--", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def changed_settings(plan: Plan, experiment: str, recorded: dict[str, Any]) -> list[str]:
    """Arms whose row or hyperparameters are no longer those of the runs."""
    pairs = sorted({(run.model, run.arm) for run in plan.runs(experiment)})
    now = {f"{model}/{arm}": plan.run_settings(model, arm) for model, arm in pairs}
    return [f"settings of {name}" for name, value in now.items() if recorded.get(name, value) != value]


def findings(config: Config, study: str, experiment: str) -> list[str]:
    """What is to be said of one experiment's released items, a line each; none when they are up to date."""
    plan = Plan.of(config, study)
    path = Path(plan.released_folder(experiment), "provenance.json")
    made = f"snakemake --cores all {experiment if study == config.study else f'{study}_{experiment}'} --config items=local"
    if experiment not in plan.settings.experiments:
        return [f"{path.parent}: config/{study}/experiments.yaml has no experiment of this name"]
    recorded = read_json(path, dict[str, Any])
    commit = str(recorded.get("commit") or "")
    later = later_commits(commit, training_files(plan, experiment)) if commit else None
    lines = []
    if later is None:
        since = commit[:10] or "(none recorded)"
        lines.append(f"history does not tell what changed since its commit {since}")
    elif later:
        lines.append(f"{len(later)} later commits touched code that its runs came from:")
        lines += [f"  {line}" for line in later[:SHOWN]]
        lines += [f"  … and {len(later) - SHOWN} more"] if len(later) > SHOWN else []
    lines += changed_settings(plan, experiment, recorded.get("settings") or {})
    return [*lines, f"to make them anew: {made}, then release_{made.split()[3]}"] if lines else []


def main(argv: list[str] | None = None) -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", help="only this one")
    parser.add_argument("--experiment", nargs="*", help="only these")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        released = sorted(Path(RELEASED).glob("*/*/provenance.json"))
        chosen = [
            (study, experiment) for study, experiment in (path.parts[-3:-1] for path in released)
            if args.study in (None, study) and experiment in (args.experiment or [experiment])
        ]  # fmt: skip
        if not chosen:
            raise InputError(f"{RELEASED}/: nothing of that name is released here")
        wrong = 0
        for study, experiment in chosen:
            if study not in config.studies:
                print(f"{study} {experiment}: the settings name no study `{study}`")
                continue
            lines = findings(config, study, experiment)
            print(f"{study} {experiment}: {'items may be older than their code' if lines else 'up to date'}")
            for line in lines:
                print(f"  {line}")
            damaged = troubles(Path(RELEASED, study, experiment, WEIGHTS))
            wrong += len(damaged)
            for line in damaged:
                print(f"  {line}")
        if wrong:
            raise InputError(f"{RELEASED}/: {wrong} released weights are not those that were released")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
