"""Odd places: spaces, umlauts and signs of the shell in the path; folders that are read-only or another user's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from torture.bench import Bench, closed
from torture.outcomes import SKIPPED, Outcome
from torture.works import GOALS, MADE, Copy
from torture.works import lacking as absent

KIND = "place"
ODD = "it's Läufe für 研究 (a) & $HOME [b] {c}"
NOBODY = 65534
# Root may write everywhere. Without its capabilities it is a user like any other.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")


def read_only(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)


def writable(folder: Path) -> None:
    folder.chmod(folder.stat().st_mode | 0o700)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))


def owned(user: int) -> Callable[[Path], None]:
    def own(folder: Path) -> None:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user, user, follow_symlinks=False)

    return own


# What is done to which folder of the project, and how it is undone.
FORBIDDEN: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], None]]] = {
    "read-only project": (".", read_only, writable),
    "read-only results": ("results", read_only, writable),
    "read-only folder of an experiment": (f"{MADE}/default", read_only, writable),
    "read-only records of Snakemake": (".snakemake", read_only, writable),
    "another user's project": (".", owned(NOBODY), owned(os.getuid())),
    "another user's results": ("results", owned(NOBODY), owned(os.getuid())),
    "another user's records of Snakemake": (".snakemake", owned(NOBODY), owned(os.getuid())),
    "another user's logs": ("results/logs", owned(NOBODY), owned(os.getuid())),
}
CASES = (*(f"odd path, {name}" for name in GOALS), *FORBIDDEN)


def lacking(what: str) -> str:
    """Why a case cannot be tried here, or ""."""
    root = os.getuid() == 0
    if what not in FORBIDDEN and (why := absent(GOALS[what.split(", ")[1]])):
        return why
    if what.startswith("another user's") and not root:
        return "only root can give files to another user"
    if root and what in FORBIDDEN and not shutil.which(WITHOUT_RIGHTS[0]):
        return "root may write everywhere, and there is no setpriv to take its rights away"
    return ""


def trial(bench: Bench, number: int) -> list[Outcome]:
    what = CASES[number]
    if why := lacking(what):
        return [Outcome(KIND, what, number, SKIPPED, why)]
    if what in FORBIDDEN:
        return forbidden(bench, what, number)
    goal = GOALS[what.split(", ")[1]]
    copy = bench.copy(KIND, number, goal, ODD)
    result, told = bench.after(copy, goal, copy.run(goal))
    return ended(copy, [Outcome(KIND, what, number, result, told)])


def forbidden(bench: Bench, what: str, number: int) -> list[Outcome]:
    """Build what is left of the paper where a folder may not be written, then where it may."""
    goal = GOALS["paper"]
    copy = bench.copy(KIND, number, goal)
    place, forbid, allow = FORBIDDEN[what]
    forbid(copy.folder / place)
    copy.before = WITHOUT_RIGHTS if os.getuid() == 0 else ()
    try:
        result, told = bench.after(copy, goal, copy.run(goal))
    finally:
        allow(copy.folder / place)
    return ended(copy, closed([Outcome(KIND, what, number, result, told)], bench.resumed(copy, goal)))


def ended(copy: Copy, outcomes: list[Outcome]) -> list[Outcome]:
    if all(one.result != "neither" for one in outcomes):
        copy.remove()
    return outcomes
