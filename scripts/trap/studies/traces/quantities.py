"""Numbers: one written rule for what a text says, in a trace and in a question.

In a trace a number is

- digits, with a sign, a decimal point and a small exponent if there are such: `12`, `-3`, `2.50`, `1e3`;
- with commas between groups of three digits: `80,000` (`8,00` is no number);
- a fraction, alone or after a whole number: `3/4`, `1 1/2`;
- with a dollar sign before it, or a percent sign behind it, which means hundredths: `$5`, `20%`;
- in words up to a million: `twelve`, `twenty-five`, `two dozen`, `three hundred and five`, `half`.

Leading zeros change nothing (`017` is 17). `yes`, `on`, `0x1F`, `.inf` and a clock time (`1:30`) are no numbers.
All values are exact: an `int` where the value is whole, else a `Fraction`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from trap.files import InputError

Number = int | Fraction

MOST_DIGITS = 30  # of a number in a text
MOST_EXPONENT = 12
ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
UNITS = {name: value for value, name in enumerate(ONES)} | {
    name: 10 * value for value, name in enumerate(TENS, start=2)
}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
GROUPS = {"dozen": 12, "dozens": 12, "score": 20}
PARTS: dict[str, Number] = {"half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4)}
# What a word of a question says without a digit: factors, and how many of one thing another one has.
MEANT: dict[str, tuple[Number, ...]] = {
    "half": (2, Fraction(1, 2)), "halves": (2,), "third": (3, Fraction(1, 3)), "thirds": (3,),
    "quarter": (4, Fraction(1, 4)), "quarters": (4,), "fourth": (4, Fraction(1, 4)), "fifth": (5, Fraction(1, 5)),
    "twice": (2,), "double": (2,), "doubles": (2,), "doubled": (2,), "pair": (2,), "couple": (2,), "both": (2,),
    "thrice": (3,), "triple": (3,), "triples": (3,), "tripled": (3,), "once": (1,), "dozen": (12,), "dozens": (12,),
    "week": (7,), "weeks": (7,), "weekly": (7,), "day": (24, 7), "days": (24, 7, 30), "daily": (7,), "hour": (60,),
    "hours": (60,), "hourly": (60,), "minute": (60,), "minutes": (60,), "year": (12, 52, 365), "years": (12, 52, 365),
    "annual": (12,), "month": (30, 12), "months": (12,), "percent": (100,), "%": (100,), "cents": (100,),
    "foot": (12,), "feet": (12,), "inches": (12,), "yards": (3,), "average": (2, 3),
}  # fmt: skip

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_PLAIN = re.compile(
    rf"([+-]?)\s?\$?({_DIGITS})?(\.\d+)?(?:[eE]([+-]?\d{{1,2}}))?\s?(%)?", re.ASCII
)  # what is before and behind the point may each be missing, not both
_FRACTION = re.compile(r"([+-]?)(?:(\d+)\s+)?(\d+)/(\d+)", re.ASCII)
_WORDS = re.compile(r"[a-z]+(?:[ -][a-z]+)*")


def whole(value: Number) -> Number:
    """The value as an `int` where it is whole."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


@lru_cache(maxsize=65536)
def read_number(text: str) -> Number | None:
    """The number that a whole text says by the rule above; None if it says none."""
    text = text.strip()
    if not text or len(text) > 2 * MOST_DIGITS:
        return None
    if text.isdecimal() and text.isascii() and len(text) <= MOST_DIGITS:
        return int(text)
    if found := _PLAIN.fullmatch(text):
        sign, digits, point, exponent, percent = found.groups()
        if digits is None and point is None:
            return None
        if len(digits or "") + len(point or "") > MOST_DIGITS or abs(int(exponent or 0)) > MOST_EXPONENT:
            return None
        value = Fraction(f"{(digits or '0').replace(',', '')}{point or ''}") * Fraction(10) ** int(
            exponent or 0
        )
        return whole((-value if sign == "-" else value) / (100 if percent else 1))
    if found := _FRACTION.fullmatch(text):
        sign, units, above, below = found.groups()
        if not int(below):
            return None
        value = int(units or 0) + Fraction(int(above), int(below))
        return whole(-value if sign == "-" else value)
    return read_words(text.lower())


def number_of(text: str) -> Number:
    """The number of an answer that must be one. Raises InputError for any other text."""
    found = read_number(text)
    if found is None:
        raise InputError(f"answer: {text!r} is no number")
    return found


