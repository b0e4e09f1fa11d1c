"""What all trials share: the undisturbed runs that they are compared with, and dice that fall the same for a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import msgspec

from torture.outcomes import NEITHER, SAME, TOLD, Outcome
from torture.same import fingerprints
from torture.works import GOALS, Copy, Goal, finding, timed, told

TINY = GOALS["tiny"]


class Undisturbed(msgspec.Struct):
    """An undisturbed run of a goal: how long it took, how many bytes it added, and the digest of every result."""

    seconds: float
    grown: int
    digests: dict[str, str]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@dataclass
class Bench:
    """folder: of the campaign. cores: jobs that a workflow may run at once."""

    folder: Path
    seed: int
    cores: int = 2

    def dice(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {kind} {number}")

    @property
    def finished(self) -> Path:
        """A finished tiny run, which trials copy and none changes."""
        return self.folder / "undisturbed/tiny"

    def expected(self, goal: Goal) -> Undisturbed:
        """The undisturbed run of a goal; it is done at the first call of a campaign, also of one that was killed."""
        path = self.folder / f"undisturbed/{goal.name}.json"
        if not path.is_file():
            if goal is not TINY:
                self.expected(TINY)
            copy = Copy.new(
                path.with_suffix(""), self.cores, *(() if goal is TINY else (self.finished, goal))
            )
            before = size(copy.folder)
            seconds = timed(copy, goal)
            found = Undisturbed(seconds, size(copy.folder) - before, fingerprints(copy.folder))
            if goal is not TINY:
                copy.remove()
            partial = path.with_suffix(".partial")
            partial.write_bytes(msgspec.json.encode(found))
            partial.replace(path)
        return msgspec.json.decode(path.read_bytes(), type=Undisturbed)

    def copy(self, kind: str, number: int, goal: Goal, name: str = "project") -> Copy:
        """A copy for a trial: with nothing made, or as after a tiny run if the goal is a part."""
        folder = self.folder / f"trials/{kind}-{number}" / name
        return Copy.new(folder, self.cores, *(() if goal is TINY else (self.finished, goal)))

    def after(self, copy: Copy, goal: Goal, status: int) -> tuple[str, str]:
        """(result, line) of a run that was disturbed: TOLD where it failed with a line, SAME where it did not fail."""
        wrong = copy.wrong(self.expected(goal).digests, whole=status == 0)
        if wrong:
            return NEITHER, "; ".join(wrong[:5])
        if status == 0:
            return SAME, ""
        said = copy.said()
        return (
            (TOLD, line) if (line := told(said)) else (NEITHER, f"no line says what to do: {finding(said)}")
        )

    def resumed(self, copy: Copy, goal: Goal) -> str:
        """Build the goal to its end after all disturbances; "" if all is as undisturbed, else what is wrong."""
        if copy.run(goal):
            return f"the next run fails: {finding(copy.said())}"
        return "; ".join(copy.wrong(self.expected(goal).digests)[:5])


def closed(outcomes: list[Outcome], wrong: str) -> list[Outcome]:
    """The outcomes of a trial after its last run: what was wrong then is the fault of each of its disturbances."""
    if not wrong:
        return outcomes
    return [msgspec.structs.replace(one, result=NEITHER, told=one.told or wrong) for one in outcomes]
