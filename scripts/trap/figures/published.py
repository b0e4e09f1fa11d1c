"""Published shares as points with exact intervals, taken from the claims that quote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trap.files import InputError


def _given(claims: Mapping[str, Mapping[str, Any]], identifier: str) -> Mapping[str, Any] | None:
    found = (claims.get(identifier) or {}).get("published")
    return found if found and found.get("value") is not None and found.get("n") else None


def _point(value: float, n: int) -> dict[str, Any]:
    hits = round(value * n)
    if abs(hits / n - value) > 0.5 / n or not 0 <= hits <= n:
        raise InputError(f"published value {value} is no share of {n} questions")
