"""Options and answers in the shapes that people write them, and answers read from what a model wrote.

Options are (labels, texts), two tuples of one length; labels are "A", "B", … where none are given. A model's text is
parsed with regular expressions of bounded reach and never evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST = len(LETTERS)
TAIL = 4000  # characters at the end of a completion in which an answer is looked for
Options = tuple[tuple[str, ...], tuple[str, ...]]

_LINE = re.compile(r"^[ \t]*[(\[]?([A-Z]|[a-z]|\d{1,2})[)\].:][ \t]*(\S.*)$", re.MULTILINE)
_INLINE = re.compile(r"[(\[]([A-Z]|\d{1,2})[)\]][ \t]*")
_NUMBER = r"[-+−]?\$?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d{1,3})?|[-+−]?\$?\.\d+"
_NUMBERS = re.compile(_NUMBER)
_PLAIN = re.compile(rf"[$€£]?\s*({_NUMBER})\s*(?:%|\\%)?\.?")
_HASHES = re.compile(rf"####\s*[$€£]?\s*({_NUMBER})")
_BOXED = re.compile(r"\\boxed\s*\{\s*(?:\\text\s*\{)?([^{}]{0,200})\}")
_SAYS = re.compile(r"(?:answer|ANSWER|Answer)\s*(?:is|:|=)?\s*:?\s*", re.ASCII)
_LETTER = re.compile(r"[*\s(\[{\"']*(?:option\s+|choice\s+)?([A-Za-z]|\d{1,2})(?![A-Za-z0-9])", re.IGNORECASE)
_ALONE = re.compile(r"^\s*[(\[]?([A-Z]|\d{1,2})[)\].:]?(?=\s|$)")


# --- options --------------------------------------------------------------------------------------------------


def scalar_text(value: Any) -> str:
    """A number, a truth value or a text as text; "" for anything else. 1.0 is written 1."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else ""
    if isinstance(value, float):
        return f"{value:.12g}" if math.isfinite(value) else ""
    return ""


def lettered(texts: Sequence[str]) -> Options | None:
    """Options under the letters A, B, …; None where they are too few or too many."""
    return (tuple(LETTERS[: len(texts)]), tuple(texts)) if 2 <= len(texts) <= MOST else None


def options_of(value: Any) -> Options | None:
    """Options in any common shape: list, label -> text, {"text": […], "label": […]}, list of objects; JSON of these."""
    if isinstance(value, str):
        if value[:1] not in ("[", "{"):
            return None
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
    if isinstance(value, dict):
        return _of_dict(value)
    if not isinstance(value, (list, tuple)) or not 2 <= len(value) <= MOST:
        return None
    if all(isinstance(part, dict) for part in value):
        texts = [next((scalar_text(part[name]) for name in ("text", "content", "value", "option", "answer") if name in part), "") for part in value]  # fmt: skip
        labels = [next((scalar_text(part[name]) for name in ("label", "key", "id") if name in part), "") for part in value]  # fmt: skip
        if not all(texts):
            return None
        return (tuple(labels), tuple(texts)) if all(labels) else lettered(texts)
    texts = [scalar_text(part).strip() for part in value]
    if not all(texts):
        return None
    # "A) text", "(B) text": labels within the texts
    found = [_LINE.fullmatch(text) for text in texts]
    if all(found):
        labels = [match[1] for match in found if match]
        if _in_order(labels):
            return tuple(labels), tuple(match[2].strip() for match in found if match)
    return lettered(texts)


def _of_dict(value: dict[str, Any]) -> Options | None:
    texts, labels = value.get("text"), value.get("label", value.get("labels"))
    if (
        isinstance(texts, list)
        and isinstance(labels, list)
        and len(texts) == len(labels)
        and 2 <= len(texts) <= MOST
    ):
        return tuple(scalar_text(part) for part in labels), tuple(scalar_text(part) for part in texts)
    if isinstance(texts, list):
        return options_of(texts)
    # columns that a table format filled up with nulls
    known = {name: scalar_text(part) for name, part in value.items() if part is not None}
    if not 2 <= len(known) <= MOST or not all(known.values()):
        return None
    return tuple(known), tuple(known.values())


def split_options(text: str) -> tuple[str, Options] | None:
    """A question that carries its options: (what stands before them, the options), or None.

    Options stand on lines of their own ("A) …", "(b) …", "1. …") or inline in brackets ("(A) … (B) …").
    """
    lines = list(_LINE.finditer(text))
    for start in range(len(lines)):
        run = _run(lines, start)
        if len(run) >= 2:
            stem = text[: run[0].start()].rstrip()
            return stem, (tuple(match[1] for match in run), tuple(match[2].strip() for match in run))
    marks = list(_INLINE.finditer(text))
    for start in range(len(marks)):
        run = _run(marks, start)
        if len(run) >= 2:
            ends = [match.start() for match in run[1:]] + [len(text)]
            texts = [text[match.end() : end].strip(" \t\n,;") for match, end in zip(run, ends, strict=True)]
            if all(texts):
                return text[: run[0].start()].rstrip(), (tuple(match[1] for match in run), tuple(texts))
    return None


def _run(matches: Sequence[re.Match[str]], start: int) -> list[re.Match[str]]:
    """Matches from `start` whose labels follow A, B, C, … (or a, … or 1, …)."""
    if matches[start][1] not in ("A", "a", "1"):
        return []
    run = [matches[start]]
    for match in matches[start + 1 : start + MOST]:
        if not _in_order([one[1] for one in run] + [match[1]]):
            break
        run.append(match)
    return run


