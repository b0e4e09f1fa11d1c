"""Test every declared claim on collected runs and write claims.json."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from trap.analysis.cells import read_items
from trap.analysis.claims import agreement, claim_rows, current_commit, fill_in
from trap.analysis.contrasts import read_contrasts
from trap.analysis.folder import ITEMS, add_options, open_arguments
from trap.analysis.measures import Evidence
from trap.cli import run_main
from trap.files import write_json


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--tables", type=Path, required=True, metavar="FOLDER", help="tables of tabulate_results.py"
    )
    parser.add_argument(
        "--beside", type=Path, nargs="*", default=[], metavar="CLAIMS",
        help="claims.json of other experiments, for what is not tested here",
    )  # fmt: skip
    parser.add_argument("--rule", default="tabulate_claims", help="the workflow rule that calls this")
    parser.add_argument("--output", type=Path, required=True, help="claims.json")
    arguments = parser.parse_args(argv)

    def body() -> None:
        found, folder = open_arguments(arguments, seconds=True), arguments.evidence
        repeats = sorted(folder.glob("repeat_*.parquet"))
        files = {name: (folder / f"{name}.parquet").as_posix() for name in ("items", "runs")}
        files["items"] = (folder / ITEMS).as_posix()
        files["repeat"] = ", ".join(path.as_posix() for path in repeats)
        evidence = Evidence(
            found.spec, found.table, found.runs, files,
            contrasts=read_contrasts(arguments.tables),
            repeat=agreement(found.items, read_items(repeats, type(found.study))) if repeats else None,
            study=found.study,
            folder=folder,
        )  # fmt: skip
        claims = claim_rows(found.spec, evidence, arguments.rule, current_commit(Path(__file__).parent))
        claims = fill_in(claims, arguments.beside)
        write_json(arguments.output, claims)
        counts = Counter(claim["verdict"] for claim in claims)
        print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
