"""Numbers of the film by name, so that no cue and no scene contains a typed number.

A name is the id of a claim (`trap_small`), a further value of a claim (`B14.also.blind_at_8`), a published point
(`published.first`), or a quantity that the study computes (`quantity.seeds`). A style may follow a colon:
`{trap_small:interval}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trap.figures.estimates import Evidence
from trap.files import InputError
from trap.report import prose

_PLACE = re.compile(r"\{([^{}:]+)(?::([a-z]+))?\}")
Quantity = tuple[float | None, str] | str | InputError


@dataclass(frozen=True)
class Number:
    """A value with its 95 % interval, its unit (`share`, `points`, `count`, `reward`, "") and the ids of its claims."""

    value: float
    low: float | None
    high: float | None
    unit: str
    n: int | None
    seeds: int | None
    claims: tuple[str, ...]


class Numbers:
    """Numbers and texts by name, from the claims and from `quantities`.

    A quantity is (value, unit), a text such as `4–5`, or an InputError that says why the evidence lacks it.
    """

    def __init__(self, evidence: Evidence, quantities: dict[str, Quantity]) -> None:
        self.evidence = evidence
        self._quantities = quantities

    def claim(self, name: str) -> dict[str, Any]:
        """A claim by id. Raises InputError for an unknown one."""
        found = self.evidence.claims.get(name)
        if found is None:
            raise InputError(f"claims.json: no claim {name!r}, which the film shows")
        return found

    def verdict(self, name: str) -> str:
        """The verdict of a claim on the number that the film shows, which may be of fewer seeds than the committed one."""
        return str(self.claim(name).get("verdict") or "")

    def has(self, name: str) -> bool:
        """Whether the ledger has a claim of that id with a value."""
        return self.evidence.claims.get(name, {}).get("value") is not None

    def rests_on(self, name: str) -> bool:
        """Whether a line can rest on the claim of that id: it states a number, or quotes a published one."""
        claim = self.evidence.claims.get(name, {})
        further = (claim.get("also") or {}).values()
        return (
            self.has(name)
            or claim.get("published") is not None
            or any(row.get("value") is not None for row in further)
        )

    def number(self, name: str) -> Number:
        """The number of that name. Raises InputError for an unknown name and for one without a value."""
        head, _, tail = name.partition(".")
        if head == "quantity":
            if tail not in self._quantities:
                raise InputError(f"film: no quantity {tail!r}")
            found = self._quantities[tail]
            if isinstance(found, InputError):
                raise found
            if isinstance(found, str):
                raise InputError(f"film: {name}: a text, not a number")
            value, unit = found
            if value is None:
                raise InputError(f"film: {name}: no value, and the film shows it")
            return Number(value, None, None, unit, None, None, ())
        if head == "published":
            found = self.evidence.published(tail)
            if found is None:
                raise InputError(f"claims.json: no published value for {tail!r}, which the film shows")
            return Number(found.value, found.low, found.high, "share", found.n, None, self._quoted(tail))
        else:
            row, claims = self.claim(head), (head,)
            if tail:
                row = (row.get("also") or {}).get(tail.removeprefix("also."))
            if not row or row.get("value") is None:
                raise InputError(f"claims.json: {name}: no value, and the film shows it")
            unit = str(row.get("unit") or "")
        return Number(
            float(row["value"]), row.get("low"), row.get("high"), unit, row.get("n"), row.get("seeds"), claims
        )

    def _quoted(self, name: str) -> tuple[str, ...]:
        """The ids of the claims that a published point is quoted from."""
        quote = self.evidence.settings.published.get(name)
        return tuple(filter(None, (quote.plus, quote.claim))) if quote else ()

    def claims_in(self, line: str) -> set[str]:
        """Ids of all claims behind the numbers of a line, with those behind published points."""
        points = [name.partition(".")[2] for name in names_in(line) if name.startswith("published.")]
        return claims_in(line).union(*(self._quoted(name) for name in points))

    def text(self, name: str, style: str = "") -> str:
        """A number as text, such as `27 %`, `+27.7 points` or `[24.7–30.6]`. A quantity that is a text is unchanged."""
        given = self._quantities.get(name.removeprefix("quantity."))
        if name.startswith("quantity.") and isinstance(given, str):
            return given
        return write(self.number(name), style, name)

    def fill(self, line: str) -> str:
        """The line with every `{name}` and `{name:style}` replaced by its number."""
        return _PLACE.sub(lambda match: self.text(match[1], match[2] or ""), line)


def names_in(line: str) -> list[str]:
    """Names of the numbers in a line, in order."""
    return [match[1] for match in _PLACE.finditer(line)]


def claims_in(line: str) -> set[str]:
    """Ids of the claims that a line names. Use `Numbers.claims_in` to include the claims behind published points."""
    heads = {name.partition(".")[0] for name in names_in(line)}
    return heads - {"published", "quantity"}


def write(number: Number, style: str = "", name: str = "number") -> str:
    """A number as text. Raises InputError for an unknown style.

    style: "" for the value with its unit, `bare` without unit, `interval`, `count` for an integer, `n` for the number
    of questions, `seeds` for that of seeds. name: for the error.
    """
    if style == "n":
        return str(prose.count(number.n or 0))
    if style == "seeds":
        return str(number.seeds or 0)
    if style == "interval":
        return _interval(number)
    if style == "count":
        return str(prose.count(number.value))
    if style not in ("", "bare"):
        raise InputError(f"film: {name}: unknown style {style!r}: interval, bare, count, n or seeds")
    if number.unit == "share":
        whole = str(prose.estimate({"value": number.value, "low": None, "high": number.high}))
        return whole.replace(f"{prose.NO_BREAK}%", "") if style == "bare" else whole
    if number.unit == "points":
        whole = str(prose.points({"value": number.value}))
        return whole.replace(f"{prose.NO_BREAK}points", "") if style == "bare" else whole
    if number.unit == "count":
        return str(prose.count(number.value))
    if number.unit == "reward":
        return signed(number.value)
    text = str(prose.decimal(number.value))
    return text if style == "bare" or not number.unit else f"{text}{prose.NO_BREAK}{number.unit}"


def signed(value: float) -> str:
    """A number with its sign and at most two decimals: `+1`, `−2`, `+0.33`, `0`."""
    text = f"{abs(value):.2f}".rstrip("0").rstrip(".")
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def _interval(number: Number) -> str:
    digits = 1 if number.unit == "points" else int(number.unit == "share" and 0 < (number.high or 1) < 0.0995)
    if number.unit in ("share", "points"):
        return str(prose.interval(number.low, number.high, digits))
    if number.low is None or number.high is None:
        return ""
    return f"[{prose.decimal(number.low)}–{prose.decimal(number.high)}]"
