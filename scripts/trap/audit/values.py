"""Truth values and numbers as people write them into files."""

from __future__ import annotations

import math
from typing import Any

_WORDS = {
    "true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False, "c": True, "i": False,
    "yes": True, "no": False, "correct": True, "incorrect": False, "right": True, "wrong": False,
}  # fmt: skip


def truth(value: Any) -> bool | None:
    """True or False for a truth value, 0 or 1, or a word for one; None for all else."""
    if isinstance(value, (bool, int, float)):
        return bool(value) if value in (0, 1) else None
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """A finite number, or a text that is one; None for all else."""
    if not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) < 1e300 else None
