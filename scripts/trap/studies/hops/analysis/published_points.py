"""The published accuracies as points with exact intervals, taken from the claims that quote them."""

from __future__ import annotations

from typing import Any

from scipy.special import betaincinv

from trap.files import InputError

HALF = 0.025  # of the 5 % outside a 95 % interval, on either side


def _given(claims: dict[str, dict[str, Any]], identifier: str) -> dict[str, Any] | None:
    found = (claims.get(identifier) or {}).get("published")
    return found if found and found.get("value") is not None and found.get("n") else None


def _point(value: float, n: int) -> dict[str, Any]:
    hits = round(value * n)
    if abs(hits / n - value) > 0.5 / n or not 0 <= hits <= n:
        raise InputError(f"published value {value} is no share of {n} questions")
    # Clopper and Pearson (1934) by beta quantiles; as in statistics.py, without its imports, because
    # every figure would pay for them
    low = float(betaincinv(hits, n - hits + 1, HALF)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - HALF)) if hits < n else 1.0
    return {"value": hits / n, "n": n, "low": low, "high": high}


def published_points(claims: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """{key: {value, n, low, high}} of base, sft, rsft_easy, rsft_eval_360m and rsft_eval_135m.

    Claims that quote nothing are left out. B4 quotes a fall against SFT on the same number of
    questions, so the accuracy after RSFT on easy ones is that of B3 plus the (negative) fall.
    """
    keys = {"base": "B2", "sft": "B3", "rsft_eval_360m": "B9", "rsft_eval_135m": "B1"}
    found = {
        key: _point(given["value"], given["n"])
        for key, identifier in keys.items()
        if (given := _given(claims, identifier))
    }
    fall = _given(claims, "B4")
    if fall and fall["value"] >= 0:
        found["rsft_easy"] = _point(fall["value"], fall["n"])
    elif fall and "sft" in found and fall["n"] == found["sft"]["n"]:
        found["rsft_easy"] = _point(found["sft"]["value"] + fall["value"], fall["n"])
    return found
