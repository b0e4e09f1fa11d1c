"""Gather finished runs into compact tables: items, runs, training curves, some of what was written, seconds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.collect import collect, write_items, write_table
from trap.analysis.episodes import collect_episodes
from trap.cli import run_main
from trap.files import write_json
from trap.workflow.config import load_config
from trap.workflow.opening import open_study


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument(
        "--runs", nargs="+", type=Path, required=True, metavar="FOLDER", help="finished run folders"
    )
    parser.add_argument(
        "--more", nargs="*", type=Path, default=[], metavar="ITEMS",
        help="more of their items.parquet, in folders of theirs",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER",
        help="gets items, runs, curves, episodes.parquet and seconds.json",
    )  # fmt: skip
    arguments = parser.parse_args(argv)

    def body() -> None:
        study = type(open_study(load_config(arguments.config), arguments.study))
        items, runs, curves, seconds = collect(arguments.runs, study, arguments.more)
        episodes = collect_episodes(arguments.runs, study)
        write_items(items, arguments.output / "items.parquet")
        write_table(runs, arguments.output / "runs.parquet")
        write_table(curves, arguments.output / "curves.parquet")
        write_table(episodes, arguments.output / "episodes.parquet")
        write_json(arguments.output / "seconds.json", seconds)
        print(f"{runs.height} runs, {items.height:,} items, {curves.height:,} log rows", file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
