"""Jinja filters and globals that turn claims and rows of tables into words.

Words that judge a result are chosen here by its verdict or its interval, so that no post can say "higher" where the
interval contains zero.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from trap.figures.findings import committed_verdict
from trap.files import InputError
from trap.report.wording import said

NO_BREAK = "\u00a0"
ALPHA = 0.05  # of corrected p values, as in the verdict rules
VERDICTS = ("reproduced", "not reproduced", "inconclusive", "not tested here")
_VERDICT_PHRASES = {
    "reproduced": "held up here",
    "not reproduced": "did not hold up here",
    "inconclusive": "could not be decided here",
    "not tested here": "was not tested here",
}
_VERDICT_MARKS = {"reproduced": "✔", "not reproduced": "✘", "inconclusive": "≈", "not tested here": "–"}
# Characters with a meaning in CommonMark: its own signs, the start of a tag, the start of an entity.
_MARKDOWN = re.compile(r"([\\`*_\[\]|~<]|&(?=#?\w+;))")
_LINE_START = re.compile(r"^(\d*)(>|(?:[#+-]|[.)])(?=\s))")


def escaped(text: object) -> Markup:
    """A text escaped for the middle of a line of Markdown. Line breaks become spaces; other spaces stay."""
    if hasattr(text, "__html__"):
        return Markup(text.__html__())
    return Markup(
        _MARKDOWN.sub(r"\\\1", re.sub(r"\s*[\r\n\f\v\x1c-\x1e\x85\u2028\u2029]\s*", " ", str(text)))
    )


def plain(text: object) -> Markup:
    """A text escaped for any place in a line of Markdown, on one line."""
    line = " ".join(str(text).split())
    return Markup(_LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", line)))


def code(text: object) -> Markup:
    """A text as inline code, on one line. A text with a bar is plain text, because a bar would end the table's cell."""
    line = " ".join(str(text).split())
    if "|" in line or not line:
        return plain(line)
    fence = "`"
    while fence in line:
        fence += "`"
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return Markup(f"{fence}{pad}{line}{pad}{fence}")


def block(text: object) -> Markup:
    """A text for the inside of a ``` code block."""
    return Markup(str(text).strip("\n").replace("```", "'''"))


def pct(share: float) -> Markup:
    """A share as `41 %`, with one decimal below 1 % and above 99 %."""
    value = 100 * share
    digits = 1 if 0 < abs(value) < 0.95 or 99.05 < value < 100 else 0
    return Markup(f"{value:.{digits}f}{NO_BREAK}%")


def interval(low: float | None, high: float | None, digits: int = 0) -> Markup:
    """An interval of shares as `[35–47]` in percent or points, or `[−3 to 5]` if a limit is negative; "" for none."""
    if low is None or high is None:
        return Markup("")
    ends = [f"{100 * end + 0.0:.{digits}f}" for end in (low, high)]
    ends = [re.sub(r"^-(?=[0.]*$)", "", end) for end in ends]  # no negative zero
    joint = " to " if any(end.startswith("-") for end in ends) else "–"
    return Markup(f"[{joint.join(ends)}]".replace("-", "−"))


def estimate(row: Any) -> Markup:
    """A share with value, low and high as `41 % [35–47]`, with a decimal if it is small: `0.3 % [0.1–0.8]`."""
    value, low, high = (_get(row, key) for key in ("value", "low", "high"))
    if value is None:
        return Markup("not measured")
    digits = 1 if 0 < (value if high is None else high) < 0.0995 else 0
    text = f"{100 * value:.{digits}f}{NO_BREAK}% {interval(low, high, digits)}".strip()
    # an exact zero is written as 0, a share that rounds to zero as 0.0
    return Markup(
        (text.replace("0.0", "0", 1) if value == 0 else text).replace("[0.0–", "[0–" if low == 0 else "[0.0–")
    )


def points(row: Any) -> Markup:
    """A difference of shares as `+12.3 points [5.1–19.0]`, always with a sign."""
    value = _get(row, "value")
    if value is None:
        return Markup("not measured")
    size = round(100 * value, 1)
    sign = "+" if size > 0 else "−" if size < 0 else "±"
    tail = interval(_get(row, "low"), _get(row, "high"), 1)
    return Markup(f"{sign}{abs(size):.1f}{NO_BREAK}points {tail}".strip())


def quantity(row: Any, unit: str | None = None) -> Markup:
    """A value in its unit: shares in percent, differences of shares in points, others as plain numbers."""
    value, unit = _get(row, "value"), unit or _get(row, "unit") or ""
    if value is None:
        return Markup("–")
    if unit.startswith("points"):
        per = unit.removeprefix("points").strip()
        return points(row) + (Markup(" ") + plain(per) if per else Markup(""))
    if unit == "share":
        return estimate(row)
    return amount(row, 2) + (Markup(NO_BREAK) + plain(unit) if unit else Markup(""))


