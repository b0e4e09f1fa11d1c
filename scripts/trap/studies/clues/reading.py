"""What a person would read as the answers of a completion, and what the published grader reads.

Answers are lines `LETTER value`; the last line of a letter that names a possible answer counts. Bold, colons, brackets,
a trailing dot, an article, small letters, a surname alone, and 11:45 pm, 11:45 p.m. or 23:45 are taken as what they
mean. A line that names nothing possible is no answer, so that prose that begins with "A" harms nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

MOST_LINES, MOST_CHARACTERS = 400, 300  # of a text that is looked at; from its end, where answers stand
MARKUP = re.compile(r"[*_`#>|$\"“”]+")
ANSWER = re.compile(r"\W*(?:[Aa]nswer\s+|[Qq]uestion\s+)?([A-Z])(?:\s*[.:)\]=\-–—]+\s*|\s+)(\S.*)")
ARTICLE = re.compile(r"(?:(?:was|is|in|at|the|by|with|a)\s+)+")
NO_NAME = re.compile(r"[^a-z0-9:]+")
CLOCK = re.compile(r"(\d\d?):(\d\d)\s*([ap])\.?\s*m\.?")
PUBLISHED = "[A-Za-z \\.:-]+"  # no digit, so that no time is ever right


def normal(text: str) -> str:
    """A name without what a person does not look at: case, dots, spaces; a time in one form, such as 23:45."""
    text = text.casefold().strip()
    clock = CLOCK.search(text)
    if clock:
        hour = int(clock[1]) % 12 + (12 if clock[3] == "p" else 0)
        return f"{hour:02d}:{clock[2]}"
    return NO_NAME.sub("", ARTICLE.sub("", text, count=1) if ARTICLE.match(text) else text)


def forms(names: Sequence[str]) -> dict[str, int]:
    """All that may be written for each name, and which it is: the whole, or a last word that only one name has."""
    found = {normal(name): number for number, name in enumerate(names)}
    last = [normal(name.split()[-1]) for name in names]
    for number, word in enumerate(last):
        if last.count(word) == 1:
            found.setdefault(word, number)
    return found


def answers(completion: str, asked: Sequence[Mapping[str, int]]) -> tuple[list[int | None], list[str]]:
    """(what is read for each question, the lines that are no answers). `asked` has the forms of its possible answers."""
    read: list[int | None] = [None] * len(asked)
    rest = []
    for line in completion.split("\n")[-MOST_LINES:]:
        text, number, value = read_line(line, asked)
        if value is not None:
            read[number] = value
        elif text is not None:
            rest.append(text)
    return read, rest


def plain(line: str) -> str:
    """The beginning of a line without markup."""
    return MARKUP.sub("", line[:MOST_CHARACTERS]).strip()


def read_line(line: str, asked: Sequence[Mapping[str, int]]) -> tuple[str | None, int, int | None]:
    """(the text of a line that is no answer, the question that it answers, what it answers).

    An answer has no text; a line that says nothing has neither.
    """
    text = plain(line)
    match = ANSWER.fullmatch(text)
    number = ord(match[1]) - 65 if match else -1
    value = _value(match[2], asked[number]) if match and number < len(asked) else None
    if value is not None:
        return None, number, value
    return text.rstrip(".") if text else None, -1, None


def _value(text: str, known: Mapping[str, int]) -> int | None:
    """Which name a value is: as it stands, or before what a person would add to it."""
    found = known.get(normal(text))
    if found is None:
        found = known.get(normal(re.split(r"[,;(\[—–]| - | because ", text, maxsplit=1)[0]))
    return found


def published_score(solution: Mapping[str, str], completion: str) -> float:
    """The share of answers that the published graders find (OpenPipe/deductive-reasoning, lib/tasks.py)."""
    right = 0
    for letter, value in solution.items():
        found = re.findall(rf"{letter}\. ({PUBLISHED})", completion)
        right += bool(found) and found[-1].strip().lower() == value.lower()
    return right / len(solution)
