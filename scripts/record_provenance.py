"""Record where and at what cost the runs of a size were made: hardware, versions, commands, seconds.

    python scripts/record_provenance.py --runs runs.parquet --evidence results --output provenance.json

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

import polars as pl
import psutil

from trap.cli import run_main
from trap.files import InputError, write_json

PACKAGES = ("torch", "transformers", "numpy", "polars", "snakemake")
COMMANDS = {
    "results": ["make paper-full", "make verify", "make figures report"],
    "results/default": ["make paper"],
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
        **{package: installed(package) for package in PACKAGES},
    }


def seconds(runs: pl.DataFrame) -> dict[str, float]:
    """Processor-job seconds spent on training and on evaluation, over all runs."""
    found = {}
    for name, column in (("training", "seconds_train"), ("evaluation", "seconds_eval")):
        if column not in runs.columns:
            raise InputError(f"runs: no column {column}")
        found[name] = round(float(runs[column].fill_null(0).sum()), 1)
    return {**found, "total": round(sum(found.values()), 1)}


def commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--evidence", required=True, help="results or results/default")
    parser.add_argument("--output", type=Path, required=True, help="provenance.json")
    args = parser.parse_args(argv)

    def body() -> None:
        if not args.runs.is_file():
            raise InputError(f"{args.runs}: no such file")
        runs = pl.read_parquet(args.runs)
        write_json(
            args.output,
            {
                "hardware": hardware(),
                "commands": COMMANDS.get(args.evidence, ["snakemake --cores all"]),
                "seconds": seconds(runs),
                "runs": runs.height,
                "commit": commit(),
            },
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