def quoted(claim: Any) -> Markup:
    """The published value of a claim, as a share or as a difference in points.

    The ledger has a unit for our value only. The published value is a difference if it is negative, or if ours is one
    and the published value has no exact interval, which only shares have.
    """
    given = _get(claim, "published")
    if not given or given.get("value") is None:
        return Markup("–")
    ours = str(_get(claim, "unit") or "").startswith("points")
    difference = given["value"] < 0 or (ours and given.get("low") is None)
    text = points(given) if difference else estimate(given)
    n = given.get("n")
    return text + Markup(f", n{NO_BREAK}={NO_BREAK}{n}") if n else text


def count(number: float) -> Markup:
    """A number rounded to an integer, with thin no-break spaces between thousands."""
    return Markup(f"{round(number):,}".replace(",", "\u202f"))


def decimal(number: float, digits: int = 1) -> Markup:
    """A number with `digits` decimals and a real minus sign."""
    return Markup(f"{number:.{digits}f}".replace("-", "−"))


def amount(row: Any, digits: int = 1) -> Markup:
    """An estimate that is no share, as `2.4 [2.3–2.5]`."""
    value, low, high = (_get(row, key) for key in ("value", "low", "high"))
    if value is None:
        return Markup("not measured")
    if low is None or high is None:
        return decimal(value, digits)
    joint = " to " if low < 0 else "–"
    return decimal(value, digits) + Markup(f" [{decimal(low, digits)}{joint}{decimal(high, digits)}]")


def duration(seconds: Any) -> Markup:
    """Seconds as `47 s`, `12 min` or `3.4 h`; another value as text."""
    if seconds is None:
        return Markup("not recorded")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return plain(seconds)
    if seconds < 100:
        return Markup(f"{seconds:.0f}{NO_BREAK}s")
    if seconds < 5400:
        return Markup(f"{seconds / 60:.0f}{NO_BREAK}min")
    return Markup(f"{seconds / 3600:.1f}{NO_BREAK}h")


def plural(number: float, one: str, many: str = "") -> Markup:
    """A count with its noun: `1 seed`, `3 seeds`."""
    return Markup(f"{count(number)} ") + (one if round(number) == 1 else many or f"{one}s")


def direction(row: Any) -> str:
    """The direction of a difference: `higher`, `lower`, `unclear`, or `missing` without a value.

    A difference is clear as in the verdicts: its whole interval lies on one side of zero, and p after Holm's
    correction, if there is one, is below ALPHA.
    """
    low, high, p = (_get(row, key) for key in ("low", "high", "p_holm"))
    if row is None or _get(row, "value") is None or low is None or high is None:
        return "missing"
    if p is not None and p >= ALPHA:
        return "unclear"
    return "higher" if low > 0 else "lower" if high < 0 else "unclear"


def status(row: Any) -> str:
    """`direction`, with two more results. `floor` or `ceiling`: the metric leaves no room for a difference. `same`: the
    interval lies inside the margin, so that the difference counts as none even where it is clearly not zero."""
    way = direction(row)
    if way == "missing":
        return way
    if _get(row, "room"):
        return str(_get(row, "room"))
    return "same" if equivalent(row) else way


def judged_elsewhere(claim: Any) -> Markup:
    """The verdict of the committed runs in brackets, for a claim that is inconclusive here; else ""."""
    verdict, given = committed_verdict(claim), _get(claim, "committed")
    if not verdict or _get(claim, "verdict") != "inconclusive":
        return Markup("")
    seeds = given.get("seeds") if isinstance(given, dict) else None
    runs = plural(seeds, "committed seed") if seeds else Markup("committed runs")
    words = "not settled either" if verdict == "inconclusive" else said(verdict, _get(claim, "kind"))
    return Markup(" (") + runs + Markup(f": {words})")


def why_unclear(row: Any) -> str:
    """The reason why a difference is unclear."""
    if room := _get(row, "room"):
        return f"both stand at the {room} of the measure, where no difference can show"
    if _get(row, "low") <= 0 <= _get(row, "high"):
        return "the interval holds zero"
    return "after correction for the number of comparisons that could be chance"


def versus(first: Any, second: Any) -> str:
    """The first estimate against the second: `higher` or `lower` if their intervals are disjoint, `unclear`, `missing`."""
    for row in (first, second):
        if row is None or any(_get(row, key) is None for key in ("value", "low", "high")):
            return "missing"
    if _get(first, "low") > _get(second, "high"):
        return "higher"
    return "lower" if _get(first, "high") < _get(second, "low") else "unclear"


def equivalent(row: Any) -> bool:
    """Whether the interval of a difference lies inside the margin, which is declared before the runs."""
    margin, low, high = (_get(row, key) for key in ("margin", "low", "high"))
    return None not in (margin, low, high) and -margin < low and high < margin


