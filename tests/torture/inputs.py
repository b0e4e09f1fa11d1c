"""Inputs for parsers: any text, texts that were valid before they were cut and pasted, and values of that kind."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

# What parsers stumble over: signs of their languages, numbers at the edge, letters of other scripts, odd spaces.
BITS = (
    "", "\n", "\r\n", "\t", " ", "\0", "\ufeff", "\u2028", "\u202e", "\ud800", "é", "研究", "🙂", "{", "}", "[", "]", "(", ")", '"', "'",
    "`", ":", ": ", ",", ";", "|", "#", "&a", "*a", "!!python/object:os.system", "<<: ", "---\n", "%YAML 9.9\n", "<", ">", "</", "&lt;",
    "<!ENTITY a 'b'>", "\\", "\\u0000", "\\ud800", "null", "true", "NaN", "Infinity", "-0", "1e999", "9" * 400, "0x1f", "017", "1:30",
    "2020-13-45", "½", "٣", "--", "{{ x }}", "{% if %}", "%s", "$(x)", "../", "and", "ANSWER: A", "TRACE: ", "[" * 3000, "(" * 3000,
    "{" * 300, "- " * 400, "a" * 5000,
)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(BITS)
)
values = st.recursive(
    scalars,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=4), part, max_size=3),
    max_leaves=6,
)


def texts(*valid: str) -> st.SearchStrategy[str]:
    """Any text, and valid texts with pieces cut out, put in, and taken from each other."""
    piece = st.sampled_from(valid).flatmap(
        lambda text: st.tuples(st.integers(0, len(text)), st.integers(1, 60)).map(
            lambda at: text[at[0] : at[0] + at[1]]
        )
    )
    edit = st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(BITS) | st.text(max_size=6) | piece)
    cut = st.tuples(st.sampled_from(valid), st.lists(edit, max_size=5)).map(_edited)
    return st.text(max_size=80) | cut | cut | cut


def _edited(drawn: tuple[str, list[tuple[float, int, str]]]) -> str:
    text, edits = drawn
    for where, length, put in edits:
        at = int(where * len(text))
        text = text[:at] + put + text[at + length :]
    return text


def contents(*valid: str | bytes) -> st.SearchStrategy[bytes]:
    """Files: any bytes, and valid ones with pieces changed, or cut short."""
    whole = [one if isinstance(one, bytes) else one.encode() for one in valid]
    changed = texts(*(one.decode("latin-1") for one in whole)).map(
        lambda text: text.encode("utf-8", "replace")
    )
    kept = texts(*(one.decode("latin-1") for one in whole)).map(
        lambda text: text.encode("latin-1", "replace")
    )
    short = st.tuples(st.sampled_from(whole), st.floats(0, 1)).map(
        lambda drawn: drawn[0][: int(drawn[1] * len(drawn[0]))]
    )
    return st.binary(max_size=60) | changed | kept | short


def _places(value: Any, at: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inner for place in _places(part, (*at, key)))]


def changed(*valid: Any) -> st.SearchStrategy[Any]:
    """Plain values of which some parts, at any depth, are another value, another key, or gone."""
    whole: Sequence[tuple[Any, list[tuple]]] = [(one, _places(one)) for one in valid]
    change = st.tuples(st.floats(0, 1), st.sampled_from(("set", "add", "drop")), values, st.text(max_size=6))
    return st.tuples(st.sampled_from(range(len(whole))), st.lists(change, min_size=1, max_size=3)).map(
        lambda drawn: _changed(*whole[drawn[0]], drawn[1])
    )


def _changed(value: Any, places: list[tuple], changes: list[tuple[float, str, Any, str]]) -> Any:
    value = copy.deepcopy(value)
    for where, how, new, key in changes:
        *parents, last = places[min(int(where * len(places)), len(places) - 1)] or (None,)
        try:
            holder = value
            for parent in parents:
                holder = holder[parent]
            if last is None:
                value = new
            elif how == "drop":
                del holder[last]
            elif how == "add" and isinstance(holder, dict):
                holder[key] = new
            else:
                holder[last] = new
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return value
