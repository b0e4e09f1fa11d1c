"""After `kill -9` of Snakemake: orphans end, the lock goes, and a live workflow is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import unlock_workflow
from unlock_workflow import busy, forbidden, hindrance, main, unlock

pytestmark = pytest.mark.slow

SNAKEFILE = """
shell.prefix(f"export DISTRIBUTION_TRAP_ROOT='{workflow.basedir}'; ")
rule slow:
    output: "slow.txt"
    shell: "touch started; sleep 120; touch {output}"
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen]]:
    """A folder and the Snakemake that works in it."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "1"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.1)
    yield tmp_path, process
    for child in [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []:
        child.kill()
    process.kill()
    process.wait()
    unlock(tmp_path.resolve())


def sleepers(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "sleep" and Path(process.cwd()) == folder.resolve():
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_a_live_workflow_is_left_alone(running: tuple[Path, subprocess.Popen]) -> None:
    folder, process = running
    assert unlock(folder.resolve()) == []
    assert process.poll() is None and sleepers(folder)
    told = busy(folder.resolve())
    assert (
        told.startswith(f"a workflow works here already (process {process.pid})")
        and "wait until it ends" in told
    )
    assert list((folder / ".snakemake/locks").iterdir())


def test_a_dead_workflow_is_cleaned_up(running: tuple[Path, subprocess.Popen]) -> None:
    folder, process = running
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = unlock(folder.resolve())
    assert "removed the lock" in done[-1]
    assert not sleepers(folder)
    assert not list((folder / ".snakemake/locks").iterdir())
    again = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--rerun-incomplete"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr


def test_nothing_to_clean(tmp_path: Path) -> None:
    assert unlock(tmp_path) == [] and busy(tmp_path) == "" and forbidden(tmp_path) == ""


@pytest.mark.parametrize("place", [".", ".snakemake", "results", "results/logs"])
def test_where_nobody_may_write_one_line_says_so(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / place).mkdir(parents=True, exist_ok=True)
    # root may write everywhere, so that the system is asked in its place
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / place)
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    error = capsys.readouterr().err
    assert (
        error.startswith(f"error: {tmp_path / place}: this user may not write here")
        and error.count("\n") == 1
    )


@pytest.mark.parametrize(("place", "told"), [("hops/default/tables", True), ("released/hops/full", False)])
def test_after_a_failure_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, place: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlock_workflow, "LITTLE", 0)
    (tmp_path / "results" / place).mkdir(parents=True)
    assert hindrance(tmp_path) == ""
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "results" / place)
    assert hindrance(tmp_path).startswith(
        f"{tmp_path / 'results' / place}: this user may not" if told else ""
    )
    assert bool(hindrance(tmp_path)) == told


def test_after_a_failure_little_room_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlock_workflow, "LITTLE", 2**60)
    assert "MB are left on this disk: if it was full, make room" in hindrance(tmp_path)


def test_a_full_disk_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unlock_workflow, "ROOM", 2**80)
    monkeypatch.chdir(tmp_path)
    assert main([]) == 1
    error = capsys.readouterr().err
    assert "no space is left on the disk: make room" in error and error.count("\n") == 1
