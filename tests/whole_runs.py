"""A copy of the project for tests that run the whole workflow in it, and Snakemake in such a copy."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import pkgutil
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import psutil

from unlock_workflow import MARK

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 420  # seconds that a call of Snakemake may take
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report", "results/released/hops/published")
VOLATILE = ("seconds", "commit")  # what two runs of the same code may differ in
TINY = ("--configfile", "config/test/config.yaml")


def copy_parts(folder: Path, parts: Iterable[str]) -> Path:
    """Copy files and folders of the project, given relative to its root, into a folder that is made for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / part, folder / part)
    return folder


def project(folder: Path, run: Path | None = None) -> Path:
    """A copy of the project in which nothing is made, or only the items and gates of a run in another copy."""
    copy_parts(folder, PARTS)
    if run:
        shutil.copytree(run / "results/hops/data", folder / "results/hops/data")
    return folder


def shared(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder/made`, which the first process of a test run makes. All others wait for it, and none may change it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").is_file():
            shutil.rmtree(folder / "made", ignore_errors=True)  # by a process that failed
            make(folder / "made")
            (folder / "whole").touch()
    return folder / "made"


def start(folder: Path, *targets: str) -> subprocess.Popen:
    """A tiny run, up to the targets if there are any; both streams in run.log."""
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "2", *TINY, "--", *targets],
            cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip


def finish(folder: Path, *targets: str) -> None:
    process = start(folder, *targets)
    assert process.wait(LIMIT) == 0, (folder / "run.log").read_text(encoding="utf-8")[-5000:]


def job(folder: Path, script: str) -> psutil.Process | None:
    """A running Python job of the workflow in `folder` that runs this script."""
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if (
                words[1].endswith(script)
                and "python" in Path(words[0]).name
                and Path(process.environ().get(MARK, "/")).resolve() == folder.resolve()
            ):
                return process
        except (psutil.Error, IndexError):
            continue
    return None


def wait_for_job(folder: Path, script: str, running: subprocess.Popen) -> psutil.Process:
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        found = job(folder, script)
        if found:
            return found
        assert running.poll() is None, (folder / "run.log").read_text(encoding="utf-8")[-5000:]
        time.sleep(0.05)
    raise AssertionError(f"{script} never ran")


def claims(folder: Path) -> list[dict]:
    """The ledger of a run, without what two runs of the same code may differ in."""
    rows = json.loads((folder / "results/hops/default/claims.json").read_text(encoding="utf-8"))
    return [{key: value for key, value in row.items() if key not in VOLATILE} for row in rows]


def environment() -> dict[str, str]:
    """The environment of a run: without what is meant for pytest, and compiled code is kept, for it has many jobs."""
    left_out = [name for name in os.environ if name.startswith("PYTEST")]
    return {name: os.environ[name] for name in os.environ.keys() - {*left_out, "PYTHONDONTWRITEBYTECODE"}}


@cache
def _processes() -> multiprocessing.context.ForkServerContext:
    """Makes processes that have imported Snakemake and its plugins already, and nothing of this project."""
    context = multiprocessing.get_context("forkserver")
    plugins = [module.name for module in pkgutil.iter_modules() if module.name.startswith("snakemake_")]
    context.set_forkserver_preload(["snakemake.cli", *plugins])
    return context


def _call(folder: str, arguments: list[str], told: str) -> None:
    """The command `snakemake`, in `folder`, with both streams in the file `told`."""
    from snakemake.cli import main

    with open(told, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    for name in os.environ.keys() - environment().keys():
        del os.environ[name]
    os.chdir(folder)
    main(arguments)


def snakemake(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run Snakemake in a process of its own in `folder`; its output, both streams.

    It is the command `snakemake --cores 2 ARGUMENTS`, but for the second that importing Snakemake takes.
    """
    told = folder.parent / f"{folder.name}.snakemake.log"
    process = _processes().Process(target=_call, args=(str(folder), ["--cores", "2", *arguments], str(told)))
    process.start()
    process.join(LIMIT)
    late = process.is_alive()
    process.kill()
    process.join()
    output = told.read_text(encoding="utf-8")
    assert not late and (process.exitcode == 0 or not check), output
    return output
