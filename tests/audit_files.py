"""Small files for the tests of the audit, in the shapes that people have them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
CAPITALS = (
    ("France", "Paris"), ("Spain", "Madrid"), ("Italy", "Rome"), ("Japan", "Tokyo"), ("Norway", "Oslo"), ("Peru", "Lima"),
    ("Kenya", "Nairobi"), ("Egypt", "Cairo"), ("Cuba", "Havana"), ("Iran", "Tehran"), ("Ghana", "Accra"), ("Nepal", "Kathmandu"),
)  # fmt: skip


def lines(path: Path, rows: Sequence[Row]) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def table(path: Path, rows: Sequence[Row]) -> Path:
    """Write CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def zipped(path: Path) -> Path:
    """A gzipped copy beside a file."""
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def choices(start: int = 0, n: int = len(CAPITALS)) -> list[tuple[str, list[str], int]]:
    """(question, four options, place of the right one)."""
    cities = [city for _, city in CAPITALS]
    found = []
    for number in range(start, start + n):
        country, city = CAPITALS[number % len(CAPITALS)]
        others = [cities[(number + step) % len(cities)] for step in (1, 2, 3)]
        place = (number * 7 + 1) % 4
        found.append((f"What is the capital of {country}?", [*others[:place], city, *others[place:]], place))
    return found


def sums(n: int, shift: int = 0) -> list[Row]:
    """Questions in the shape of GSM-8K."""
    rows = []
    for number in range(shift, shift + n):
        a, b = 3 + 7 * number, 2 + 11 * (number % 13)
        question = f"Ann has {a} apples and her brother gives her {b} more on Monday. How many apples has Ann got on Tuesday?"
        rows.append(
            {
                "question": question,
                "answer": f"She has {a} + {b} = <<{a}+{b}={a + b}>>{a + b} apples.\n#### {a + b}",
            }
        )
    return rows


def graded(path: Path, marks: Sequence[Any], **more: Sequence[Any]) -> Path:
    """A run: a list of right and wrong, or a list of such lists for several samples."""
    rows = []
    for n, mark in enumerate(marks):
        rows += [{"id": f"q{n}", "correct": one} | {name: values[n] for name, values in more.items()} for one in (mark if isinstance(mark, list) else [mark])]  # fmt: skip
    return lines(path, rows)
