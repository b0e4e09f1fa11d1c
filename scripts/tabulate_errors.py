"""Tabulate what traces get wrong first, and accuracy against how far a question branches."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.cells import read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.runs import read_runs
from trap.analysis.summaries import arm_facts
from trap.cli import run_main
from trap.files import write_text
from trap.studies.hops.analysis.baselines import read_pools
from trap.studies.hops.analysis.branches import branch_table, branches_text, question_branches
from trap.studies.hops.analysis.error_tables import error_table, errors_text
from trap.studies.hops.analysis.traces import read_traces
from trap.studies.hops.graph import load_graph


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--claims", type=Path, required=True, help="config/claims.yaml: replicates, confidence"
    )
    parser.add_argument("--traces", type=Path, required=True, help="traces.parquet of collect_traces.py")
    parser.add_argument(
        "--items", type=Path, nargs="+", required=True, help="items.parquet of collect_runs.py"
    )
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet of collect_runs.py")
    parser.add_argument("--arms", type=Path, help="the experiment sheet: what the arms are called")
    parser.add_argument("--graph", type=Path, required=True, help="kg.json")
    parser.add_argument(
        "--questions", type=Path, nargs="+", required=True, metavar="POOL.jsonl", help="the evaluation pools"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="gets errors and branches"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        spec = load_claims(arguments.claims)
        facts = arm_facts(read_runs(arguments.runs, arguments.arms))
        measured = question_branches(load_graph(arguments.graph), read_pools(arguments.questions))
        errors = error_table(read_traces(arguments.traces), facts, spec)
        branches = branch_table(read_items(arguments.items), measured, facts, spec)
        write_table(errors, arguments.output / "errors.parquet")
        write_text(arguments.output / "errors.md", errors_text(errors))
        write_table(branches, arguments.output / "branches.parquet")
        write_text(arguments.output / "branches.md", branches_text(branches))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
