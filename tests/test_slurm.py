"""The profile slurm on a real Slurm of one node: a node that is lost with its job changes no byte of the results."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from one_node import OneNode, one_node
from skips import needs
from whole_runs import LIMIT, TINY, claims, environment, project, wait_for_job

pytestmark = [pytest.mark.slow, needs("slurm", "namespaces", "slurmd")]
RUNS = "results/hops/runs/nano/torch"
LEDGER = "results/hops/default/claims.json"
# Less than the profile says, because tiny jobs take seconds. The plugin adds 10 seconds where no job has ended.
WAITING = ("--slurm-init-seconds-before-status-checks", "6")


def start(node: OneNode, folder: Path) -> subprocess.Popen:
    """The tiny workflow through the profile, up to the ledger; both streams in run.log."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        "profiles/slurm",
        *TINY,
        *WAITING,
        "--",
        LEDGER,
    ]
    with (folder / "run.log").open("wb") as log:
        return subprocess.Popen(
            node.inside(*command, folder=folder),
            env=node.environment() | environment(), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def results(folder: Path) -> dict[str, bytes]:
    """What runs of the same code and settings must have in common, by path: adapters, answers, collected items."""
    hops = folder / "results/hops"
    found = [
        *hops.glob("runs/**/adapter/*"),
        *hops.glob("runs/**/episodes.jsonl"),
        *hops.glob("**/items.parquet"),
    ]
    return {
        path.relative_to(hops).as_posix(): path.read_bytes()
        for path in found
        if not path.name.startswith(".")
    }


def test_nothing_is_left_of_a_cluster(tmp_path: Path) -> None:
    def outside() -> list[str]:
        return [name for name in ("/etc/slurm/slurm.conf", "/run/munge/socket") if Path(name).exists()]

    before = outside()
    with pytest.raises(ZeroDivisionError), one_node(tmp_path / "logs") as node:
        assert node.told("sinfo", "--noheader", "--format=%n %T") == "node1 idle\n"
        found = node.processes("munged", "slurmctld", "slurmd")
        assert len(found) == 3
        1 / 0  # noqa: B018
    assert not any(process.is_running() for process in found)
    assert outside() == before


def test_a_lost_node_changes_nothing(tiny_run: Path, tmp_path: Path) -> None:
    """The program of a killed job goes on, ends after everything else, and writes over what is there."""
    folder = project(tmp_path / "project", tiny_run)
    for arm in ("base", "sft"):  # what is trained before need not be trained here again
        shutil.copytree(tiny_run / RUNS / arm, folder / RUNS / arm)
    with one_node(tmp_path / "logs") as node:
        running = start(node, folder)
        orphan = wait_for_job(folder, "train_adapter.py", running)
        node.lose_node()
        orphan.suspend()  # not before: the kernel ends stopped processes whose parents are lost
        node.start_node()
        assert running.wait(LIMIT) == 0, (folder / "run.log").read_text()[-5000:] + node.log()
        assert "NODE_FAIL" in (folder / "run.log").read_text()
        assert results(folder) == results(tiny_run) and claims(folder) == claims(tiny_run)

        written = sorted((folder / RUNS / "rsft_hard/s1/adapter").glob("[!.]*"))
        before = [path.stat().st_ino for path in written]
        orphan.resume()
        psutil.wait_procs([orphan], timeout=LIMIT)
        assert [path.stat().st_ino for path in written] != before
    assert results(folder) == results(tiny_run)
    hidden = [path for path in (folder / "results").rglob(".*") if path.name != ".snakemake_timestamp"]
    assert hidden == []
