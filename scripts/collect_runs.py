"""Gather finished runs into compact tables: items, runs, training curves, and some of what was written."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.collect import collect, write_items, write_table
from trap.analysis.episodes import collect_episodes
from trap.cli import run_main
from trap.files import write_json


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", nargs="+", type=Path, required=True, metavar="FOLDER", help="finished run folders"
    )
    parser.add_argument(
        "--more",
        nargs="*",
        type=Path,
        default=[],
        metavar="ITEMS",
        help="their items.parquet in folders far/, search/",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="items.parquet: one row per question and run"
    )
    parser.add_argument("--runs-output", type=Path, required=True, help="runs.parquet: one row per run")
    parser.add_argument("--curves-output", type=Path, required=True, help="curves.parquet: the training logs")
    parser.add_argument(
        "--episodes-output", type=Path, required=True, help="episodes.parquet: the words behind some items"
    )
    parser.add_argument(
        "--seconds-output",
        type=Path,
        required=True,
        help="seconds.json: what each run took, apart from the tables",
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        items, runs, curves, seconds = collect(arguments.runs, arguments.more)
        episodes = collect_episodes(arguments.runs)
        write_items(items, arguments.output)
        write_table(runs, arguments.runs_output)
        write_table(curves, arguments.curves_output)
        write_table(episodes, arguments.episodes_output)
        write_json(arguments.seconds_output, seconds)
        print(f"{runs.height} runs, {items.height:,} items, {curves.height:,} log rows", file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
