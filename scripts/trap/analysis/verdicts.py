"""The small language of verdict rules: comparisons of an interval's ends, joined by "and".

    rule       = comparison ("and" comparison)*
    comparison = side operator side (operator side)*
    side       = ["-"] (number | name)
    name       = value | low | high | p | p_holm | n | seeds | margin | published, or other.field
    operator   = < | <= | > | >=

A list of rules holds when any of them does. Rules are parsed, never evaluated as code. A name without
a value (an arm that was not run) makes its comparison false, so that nothing is concluded from it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FIELDS = ("value", "low", "high", "p", "p_holm", "n", "seeds", "margin", "published")
VERDICTS = ("reproduced", "not reproduced", "inconclusive", "not tested here")

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"\s*(?:(<=|>=|<|>)|(-)|(\d+(?:\.\d+)?)(?![\w.])|([a-z][a-z0-9_]*(?:\.[a-z_]+)?)(?![\w.]))"
)

Side = tuple[float, str | None]  # a side of a comparison: (sign or number, name or None)


@dataclass(frozen=True)
class Rule:
    """A parsed rule. `names`: what it reads; `holds(values)`: whether it is true of them."""

    text: str
    comparisons: tuple[tuple[Side, str, Side], ...]

    @property
    def names(self) -> set[str]:
        return {side[1] for first, _, second in self.comparisons for side in (first, second) if side[1]}

    def holds(self, values: Mapping[str, float | None]) -> bool:
        for first, sign, second in self.comparisons:
            one, two = _value(first, values), _value(second, values)
            if one is None or two is None or not _OPERATORS[sign](one, two):
                return False
        return True


def parse_rule(text: str) -> Rule:
    """Parse one rule. Raises ValueError that names what is not understood."""
    comparisons: list[tuple[Side, str, Side]] = []
    for part in re.split(r"\band\b", text):
        tokens = _tokens(part, text)
        side, tokens = _side(tokens, text)
        if not tokens:
            raise ValueError(f"rule {text!r}: a comparison is missing in {part.strip()!r}")
        while tokens:
            kind, sign = tokens[0]
            if kind != "operator":
                raise ValueError(f"rule {text!r}: expected a comparison, found {sign!r}")
            following, tokens = _side(tokens[1:], text)
            comparisons.append((side, sign, following))
            side = following
    return Rule(text, tuple(comparisons))


WITHIN_MARGIN = "There is a difference, and it is smaller than the margin fixed beforehand."


def judge(
    reproduced: list[Rule],
    not_reproduced: list[Rule],
    values: Mapping[str, float | None],
) -> tuple[str, str]:
    """(verdict, reason): what two lists of rules say of a set of values. The reason is "" where it is plain.

    An effect that is real and small can satisfy a rule that asks for an interval above zero and one that asks
    for an interval below the margin. Neither side may then claim it: inconclusive.
    """
    yes = any(rule.holds(values) for rule in reproduced)
    no = any(rule.holds(values) for rule in not_reproduced)
    if yes and no:
        return "inconclusive", WITHIN_MARGIN
    return "reproduced" if yes else "not reproduced" if no else "inconclusive", ""


def _tokens(part: str, text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while part[place:].strip():
        match = _TOKEN.match(part, place)
        if match is None:
            raise ValueError(f"rule {text!r}: not understood at {part[place:].strip()!r}")
        for kind, value in zip(("operator", "minus", "number", "name"), match.groups(), strict=True):
            if value is not None:
                found.append((kind, value))
        place = match.end()
    return found


def _side(tokens: list[tuple[str, str]], text: str) -> tuple[Side, list[tuple[str, str]]]:
    sign = 1.0
    if tokens and tokens[0][0] == "minus":
        sign, tokens = -1.0, tokens[1:]
    if not tokens or tokens[0][0] not in ("number", "name"):
        raise ValueError(f"rule {text!r}: a number or a name is missing")
    kind, value = tokens[0]
    if kind == "number":
        return (sign * float(value), None), tokens[1:]
    if value.rpartition(".")[2] not in FIELDS:
        raise ValueError(f"rule {text!r}: unknown name {value!r}: one of {', '.join(FIELDS)}")
    return (sign, value), tokens[1:]


def _value(side: Side, values: Mapping[str, float | None]) -> float | None:
    number, name = side
    if name is None:
        return number
    value = values.get(name)
    return None if value is None else number * value
