"""Answers that need no model, as lines in figures of accuracy: chance, and the best of those that the study declares."""

from __future__ import annotations

from trap.figures.estimates import BASELINE, Estimate, Evidence, select
from trap.figures.marks import percent

CHANCE = "chance"


def references(evidence: Evidence) -> dict[str, Estimate]:
    """{name: accuracy on the pool of the figures} of the baselines to draw, the lowest first.

    Those that figures.yaml names, else chance and the best of the others. A baseline at 0 or 100 % lies on the end of the
    axis, where a line says nothing; 100 % is the answer that knows everything.
    """
    rows = select(evidence.table("arms"), pool=evidence.pool, metric="accuracy")
    names = [arm.removeprefix(BASELINE) for arm in rows["arm"] if arm.startswith(BASELINE)]
    known = {name: found for name in dict.fromkeys(names) if (found := evidence.baseline(name))}
    shown = {name: found for name, found in known.items() if 0 < found.value < 1}
    wanted = evidence.settings.trap.baselines
    if not wanted:
        # of equal ones the first, so that chance stands alone where nothing is better
        best = sorted(shown, key=lambda name: (-shown[name].value, name != CHANCE))
        wanted = (CHANCE, *best[:1])
    found = {name: shown[name] for name in dict.fromkeys(wanted) if name in shown}
    return dict(sorted(found.items(), key=lambda pair: pair[1].value))


def words(name: str) -> str:
    """A baseline's name as a figure writes it."""
    return name.replace("_", " ")


def note(evidence: Evidence) -> str:
    """A sentence for a caption, with the number of each line and what it means where figures.yaml says so; "" for none."""
    found = references(evidence)
    meanings = evidence.settings.trap.explained
    parts = [
        f"{words(name)} {percent(one.value)}" + (f" ({meanings[name]})" if name in meanings else "")
        for name, one in found.items()
    ]
    return f" Dashed, answers that need no model: {', '.join(parts)}." if parts else ""
