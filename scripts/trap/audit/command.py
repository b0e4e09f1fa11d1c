"""The command `trap-audit`: read, say what was understood, judge, write the report."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from trap.audit.ceilings import best_ceiling, ceiling_findings
from trap.audit.claims import Finding
from trap.audit.fields import Fields
from trap.audit.judging import judged_findings, write_sheet
from trap.audit.mapping import load_mapping
from trap.audit.output import Report, Understood, plain, report_text, understood_text, write_report
from trap.audit.overlap import NEAR_TEXTS, data_findings, near_index, overlap_findings, shared
from trap.audit.runs import run_findings
from trap.audit.samples import read_samples
from trap.audit.tables import Table, read_table
from trap.audit.understanding import understand
from trap.audit.verdict import verdict_of
from trap.cli import run_main
from trap.files import InputError

Say = Callable[[str], object]


def audit(
    *,
    train: Sequence[Path | str] = (),
    evaluation: Path | str | None = None,
    samples: Sequence[Path | str] = (),
    mapping: Path | str | None = None,
    judged: Path | str | None = None,
    folder: Path | str | None = None,
    say: Say = lambda text: None,
) -> Report:
    """Audit files and write the report into `folder` (report.txt, report.html, claims.json, judge.csv).

    `say` is told what was understood before anything is judged. Raises InputError, one line, for input that cannot be
    read, understood or written.
    """
    named = load_mapping(mapping) if mapping else {}
    parts = [
        *(("train", path) for path in train),
        ("eval", evaluation),
        *(("samples", path) for path in samples),
    ]
    files = [understand(path, part, named.get(part)) for part, path in parts if path is not None]
    if not files and judged is None:
        raise InputError("nothing to audit: give --eval, with --train or --samples, or --judged")
    say(understood_text([_understood(fields, None) for fields in files]))
    trains = [fields for fields in files if fields.part == "train"]
    asked = next((fields for fields in files if fields.part == "eval"), None)
    for fields in trains:
        if asked is not None and {fields.kind, asked.kind} == {"text", "number"}:
            fields.kind = asked.kind  # answers are compared in one spelling
    sampled = [fields for fields in files if fields.part == "samples"]
    findings: list[Finding] = []
    tables, seen = _tables(trains, asked, findings)
    trained, evaluated = tables.get("train"), tables.get("eval")
    if evaluated is not None:
        findings += ceiling_findings(evaluated, trained)
    sheet = ""
    rows = {
        str(fields.source.path): int((table["file"] == number).sum())
        for table in tables.values()
        for number, fields in enumerate(table.files)
    }
    if sampled:
        answers = read_samples(sampled, asked)
        ceiling = best_ceiling(findings)
        findings += run_findings(answers, evaluated, seen, ceiling)
        rows |= answers.rows
        if answers.sheet and folder is not None:
            sheet = str(Path(folder) / "judge.csv")
            _written(lambda: write_sheet(answers.sheet, Path(sheet)), sheet)
        how = answers.how
    else:
        how = {}
    if judged is not None:
        findings += judged_findings(judged)
    understood = [
        _understood(f, rows.get(str(f.source.path)), how.get(str(f.source.path), "")) for f in files
    ]
    report = Report(tuple(understood), tuple(findings), verdict_of(findings), sheet)
    if folder is not None:
        _written(lambda: write_report(report, Path(folder)), str(folder))
    return report


def _understood(fields: Fields, rows: int | None, how: str = "") -> Understood:
    words = fields.words()
    if how:
        words.append(("right", how))
    return Understood(fields.part, str(fields.source.path), tuple(words), rows)


def _tables(train: list[Fields], evaluation: Fields | None, findings: list[Finding]):  # type: ignore[no-untyped-def]
    """Tables by part, and which evaluation rows stand in training (None without training). Adds to the findings."""
    tables: dict[str, Table] = {}
    seen = None
    if evaluation is not None:
        texts: list[pl.Series] = []
        kept = 0

        def keep(questions: pl.Series, rows: object) -> None:
            nonlocal kept
            if kept < NEAR_TEXTS:
                texts.append(questions.head(NEAR_TEXTS - kept))
                kept += len(texts[-1])

        tables["eval"] = read_table([evaluation], keep if train else None)
        if train:
            whole = pl.concat(texts) if texts else pl.Series([], dtype=pl.String)
            index, member = near_index(tables["eval"], whole)
            tables["train"] = read_table(train, index.look)
            findings += overlap_findings(tables["train"], tables["eval"], index, member)
            seen = shared(tables["train"]["item"], tables["eval"]["item"])
    elif train:
        tables["train"] = read_table(train)
    for part, table in tables.items():
        findings += data_findings(table, part)
    return tables, seen


def _written(write: Callable[[], None], place: str) -> None:
    try:
        write()
    except OSError as error:
        raise InputError(f"{place}: cannot be written: {error.strerror or error}") from None


def parser() -> argparse.ArgumentParser:
    parse = argparse.ArgumentParser(
        prog="trap-audit",
        description="Do training and evaluation share questions, and what do the scores show?",
        epilog="Files: JSON lines, JSON, CSV, Parquet, gzip; logs of lm-evaluation-harness and inspect; rollouts.",
    )
    parse.add_argument("--train", metavar="FILE", nargs="+", default=[], help="all that was trained on")
    parse.add_argument("--eval", metavar="FILE", help="the questions of the evaluation, with their answers")
    parse.add_argument(
        "--samples",
        metavar="FILE",
        nargs="+",
        default=[],
        help="answers of runs, the first one before the others",
    )
    parse.add_argument("--mapping", metavar="YAML", help="which field is what, where the guess is wrong")
    parse.add_argument(
        "--judged", metavar="CSV", help="judge.csv of an earlier audit, with its last column filled"
    )
    parse.add_argument(
        "--report", metavar="FOLDER", help="where report.html, report.txt, claims.json and judge.csv go"
    )
    parse.add_argument(
        "--strict", action="store_true", help="exit with 2 where the verdict is: not to be trusted"
    )
    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit status: 0 with a report, 1 for bad input, 2 for a bad verdict under --strict."""
    options = parser().parse_args(arguments)

    def body() -> int:
        try:
            report = audit(
                train=options.train, evaluation=options.eval, samples=options.samples, mapping=options.mapping,
                judged=options.judged, folder=options.report, say=_say,
            )  # fmt: skip
        except InputError as error:
            raise InputError(plain(str(error))) from None  # names of fields may hold line breaks
        _say(report_text(report))
        if options.report:
            _say(f"\nThe report: {options.report}/report.html")
        return 2 if options.strict and report.verdict.level == "bad" else 0

    try:
        return run_main(body)
    except BrokenPipeError:  # what reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(text: str) -> None:
    # a terminal of another alphabet must not stop the audit
    coding = sys.stdout.encoding or "utf-8"
    print(text.encode(coding, "replace").decode(coding), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
