"""Remove what a killed workflow left behind, so that the next one can start.

    python scripts/unlock_workflow.py

After `kill -9` of Snakemake, its directory lock stays and its jobs may go on. If no Snakemake works in this folder, this
ends the orphaned jobs, which it knows by DISTRIBUTION_TRAP_ROOT in their environment, and removes the lock. If a
Snakemake works here, this changes nothing, and the next command says that the folder is locked.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

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
    for line in unlock(Path.cwd().resolve()):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
