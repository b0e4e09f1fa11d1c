"""Tabulate results: arms, levels, contrasts, doses, rollouts, baselines, power, noise, checkpoints, pass@k; or what
the study adds.

Every table is written as Parquet and as Markdown. None holds a time, so that two clean runs on one
machine agree to the byte.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from trap.analysis import checkpoints, samples
from trap.analysis.baselines import baseline_table
from trap.analysis.cells import read_table
from trap.analysis.collect import write_table
from trap.analysis.contrasts import CONTRAST_COLUMNS, contrast_rows
from trap.analysis.extension import Table
from trap.analysis.folder import add_options, open_folder
from trap.analysis.summaries import MEASURED, Summaries, power_table
from trap.cli import run_main
from trap.files import InputError, write_text
from trap.report import markdown
from trap.workflow.plan import TABLES
from trap.workflow.runs import SAMPLES


def shared_tables(summaries: Summaries) -> dict[str, Table]:
    """The tables that every study gets, by name."""
    shown, plain = summaries.extension.shown, markdown.plain_text
    arms, by_level = summaries.arms(), summaries.by_level()
    rows = contrast_rows(summaries.spec, summaries.table, summaries.items)
    contrasts = pl.DataFrame(rows, schema=CONTRAST_COLUMNS)
    doses, rollouts, noise = summaries.doses(), summaries.rollouts(), summaries.noise()
    baselines, power = baseline_table(summaries.baselines), power_table()
    levels = (*MEASURED, *summaries.extension.dose_metrics)
    probed = checkpoints.checkpoint_table(summaries, read_table(summaries.folder / "curves.parquet"))
    counted = [path for path in [summaries.folder / SAMPLES] if path.is_file()]
    passed = samples.pass_table(summaries, samples.read_samples(counted))
    return {
        "arms": Table(arms, markdown.arms_text(arms, (*markdown.WIDE_METRICS, *shown))),
        "by_level": Table(by_level, markdown.by_level_text(by_level, levels, summaries.study.level_name)),
        "contrasts": Table(contrasts, markdown.contrasts_text(contrasts)),
        "doses": Table(doses, plain("Dose-responses", doses)),
        "rollouts": Table(rollouts, plain("What sampling kept", rollouts)),
        "baselines": Table(
            baselines, plain("Without any model", baselines, "Without a level: the whole pool.")
        ),
        "power": Table(power, plain("Items needed", power)),
        "noise": Table(noise, plain("Noise between training seeds", noise)),
        "checkpoints": Table(probed, plain("Last against best checkpoint", probed, checkpoints.NOTE)),
        "pass_at_k": Table(passed, plain("pass@k", passed, samples.NOTE)),
    }


def own_tables(summaries: Summaries, names: Sequence[str]) -> dict[str, Table]:
    """Tables that the study brings. Raises InputError for a name that is none."""
    known = summaries.extension.tables
    for name in names:
        if name not in known:
            raise InputError(f"--own: the study has no table {name!r} (known: {', '.join(known) or 'none'})")
    return {name: known[name](summaries) for name in names}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    parser.add_argument("--own", nargs="+", metavar="TABLE", help="only these, which the study brings")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help=f"gets {', '.join(TABLES)}"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        found = open_folder(arguments)
        tables = own_tables(found, arguments.own) if arguments.own else shared_tables(found)
        for name, table in tables.items():
            write_table(table.frame, arguments.output / f"{name}.parquet")
            write_text(arguments.output / f"{name}.md", table.text)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
