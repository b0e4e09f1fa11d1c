"""Tabulate what each reward of a policy gradient trains: rewards.parquet and rewards.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.runs import read_runs
from trap.analysis.summaries import Summaries
from trap.cli import run_main
from trap.files import write_text
from trap.studies.hops.analysis.rewards import reward_table, rewards_text
from trap.workflow.sheet import load_arms


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--claims", type=Path, required=True, help="config/claims.yaml: replicates, confidence"
    )
    parser.add_argument(
        "--items", type=Path, nargs="+", required=True, help="items.parquet of collect_runs.py"
    )
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet of collect_runs.py")
    parser.add_argument("--arms", type=Path, required=True, help="the experiment sheet of these runs")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args(argv)

    def body() -> None:
        items = read_items(arguments.items)
        runs = read_runs(arguments.runs, arguments.arms)
        summaries = Summaries(load_claims(arguments.claims), ItemTable(items), runs, items)
        table = reward_table(summaries, load_arms(arguments.arms))
        write_table(table, arguments.output / "rewards.parquet")
        write_text(arguments.output / "rewards.md", rewards_text(table))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
