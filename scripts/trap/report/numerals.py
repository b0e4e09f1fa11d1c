"""Find numbers that somebody typed into a template instead of taking them from a claim or a table."""

from __future__ import annotations

import re

# Words count as well: "three hops" goes stale as silently as "3 hops". Small ones that are rarely
# counts ("one run", "two readings", "first") stay free.
_WORDS = re.findall(
    r"\w+",
    "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million "
    "half twice thrice quarter third",
)
_NUMERAL = re.compile(r"\d[\d.,]*|\b(?:" + "|".join(_WORDS) + r")\b", re.IGNORECASE)

_NOT_PROSE = (
    re.compile(r"\{#.*?#\}", re.DOTALL),  # jinja comments
    re.compile(r"\{%.*?%\}", re.DOTALL),  # jinja statements
    re.compile(r"\{\{.*?\}\}", re.DOTALL),  # jinja expressions: from claims, tables or constants
    re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE),  # code blocks
    re.compile(r"<style>.*?</style>", re.DOTALL),
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"`[^`\n]*`"),  # inline code
    re.compile(r"(?<=\])\([^)\s]*\)"),  # link targets
    re.compile(r"<https?://[^>]*>"),
    re.compile(r"</?[a-zA-Z][^<>]*>"),  # tags and their attributes
    re.compile(r"&#?\w+;"),
)


def _blank(match: re.Match[str]) -> str:
    """Same number of lines, so that a finding still names its line."""
    return "\n" * match.group().count("\n") or " "


def bare_numerals(template: str, allowed: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """(line number, word) of every number in the prose of a jinja template (Markdown or HTML).

    Looked at: everything outside jinja, code, link targets and tags, whole words at a time, so that
    `SmolLM-135M` is one finding. `allowed` are exact words that may stand.
    """
    text = template
    for pattern in _NOT_PROSE:
        text = pattern.sub(_blank, text)
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        for word in re.findall(r"[^\s|]+", line):
            bare = word.strip(".,;:!?()[]*_\"'“”‘’")
            if bare in allowed or (re.fullmatch(r"\d+\.", word) and line.lstrip().startswith(word)):
                continue  # a list marker is not a number
            if _NUMERAL.search(bare):
                found.append((number, bare))
    return found


def literal_numbers(template: str) -> list[str]:
    """String literals with digits inside jinja *output* that are not an id, a key or a path.

    Guards the other door: `{{ "75 %" }}` would pass `bare_numerals`. Ids such as `B3`, arm names and
    file names are single words without spaces or signs; anything else with a digit is a finding.
    """
    found: list[str] = []
    for expression in re.findall(r"\{\{(.*?)\}\}", template, re.DOTALL):
        for literal in re.findall(r"\"([^\"]*)\"|'([^']*)'", expression):
            text = literal[0] or literal[1]
            if re.search(r"\d", text) and not re.fullmatch(r"[A-Za-z_][\w./-]*", text):
                found.append(text)
        without_text = re.sub(r"\"[^\"]*\"|'[^']*'", "", expression)
        if re.fullmatch(r"\s*[\d.]+\s*(\|.*)?", without_text, re.DOTALL):
            found.append(without_text.strip())
    return found
