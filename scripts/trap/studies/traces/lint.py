"""The nine ways in which a trace fails (document 002 of the published system), found without running a model.

    missing_step        it ran to a wrong answer, and its computations are some of the reference's
    wrong_operation     it ran to a wrong answer with as many computations as the reference, and other operations
    confused_variables  it ran to a wrong answer with the operations of the reference, wired otherwise
    overwritten         an init gives a variable another value than it already has
    no_query            nothing is asked for
    repeated_part       a composition has the same steps twice
    invented_operation  a step names an operation that there is not
    name_for_number     an init takes a name for its value
    source_and_value    an init has both a source and a value

A trace can have several of them, or none and still be wrong.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from trap.studies.traces.grading import Grade
from trap.studies.traces.language import Fault, Program
from trap.studies.traces.quantities import read_number
from trap.studies.traces.reading import read_program

KINDS = {
    "missing_step": "a computation is missing",
    "wrong_operation": "another operation",
    "confused_variables": "variables or entities confused",
    "overwritten": "a variable overwritten",
    "no_query": "no query",
    "repeated_part": "a part repeated",
    "invented_operation": "an invented operation",
    "name_for_number": "a name for a number",
    "source_and_value": "a source and a value",
}
WITHOUT_EFFECT = frozenset(("init", "given", "formula", "query", "state"))


def computations(program: Program) -> Counter[str]:
    """How often each operation computes something."""
    return Counter(
        step.values.get("compute_op", step.op)
        for part in program.parts
        for step in part.steps
        if step.op not in WITHOUT_EFFECT
    )


@lru_cache(maxsize=8192)
def _of_reference(text: str) -> Counter[str] | None:
    program = read_program(text)
    return None if isinstance(program, Fault) else computations(program)


def overwrites(program: Program) -> bool:
    """Whether an init names a variable of the same part that has a value already."""
    for part in program.parts:
        known: set[str] = set()
        for step in part.steps:
            name = step.values.get("var")
            if step.op == "init" and name in known:
                return True
            if step.op in ("transfer", "consume", "add_entity"):
                known.update(
                    step.values[key] for key in ("from_entity", "to_entity", "entity") if key in step.values
                )
            elif isinstance(name, str):
                known.add(name)
    return False


def failures(grade: Grade, reference: str) -> frozenset[str]:
    """The kinds of failure of a graded text. `reference` solves the same question."""
    program = grade.program
    if program is None:
        return frozenset()
    found = set()
    if overwrites(program):
        found.add("overwritten")
    if len(program.parts) > 1 and len(program.parts) > len({repr(part.steps) for part in program.parts}):
        found.add("repeated_part")
    if not grade.valid:  # what ran to an answer has none of these
        found |= _stopping(program)
    if not grade.valid or grade.correct:
        return frozenset(found)
    wanted = _of_reference(reference)
    if wanted is not None:
        made = computations(program)
        if made == wanted:
            found.add("confused_variables")
        elif made < wanted:
            found.add("missing_step")
        elif made.total() == wanted.total():
            found.add("wrong_operation")
    return frozenset(found)


def _stopping(program: Program) -> set[str]:
    """Failures that keep a program from running."""
    steps = [step for part in program.parts for step in part.steps]
    found = set()
    if any(step.fault == "unknown_step" for step in steps):
        found.add("invented_operation")
    if any(step.fault == "source_and_value" for step in steps):
        found.add("source_and_value")
    if any(step.op == "init" and _is_name(step.values.get("value")) for step in steps):
        found.add("name_for_number")
    if not all(any(step.op == "query" for step in part.steps) for part in program.parts):
        found.add("no_query")
    return found


def _is_name(text: object) -> bool:
    return isinstance(text, str) and text.isidentifier() and read_number(text) is None
