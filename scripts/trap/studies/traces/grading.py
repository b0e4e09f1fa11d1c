"""Grades: the graduated reward as published, the binary one, and soundness.

    0    the text is no trace, or a step has no known form
    0.3  the experts are not those that the question asks for
    0.5  the run has no answer: a fault, no query, no steps
    0.7  it ran to a wrong answer
    1    it ran to the right answer

A trace is valid only if it ran to an answer. (The published system counted every reward from 0.5 up.) The answer is
compared exactly. In a composition the experts count too, in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trap.studies.traces.language import EXPERT, FORM, Fault, Program
from trap.studies.traces.quantities import Number
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import Run, run
from trap.studies.traces.soundness import complaints

GRADES = (0.0, 0.3, 0.5, 0.7, 1.0)


class Grade(NamedTuple):
    """What a text earned. `fault` is the kind of fault, or "" if it ran; `complaints` keep it from being sound."""

    reward: float
    correct: bool
    valid: bool  # it ran to an answer
    parsed: bool  # it is a trace whose steps have known forms
    routed: bool  # it asks the right experts
    sound: bool
    fault: Fault | None
    answer: Number | None
    complaints: tuple[str, ...]
    program: Program | None
    run: Run | None


def grade(
    text: str, answer: Number, experts: Sequence[str], question: str, needs: Sequence[Number] | None = None
) -> Grade:
    """Grade a text. Never raises, whatever the text."""
    program = read_program(text)
    if isinstance(program, Fault):
        return Grade(0.0, False, False, False, False, False, program, None, (), None, None)
    found = run(program)
    routed = program.experts == tuple(experts)
    valid = found.answer is not None
    correct = valid and routed and found.answer == answer
    if found.fault and found.fault.stage == FORM:
        return Grade(0.0, False, False, False, routed, False, found.fault, None, (), program, found)
    if not routed:
        fault = found.fault if found.fault and found.fault.stage == EXPERT else Fault("wrong_expert")
        return Grade(0.3, False, valid, True, False, False, fault, found.answer, (), program, found)
    if not valid:
        return Grade(0.5, False, False, True, True, False, found.fault, None, (), program, found)
    why = tuple(complaints(found, question, needs)) if correct else ()
    return Grade(
        1.0 if correct else 0.7,
        correct,
        True,
        True,
        True,
        correct and not why,
        None,
        found.answer,
        why,
        program,
        found,
    )
