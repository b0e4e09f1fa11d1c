"""Find numbers that were typed into a template. Templates take every number from a claim or a table."""

from __future__ import annotations

import re

# Number words go stale as silently as digits. The words "one", "two" and "first" are allowed, because they are rarely
# counts.
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
    """As many line breaks as the match has, so that line numbers stay right."""
    return "\n" * match.group().count("\n") or " "


def bare_numerals(template: str, allowed: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """[(line number, word)] of the numbers in the prose of a Jinja template (Markdown or HTML).

    Prose is what stands outside Jinja, code, link targets and tags. A finding is a whole word, such as `SmolLM-135M`.
    allowed: words that are no findings.
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
    """Numbers typed inside Jinja output, such as `{{ "75 %" }}`, which `bare_numerals` does not see.

    Single words such as `B3`, names of arms and file names are allowed. Any other literal with a digit is a finding.
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
