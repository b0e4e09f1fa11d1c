"""Whether a difference has room to show: two arms that stand at the floor or the ceiling of a metric cannot differ.

Declared before the runs (the head of `config/STUDY/claims.yaml`). The floor of what a blind answer may earn is chance,
of every other share nothing; the ceiling is all. At the floor both intervals end less than a margin above it, at the
ceiling both begin less than a margin below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trap.analysis import resampling
from trap.analysis.cells import ItemTable
from trap.analysis.resampling import Cell
from trap.report.wording import number_text


@dataclass(frozen=True)
class Room:
    """place: "" where there is room, "floor" or "ceiling" where there is none. reason: a sentence that says so, or ""."""

    place: str = ""
    reason: str = ""


ENOUGH = Room()


def room_of(
    table: ItemTable,
    pool: str,
    metric: str,
    cells: Sequence[Cell],
    margin: float,
    *,
    levels: Sequence[int] | None = None,
    **options: float,
) -> Room:
    """Where the arms of `cells` stand, all on `pool`; a metric that is no share always has room.

    options: those of `resampling.estimate`. Chance is that of the pool at `levels` (`ItemTable.chance`); where no items
    were given it is unknown, and the floor is nothing.
    """
    definition = table.metrics[metric]
    if definition.unit != "share":
        return ENOUGH
    chance = table.chance(pool, levels) if definition.guessed else None
    floor = chance or 0.0
    values = [cell.value for cell in cells]
    if all(
        value < floor + margin for value in values
    ):  # an interval holds its value: others need no bootstrap
        if all(_ends(cell, **options)[1] < floor + margin for cell in cells):
            where = f"at chance ({number_text(floor, 'share')})" if chance else "at zero"
            return Room("floor", _sentence(where, values))
    elif all(value > 1 - margin for value in values) and all(
        _ends(cell, **options)[0] > 1 - margin for cell in cells
    ):
        return Room("ceiling", _sentence("at the ceiling", values))
    return ENOUGH


def _ends(cell: Cell, **options: float) -> tuple[float, float]:
    found = resampling.estimate([cell], **options)
    return found.low, found.high


def _sentence(where: str, values: Sequence[float]) -> str:
    numbers = " and ".join(number_text(value, "share") for value in values)
    return f"Both stand {where}, with {numbers}: there is no room to see a difference."
