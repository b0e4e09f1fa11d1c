"""Read what the logged traces of finished runs get wrong first, into one compact table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.studies.hops.analysis.baselines import read_pools
from trap.studies.hops.analysis.traces import collect_traces, write_traces
from trap.studies.hops.graph import load_graph


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", nargs="+", type=Path, required=True, metavar="FOLDER", help="finished run folders"
    )
    parser.add_argument("--graph", type=Path, required=True, help="kg.json")
    parser.add_argument(
        "--questions", type=Path, nargs="+", required=True, metavar="POOL.jsonl", help="the evaluation pools"
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="traces.parquet: one row per logged answer"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        graph, pools = load_graph(arguments.graph), read_pools(arguments.questions)
        traces = collect_traces(arguments.runs, graph, pools)
        write_traces(traces, arguments.output)
        print(f"{len(arguments.runs)} runs, {traces.height:,} answers", file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