def sample(row: Any) -> Markup:
    """The sample size as `n = 1 000 questions × 10 seeds`, or `n = 20` if nothing was trained."""
    n, seeds = _get(row, "n"), _get(row, "seeds")
    if n is None:
        return Markup("n not recorded")
    if not seeds:
        return Markup(f"n{NO_BREAK}={NO_BREAK}") + count(n)
    return Markup(f"n{NO_BREAK}={NO_BREAK}") + plural(n, "question") + Markup(" × ") + plural(seeds, "seed")


def higher_lower(row: Any, higher: str = "higher", lower: str = "lower", unclear: str = "") -> str:
    """The word for the `direction` of a difference."""
    words = {"higher": higher, "lower": lower, "unclear": unclear or "not distinguishable"}
    return words.get(direction(row), "not measured")


def verdict_phrase(claim: Any) -> str:
    """`held up here`, `did not hold up here`, `could not be decided here`, `was not tested here`."""
    verdict = _get(claim, "verdict")
    if verdict not in _VERDICT_PHRASES:
        raise InputError(f"claim {_get(claim, 'id')}: unknown verdict {verdict!r}")
    return _VERDICT_PHRASES[verdict]


def verdict_words(claim: Any, committed: bool = False) -> str:
    """The words for a claim's verdict, or for that of the committed runs."""
    return said(committed_verdict(claim) if committed else _get(claim, "verdict"), _get(claim, "kind"))


def verdict_mark(claim: Any) -> str:
    """The sign of a verdict. The words of the verdict always stand beside it."""
    return _VERDICT_MARKS[_get(claim, "verdict")]


def committed(claim: Any) -> Markup:
    """Value, seeds and verdict of the committed runs, which have more seeds; a dash if the claim quotes none."""
    row = _get(claim, "committed")
    if not row:
        return Markup("–")
    number = quantity(row, _get(claim, "unit") or "")
    return (
        number
        + Markup(", ")
        + plural(row["seeds"], "seed")
        + Markup(": ")
        + plain(said(row["verdict"], _get(claim, "kind")))
    )


def small_p(p: float | None) -> Markup:
    """A corrected p value: `0.031`, `below 0.001`; a dash for none."""
    if p is None:
        return Markup("–")
    return Markup(f"below{NO_BREAK}0.001" if p < 0.001 else f"{p:.3f}")


def anchor(text: object) -> Markup:
    """A text escaped for a double-quoted HTML attribute."""
    return Markup(
        " ".join(str(text).split()).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    )


def listing(items: list[Any]) -> Markup:
    """`a`, `a and b`, `a, b and c`."""
    parts = [item if isinstance(item, Markup) else plain(item) for item in items]
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + Markup(" and ") + parts[-1]


def _get(row: Any, key: str) -> Any:
    return row.get(key) if isinstance(row, dict) else getattr(row, key, None)


class Ledger:
    """Claims by id, for templates: `claim("B3")`. Raises InputError for an unknown id."""

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
        """Whether the ledger has a claim of that id."""
        return identifier in self._by_id

    def maybe(self, identifier: str) -> dict[str, Any]:
        """The claim, or a placeholder with the verdict `not tested here`, because small experiments run fewer arms."""
        if identifier in self._by_id:
            return self(identifier)
        empty: dict[str, Any] = dict.fromkeys(
            ("value", "low", "high", "n", "seeds", "margin", "published", "text", "p_holm")
        )
        return {**empty, "id": identifier, "verdict": "not tested here", "reason": "not in this ledger"}

    def measured(self, name: str, models: Sequence[str]) -> bool:
        """Whether a claim NAME_MODEL, which exists once per model, has a value for one of these models."""
        return any(self._by_id.get(f"{name}_{model}", {}).get("value") is not None for model in models)

    @property
    def sourced(self) -> list[dict[str, Any]]:
        """Claims from publications and their data, whose ids are a letter and a number, such as `B3`."""
        return [claim for claim in self.claims if re.fullmatch(r"[A-Z]\d+", str(claim["id"]))]

    @property
    def own(self) -> list[dict[str, Any]]:
        """The project's own claims, with all other ids."""
        return [claim for claim in self.claims if not re.fullmatch(r"[A-Z]\d+", str(claim["id"]))]

    def all_untested(self, identifiers: list[str]) -> bool:
        """Whether all these claims have the verdict `not tested here`."""
        return all(self(identifier)["verdict"] == "not tested here" for identifier in identifiers)

    def tally(self, kind: str) -> dict[str, int]:
        """Number of claims of a kind (published, own, audit) by the words for their verdicts; {} where there are none."""
        verdicts = [claim["verdict"] for claim in self.claims if claim.get("kind") == kind]
        return {said(name, kind): verdicts.count(name) for name in VERDICTS} if verdicts else {}
