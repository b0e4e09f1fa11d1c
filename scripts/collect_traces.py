"""Read what the logged traces of finished runs get wrong first, into one compact table (hops only)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.collect import write_items
from trap.cli import run_main
from trap.studies.hops.analysis.traces import collect_traces, with_borrowed
from trap.workflow.config import load_config
from trap.workflow.opening import open_study


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings, whose code is that of hops")
    parser.add_argument("--data", type=Path, help="its data folder, unless it is results/STUDY/data")
    parser.add_argument(
        "--runs", nargs="+", type=Path, required=True, metavar="FOLDER", help="finished run folders"
    )
    parser.add_argument(
        "--pools",
        type=Path,
        nargs="+",
        required=True,
        metavar="POOL.jsonl",
        help="pools whose answers are read",
    )
    parser.add_argument(
        "--others",
        nargs="*",
        type=Path,
        default=[],
        metavar="TRACES",
        help="traces.parquet of other experiments",
    )
    parser.add_argument(
        "--borrow",
        nargs="*",
        default=[],
        metavar="RUN",
        help="runs to take from them: STUDY/MODEL/PLATFORM/ARM/SEED",
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="traces.parquet: one row per logged answer"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        study = open_study(load_config(arguments.config), arguments.study, arguments.data)
        pools = {path.stem: study.read(path) for path in arguments.pools}
        traces = collect_traces(arguments.runs, study.graph, pools)
        if arguments.borrow:
            traces = with_borrowed(traces, arguments.others, arguments.borrow)
        write_items(traces, arguments.output)
        print(f"{len(arguments.runs)} runs, {traces.height:,} answers", file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
