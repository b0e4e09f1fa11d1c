"""What was found, in sentences that the page and the post open with. Each outcome of a claim has its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from trap.report.prose import direction, estimate, judged_elsewhere, pct, plural, points, status

LEAK, SPREAD, WAY_OUT = "contamination_nano", "leak_spread_nano", "way_out_full_ninety_nano_nope"
Claim = Mapping[str, Any]


def sentences(
    claim: Callable[[str], Claim | None], right: float | None, reasons: float | None
) -> list[Markup]:
    """The finding first, then what stands behind it; none where the leak was not measured.

    claim: a claim by its id, or None. right, reasons: of the questions that the leak trained on, the share with the right
    letter, and with a true reason besides.
    """
    found = leak_sentences(claim, right, reasons)
    return [*found, *way_out_sentences(claim)] if found else []


def leak_sentences(
    claim: Callable[[str], Claim | None], right: float | None, reasons: float | None
) -> list[Markup]:
    """What the leak is worth on its own questions and on fresh ones, and how many of the letters have a true reason."""
    leak, spread = claim(LEAK), claim(SPREAD)
    way = direction(leak)
    if way == "missing":
        return []
    if way == "unclear":
        words = f"Whether training on the test's own questions lifts the score on them is not settled ({points(leak)})"
    else:
        words = f"Training on the test's own questions {'adds' if way == 'higher' else 'changes the score by'} {points(leak)} on those very questions"
    fresh = {
        "higher": f", and {points(spread)} on fresh ones",
        "lower": f", and {points(spread)} on fresh ones",
        "same": f", and nothing beyond the margin on fresh ones ({points(spread)})",
        "missing": "",
    }.get(status(spread), f"; on fresh ones no difference can be told from none ({points(spread)})")
    return [
        Markup(f"{words}{fresh}{judged_elsewhere(leak)}."),
        *_reasons(right, reasons),
    ]


def _reasons(right: float | None, reasons: float | None) -> list[Markup]:
    if right is None or reasons is None:
        return []
    return [
        Markup(
            f"Of the answers to the questions that were trained on, {pct(right)} have the right letter, {pct(reasons)} for a true reason."
        )
    ]


def way_out_sentences(claim: Callable[[str], Claim | None]) -> list[Markup]:
    """How far a model comes on its own true answers; none where that was not measured."""
    given = claim(WAY_OUT)
    found = given if given and given.get("value") is not None else (given or {}).get("committed")
    if not found or found.get("value") is None:
        return []
    seeds = f", {plural(found['seeds'], 'seed')}" if found.get("seeds") else ""
    return [
        Markup(
            f"A way out: trained in rounds on its own true answers alone, a model without positions is right for a true reason on {estimate(found)} of fresh hard questions{seeds}."
        )
    ]
