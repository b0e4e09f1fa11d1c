"""Tabulate results: arms, hop counts, contrasts, doses, rollouts, baselines, power, order, noise.

Every table is written as Parquet and as Markdown. None holds a time, so that two clean runs on one
machine agree to the byte.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import polars as pl

from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.contrasts import CONTRAST_COLUMNS, contrast_rows
from trap.analysis.runs import read_runs
from trap.analysis.summaries import Summaries, power_table
from trap.cli import run_main
from trap.files import write_text
from trap.report import markdown
from trap.studies.hops.analysis.baselines import baseline_items, baseline_table, read_pools
from trap.studies.hops.analysis.shuffling import shuffle_table
from trap.studies.hops.graph import load_graph

TABLES = ("arms", "by_hops", "contrasts", "doses", "rollouts", "baselines", "power", "shuffle", "noise")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=Path, required=True, help="config/claims.yaml: contrasts and doses")
    parser.add_argument(
        "--items", type=Path, nargs="+", required=True, help="items.parquet of collect_runs.py"
    )
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet of collect_runs.py")
    parser.add_argument("--arms", type=Path, help="config/arms.tsv: what the arms are called")
    parser.add_argument("--graph", type=Path, required=True, help="kg.json")
    parser.add_argument(
        "--questions", type=Path, nargs="+", required=True, metavar="POOL.jsonl", help="the evaluation pools"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help=f"gets {', '.join(TABLES)}"
    )
    arguments = parser.parse_args(argv)

    def body() -> None:
        spec = load_claims(arguments.claims)
        items, runs = read_items(arguments.items), read_runs(arguments.runs, arguments.arms)
        pools = read_pools(arguments.questions)
        scored = baseline_items(load_graph(arguments.graph), pools)
        summaries = Summaries(spec, ItemTable(items, scored), runs, items)
        tables = {
            "arms": summaries.arms(),
            "by_hops": summaries.by_hops(),
            "contrasts": pl.DataFrame(contrast_rows(spec, summaries.table, items), schema=CONTRAST_COLUMNS),
            "doses": summaries.doses(),
            "rollouts": summaries.rollouts(),
            "baselines": baseline_table(scored),
            "power": power_table(),
            "shuffle": shuffle_table(summaries, pools),
            "noise": summaries.noise(),
        }
        texts = {
            "arms": markdown.arms_text(tables["arms"]),
            "by_hops": markdown.by_hops_text(tables["by_hops"]),
            "contrasts": markdown.contrasts_text(tables["contrasts"]),
            "doses": markdown.plain_text("Dose-responses", tables["doses"]),
            "rollouts": markdown.plain_text("What rejection sampling kept", tables["rollouts"]),
            "baselines": markdown.plain_text(
                "Without any model", tables["baselines"], "hops 0: all questions."
            ),
            "power": markdown.plain_text("Questions needed", tables["power"]),
            "shuffle": markdown.plain_text("The same questions with options shuffled", tables["shuffle"]),
            "noise": markdown.plain_text("Noise between training seeds", tables["noise"]),
        }
        for name, table in tables.items():
            write_table(table, arguments.output / f"{name}.parquet")
            write_text(arguments.output / f"{name}.md", texts[name])

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
