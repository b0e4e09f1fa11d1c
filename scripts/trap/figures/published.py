"""Published shares with exact binomial intervals (Clopper and Pearson, 1934), from the claims that quote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trap.analysis.statistics import clopper_pearson
from trap.figures.settings import Quote
from trap.files import InputError


def _given(claims: Mapping[str, Mapping[str, Any]], identifier: str) -> Mapping[str, Any] | None:
    found = (claims.get(identifier) or {}).get("published")
    return found if found and found.get("value") is not None and found.get("n") else None


def _point(value: float, n: int) -> dict[str, Any]:
    hits = round(value * n)
    if abs(hits / n - value) > 0.5 / n or not 0 <= hits <= n:
        raise InputError(f"published value {value} is no share of {n} questions")
    low, high = clopper_pearson(hits, n)
    return {"value": hits / n, "n": n, "low": low, "high": high}


def published_points(
    claims: Mapping[str, Mapping[str, Any]], declared: Mapping[str, Quote]
) -> dict[str, dict[str, Any]]:
    """{name: {value, n, low, high}} of the declared points that the claims quote.

    claims: by id. Value and limits are shares; n counts questions. Some claims quote a published change, not a share.
    For these, `plus` names the claim that quotes the start, and the point is start plus change, if both have the same
    n. Only a negative quoted value is read as a change; others are shares. Raises InputError for a value that is no
    count out of n.
    """
    found = {}
    for name, quote in declared.items():
        given = _given(claims, quote.claim)
        if given is None:
            continue
        if quote.plus and given["value"] < 0:
            start = _given(claims, quote.plus)
            if start is None or start["n"] != given["n"]:
                continue
            found[name] = _point(_point(start["value"], start["n"])["value"] + given["value"], given["n"])
        else:
            found[name] = _point(given["value"], given["n"])
    return found
