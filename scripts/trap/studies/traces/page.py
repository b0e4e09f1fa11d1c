"""The study's own part of its page: how the solver ran every stored answer, step by step, recorded when it is built."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.site.records import Numbered, asked_items
from trap.studies.base import Item
from trap.studies.traces.explaining import shown, step_text
from trap.studies.traces.grading import Grade, grade
from trap.studies.traces.language import Program, Step
from trap.studies.traces.lint import KINDS, WITHOUT_EFFECT, computations, failures
from trap.studies.traces.quantities import MEANT, Number, meant_in, number_of, read_number, said_in
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import changes, expert_fault, form_fault
from trap.studies.traces.soundness import REMARKS, used

WORDS = {
    "pool_labels": {
        "eval_easy": "fresh problems, short",
        "eval_hard": "fresh problems, long",
        "eval_leak": "leaked problems, long",
        "eval_wording": "short, in wordings never taught",
        "eval_family": "short, of kinds never taught",
        "eval_wording_hard": "long, in wordings never taught",
        "eval_family_hard": "long, of kinds never taught",
        "easy": "short, trained on",
        "hard": "long, trained on",
        "valid_easy": "short",
        "valid_hard": "long",
        "valid_wording": "other wordings",
    },
}
MOST_WORDS = 4  # of a number in words that is looked for in a question
UNUSED, IDLE, INVENTED, OTHER, STOPS = "unused", "idle", "invented number", "another operation", "stops here"
STEP = ("text", "part", "expert", "changes", "numbers", "marks", "ran")
_TOKEN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?|[A-Za-z]+|%", re.ASCII)


def places(question: str) -> list[tuple[int, int, tuple[Number, ...]]]:
    """(start, end, values) of every word or group of words of a question that says or means a number, in order."""
    tokens = list(_TOKEN.finditer(question))
    found, at = [], 0
    while at < len(tokens):
        for size in range(min(MOST_WORDS, len(tokens) - at), 0, -1):
            start, end = tokens[at].start(), tokens[at + size - 1].end()
            text = question[start:end]
            value = (
                None
                if text.lower() == "a" or text.lower().endswith(" and") or text.lower().startswith("and ")
                else read_number(text)
            )
            values = (
                *(() if value is None else (value,)),
                *(MEANT.get(text.lower(), ()) if size == 1 else ()),
            )
            if values:
                found.append((start, end, values))
                at += size
                break
        else:
            at += 1
    return found


def record(item: Item, completion: str) -> dict[str, Any]:
    """How the solver runs an answer: its steps with what each changed and read, its grade, and why.

    Each step is {text, part, expert, changes, numbers, marks, ran}; `numbers` are [text, where it stands in the question].
    """
    question = item.info["question"]
    needs = [number_of(text) for text in item.info["needs"]]
    found = grade(completion, number_of(item.answer), item.info["experts"], question, needs)
    failed = failures(found, item.reference)
    return {
        "steps": _steps(found, question, item.reference if "wrong_operation" in failed else ""),
        "reward": found.reward,
        "right": found.correct,
        "sound": found.sound,
        "answer": None if found.answer is None else shown(found.answer),
        "fault": found.fault.words if found.fault else "",
        "complaints": list(found.complaints),
        "failures": [label for name, label in KINDS.items() if name in failed],
    }


def _steps(found: Grade, question: str, reference: str) -> list[dict[str, Any]]:
    program = found.program
    if program is None:
        return []
    rows = {
        (number, index): {
            "text": step_text(step), "part": number, "expert": part.expert, "changes": [], "numbers": [], "marks": [],
            "ran": False,
        }
        for number, part in enumerate(program.parts) for index, step in enumerate(part.steps)
    }  # fmt: skip
    stopped = form_fault(program) or expert_fault(program)
    if stopped is None:
        stopped = _run_into(rows, program)
    if stopped and (stopped.part, stopped.step) in rows:
        rows[stopped.part, stopped.step]["marks"].append(STOPS)
    _mark(rows, found, question)
    if reference:
        _mark_other(rows, program, reference)
    return list(rows.values())


def _run_into(rows: dict[tuple[int, int], dict[str, Any]], program: Program) -> Any:
    """Note what each step changes. Returns the fault that stops the run, if one does."""
    for part, index, _, changed, _, fault in changes(program):
        if fault:
            return fault
        row = rows[part, index]
        row["ran"] = True
        row["changes"] = [[name, shown(value)] for name, value in changed.items()]
    return None


def _mark(rows: dict[tuple[int, int], dict[str, Any]], found: Grade, question: str) -> None:
    """Say of each step where its numbers stand in the question, and whether the answer was made without it."""
    if found.run is None:
        return
    known, where = {*said_in(question), *meant_in(question)}, places(question)
    made_from = used(found.run)
    for number, node in enumerate(found.run.nodes):
        row = rows[node.part, node.step]
        marks = set(row["marks"])
        for literal in node.literals:
            spans = [[start, end] for start, end, values in where if literal in values]
            row["numbers"].append([shown(literal), spans])
            if literal not in known:
                marks.add(INVENTED)
        if found.run.answer is not None and number not in made_from and node.op not in REMARKS:
            marks.add(UNUSED)
        if node.idle:
            marks.add(IDLE)
        row["marks"] = sorted(marks)


def _mark_other(rows: dict[tuple[int, int], dict[str, Any]], program: Program, reference: str) -> None:
    """Mark computations that the reference does not have."""
    wanted = read_program(reference)
    left = computations(wanted) if isinstance(wanted, Program) else None
    for number, part in enumerate(program.parts if left is not None else ()):
        for index, step in enumerate(part.steps):
            name = _computed(step)
            if name and left[name] > 0:
                left[name] -= 1
            elif name:
                rows[number, index]["marks"].append(OTHER)


def _computed(step: Step) -> str:
    return "" if step.op in WITHOUT_EFFECT else str(step.values.get("compute_op", step.op))


def answers(pools: Sequence[Path], episodes: pl.DataFrame) -> dict[str, Any]:
    """runs.json: how the solver ran the answers of the finished arms, with everything that repeats written once.

    questions: {text, key, places: {number: [[start, end], ...]}}. steps: rows of
    the columns `step`. outcomes: what `record` says. runs: [question,
    [step, ...], outcome, answer], by number. of: {model: {arm: {"POOL/ID": number of its run}}}.
    Raises InputError for an answer to a problem that no file has.
    """
    rows = episodes.filter(kind="eval")
    items = asked_items(pools, rows.select("pool", "id").iter_rows())
    questions, made_steps, outcomes, runs = Numbered(), Numbered(), Numbered(), Numbered()
    spans: dict[tuple[str, str], dict[str, Any]] = {key: {} for key in items}
    known: dict[tuple[str, str, str], int] = {}
    of: dict[str, Any] = {}
    place = {key: number for number, key in enumerate(items)}
    for row in rows.iter_rows(named=True):
        key = (row["pool"], row["id"], row["completion"])
        if key not in known:
            run = record(items[key[:2]], row["completion"])
            for step in run["steps"]:
                spans[key[:2]].update(step["numbers"])
                step["numbers"] = [number for number, _ in step["numbers"]]
            outcome = {
                name: run[name] for name in ("reward", "right", "sound", "fault", "complaints", "failures")
            }
            known[key] = runs(
                [
                    place[key[:2]],
                    [made_steps([step[name] for name in STEP]) for step in run["steps"]],
                    outcomes(outcome),
                    run["answer"],
                ]
            )
        of.setdefault(row["model"], {}).setdefault(row["arm"], {})[f"{row['pool']}/{row['id']}"] = known[key]
    for key, item in items.items():
        places_of = {number: found for number, found in spans[key].items() if found}
        questions([item.id, key[0], item.info["question"], item.answer, places_of])
    told = [{"text": text, "key": right, "places": found} for _, _, text, right, found in questions.values]
    return {
        "runs.json": {
            "questions": told, "step": STEP, "steps": made_steps.values, "outcomes": outcomes.values, "runs": runs.values, "of": of,
        }
    }  # fmt: skip