def _in_order(labels: Sequence[str]) -> bool:
    first = labels[0]
    if first in ("A", "a"):
        return all(ord(label[0]) == ord(first) + n and len(label) == 1 for n, label in enumerate(labels))
    return first in ("0", "1") and all(label == str(int(first) + n) for n, label in enumerate(labels))


# --- keys -----------------------------------------------------------------------------------------------------

# how a key names its option; tried in this order, the first that fits most rows is taken
CONVENTIONS = ("label", "text", "from 0", "from 1", "said")


def key_index(value: Any, options: Options, convention: str) -> int | None:
    """The place of the right option, from 0, or None where the key names none."""
    labels, texts = options
    text = scalar_text(value).strip()
    if convention == "said":
        label = read_option(text, options)
        return labels.index(label) if label is not None else None
    if convention in ("from 0", "from 1"):
        if len(text) > 6 or not re.fullmatch(r"\d+(?:\.0)?", text, re.ASCII):
            return None
        place = int(float(text)) - int(convention[-1])
        return place if 0 <= place < len(texts) else None
    if convention == "text":
        return _place(text, texts)
    bare = text.strip("()[].: \t")
    if (place := _place(bare, labels)) is not None:
        return place
    head = re.match(r"[(\[]?([A-Za-z]|\d{1,2})[)\].:]\s*\S", text)
    return _place(head[1], labels) if head else None


def _place(text: str, among: Sequence[str]) -> int | None:
    if not text:
        return None
    for place, one in enumerate(among):
        if one == text:
            return place
    folded = text.casefold().strip()
    for place, one in enumerate(among):
        if one.casefold().strip() == folded:
            return place
    return None


def number_text(text: str) -> str | None:
    """A number in one spelling: "1,200.50" is 1200.5, "$18" is 18. None for what is no number."""
    match = _PLAIN.fullmatch(text.strip()[:80])
    return _canonical(match[1]) if match else None


def _canonical(found: str) -> str | None:
    plain = found.replace(",", "").replace("$", "").replace("−", "-").lstrip("+")
    if len(plain) > 60:
        return plain
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    if abs(value.adjusted()) > 100:
        return plain
    text = format(value.normalize(), "f")
    return "0" if text in ("-0", "0") else text


def key_text(value: Any, kind: str) -> str:
    """The key of a question without options in one spelling: the number after ####, in a box, or alone; or the text."""
    text = scalar_text(value)
    if kind == "number":
        return declared_number(text) or number_text(text) or read_number(text) or ""
    boxed = _BOXED.findall(text)
    return folded(boxed[-1] if boxed else text)


def folded(text: str) -> str:
    """Lower case, single blanks, no mark at the end."""
    return " ".join(text.casefold().split()).strip(" .!\"'")


# --- what a model wrote ---------------------------------------------------------------------------------------


def declared_number(text: str) -> str | None:
    """The number after the last ####, or in the last box."""
    tail = text[-TAIL:]
    if found := _HASHES.findall(tail):
        return _canonical(found[-1])
    if found := _BOXED.findall(tail):
        return number_text(found[-1])
    return None


def read_number(text: str, options: Options | None = None) -> str | None:
    """The number after ####, in a box, after "answer is", else the last number of the text."""
    tail = text[-TAIL:]
    if (found := declared_number(tail)) is not None:
        return found
    for said in reversed(list(_SAYS.finditer(tail))):
        if match := re.compile(r"[*\s\\(\[]*" + f"({_NUMBER})").match(tail, said.end()):
            return _canonical(match[1])
    numbers = _NUMBERS.findall(tail)
    return _canonical(numbers[-1]) if numbers else None


def read_option(text: str, options: Options | None) -> str | None:
    """The label of the option that a text names: after "answer", in a box, alone at its start, or by its words."""
    if options is None:
        return None
    labels, texts = options
    tail = text[-TAIL:]
    for said in reversed(list(_SAYS.finditer(tail))):
        match = _LETTER.match(tail, said.end())
        if match and (place := _place(match[1], labels)) is not None:
            return labels[place]
    for found in reversed(_BOXED.findall(tail)):
        if (place := _place(found.strip("() "), labels)) is not None:
            return labels[place]
    match = _ALONE.match(tail) if len(text) <= TAIL else None
    if match and (place := _place(match[1], labels)) is not None:
        return labels[place]
    said = list(_SAYS.finditer(tail))
    rest = tail[said[-1].end() :] if said else tail
    place = _place(
        folded(rest.strip().splitlines()[0]) if rest.strip() else "", [folded(one) for one in texts]
    )
    return labels[place] if place is not None else None


def read_text(text: str, options: Options | None = None) -> str | None:
    """What stands in a box, after the last "answer:", or the whole text, folded."""
    tail = text[-TAIL:]
    if found := _BOXED.findall(tail):
        return folded(found[-1]) or None
    if said := [match for match in _SAYS.finditer(tail) if ":" in match[0] or "is" in match[0]]:
        rest = tail[said[-1].end() :].strip()
        return folded(rest.splitlines()[0]) or None if rest else None
    return folded(text) or None if len(text) <= TAIL else None


READERS: dict[str, Callable[[str, Options | None], str | None]] = {
    "choice": read_option,
    "number": read_number,
    "text": read_text,
}
READS = {
    "choice": "the option after “answer”, in a box, alone at the start, or by its words",
    "number": "the number after ####, in a box, after “answer”, else the last one",
    "text": "the text in a box, after “answer:”, else all of it",
}
