"""The language of traces: experts, operations and their fields, and every way in which a trace can fail.

Two formats say the same. In v1 the field `op` names the operation. In v0 the first key does:

    v1  {op: init, var: x, value: 5}   {op: compute, compute_op: mul, args: [x, 3], var: y}   {op: query, var: y}
    v0  {init: x, value: 5}            {compute: {op: mul, args: [x, 3], var: y}}             {query: y}

A trace is a mapping with `expert` and `trace`. A composition is a list of such mappings; `init` may then take
`source: prev.result`, or `sub1.result` for the answer of the first part.
"""

from __future__ import annotations

from typing import Any, NamedTuple

EXPERTS = ("entity_track", "arithmetic", "rate_equation", "comparison", "percentage")
COMPUTE = ("add", "sub", "mul", "div", "mod", "pow", "sqrt", "abs", "min", "max")
COMMON = ("init", "given", "compute", "formula", "query", "state")
OWN = {
    "entity_track": ("transfer", "consume", "add_entity"),
    "percentage": ("percent_off", "percent_increase", "percent_of"),
    "comparison": ("compare",),
}
OPERATIONS: dict[str, frozenset[str]] = {
    expert: frozenset((*COMMON, *OWN.get(expert, ()))) for expert in EXPERTS
}
# Fields that an operation must have, in v1. `init` has `value` or `source` besides; `formula` may say anything.
FIELDS: dict[str, tuple[str, ...]] = {
    "init": ("var",),
    "given": ("values",),
    "compute": ("compute_op", "args", "var"),
    "formula": (),
    "query": ("var",),
    "state": ("assertions",),
    "transfer": ("from_entity", "to_entity", "amount"),
    "consume": ("entity", "amount"),
    "add_entity": ("entity", "amount"),
    "percent_off": ("base", "rate", "var"),
    "percent_increase": ("base", "rate", "var"),
    "percent_of": ("base", "rate", "var"),
    "compare": ("compute_op", "args", "var"),
}
LISTS, MAPPINGS = ("args",), ("values", "assertions")
SHORT = {"init": "var", "query": "var", "given": "values", "state": "assertions"}  # v0: the key's own value

MOST_TEXT = 3000  # characters of a trace
MOST_DEPTH = 8  # brackets in brackets, or blocks in blocks
MOST_STEPS = 64  # of all parts together
MOST_PARTS = 16
MOST_ARGUMENTS = 16
MOST_BITS = 256  # of a value's numerator and of its denominator
MOST_NAME = 64  # characters of a variable
MOST_POWER = 64

# How far a trace came: its text, its expert, its run. The graduated reward pays by it.
FORM, EXPERT, RUN = "form", "expert", "run"

FAULTS: dict[str, tuple[str, str]] = {
    "empty_text": (FORM, "there is no text"),
    "too_long": (FORM, f"the text has more than {MOST_TEXT} characters"),
    "too_deep": (FORM, f"brackets or blocks stand deeper than {MOST_DEPTH}"),
    "not_yaml": (FORM, "the text is not YAML"),
    "unsafe_yaml": (FORM, "anchors, aliases, tags, directives and further documents are not read"),
    "duplicate_key": (FORM, "a mapping has a key twice"),
    "not_a_trace": (FORM, "it is no mapping with `expert` and `trace`, nor a list of such mappings"),
    "empty_composition": (FORM, "the list of parts is empty"),
    "too_many_steps": (FORM, f"there are more than {MOST_STEPS} steps or {MOST_PARTS} parts"),
    "unknown_step": (FORM, "a step names no operation that there is"),
    "malformed_step": (FORM, "a step lacks a field, has one that is unknown, or one of the wrong form"),
    "source_and_value": (FORM, "an init has both a source and a value"),
    "unknown_expert": (EXPERT, "there is no such expert"),
    "wrong_expert": (EXPERT, "the question asks for another expert"),
    "foreign_operation": (RUN, "the expert does not have this operation"),
    "unknown_variable": (RUN, "a variable has no value yet"),
    "not_a_number": (RUN, "a number is expected here"),
    "unknown_source": (RUN, "there is no earlier part with that result"),
    "not_initialised": (RUN, "an entity has no amount yet"),
    "not_enough": (RUN, "an entity has less than is taken from it"),
    "negative_amount": (RUN, "an amount that is moved is negative"),
    "wrong_arguments": (RUN, "the operation takes another number of arguments"),
    "divided_by_zero": (RUN, "a division by zero"),
    "no_real_value": (RUN, "the operation has no real value here"),
    "too_large": (RUN, f"a value needs more than {MOST_BITS} bits"),
    "assertion_failed": (RUN, "a stated value is not the value"),
    "query_of_given": (RUN, "the answer was given and not computed"),
    "no_query": (RUN, "nothing is asked for, so there is no answer"),
    "empty_trace": (RUN, "the trace has no steps"),
}


