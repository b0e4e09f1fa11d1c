"""Numbers as plain text for ledgers and Markdown tables: "41 % [35-47], n = 1000 x 3 seeds"."""

from __future__ import annotations

import math

DIFFERENCES = ("points", "points per doubling")
# What a verdict is called: a published result is reproduced, a prediction of one's own holds, a finding of a re-reading
# is confirmed.
SAID = {
    "own": {"reproduced": "held", "not reproduced": "did not hold"},
    "audit": {"reproduced": "confirmed", "not reproduced": "not confirmed"},
}


def said(verdict: str, kind: str | None) -> str:
    """The words for a verdict on a claim of a kind (`published`, `own`, `audit`)."""
    return SAID.get(kind or "", {}).get(verdict, verdict)


def number_text(value: float | None, unit: str) -> str:
    """A number with its unit: shares in percent, differences with a sign; "-" for none."""
    if value is None or math.isnan(value):
        return "-"
    if unit == "share":
        return f"{_percent(value)} %"
    if unit in DIFFERENCES:
        return f"{_signed(100 * value)} {unit}"
    return f"{value:.2f}" if unit in ("", "p") else f"{value:.2f} {unit}"


def interval_text(low: float | None, high: float | None, unit: str) -> str:
    """An interval without unit, such as [35-47], [+8 to +15] or [2.10-2.30]; "" for none."""
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return ""
    if unit == "share":
        return f"[{_percent(low)}-{_percent(high)}]"
    if unit in DIFFERENCES:
        return f"[{_signed(100 * low)} to {_signed(100 * high)}]"
    joint = "-" if low >= 0 else " to "
    return f"[{low:.2f}{joint}{high:.2f}]"


def count_text(n: int | None, seeds: int | None) -> str:
    """The sample size, such as "n = 1000 x 3 seeds"; "" for none."""
    if n is None:
        return f"{seeds} seeds" if seeds else ""
    if not seeds:
        return f"n = {n}"
    return f"n = {n} x {seeds} seed{'s' if seeds > 1 else ''}"


def estimate_text(
    value: float | None, low: float | None, high: float | None, unit: str, n: int | None, seeds: int | None
) -> str:
    """Value, interval and sample size in one text; "" without a value."""
    if value is None:
        return ""
    head = " ".join(part for part in (number_text(value, unit), interval_text(low, high, unit)) if part)
    return ", ".join(part for part in (head, count_text(n, seeds)) if part)


def _percent(share: float) -> str:
    percent = 100 * share
    digits = 1 if 0 < percent < 9.95 or 99.05 <= percent < 100 else 0
    return f"{percent:.{digits}f}"


def _signed(points: float) -> str:
    text = f"{points:+.1f}"
    return "0.0" if float(text) == 0 else text
