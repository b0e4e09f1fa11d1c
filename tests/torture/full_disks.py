"""A full disk: the copy of the project lies on a file system in memory, of which the trial sets the size.

It is mounted in a mount namespace, so that nothing outside sees it. The disk of temporary files (TMPDIR) is another one
and never full here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from torture.bench import TINY, Bench, closed
from torture.outcomes import SAME, SKIPPED, TOLD, Outcome
from torture.works import GOALS, Copy, jobs
from torture.works import lacking as absent

KIND = "full disk"
TURNS = (("paper", 3), ("page", 2), ("release", 1), ("film", 2), ("tiny", 4))
ROOM = 2**32  # bytes that no trial fills


def lacking() -> str:
    """Why full disks cannot be tried here, or ""."""
    done = subprocess.run(
        [*namespace(), "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return "" if done.returncode == 0 else "mounting in a namespace is not allowed here (try as root)"


def namespace() -> list[str]:
    """The command that runs another one in a mount namespace of its own."""
    if shutil.which("unshare") is None:
        return ["false"]
    user = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", "--propagation", "private"]


def _mount(folder: Path, *options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True)


def _used(folder: Path) -> int:
    use = shutil.disk_usage(folder)
    return use.total - use.free


def trial(bench: Bench, number: int) -> list[Outcome]:
    """Build a goal on a disk that is full several times, each time with more room; then with room for all."""
    name, fills = TURNS[number % len(TURNS)]
    goal, dice = GOALS[name], bench.dice(KIND, number)
    if why := absent(goal):
        return [Outcome(KIND, name, number, SKIPPED, why)]
    expected, outcomes = bench.expected(goal), []
    disk = bench.folder / f"trials/{KIND.replace(' ', '-')}-{number}"
    disk.mkdir(parents=True, exist_ok=True)
    _mount(disk, f"size={ROOM}")
    copy = Copy.new(disk / "project", bench.cores, *(() if goal is TINY else (bench.finished, goal)))
    logs = disk.with_name(f"{disk.name}.logs")  # outside of the full disk, as the screen is
    logs.mkdir(exist_ok=True)
    copy.logs = logs
    for turn in range(fills):
        room = int((turn + dice.random()) / fills * expected.grown * 1.5)
        subprocess.run(["mount", "-o", f"remount,size={_used(disk) + room + 4096}", str(disk)], check=True)
        process = copy.start(goal)
        status = process.wait()
        result, told = bench.after(copy, goal, status)
        moment = f"{room // 1024} kB of room, in {jobs(copy.folder)}"
        outcomes.append(Outcome(KIND, goal.name, number, result, told, moment))
        if status == 0:
            break
    subprocess.run(["mount", "-o", f"remount,size={ROOM}", str(disk)], check=True)
    outcomes = closed(outcomes, bench.resumed(copy, goal))
    if all(one.result in (SAME, TOLD) for one in outcomes):
        shutil.rmtree(logs)
    return outcomes
