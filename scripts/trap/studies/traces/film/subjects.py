"""The facts of each scene: one function per scene writes its numbers and programs into the notes."""

from __future__ import annotations

from typing import Any

from trap.film.facts import Notes, Subject, estimate
from trap.studies.traces.explaining import shown
from trap.studies.traces.film.sources import FilmSources, Row
from trap.studies.traces.language import Step
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import changes

SHARES = ("learned", "families", "wordings")  # claims that are drawn as bars


def learned(sources: FilmSources, notes: Notes) -> None:
    """Right answers by a sound program: on problems like those taught, of other kinds, in other words; then longer."""
    notes.data["bars"] = [{"name": name, **estimate(notes.say(name, name))} for name in SHARES]
    notes.say("longer", "longer")
    notes.say("longer.interval", "longer", "interval")
    notes.say("seeds", "learned", "seeds")


def _said(step: Step) -> str:
    """A step as a line for a screen, such as `add_entity finn 23`."""
    fields = [" ".join(value) if isinstance(value, tuple) else str(value) for value in step.values.values()]
    return " ".join([step.op, *fields])


def _executed(row: Row) -> dict[str, Any]:
    """The steps of a program, and the value that each one leaves."""
    program = read_program(row["completion"])
    lines = []
    for _, _, step, changed, machine, _ in changes(program):
        left = shown(machine.answer) if step.op == "query" else ""
        lines.append({"step": _said(step), "value": left or ", ".join(map(shown, changed.values()))})
    question = row["prompt"].strip().split("\n")[0]
    return {"question": question, "lines": lines, "right": row["correct"]}


def executed(sources: FilmSources, notes: Notes) -> None:
    """Two real programs that run to their ends: a right one as long as taught, and a wrong one that had to be longer."""
    notes.data["taught"] = _executed(sources.example("eval_easy", True))
    notes.data["longer"] = _executed(sources.example("eval_hard", False))


def home(sources: FilmSources, notes: Notes) -> None:
    """The two numbers to remember."""
    notes.say("learned", "learned")
    notes.say("longer", "longer")


SUBJECTS: dict[str, Subject] = {"poster": home, "learned": learned, "executed": executed, "home": home}