def read_words(text: str) -> Number | None:
    """The number that words say: `twenty-five`, `two dozen`, `one hundred and five`, `half`; None if they say none."""
    if not _WORDS.fullmatch(text):
        return None
    words = [word for word in re.split(r"[ -]", text) if word != "and"]
    if len(words) > 12:
        return None
    if len(words) == 1 and words[0] in PARTS:
        return PARTS[words[0]]
    if words and words[0] == "a":
        words[0] = "one"
    total = current = 0
    spoken = False  # whether a unit stands before a scale
    for word in words:
        if word in UNITS:
            value = UNITS[word]
            if spoken and not (20 <= current % 100 < 100 and current % 10 == 0 and 0 < value < 10):
                return None  # "two three" is two numbers
            current, spoken = current + value, True
        elif word == "hundred" and spoken and 0 < current < 100:
            current, spoken = current * 100, False
        elif word in SCALES and current:
            total, current, spoken = total + current * SCALES[word], 0, False
        elif word in GROUPS:
            current, spoken = (current or 1) * GROUPS[word], False
        else:
            return None
    return total + current if words and (total or current or words == ["zero"]) else None


_IN_TEXT = re.compile(
    rf"(?P<clock>\b\d{{1,2}}:\d\d\b)|(?P<fraction>(?:\d+\s+)?\d+/\d+)"
    rf"|(?P<plain>(?:{_DIGITS}(?:\.\d+)?|\.\d+))\s?(?P<percent>%|percent\b)?|(?P<word>[A-Za-z]+|%)",
    re.ASCII,
)


@lru_cache(maxsize=8192)
def said_in(text: str) -> tuple[Number, ...]:
    """The numbers that a question says, in order, each as often as it is said: digits, words and `two dozen`.

    A percentage counts as the number before its sign. A clock time counts as its hours and its minutes.
    """
    found: list[Number] = []
    words: list[str] = []

    def close() -> None:
        """Read the words so far as few numbers as possible, the longest first."""
        while words:
            for size in range(min(len(words), 12), 0, -1):
                value = (
                    None
                    if words[0] in PARTS or (words[0] == "a" and size == 1)
                    else read_words(" ".join(words[:size]))
                )
                if value is not None and words[size - 1] != "and":
                    found.append(value)
                    del words[:size]
                    break
            else:
                del words[0]

    for match in _IN_TEXT.finditer(text.replace("-", " ")):
        word = (match["word"] or "").lower()
        if word and (word in UNITS or word in SCALES or word in GROUPS or word in ("and", "a")):
            if words and text.replace("-", " ")[match.start() - 1] != " ":
                close()
            if word in GROUPS and not words and found and _just_before(text.replace("-", " "), match.start()):
                found[-1] *= GROUPS[word]  # "3 dozen"
                continue
            words.append(word)
            continue
        close()
        if match["clock"]:
            found += [int(part) for part in match["clock"].split(":")]
        elif match["fraction"] or match["plain"]:
            value = read_number(match["fraction"] or match["plain"])
            found += [] if value is None else [value]
    close()
    return tuple(found)


def _just_before(text: str, at: int) -> bool:
    return bool(re.search(r"\d\s$", text[:at]))


@lru_cache(maxsize=8192)
def meant_in(text: str) -> tuple[Number, ...]:
    """Numbers that words of a question mean without saying them: `half` is 2 or 1/2, a week has 7 days."""
    words = re.findall(r"[a-z]+|%", text.lower())
    return tuple(sorted({value for word in words for value in MEANT.get(word, ())}))


def spoken(value: int) -> str:
    """A whole number from 0 to 99 in words. Raises ValueError for another one."""
    if not 0 <= value < 100:
        raise ValueError(f"{value} is not said in words here")
    if value < 20:
        return ONES[value]
    tens, ones = divmod(value, 10)
    return TENS[tens - 2] + (f"-{ONES[ones]}" if ones else "")


def written(value: Number) -> str:
    """The shortest text that `read_number` reads as exactly this value: `12`, `2.5`, `1/3`."""
    if isinstance(value, int):
        return str(value)
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    if below != 1:
        return f"{value.numerator}/{value.denominator}"
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = f"{abs(int(value * 10**places)):0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def close(first: Number, second: Number, within: Number = Fraction(1, 100)) -> bool:
    """Whether two values differ by no more than `within`, as the published solver asks of an answer."""
    return abs(first - second) <= within
