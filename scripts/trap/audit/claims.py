"""What the audit found: each finding has a number, an interval, an n, a sentence and what to do next."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from trap.analysis.statistics import clopper_pearson

LEVELS = ("bad", "look", "fine", "note")  # in the order of urgency


@dataclass(frozen=True)
class Finding:
    """One number. value, low, high are None where there is no such number; unit: share, difference, count or number.

    level: bad (the result cannot be trusted as it is), look (look into it), fine, note (a number for reference).
    """

    id: str
    part: str  # overlap | data | ceilings | selection | runs | judging
    says: str
    level: str = "note"
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unit: str = "share"
    next: str = ""
    examples: tuple[str, ...] = field(default=())
    more: dict[str, Any] = field(default_factory=dict)  # further numbers, for machines

    def record(self) -> dict[str, Any]:
        """The finding for JSON."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {
            "id": self.id, "part": self.part, "level": self.level, "says": self.says, "next": self.next,
            **{name: None if number is None or not math.isfinite(number) else round(number, 6) for name, number in numbers.items()},
            "n": self.n, "unit": self.unit, "examples": list(self.examples), **self.more,
        }  # fmt: skip


def share_of(ident: str, part: str, says: str, k: int, n: int, **more: Any) -> Finding:
    """A finding that k of n rows are so, with the exact binomial interval (Clopper and Pearson 1934)."""
    if not n:
        return Finding(ident, part, says, n=0, unit="share", **more)
    low, high = clopper_pearson(k, n)
    return Finding(ident, part, says, value=k / n, low=low, high=high, n=n, **more)


def rare(value: float, low: float, high: float, n: int) -> tuple[float, float]:
    """The ends of an interval, at least those of the exact one where fewer than five of n are expected on a side.

    A mean of zeros has no spread, and would claim a width of zero (Bowyer 2025, arXiv 2503.01747).
    """
    if n and min(value, 1 - value) * n < 5:
        exact = clopper_pearson(min(n, max(0, round(value * n))), n)
        low, high = min(low, exact[0]), max(high, exact[1])
    return max(0.0, low), min(1.0, high)


def percent(share: float | None) -> str:
    """41 %, 0.4 %: one digit where it tells something."""
    if share is None or not math.isfinite(share):
        return "–"
    number = 100 * share
    digits = 1 if 0 < number < 9.95 or 99.05 <= number < 100 else 0
    return f"{number:.{digits}f} %"


def points(difference: float) -> str:
    """+41.0 points."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return f"{'0.0' if text in ('+0.0', '−0.0') else text} points"


def number_words(finding: Finding) -> str:
    """The number with its interval and n: "41 % [35, 47], n = 1,000"."""
    value, low, high = finding.value, finding.low, finding.high
    if value is None:
        return f"n = {finding.n:,}" if finding.n else ""
    if finding.unit == "share":
        text, ends = percent(value), (low, high)
        interval = (
            f" [{', '.join(percent(end).removesuffix(' %') for end in ends)}]" if low is not None else ""
        )
    elif finding.unit == "difference":
        text = points(value)
        interval = f" [{points(low).removesuffix(' points')}, {points(high).removesuffix(' points')}]" if low is not None and high is not None else ""  # fmt: skip
    elif finding.unit == "count":
        text, interval = f"{value:,.0f}", ""
    else:
        text = f"{value:.3g}"
        interval = f" [{low:.3g}, {high:.3g}]" if low is not None and high is not None else ""
    return f"{text}{interval}{f', n = {finding.n:,}' if finding.n else ''}"
