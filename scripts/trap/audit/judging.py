"""A sheet for a reader of flesh and blood, and the error rate of ours when the sheet comes back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from trap.audit.claims import Finding, share_of
from trap.audit.samples import Judgeable
from trap.files import InputError, write_text

COLUMNS = ("number", "run", "place", "question", "key", "response", "read", "scored", "reader_is")
LONGEST = 4000  # characters of a cell
_RIGHT = {"right": True, "wrong": False}
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def write_sheet(rows: list[Judgeable], path: Path) -> None:
    """Write the sheet. A person fills the last column with right or wrong: was this answer read and scored as it should?"""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, start=1):
        scored = (
            ""
            if row.right is None
            else "right"
            if row.right >= 1
            else "wrong"
            if row.right == 0
            else f"{row.right:g}"
        )
        cells = (row.run, row.place, row.question, row.key, row.response, row.read)
        writer.writerow([number, *(_cell(cell) for cell in cells), scored, ""])
    write_text(path, text.getvalue())


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: what a model wrote is not to be trusted."""
    text = text.replace("\0", " ")[-LONGEST:]
    return f"'{text}" if text.startswith(_FORMULAS) else text


def judged_findings(path: Path | str) -> list[Finding]:
    """The reader's error rate from a sheet that came back. Raises InputError naming file, line and column."""
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [(reader.line_num, row) for reader in [csv.DictReader(stream)] for row in reader]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {str(error)[:200]}") from None
    filled: list[tuple[bool, str]] = []
    for line, row in rows:
        word = row.get("reader_is")
        if word is None:
            raise InputError(f"{path}:{line}: reader_is: column missing")
        word = word.strip().lower()
        if not word:
            continue
        if word not in _RIGHT:
            raise InputError(f"{path}:{line}: reader_is: right or wrong is wanted, not {word[:40]!r}")
        filled.append((_RIGHT[word], (row.get("scored") or "").strip()))
    if not filled:
        raise InputError(f"{path}: reader_is: no row is filled: write right or wrong")
    errors = sum(not right for right, _ in filled)
    found = share_of(
        "judging.error", "judging", "Answers that the reader got wrong, by hand", errors, len(filled),
    )  # fmt: skip
    worst = found.high or 1.0
    level = "fine" if worst < 0.05 else "look"
    advice = (
        ""
        if worst < 0.05
        else "Differences smaller than the upper end may be the reader's: judge more rows, or mend the reader."
    )
    findings = [
        share_of("judging.error", "judging", found.says, errors, len(filled), level=level, next=advice)
    ]
    for scored in ("right", "wrong"):
        part = [right for right, said in filled if said == scored]
        if part:
            says = f"Of the answers that were scored {scored}, those that the reader got wrong"
            findings.append(
                share_of(f"judging.error_{scored}", "judging", says, part.count(False), len(part))
            )
    return findings
