"""The glossary of the page: what each word means, read from docs/glossary.md."""

from __future__ import annotations

import re

from trap.files import InputError

_ENTRY = re.compile(r"^\*\*(.+?)\*\* — (.+)$", re.DOTALL)
_SIGNS = re.compile(r"[*`]")


def glossary(markdown: str, origin: str) -> dict[str, str]:
    """{term: its meaning in plain text}. An entry is a paragraph `**term** — meaning`.

    Raises InputError, naming `origin`, if there is no entry, or two for one term.
    """
    found: dict[str, str] = {}
    for paragraph in re.split(r"\n\s*\n", markdown):
        entry = _ENTRY.match(paragraph.strip())
        if not entry:
            continue
        term = entry[1].lower()
        if term in found:
            raise InputError(f"{origin}: {entry[1]}: explained twice")
        found[term] = " ".join(_SIGNS.sub("", entry[2]).split())
    if not found:
        raise InputError(f"{origin}: no entry of the form `**term** — meaning`")
    return found
