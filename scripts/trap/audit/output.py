"""The report: text for a terminal, one HTML page that needs nothing else, and claims as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from trap.audit.claims import Finding, number_words
from trap.audit.verdict import Verdict
from trap.files import write_json, write_text

PARTS = {
    "overlap": "What training and evaluation share",
    "data": "Within the files",
    "ceilings": "What can be had without reading a question",
    "selection": "What selection keeps",
    "runs": "Runs",
    "judging": "The reader, judged by hand",
}
LEVELS = {"bad": "not to be trusted", "look": "look into it", "fine": "in order", "note": "for reference"}
MARKS = {"bad": "✗", "look": "!", "fine": "✓", "note": "·"}
WIDTH = 100


@dataclass(frozen=True)
class Understood:
    """One file as it was understood. words: (role, how) pairs. rows: None before it was read."""

    part: str
    path: str
    words: tuple[tuple[str, str], ...]
    rows: int | None = None


@dataclass(frozen=True)
class Report:
    """Everything that an audit says."""

    understood: tuple[Understood, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    sheet: str = ""  # the sheet to be judged by hand, "" where no answer was read

    def record(self) -> dict[str, Any]:
        """The report for JSON."""
        return {
            "verdict": {"level": self.verdict.level, "says": list(self.verdict.says), "next": list(self.verdict.next)},
            "understood": [
                {"part": one.part, "file": one.path, "rows": one.rows, **{"fields": dict(one.words)}}
                for one in self.understood
            ],
            "claims": [finding.record() for finding in self.findings],
        }  # fmt: skip


def understood_text(files: Sequence[Understood]) -> str:
    """What was understood of the files, for a terminal."""
    lines = ["What I understood (a mapping file corrects it)"]
    for one in files:
        rows = "" if one.rows is None else f", {one.rows:,} rows"
        lines.append(f"  {one.part}: {plain(one.path)}{rows}")
        lines += [f"    {role:<10} {plain(how)}" for role, how in one.words]
    return "\n".join(lines)


def report_text(report: Report) -> str:
    """Findings and verdict, for a terminal."""
    lines: list[str] = []
    for part, title in PARTS.items():
        found = [finding for finding in report.findings if finding.part == part]
        if found:
            lines += ["", title]
        for finding in found:
            lines += _wrapped(
                f"{MARKS[finding.level]} ", f"{finding.says}: {number_words(finding)}".rstrip(": ")
            )
            lines += [line for example in finding.examples for line in _wrapped("    ", example)]
    lines += ["", f"Verdict: {LEVELS[report.verdict.level]}"]
    lines += [line for sentence in report.verdict.says for line in _wrapped("  ", sentence)]
    if report.verdict.next:
        lines += ["", "What to do next"]
    for number, advice in enumerate(report.verdict.next, start=1):
        lines += _wrapped(f"  {number}. ", advice)
    return "\n".join(lines)


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(plain(text), WIDTH, initial_indent=head, subsequent_indent=" " * len(head)) or [head]


def plain(text: str) -> str:
    """Text without control characters: a file may hold sequences that a terminal obeys."""
    return "".join(char if char.isprintable() else " " for char in text)


def page(report: Report) -> str:
    """The HTML page. Everything from files is escaped; the policy of the page allows no script and no request."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number_words
    shown = [(title, [f for f in report.findings if f.part == part]) for part, title in PARTS.items()]
    return environment.get_template("page.html.j2").render(
        report=report, parts=[(title, found) for title, found in shown if found], levels=LEVELS, marks=MARKS
    )


def write_report(report: Report, folder: Path) -> None:
    """Write report.txt, report.html and claims.json."""
    text = f"{understood_text(report.understood)}\n{report_text(report)}\n"
    write_text(folder / "report.txt", text.encode("utf-8", "replace").decode())
    write_text(folder / "report.html", page(report).encode("utf-8", "replace").decode())
    write_json(folder / "claims.json", report.record())
