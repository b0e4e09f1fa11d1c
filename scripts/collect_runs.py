"""Gather finished runs into compact tables: items, runs, training curves, some of what was written, counts of samples, seconds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.borrowing import RUN_NAME, TABLES, borrow
from trap.analysis.collect import CURVE_ORDER, ITEM_ORDER, RUN_KEY, collect, write_items, write_table
from trap.analysis.episodes import EPISODE_ORDER, collect_episodes
from trap.analysis.samples import SAMPLE_ORDER, read_samples
from trap.cli import run_main
from trap.files import write_json
from trap.workflow.config import load_config
from trap.workflow.opening import open_study
from trap.workflow.runs import SAMPLES

ORDER = {"items": ITEM_ORDER, "runs": RUN_KEY, "curves": CURVE_ORDER, "episodes": EPISODE_ORDER}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument(
        "--runs", nargs="*", type=Path, default=[], metavar="FOLDER", help="finished run folders"
    )
    parser.add_argument(
        "--more", nargs="*", type=Path, default=[], metavar="ITEMS",
        help="more of their items.parquet, in folders of theirs",
    )  # fmt: skip
    parser.add_argument(
        "--others", nargs="*", type=Path, default=[], metavar="FOLDER",
        help="folders that other experiments' runs were collected to",
    )  # fmt: skip
    parser.add_argument(
        "--borrow",
        nargs="*",
        default=[],
        metavar="RUN",
        help="runs to take from them: STUDY/MODEL/PLATFORM/ARM/SEED",
    )
    parser.add_argument(
        "--extends", type=Path, metavar="FOLDER", help="one of the others: the release that these runs are added to"
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER",
        help="gets items, runs, curves, episodes, samples.parquet and seconds.json",
    )  # fmt: skip
    arguments = parser.parse_args(argv)

    def body() -> None:
        study = type(open_study(load_config(arguments.config), arguments.study))
        parts: list[dict[str, pl.DataFrame]] = []
        seconds: dict[str, Any] = {}
        if arguments.runs or not arguments.borrow:
            found = collect(arguments.runs, study, arguments.more)
            parts.append({name: getattr(found, name, None) for name in TABLES})
            parts[0]["episodes"] = collect_episodes(arguments.runs, study)
            seconds |= found.seconds
        if arguments.borrow:
            others, spent = borrow(arguments.others, arguments.borrow, study, arguments.extends)
            parts.append(others)
            seconds |= spent
        tables = {
            name: pl.concat(part[name] for part in parts).sort(order, nulls_last=True, maintain_order=True)
            for name, order in ORDER.items()
        }
        seconds = dict(sorted(seconds.items()))
        write_items(tables.pop("items"), arguments.output / "items.parquet")
        for name, table in tables.items():
            write_table(table, arguments.output / f"{name}.parquet")
        counted = read_samples(
            [path.parent / SAMPLES for path in arguments.more if (path.parent / SAMPLES).is_file()]
        )
        if arguments.extends and (arguments.extends / SAMPLES).is_file():
            released = read_samples([arguments.extends / SAMPLES])
            counted = pl.concat([released.filter(RUN_NAME.is_in(arguments.borrow)), counted])
        write_table(counted.sort(SAMPLE_ORDER), arguments.output / SAMPLES)
        write_json(arguments.output / "seconds.json", seconds)
        sizes = f"{tables['runs'].height} runs, {len(arguments.borrow)} of them taken over"
        print(sizes, file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
