"""Remove what a killed workflow left behind, so that the next one can start.

    python scripts/unlock_workflow.py

After `kill -9` of Snakemake, its directory lock stays and its jobs may go on. If no Snakemake works in this folder, this
ends the orphaned jobs, which it knows by DISTRIBUTION_TRAP_ROOT in their environment, and removes the lock. If a
Snakemake works here, this changes nothing and says so: two workflows may work in one folder as long as they make
different files. If this user may not write here, or the disk is full, this ends with status 1 and one line.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOM = 2**16  # bytes, without which Snakemake cannot even keep its records
LITTLE = 200  # megabytes, which a job of a small model may need
RIGHTS = "this user may not write here: change owner or rights, or work in a copy of the project"
# What every workflow writes to. Other folders may be read-only for a reason, and a job says so if it is not one.
WRITTEN = (
    ".snakemake", ".snakemake/locks", ".snakemake/metadata", ".snakemake/incomplete", ".snakemake/log", "results",
    "results/logs", "results/benchmarks",
)  # fmt: skip
LOCKS = Path(".snakemake/locks")
MARK = "DISTRIBUTION_TRAP_ROOT"


def _others() -> Iterator[psutil.Process]:
    """Live processes of this user other than this one and its ancestors."""
    me = psutil.Process()
    skip = {me.pid, *(parent.pid for parent in me.parents())}
    for process in psutil.process_iter():
        try:
            if (
                process.pid not in skip
                and process.status() != psutil.STATUS_ZOMBIE
                and process.uids().real == os.getuid()
            ):
                yield process
        except psutil.Error:
            continue


def is_snakemake(process: psutil.Process, folder: Path) -> bool:
    """Whether a process is a Snakemake that works in `folder`."""
    try:
        words = [Path(word).name for word in process.cmdline()[:4]]
        return "snakemake" in words and Path(process.cwd()).resolve() == folder
    except psutil.Error:
        return False


def is_orphan(process: psutil.Process, folder: Path) -> bool:
    """Whether a process is a job of a workflow in `folder`."""
    try:
        marked = process.environ().get(MARK)
        return marked is not None and Path(marked).resolve() == folder
    except (psutil.Error, OSError):
        return False


def end(processes: list[psutil.Process]) -> None:
    """Terminate, and kill what does not stop within five seconds."""
    for process in processes:
        try:
            process.terminate()
        except psutil.Error:
            continue
    for process in psutil.wait_procs(processes, timeout=5)[1]:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(processes, timeout=5)


def busy(folder: Path) -> str:
    """One line about a live workflow that holds locks in `folder`; "" for none."""
    if any(path.is_file() for path in (folder / LOCKS).glob("*")):
        for process in _others():
            if is_snakemake(process, folder):
                return (
                    f"a workflow works here already (process {process.pid}): if the folder is locked, wait until it ends,"
                    " then start the same command again"
                )
    return ""


def forbidden(folder: Path) -> str:
    """One line about what keeps a workflow from writing to `folder`: its disk is full, or rights; "" for nothing."""
    if shutil.disk_usage(folder).free < ROOM:
        return f"{folder}: no space is left on the disk: make room, then start the same command again"
    for place in (folder, *(folder / name for name in WRITTEN)):
        if place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
            return f"{place}: {RIGHTS}"
    return ""


def hindrance(folder: Path) -> str:
    """After a failure: one line about a disk with little room, or about a folder of results that is not writable.

    Where the disk was full, what could not be finished is gone by now, so that there is room again.
    """
    left = shutil.disk_usage(folder).free // 10**6
    if left < LITTLE:
        told = "MB are left on this disk: if it was full, make room, then start the same command again"
        return f"{folder}: {left} {told}"
    for place, folders, _ in os.walk(folder / "results"):
        if not os.access(place, os.W_OK | os.X_OK):
            return f"{place}: {RIGHTS}"
        if Path(place) == folder / "results":  # released items are only read, but when they are released
            folders[:] = [name for name in folders if name != "released"]
    return ""


def unlock(folder: Path) -> list[str]:
    """Clean up after a dead workflow in `folder` (an absolute path). Returns what was done, one line each."""
    locks = [path for path in (folder / LOCKS).glob("*") if path.is_file()]
    if not locks:
        return []
    others = list(_others())
    if any(is_snakemake(process, folder) for process in others):
        return []
    orphans = [process for process in others if is_orphan(process, folder)]
    end(orphans)
    for path in locks:
        path.unlink(missing_ok=True)
    done = [f"ended {len(orphans)} job(s) that a killed workflow left running"] if orphans else []
    return [*done, "removed the lock of a workflow that was killed"]


def main(argv: list[str] | None = None) -> int:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(argv)
    folder = Path.cwd().resolve()
    if why := forbidden(folder):
        print(f"error: {why}", file=sys.stderr)
        return 1
    for line in [*unlock(folder), *filter(None, [busy(folder)])]:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