class Fault(NamedTuple):
    """Why a trace has no answer. `part` and `step` count from 0; -1 where it concerns no single one."""

    kind: str
    part: int = -1
    step: int = -1
    detail: str = ""

    @property
    def stage(self) -> str:
        """How far the trace came: `form`, `expert` or `run`."""
        return FAULTS[self.kind][0]

    @property
    def words(self) -> str:
        """The fault in a sentence, with what it is about."""
        return FAULTS[self.kind][1] + (f" ({self.detail})" if self.detail else "")


class Step(NamedTuple):
    """One step in the fields of v1. `values` has texts, tuples of texts (`args`) or of pairs (`values`)."""

    op: str
    values: dict[str, Any]
    version: int = 1
    fault: str = ""  # a kind of FAULTS where the step has no known form
    detail: str = ""


class Part(NamedTuple):
    """An expert and its steps."""

    expert: str
    steps: tuple[Step, ...]


class Program(NamedTuple):
    """What a text says. `composed`: whether it was a list of parts."""

    parts: tuple[Part, ...]
    composed: bool = False

    @property
    def version(self) -> int:
        """0 if every step is in format v0, else 1."""
        for part in self.parts:
            for step in part.steps:
                if step.version:
                    return 1
        return 0 if any(part.steps for part in self.parts) else 1

    @property
    def experts(self) -> tuple[str, ...]:
        return tuple(part.expert for part in self.parts)


def step_of(raw: Any) -> Step:
    """A step from plain strings, lists and mappings. Never raises: `fault` says what is wrong with it."""
    if not isinstance(raw, dict) or not raw:
        return Step("", {}, fault="unknown_step", detail=str(raw)[:40])
    named = raw.get("op")
    if isinstance(named, str) and (named in FIELDS or not (set(raw) & set(FIELDS))):
        if named not in FIELDS:
            return Step(named, {}, fault="unknown_step", detail=named[:40])
        fields = {key: value for key, value in raw.items() if key != "op"}
        return _checked(named, fields, 1)
    first = next(iter(raw))
    if first not in FIELDS:
        return Step(first[:MOST_NAME], {}, fault="unknown_step", detail=first[:40])
    return _checked(first, *_from_v0(first, raw))


def _from_v0(op: str, raw: dict[str, Any]) -> tuple[dict[str, Any], int]:
    own, rest = raw[op], {key: value for key, value in raw.items() if key != op}
    if op in SHORT:
        return {SHORT[op]: own, **rest}, 0
    if isinstance(own, dict) and not rest:
        rest = {("compute_op" if key == "op" else key): value for key, value in own.items()}
    elif op != "formula":
        rest = {"": own, **rest}  # no form that is known
    return rest, 0


def _checked(op: str, fields: dict[str, Any], version: int) -> Step:
    if op == "formula":
        return Step(op, {}, version)
    needed = FIELDS[op]
    allowed = {*needed, "value", "source"} if op == "init" else set(needed)

    def wrong(kind: str, detail: str) -> Step:
        return Step(op, {}, version, kind, detail[:40])

    if op == "init" and "value" in fields and "source" in fields:
        return wrong("source_and_value", str(fields.get("var")))
    if op == "init" and "value" not in fields and "source" not in fields:
        return wrong("malformed_step", "init without value or source")
    if lost := [name for name in needed if name not in fields]:
        return wrong("malformed_step", f"{op} without {lost[0]}")
    if odd := sorted(set(fields) - allowed):
        return wrong("malformed_step", f"{op} has no {odd[0]}")
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name in LISTS:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                return wrong("malformed_step", f"{name} is no list of names and numbers")
            if not 0 < len(value) <= MOST_ARGUMENTS:
                return wrong("malformed_step", f"{name} has {len(value)} members")
            values[name] = tuple(value)
        elif name in MAPPINGS:
            if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
                return wrong("malformed_step", f"{name} is no mapping from names to numbers")
            if not 0 < len(value) <= MOST_ARGUMENTS:
                return wrong("malformed_step", f"{name} has {len(value)} members")
            values[name] = tuple(value.items())
        elif not isinstance(value, str) or not 0 < len(value) <= MOST_NAME:
            return wrong("malformed_step", f"{name} is no name and no number")
        else:
            values[name] = value
    if "compute_op" in values and values["compute_op"] not in COMPUTE:
        return Step(op, values, version, "unknown_step", f"{op} {values['compute_op']}"[:40])
    return Step(op, values, version)
