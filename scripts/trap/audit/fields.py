"""Which field of a file is what, and how its rows become items.

A role is what the audit needs (question, options, answer, …); a path names a field, with dots into objects. What was
understood is said before anything is judged (`Fields.words`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trap.audit.answers import Options, key_index, key_text, options_of, scalar_text, split_options
from trap.audit.layouts import LAYOUTS, message_text
from trap.audit.reading import Row, Source

_OF_DATA = ("question", "context", "options", "answer", "id", "group", "template")
OF_PART = {  # roles that a part of the audit may have
    "train": _OF_DATA,
    "eval": _OF_DATA,
    "samples": (*_OF_DATA, "response", "predicted", "correct", "score", "format", "kept", "seed", "run"),
}


class Item(NamedTuple):
    """A row as the audit sees it. key: place of the right option, None where unread. answer: the right answer as
    comparable text ("" where missing). `asked` is the question without its options."""

    id: str
    asked: str
    options: Options | None
    key: int | None
    answer: str
    group: str
    template: str


@dataclass
class Fields:
    """Which field of a file is what. `at`: role -> path; options may be several paths, a run too."""

    source: Source
    part: str
    layout: str = ""
    at: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # roles that a mapping named
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inside: bool = False  # options stand in the text of the question
    labels: str = ""  # of columns, the series of their labels
    convention: str = ""  # how the key names an option
    doubt: str = ""  # what the first rows cannot tell
    kind: str = ""  # choice | number | text | "" where there is no key
    fits: float = 1.0  # the share of peeked rows with a key that was read

    @property
    def needs(self) -> set[str] | None:
        """Outer names of the fields that are read; None for all."""
        if self.layout in LAYOUTS:
            return None
        paths = itertools.chain.from_iterable([p] if isinstance(p, str) else p for p in self.at.values())
        paths = [*paths, *self.where]
        return {path for path in paths} | {path.split(".")[0] for path in paths}

    def rows(self, everything: bool = False) -> Any:
        """(line, row) of the rows that `where` lets through, laid out."""
        lay = LAYOUTS.get(self.layout)
        tests = [(getter(path), wanted) for path, wanted in self.where.items()]
        for line, row in self.source.rows(None if everything else self.needs):
            if lay is not None:
                row = lay(row)
            if all(scalar_text(get(row)) in wanted for get, wanted in tests):
                yield line, row

    def get(self, role: str) -> Callable[[Row], Any]:
        """What reads a role off a row; it gives None where there is no such field."""
        path = self.at.get(role)
        return getter(path) if isinstance(path, str) else lambda row: None

    def reader(self) -> Callable[[Row], Item]:
        """What turns rows into items."""
        question, context = self.get("question"), self.get("context") if "context" in self.at else None
        options, answer = self._options(), self.get("answer")
        ident, group, template = self.get("id"), self.get("group"), self.get("template")
        grouped, templated = "group" in self.at, "template" in self.at
        kind, convention, inside = self.kind, self.convention, self.inside

        def item(row: Row) -> Item:
            asked = question_text(question(row))
            if context is not None:
                asked = f"{question_text(context(row))}\n{asked}"
            given = options(row)
            if inside and (found := split_options(asked)) is not None:
                asked, given = found
            value, key, said = answer(row), None, ""
            if value is not None:
                if given is not None and kind == "choice":
                    key = key_index(answer_text(value), given, convention)
                    said = given[1][key] if key is not None else ""
                else:
                    said = key_text(answer_text(value), kind)
            return Item(
                scalar_text(ident(row)), asked, given, key, said,
                scalar_text(group(row)) if grouped else "", scalar_text(template(row)) if templated else "",
            )  # fmt: skip

        return item

    def _options(self) -> Callable[[Row], Options | None]:
        path = self.at.get("options")
        if isinstance(path, str):
            get = getter(path)
            return lambda row: options_of(get(row))
        if path:
            gets, labels = [getter(one) for one in path], tuple(self.labels[: len(path)])

            def columns(row: Row) -> Options | None:
                found = [(label, scalar_text(get(row))) for label, get in zip(labels, gets, strict=True)]
                kept = [(label, text) for label, text in found if text]
                return (tuple(p[0] for p in kept), tuple(p[1] for p in kept)) if len(kept) > 1 else None

            return columns
        return lambda row: None

    def words(self) -> list[tuple[str, str]]:
        """(role, how it was understood), for people."""
        lines = [("format", f"{self.source.kind}{f', {self.layout}' if self.layout else ''}")]
        for role in OF_PART[self.part]:
            path = self.at.get(role)
            if path:
                text = path if isinstance(path, str) else ", ".join(path)
                lines.append((role, f"{text}{' (by the mapping)' if role in self.named else ''}"))
        if self.inside:
            lines.append(("options", "in the text of the question"))
        if self.kind == "choice" and self.convention:
            how = {
                "label": "a label",
                "text": "the option's text",
                "from 0": "a place from 0",
                "from 1": "a place from 1",
                "said": "said in a text",
            }
            lines.append(("answers", f"choice; the key is {how[self.convention]}{self.doubt}"))
        elif self.kind:
            lines.append(("answers", {"number": "numbers", "text": "texts", "choice": "choice"}[self.kind]))
        if self.where:
            lines.append(
                (
                    "only rows",
                    ", ".join(f"{name} = {' or '.join(values)}" for name, values in self.where.items()),
                )
            )
        return lines


# --- values ---------------------------------------------------------------------------------------------------


def getter(path: str) -> Callable[[Row], Any]:
    """What reads a path off a row: a field of this very name, else a way through objects."""
    if "." not in path:
        return lambda row: row.get(path)
    parts = path.split(".")

    def get(row: Row) -> Any:
        if row.get(path) is not None:
            return row[path]
        value: Any = row
        for part in parts:
            if not isinstance(value, dict):
                return None
            value = value.get(part)
        return value

    return get


def question_text(value: Any) -> str:
    """A question as text: a text, the last message of the user in a chat, the first text of a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        said = message_text(value, "user")
        return said if said is not None else question_text(value[0]) if value else ""
    if isinstance(value, dict):
        return question_text(value.get("stem") or value.get("text"))
    return ""


def answer_text(value: Any) -> str:
    """An answer or a completion as text: a scalar, the last message of the assistant, the first of a list."""
    for _ in range(20):
        if isinstance(value, list) and value:
            said = message_text(value, "assistant")
            if said is not None:
                return said
            value = value[0]
        elif isinstance(value, dict):
            value = value.get("value", value.get("text", value.get("content")))
        else:
            break
    return scalar_text(value)
