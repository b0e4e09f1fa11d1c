"""The workflow itself: seconds to plan every job of the default and of the full size."""

from __future__ import annotations

import os
import subprocess
import sys

from workload import ROOT, Row, Workload, timed

GOAL = 5.0


def plan(target: str) -> tuple[int, float]:
    """(jobs, seconds) of a dry run of everything from nothing, in a fresh process."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "2",
        "--dry-run",
        "--forceall",
        "--nolock",
        target,
        "--config",
        "adopt=False",  # committed results would stand for the runs of the full size
    ]
    done, seconds = timed(
        lambda: subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C.UTF-8"}
        )
    )
    if done.returncode:
        raise RuntimeError(f"dry run failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    jobs = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("total "))
    return int(jobs), seconds


def measure(work: Workload) -> list[Row]:
    rows = []
    for target in ("all", "full"):
        runs = [plan(target) for _ in range(3)]
        seconds = sorted(seconds for _, seconds in runs)[1]
        rows.append(
            Row(f"dry run of `{target}`, {runs[0][0]} jobs", seconds, "s", f"≤ {GOAL:g}", seconds <= GOAL)
        )
    return rows
