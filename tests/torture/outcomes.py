"""What a trial can end in, and the journal, from which a killed campaign goes on."""

from __future__ import annotations

import fcntl
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

SAME, TOLD, NEITHER, SKIPPED = "same", "told", "neither", "skipped"
HEADINGS = {SAME: "same bytes", TOLD: "one line", NEITHER: "neither", SKIPPED: "skipped"}


class Outcome(msgspec.Struct, frozen=True):
    """One disturbance and what came of it.

    kind: of the trial. what: of the disturbance, such as `kill of a job`. number: of the trial. result: SAME, TOLD,
    NEITHER or SKIPPED. told: the line that said what to do, why it was skipped, or what was wrong. moment: when it
    happened, such as the seconds and the job.
    """

    kind: str
    what: str
    number: int
    result: str
    told: str = ""
    moment: str = ""


class Done(msgspec.Struct, frozen=True):
    """A line of the journal: a finished trial of a campaign with this seed, and the seconds that it took."""

    seed: int
    kind: str
    number: int
    seconds: float
    outcomes: list[Outcome]


class Journal:
    """Finished trials, a line each. A line that a kill cut short does not count."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path, self.seed = path, seed
        self.found: dict[tuple[str, int], Done] = {}
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        for line in lines:
            try:
                done = msgspec.json.decode(line, type=Done)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if line.endswith(b"\n") and done.seed == seed:
                self.found[done.kind, done.number] = done
        if lines and not lines[-1].endswith(b"\n"):
            with path.open("ab") as stream:
                stream.write(b"\n")

    def write(self, done: Done) -> None:
        self.found[done.kind, done.number] = done
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as stream:
            stream.write(msgspec.json.encode(done) + b"\n")

    def outcomes(self) -> list[Outcome]:
        return [outcome for done in self.found.values() for outcome in done.outcomes]


def locked(folder: Path) -> IO[str]:
    """The folder for one campaign alone, until the file that this returns is closed. Ends the program where it is taken."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(
            f"error: {folder}: another campaign works here: wait until it ends, or choose another --folder"
        )
    return lock


def table(outcomes: Iterable[Outcome]) -> list[str]:
    """How often each disturbance ended in what, as lines; then every line that was said, with how often."""
    outcomes = list(outcomes)
    counts = Counter((one.kind, one.what, one.result) for one in outcomes)
    rows = [("kind", "what", "tried", *HEADINGS.values())]
    for kind, what in dict.fromkeys((one.kind, one.what) for one in outcomes):
        numbers = [counts[kind, what, result] for result in HEADINGS]
        rows.append((kind, what, str(sum(numbers)), *map(str, numbers)))
    totals = [sum(one.result == result for one in outcomes) for result in HEADINGS]
    rows.append(("all", "", str(len(outcomes)), *map(str, totals)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    said = Counter((one.result, one.kind, one.what, one.told) for one in outcomes if one.told)
    for (result, kind, what, told), count in sorted(said.items()):
        lines.append(f"{HEADINGS[result]}, {count} x {kind}, {what}: {told}")
    return lines
