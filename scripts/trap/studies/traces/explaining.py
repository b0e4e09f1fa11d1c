"""A trace explained to people: what each step does, the state after it, and what the trace earns."""

from __future__ import annotations

from collections.abc import Sequence

from trap.files import InputError
from trap.studies.traces.grading import grade
from trap.studies.traces.language import Fault, Step
from trap.studies.traces.quantities import Number, read_number, written
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import expert_fault, form_fault, run, steps
from trap.studies.traces.soundness import complaints

MOST_SHOWN = 60  # characters of a value


def shown(value: Number) -> str:
    """A value as text; a long one is shortened."""
    text = written(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def step_text(step: Step) -> str:
    """A step in format v1, whatever format it had."""
    fields = [f"op: {step.op}"]
    for name, value in step.values.items():
        if isinstance(value, tuple) and value and isinstance(value[0], tuple):
            fields.append(f"{name}: {{{', '.join(f'{key}: {one}' for key, one in value)}}}")
        elif isinstance(value, tuple):
            fields.append(f"{name}: [{', '.join(value)}]")
        else:
            fields.append(f"{name}: {value}")
    return f"{{{', '.join(fields)}}}"


def _place(fault: Fault, many: bool) -> str:
    part = f"part {fault.part + 1}, " if many and fault.part >= 0 else ""
    return f"{part}step {fault.step + 1}: " if fault.step >= 0 else part.replace(", ", ": ")


def explain(
    text: str, question: str = "", answer: str = "", experts: Sequence[str] = ()
) -> tuple[list[str], bool]:
    """Lines for people, and whether the trace ran to an answer (the right one, where that is given).

    Raises InputError for an answer that is no number.
    """
    right = read_number(answer) if answer else None
    if answer and right is None:
        raise InputError(f"--answer: {answer!r} is no number")
    program = read_program(text)
    if isinstance(program, Fault):
        return [f"not a trace: {program.words}", *(["earns 0"] if answer else [])], False
    many = len(program.parts) > 1
    lines = [f"format v{program.version}" + (f", {len(program.parts)} parts" if many else "")]
    stopped = form_fault(program) or expert_fault(program)
    at = -1
    for part, number, step, machine, fault in () if stopped else steps(program):
        if part != at:
            lines.append(f"{f'part {part + 1}, ' if many else ''}expert {machine.expert}")
            at = part
        lines.append(f"{number + 1:3d}  {step_text(step)}")
        if step.op == "query" and not fault:
            lines.append(f"     asks: {shown(machine.values[step.values['var']])}")
        elif not fault:
            state = ", ".join(f"{name} = {shown(value)}" for name, value in machine.values.items())
            lines.append(f"     {state or '(nothing yet)'}")
    found = run(program)
    if found.fault:
        lines.append(f"stops: {_place(found.fault, many)}{found.fault.words}")
    else:
        lines.append(f"answer: {shown(found.answer)}")
    if question and not found.fault:
        why = complaints(found, question)
        lines.append("sound: yes" if not why else f"sound: no ({', '.join(why)})")
    if right is None:
        return lines, found.fault is None
    earned = grade(text, right, tuple(experts) or program.experts, question)
    lines.append(f"earns {earned.reward:g}" + ("" if earned.correct else f" (the answer is {shown(right)})"))
    return lines, earned.correct
