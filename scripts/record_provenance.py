"""Record where and at what cost the runs of a size were made: hardware, versions, commands, seconds.

    python scripts/record_provenance.py --seconds seconds.json --evidence results --output provenance.json

Runs right after the runs were collected, on the machine that trained them; the post quotes it.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from trap.analysis.runs import read_seconds
from trap.cli import run_main
from trap.files import write_json

PACKAGES = ("torch", "mlx", "mlx-lm", "unsloth", "transformers", "numpy", "polars", "snakemake")
COMMANDS = {
    "results": ["make paper-full", "make verify", "make figures report"],
    "results/default": ["make paper"],
    "results/platforms": ["make mlx", "snakemake -c2 results/platforms/platforms.md"],
}


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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=Path, required=True, help="seconds.json of collect_runs.py")
    parser.add_argument("--evidence", required=True, help="results or results/default")
    parser.add_argument("--output", type=Path, required=True, help="provenance.json")
    args = parser.parse_args(argv)

    def body() -> None:
        runs = read_seconds(args.seconds)
        write_json(
            args.output,
            {
                "hardware": hardware(),
                "commands": COMMANDS.get(args.evidence, ["snakemake --cores all"]),
                "seconds": total_seconds(runs),
                "runs": len(runs),
                "commit": commit(),
            },
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
