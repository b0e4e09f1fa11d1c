"""Test every declared claim on collected runs and write claims.json."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.claims import agreement, claim_rows, current_commit, fill_in, read_findings
from trap.analysis.contrasts import contrast_rows
from trap.analysis.measures import Evidence
from trap.analysis.runs import read_runs
from trap.cli import run_main
from trap.figures.estimates import read_table
from trap.files import InputError, write_json
from trap.studies.hops.analysis.attention import POINTER_COLUMNS
from trap.studies.hops.analysis.baselines import baseline_items, read_pools
from trap.studies.hops.analysis.properties import Material
from trap.studies.hops.graph import load_graph


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="config/claims.yaml")
    parser.add_argument(
        "--items", type=Path, nargs="+", required=True, help="items.parquet of collect_runs.py"
    )
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet of collect_runs.py")
    parser.add_argument("--arms", type=Path, help="config/arms.tsv: what the arms are called")
    parser.add_argument("--seconds", type=Path, help="seconds.json of collect_runs.py")
    parser.add_argument("--graph", type=Path, help="kg.json, for the baselines")
    parser.add_argument(
        "--questions", type=Path, nargs="+", default=[], metavar="POOL.jsonl", help="evaluation pools"
    )
    parser.add_argument("--published-audit", type=Path, help="audit.json of the published files")
    parser.add_argument("--repeat", type=Path, nargs="+", help="items.parquet of the same runs done again")
    parser.add_argument("--pointers", type=Path, help="pointers.parquet of map_attention.py")
    parser.add_argument(
        "--beside", type=Path, nargs="+", default=[], help="claims.json of grids, for what is not tested here"
    )
    parser.add_argument("--rule", default="tabulate_claims", help="the workflow rule that calls this")
    parser.add_argument("--output", type=Path, required=True, help="claims.json")
    arguments = parser.parse_args(argv)

    def body() -> None:
        if bool(arguments.graph) != bool(arguments.questions):
            raise InputError("--graph and --questions go together")
        spec = load_claims(arguments.claims)
        items, runs = (
            read_items(arguments.items),
            read_runs(arguments.runs, arguments.arms, arguments.seconds),
        )
        baselines, material = None, Material()
        if arguments.graph:
            graph, pools = load_graph(arguments.graph), read_pools(arguments.questions)
            baselines = baseline_items(graph, pools)
            material = Material(graph, tuple(pools.get("eval_hard", ())))
        files = {"items": ", ".join(map(str, arguments.items)), "runs": str(arguments.runs)}
        evidence = Evidence(spec, ItemTable(items, baselines), runs, files, material=material)
        rows = {(row["name"], row["model"]): row for row in contrast_rows(spec, evidence.items, items)}
        evidence = replace(evidence, contrasts=rows)
        if arguments.published_audit:
            files["audit"] = str(arguments.published_audit)
            evidence = replace(evidence, findings=read_findings(arguments.published_audit))
        if arguments.repeat:
            files["repeat"] = ", ".join(map(str, arguments.repeat))
            evidence = replace(evidence, repeat=agreement(items, read_items(arguments.repeat)))
        if arguments.pointers:
            files["pointers"] = str(arguments.pointers)
            pointers = read_table(arguments.pointers.parent, arguments.pointers.stem, tuple(POINTER_COLUMNS))
            evidence = replace(evidence, pointers=pointers)
        claims = claim_rows(spec, evidence, arguments.rule, current_commit(Path(__file__).parent))
        claims = fill_in(claims, arguments.beside)
        write_json(arguments.output, claims)
        counts = Counter(claim["verdict"] for claim in claims)
        print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
