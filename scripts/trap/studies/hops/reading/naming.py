"""What entities are called in questions and traces, so that a grader can read them again.

A trace is sentences like "DiskFull leads to SlowQuery, and SlowQuery is fixed by AddIndex". Any text can be an id, but
not every text can stand in such a sentence and be told from the rest of it. So names are written with these changes,
and what they were stays as the label:

* runs of white space become one blank;
* `, and ` within a name becomes ` and `: it is what stands between two clauses;
* a name is put in double quotes where it begins or ends with a blank, full stop, comma or semicolon, where it is a
  word of a relation's phrase or of a sentence (`leads`, `and`), and where it holds such a phrase.

Two entities that would be called the same are told apart by their ids, or by numbers where the ids are what is alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import polars as pl

NAMED_BY = ("id", "label")
ENDS = " .;,"  # what a grader takes off both ends of a clause
SENTENCE = frozenset(["and", "then", "often", "usually", "typically", "commonly", "likely", "also"])
_BETWEEN = re.compile(r",\s+and\s")


def written_names(wanted: pl.Series, ids: pl.Series, phrases: Collection[str]) -> pl.Series:
    """One name per entity, all different, in the order given.

    wanted: what each is called by its owner (id or label, never null). ids: tell apart those that are called the same.
    """
    names = wanted.str.replace_all(r"[\s\x1c-\x1f]+", " ").str.strip_chars(" ")  # as str.split parts words
    words = {word for phrase in phrases for word in phrase.split()} | SENTENCE
    suspects = (
        names.str.contains(r"^[ .;,]|[ .;,]$|,\s+and\s|^$")
        | names.is_in(list(words))
        | names.str.contains_any(sorted(f" {phrase} " for phrase in phrases))
    )
    rows = np.flatnonzero(suspects.to_numpy())
    if len(rows):
        holds = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)") if phrases else None
        names = names.scatter(rows, [_written(names[int(row)], words, holds) for row in rows])
    return _told_apart(names, ids)


def _written(name: str, words: Collection[str], holds: re.Pattern[str] | None) -> str:
    name = _BETWEEN.sub(" and ", name)
    odd = not name or name[0] in ENDS or name[-1] in ENDS or name in words
    if odd or (holds is not None and holds.search(name)):
        return '"' + name.replace('"', "'") + '"'
    return name


def _told_apart(names: pl.Series, ids: pl.Series) -> pl.Series:
    for attempt in range(3):
        double = names.is_duplicated()
        if not double.any():
            return names
        rows = np.flatnonzero(double.to_numpy())
        shared, own = [names[int(row)] for row in rows], [_tidy(ids[int(row)]) for row in rows]
        if attempt == 0 and len(set(zip(shared, own, strict=True))) == len(rows) and shared != own:
            told = [f"{name} ({one})" for name, one in zip(shared, own, strict=True)]
        else:
            told = _numbered(shared)
        names = names.scatter(rows, told)
    return names


def _tidy(text: str) -> str:
    return _BETWEEN.sub(" and ", " ".join(text.split())).strip(ENDS)


def _numbered(names: Sequence[str]) -> list[str]:
    count: dict[str, int] = {}
    found = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        found.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return found


def words_of(identifier: str) -> str:
    """A relation's id in words: the last part of an IRI, with blanks where it has underscores or capitals.

    >>> words_of("http://example.org/hasPart")
    'has part'
    """
    last = re.split(r"[/#]", identifier.rstrip("/#"))[-1] if "://" in identifier else identifier
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", last.replace("_", " "))
    return " ".join(parted.split()).lower() or identifier


def examples(pairs: Iterable[tuple[str, str]], shown: int = 3) -> str:
    """`'a' as 'b', 'c' as 'd', …`"""
    found = [f"{old!r} as {new!r}" for old, new in pairs]
    return ", ".join(found[:shown]) + (", …" if len(found) > shown else "")
