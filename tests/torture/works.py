"""Copies of the project, what is built in them, and the workflow as a person starts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from torture.same import differences, fingerprints, left_behind
from unlock_workflow import MARK
from whole_runs import copy_parts, environment

PARTS = (
    "Snakefile", "rules", "scripts", "config", "profiles", "report", "page", "video", "docs/glossary.md",
    "results/released/hops/published",
)  # fmt: skip
TINY = ("--configfile", "config/test/config.yaml")
LIMIT = 1800  # seconds that a run may take on a busy machine
# What a line must have to say what to do.
ADVICE = re.compile(
    r".*(make room|start the same command again|change owner or rights|work in a (copy|folder)).*"
)
MADE = "results/hops"


@dataclass(frozen=True)
class Goal:
    """Something to build. removed: what is taken out of a finished tiny run first; () for a run from nothing."""

    name: str
    targets: tuple[str, ...]
    settings: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


GOALS = {
    goal.name: goal
    for goal in (
        Goal("tiny", ("all",)),
        Goal("paper", ("all",), removed=("default/tables", "default/figures", "default/report", "default/claims.json")),
        Goal("arm", ("all",), removed=("runs/nano/torch/rsft_hard", "default")),
        Goal("page", (f"{MADE}/default/page/index.html",), removed=("default/page",)),
        Goal(
            "release",
            ("release_default",),
            ("--config", "items=local"),
            removed=("default/release.json", "../released/hops/default"),
        ),
        Goal(
            "film",
            tuple(f"{MADE}/default/video/{name}" for name in ("clips/short_claim.mp4", "thumbnail_short.png")),
            ("--config", "film_quality=draft"),
            removed=("default/video", "../../.cache"),
        ),
    )
}  # fmt: skip


def lacking(goal: Goal) -> str:
    """Why a goal cannot be built on this machine, or ""."""
    if goal.name == "film" and not (find_spec("manim") and find_spec("av")):
        return "Manim is not installed: make film installs it, or says what this machine lacks"
    return ""


def told(output: str) -> str:
    """The first line of an output that says what to do; "" for none."""
    return next((line.strip() for line in output.splitlines() if ADVICE.match(line.strip())), "")


def finding(output: str) -> str:
    """The last lines of an output, as one line, for a finding that no line explains."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if re.match(r"\w*(Error|Exception)\b", line)]
    return " | ".join([*wrong[-3:], *lines[-2:]])[-600:]


def marked(folder: Path) -> list[psutil.Process]:
    """Live jobs of a workflow in a folder: the programs, not the shells that start them."""
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK)
            if mark and Path(mark).resolve() == folder.resolve() and "python" in process.name():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def of_folder(folder: Path) -> list[psutil.Process]:
    """Live processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder.resolve()) and process.pid != os.getpid():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def end_all(folder: Path) -> None:
    """Kill what works in a folder. It was started by this campaign, or by one that was killed itself."""
    for process in (found := of_folder(folder)):
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(found, timeout=10)


@dataclass
class Copy:
    """A copy of the project in `folder`, and the workflow in it. cores: how many jobs it may run at once."""

    folder: Path
    cores: int = 2
    before: tuple[str, ...] = ()  # a command that runs the workflow, for example with fewer rights
    logs: Path | None = None  # where the screen goes; None: beside the folder
    count: int = 0

    @classmethod
    def new(cls, folder: Path, cores: int, finished: Path | None = None, goal: Goal | None = None) -> Copy:
        """A fresh copy, or one of a finished run from which what the goal builds is removed."""
        if folder.exists():
            end_all(folder)
            shutil.rmtree(folder)
        if finished is None:
            copy_parts(folder, PARTS)
        else:
            shutil.copytree(finished, folder, symlinks=True, copy_function=shutil.copy2)
            for name in goal.removed if goal else ():
                path = folder / MADE / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return cls(folder, cores)

    def start(self, goal: Goal) -> subprocess.Popen:
        """Start the workflow as `make` does: remove what a killed one left, then Snakemake. Both streams go to a file."""
        self.count += 1
        unlock = [sys.executable, "scripts/unlock_workflow.py"]
        build = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            str(self.cores),
            *goal.targets,
            *TINY,
            *goal.settings,
        ]
        how = {"cwd": self.folder, "env": environment(), "stderr": subprocess.STDOUT}
        with self.log.open("wb") as stream:
            first = subprocess.run([*self.before, *unlock], stdout=stream, check=False, **how)
            build = build if first.returncode == 0 else ["false"]  # `make` stops there
            return subprocess.Popen([*self.before, *build], stdout=stream, start_new_session=True, **how)

    @property
    def log(self) -> Path:
        """What the last start said. It lies outside of the folder, which may be full or read-only."""
        return (self.logs or self.folder.parent) / f"{self.folder.name}.{self.count}.log"

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def run(self, goal: Goal) -> int:
        """Build a goal; the exit status."""
        return self.start(goal).wait(LIMIT)

    def wrong(self, expected: dict[str, str], whole: bool = True) -> list[str]:
        """What differs from an undisturbed run. whole: the run is over, so that nothing may be missing or left."""
        lines = differences(expected, fingerprints(self.folder), whole)
        return lines + ([f"{path} was left" for path in left_behind(self.folder)] if whole else [])

    def remove(self) -> None:
        end_all(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in self.folder.parent.glob(f"{self.folder.name}.*.log"):
            path.unlink()


def wait_until(process: subprocess.Popen, seconds: float) -> bool:
    """Wait some seconds. Whether the process still runs then."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def kill_all(process: subprocess.Popen) -> None:
    """Kill a workflow with all its jobs at once, as when a machine loses its power."""
    group = [process]
    with suppress(psutil.Error):
        group = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in group:
        try:
            os.kill(one.pid, signal.SIGSTOP)  # so that none can react to the death of another
        except ProcessLookupError:
            continue
    for one in group:
        try:
            os.kill(one.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def jobs(folder: Path) -> str:
    """The programs that a workflow in a folder is running, for the record."""
    names = []
    for process in marked(folder):
        try:
            names += [Path(word).name for word in process.cmdline()[1:2]]
        except psutil.Error:
            continue
    return ", ".join(sorted(set(names))) or "no job"


def timed(copy: Copy, goal: Goal) -> float:
    """Build a goal undisturbed; the seconds. Ends the campaign where that fails, for then there is nothing to compare."""
    began = time.monotonic()
    if copy.run(goal):
        sys.exit(f"error: {goal.name}: an undisturbed run fails: {finding(copy.said())}")
    return time.monotonic() - began
