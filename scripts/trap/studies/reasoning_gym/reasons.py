"""Worked solutions, for tasks whose metadata allow one: text that ends before the answer line.

A builder takes an entry of the package (question, answer, metadata) and gives lines, each ended. A step that it
states is true, and the last one gives the answer; `tests/test_reasoning_gym.py` checks both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def running_totals(entry: Mapping[str, Any]) -> str:
    """`7 - 2 + 4`: each step on a line, `7 - 2 = 5`, `5 + 4 = 9`."""
    total, *rest = entry["metadata"]["expression"].split()
    lines = []
    for sign, term in zip(rest[::2], rest[1::2], strict=True):
        result = int(total) + (int(term) if sign == "+" else -int(term))
        lines.append(f"{total} {sign} {term} = {result}\n")
        total = str(result)
    return "".join(lines)


REASONS: dict[str, Callable[[Mapping[str, Any]], str]] = {"chain_sum": running_totals}
