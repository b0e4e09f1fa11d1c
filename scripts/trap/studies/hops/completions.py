"""Reading a completion: the strict contract of the published reward, and a forgiving second reading.

The published contract asks for a line starting with `TRACE:` and a line starting with `ANSWER:` whose
value is exactly one of A, B, C, D. What it leaves open is decided strictly, and why:

* Several `ANSWER:` lines (or several `TRACE:` lines) do not parse. Reading the first or the last one
  would reward a model that hedges by naming all four letters; such a completion has no single answer.
* The two lines may stand in either order, and other lines are ignored: they can neither earn
  coverage nor hide spam, because only the text of the `TRACE:` line is read for entities.
* Only the first `MAX_CHARS` characters are read, so that the work per completion is bounded.

The forgiving reading exists to tell missing knowledge from missing format; no reward uses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trap.studies.hops.records import LETTERS

MAX_CHARS = 20_000  # of a completion; typical ones have 200

_LETTER_SET = frozenset(LETTERS)


def parse_completion(completion: str) -> tuple[str, str] | None:
    """(trace text, letter) by the strict contract, or None when the completion does not satisfy it."""
    if len(completion) > MAX_CHARS:
        completion = completion[:MAX_CHARS]
    trace: str | None = None
    answer: str | None = None
    for line in completion.split("\n"):
        if line.startswith("TRACE:"):
            if trace is not None:
                return None
            trace = line[6:].strip()
        elif line.startswith("ANSWER:"):
            if answer is not None:
                return None
            answer = line[7:].strip()
            if answer not in _LETTER_SET:
                return None
    if trace is None or answer is None:
        return None
    return trace, answer


# Runs of white space are bounded, so that no text makes the matching quadratic.
_SAID = re.compile(
    r"(?i:answer|option|choice)(?i:\s{1,4}is)?\s{0,4}(?:[:=]\s{0,4})?[*(\[\"']{0,4}([A-D])\b"
    r"(?!\s{0,4}(?:,|/|\||or\b|and\b)\s{0,4}[A-D]\b)"
)
_BRACKETED = re.compile(r"\(([A-D])\)|(?m:^[ \t]{0,8}([A-D])[).:])")
_LONE = re.compile(r"\W*([A-D])\W*")


def lenient_letter(completion: str, options: Mapping[str, str]) -> str:
    """The letter a forgiving reader would take: "Answer: B", "(B)", a lone letter, or an option's text at the end.

    Each rule counts only when it finds exactly one distinct letter; naming several finds none.
    """
    text = completion[:MAX_CHARS]
    said = set(_SAID.findall(text))
    if said:
        return said.pop() if len(said) == 1 else ""
    lone = _LONE.fullmatch(text[:40]) if len(text) <= 40 else None
    if lone:
        return lone[1]
    bracketed = {first or second for first, second in _BRACKETED.findall(text)}
    if bracketed:
        return bracketed.pop() if len(bracketed) == 1 else ""
    lines = text.rstrip().rsplit("\n", 1)
    words = lines[-1][-400:]
    named = {
        letter
        for letter, option in options.items()
        if option and option in words and re.search(rf"(?<!\w){re.escape(option)}(?!\w)", words)
    }
    return named.pop() if len(named) == 1 else ""
