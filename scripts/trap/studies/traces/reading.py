"""From a text to a program: YAML in a small, safe subset, in which every scalar is a text.

PyYAML's parser gives the events; nothing of its types is used, so that `yes`, `on`, `017` and `1:30` are the texts that
they are (`quantities.py` reads numbers). Anchors, aliases, tags, directives, several documents and keys that occur
twice are refused, and so is a text that is too long or too deep.

A comma between groups of three digits belongs to the number where it follows a key (`value: 80,000`). In brackets a
comma separates: `[80,000]` has two members.

Most traces are written line by line in one form. Such a line is read without the parser, with the same result.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from trap.studies.traces.language import (
    MOST_DEPTH,
    MOST_PARTS,
    MOST_STEPS,
    MOST_TEXT,
    Fault,
    Part,
    Program,
    Step,
    step_of,
)

_GROUPED = re.compile(r"(:\s+[-+]?\$?\d{1,3})((?:,\d{3})+)(?=\.\d|\s*(?:$|[,}%]))", re.MULTILINE | re.ASCII)
_PLAIN = r"(?:[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_]+)?|-?[0-9]+(?:\.[0-9]+)?)"
_FIELD = re.compile(rf"([a-z_]+): (?:({_PLAIN})|\[({_PLAIN}(?:, {_PLAIN})*)\])(?:, |$)", re.ASCII)
_HEAD = re.compile(r"(- )?expert: ([a-z_]+)", re.ASCII)
_CUT = re.compile(
    r"[A-Za-z0-9_.:, \[\]]*", re.ASCII
)  # a brace that is never closed is no YAML, whatever follows of these
_CLEAN = re.compile(r"[^\x09\x0a\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]")


class Refused(Exception):
    """A text that is not read. `args` are the kind of fault and a detail."""


def read_program(text: str) -> Program | Fault:
    """The program of a text, or why it has none. Never raises, whatever the text."""
    if not isinstance(text, str) or not text.strip():
        return Fault("empty_text")
    if len(text) > MOST_TEXT:
        return Fault("too_long")
    return _by_line(text) or _by_parser(text)


# --- line by line ---------------------------------------------------------------------------------


def _by_line(text: str) -> Program | Fault | None:
    """The program of a text in the usual form; a fault where that form ends within a step; None for any other text."""
    lines = text.strip("\n").split("\n")
    parts: list[tuple[str, list[Step]]] = []
    at, composed = 0, lines[0].startswith("- ")
    trace, before = ("  trace:", "  - {") if composed else ("trace:", "- {")
    while at < len(lines):
        head = _HEAD.fullmatch(lines[at])
        if not head or bool(head[1]) != composed or at + 2 >= len(lines) or lines[at + 1] != trace:
            return None
        at += 2
        steps: list[Step] = []
        while at < len(lines) and lines[at].startswith(before):
            step = _line(lines[at][len(before) - 1 :])
            if step is None:
                cut = at == len(lines) - 1 and _CUT.fullmatch(lines[at], len(before))
                return Fault("not_yaml", detail="it ends within a step") if cut else None
            steps.append(step)
            at += 1
        if not steps or (at < len(lines) and not composed):
            return None
        parts.append((head[2], steps))
    if len(parts) > MOST_PARTS or sum(len(steps) for _, steps in parts) > MOST_STEPS:
        return None
    return Program(tuple(Part(expert, tuple(steps)) for expert, steps in parts), composed)


@lru_cache(maxsize=65536)
def _line(text: str) -> Step | None:
    """A step `{op: init, var: x, value: 5}`; None where the parser has to read it."""
    if len(text) < 2 or text[-1] != "}" or len(text) > 400:
        return None
    inner, raw, at = text[1:-1], {}, 0
    while at < len(inner):
        found = _FIELD.match(inner, at)
        if not found or found[1] in raw or (found[0].endswith(", ") and found.end() == len(inner)):
            return None
        raw[found[1]] = found[2] if found[3] is None else found[3].split(", ")
        at = found.end()
    return step_of(raw) if raw else None


# --- with the parser ------------------------------------------------------------------------------


def _by_parser(text: str) -> Program | Fault:
    try:
        return _program(_values(_GROUPED.sub(lambda found: found[1] + found[2].replace(",", ""), text)))
    except Refused as refused:
        return Fault(refused.args[0], detail=refused.args[1])


def _values(text: str) -> Any:
    """Texts, lists and mappings of a text. Raises Refused."""
    if _CLEAN.search(text):
        raise Refused("not_yaml", "a character that YAML does not have")
    depth = 0
    for character in re.findall(r"[\[{}\]]", text):
        depth = depth + 1 if character in "[{" else max(0, depth - 1)
        if depth > MOST_DEPTH:
            raise Refused("too_deep", "")
    try:
        return _Builder(yaml.parse(text, Loader=yaml.BaseLoader)).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused("not_yaml", f"line {mark.line + 1}" if mark else "") from None
    except (ValueError, RecursionError, OverflowError, AttributeError, IndexError):
        # what the parser lets through of odd escapes and deep blocks
        raise Refused("not_yaml", "") from None


class _Builder:
    """Values from the parser's events, with limits."""

    def __init__(self, events: Any) -> None:
        self._events = events

    def document(self) -> Any:
        self._next(yaml.StreamStartEvent)
        start = self._next(yaml.DocumentStartEvent)
        if start.version or start.tags:
            raise Refused("unsafe_yaml", "a directive")
        value = self._value(next(self._events), 0)
        self._next(yaml.DocumentEndEvent)
        self._next(yaml.StreamEndEvent)
        return value

    def _next(self, kind: type) -> Any:
        event = next(self._events)
        if not isinstance(event, kind):
            several = isinstance(event, yaml.DocumentStartEvent)
            raise Refused("unsafe_yaml", "a second document") if several else Refused("not_yaml", "")
        return event

    def _value(self, event: Any, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise Refused("too_deep", "")
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise Refused("unsafe_yaml", "an anchor or alias")
        if getattr(event, "tag", None):
            raise Refused("unsafe_yaml", "a tag")
        if isinstance(event, yaml.ScalarEvent):
            return event.value
        if isinstance(event, yaml.SequenceStartEvent):
            found = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                found.append(self._value(event, depth + 1))
            return found
        pairs: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, depth + 1)
            if not isinstance(key, str):
                raise Refused("not_a_trace", "a key that is no name")
            if key in pairs:
                raise Refused("duplicate_key", key[:40])
            pairs[key] = self._value(next(self._events), depth + 1)
        return pairs


def _program(values: Any) -> Program:
    composed = isinstance(values, list)
    if composed and not values:
        raise Refused("empty_composition", "")
    parts = values if composed else [values]
    found, steps = [], 0
    for part in parts:
        if (
            not isinstance(part, dict)
            or set(part) != {"expert", "trace"}
            or not isinstance(part["expert"], str)
        ):
            raise Refused("not_a_trace", "")
        trace = [] if part["trace"] == "" else part["trace"]
        if not isinstance(trace, list):
            raise Refused("not_a_trace", "the trace is no list")
        steps += len(trace)
        if steps > MOST_STEPS or len(parts) > MOST_PARTS:
            raise Refused("too_many_steps", "")
        found.append(Part(part["expert"], tuple(step_of(raw) for raw in trace)))
    return Program(tuple(found), composed)
