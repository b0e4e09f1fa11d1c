"""Words for numbers: jinja filters and globals of the report, which know nothing but claims and tables.

Sentences that judge a result are chosen here from its verdict or its interval, so that the prose
cannot say "higher" where the interval holds zero.
"""

from __future__ import annotations

import re
from typing import Any

import jinja2
from markupsafe import Markup

from trap.files import InputError

NO_BREAK = "\u00a0"
VERDICTS = ("reproduced", "not reproduced", "inconclusive", "not tested here")
_VERDICT_PHRASES = {
    "reproduced": "held up here",
    "not reproduced": "did not hold up here",
    "inconclusive": "could not be decided here",
    "not tested here": "was not tested here",
}
_VERDICT_MARKS = {"reproduced": "✔", "not reproduced": "✘", "inconclusive": "≈", "not tested here": "–"}
_MARKDOWN = re.compile(r"([\\`*_\[\]|~])")
_LINE_START = re.compile(r"^(\s*)([#>+-]|\d+[.)])")


def plain(text: object) -> Markup:
    """Any text as literal Markdown: HTML and Markdown signs escaped, on one line."""
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(_LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", line)))


def code(text: object) -> Markup:
    """Any text as inline code; it must be one line, and backticks are fenced."""
    line = " ".join(str(text).split())
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{fence}{pad}{line}{pad}{fence}")


def block(text: object) -> Markup:
    """Any text as the inside of a ``` code block."""
    return Markup(str(text).strip("\n").replace("```", "'''"))


def pct(share: float) -> Markup:
    """A share as `41 %`; a share that is small but not zero keeps one decimal."""
    value = 100 * share
    digits = 1 if 0 < abs(value) < 0.95 or 99.05 < value < 100 else 0
    return Markup(f"{value:.{digits}f}{NO_BREAK}%")


def _whole(share: float) -> str:
    return f"{100 * share:.0f}".replace("-0", "0") if abs(share) < 0.005 else f"{100 * share:.0f}"


def interval(low: float | None, high: float | None) -> Markup:
    """`[35–47]` in percent or points; `[−3 to 5]` when a limit is negative; empty when there is none."""
    if low is None or high is None:
        return Markup("")
    dash = "–" if low >= 0 and _whole(low) != "-0" else " to "
    return Markup(f"[{_whole(low)}{dash}{_whole(high)}]".replace("-", "−"))


def estimate(row: Any) -> Markup:
    """`41 % [35–47]` of anything with value, low and high; `not measured` when the value is missing."""
    value = _get(row, "value")
    if value is None:
        return Markup("not measured")
    tail = interval(_get(row, "low"), _get(row, "high"))
    return Markup(f"{pct(value)} {tail}".strip())


def points(row: Any) -> Markup:
    """A difference of shares as `+12 points [5–19]`, sign always shown."""
    value = _get(row, "value")
    if value is None:
        return Markup("not measured")
    size = 100 * value
    sign = "+" if round(size) > 0 else "−" if round(size) < 0 else "±"
    unit = "point" if abs(round(size)) == 1 else "points"
    tail = interval(_get(row, "low"), _get(row, "high"))
    return Markup(f"{sign}{abs(size):.0f}{NO_BREAK}{unit} {tail}".strip())


def count(number: float) -> Markup:
    """An integer with thin no-break spaces between thousands."""
    return Markup(f"{round(number):,}".replace(",", "\u202f"))


def decimal(number: float, digits: int = 1) -> Markup:
    """A number with `digits` decimals and a real minus sign."""
    return Markup(f"{number:.{digits}f}".replace("-", "−"))


def duration(seconds: float | None) -> Markup:
    """Seconds as `47 s`, `12 min` or `3.4 h`."""
    if seconds is None:
        return Markup("not recorded")
    if seconds < 100:
        return Markup(f"{seconds:.0f}{NO_BREAK}s")
    if seconds < 5400:
        return Markup(f"{seconds / 60:.0f}{NO_BREAK}min")
    return Markup(f"{seconds / 3600:.1f}{NO_BREAK}h")


def plural(number: float, one: str, many: str = "") -> Markup:
    """`1 seed`, `3 seeds`."""
    return Markup(f"{count(number)} ") + (one if round(number) == 1 else many or f"{one}s")


def direction(row: Any) -> str:
    """`higher`, `lower` or `unclear`: where the whole interval of a difference lies."""
    low, high = _get(row, "low"), _get(row, "high")
    if low is None or high is None:
        return "unclear"
    return "higher" if low > 0 else "lower" if high < 0 else "unclear"


def higher_lower(row: Any, higher: str = "higher", lower: str = "lower", unclear: str = "") -> str:
    """The word for a difference that its interval supports."""
    words = {"higher": higher, "lower": lower, "unclear": unclear or "not distinguishable"}
    return words[direction(row)]


def verdict_phrase(claim: Any) -> str:
    """`held up here`, `did not hold up here`, `could not be decided here`, `was not tested here`."""
    verdict = _get(claim, "verdict")
    if verdict not in _VERDICT_PHRASES:
        raise InputError(f"claim {_get(claim, 'id')}: unknown verdict {verdict!r}")
    return _VERDICT_PHRASES[verdict]


def verdict_mark(claim: Any) -> str:
    """A sign for a verdict in the scoreboard; the verdict's words always stand beside it."""
    return _VERDICT_MARKS[_get(claim, "verdict")]


def listing(items: list[Any]) -> Markup:
    """`a`, `a and b`, `a, b and c`."""
    parts = [item if isinstance(item, Markup) else plain(item) for item in items]
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + Markup(" and ") + parts[-1]


def _get(row: Any, key: str) -> Any:
    return row.get(key) if isinstance(row, dict) else getattr(row, key, None)


class Ledger:
    """Claims by id: `claim("B3")`; an id that is not in the ledger stops the rendering."""

    def __init__(self, claims: list[dict[str, Any]]) -> None:
        self.claims = claims
        self._by_id = {str(claim["id"]): claim for claim in claims}
        self.used: set[str] = set()

    def __call__(self, identifier: str) -> dict[str, Any]:
        if identifier not in self._by_id:
            raise InputError(f"report: no claim {identifier!r} in the ledger")
        self.used.add(identifier)
        return self._by_id[identifier]

    def has(self, identifier: str) -> bool:
        return identifier in self._by_id

    def tally(self) -> dict[str, int]:
        """Number of claims per verdict, in the fixed order of VERDICTS."""
        return {name: sum(claim.get("verdict") == name for claim in self.claims) for name in VERDICTS}


def environment(folder: str) -> jinja2.Environment:
    """The report's jinja: undefined names stop it, text from data is escaped unless a filter says how."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        plain=plain,
        code=code,
        block=block,
        pct=pct,
        estimate=estimate,
        points=points,
        count=count,
        decimal=decimal,
        duration=duration,
        plural=plural,
        listing=listing,
    )
    made.globals.update(
        interval=interval,
        direction=direction,
        higher_lower=higher_lower,
        verdict_phrase=verdict_phrase,
        verdict_mark=verdict_mark,
    )
    return made
