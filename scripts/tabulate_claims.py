"""Test every declared claim on collected runs and write claims.json."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from trap.analysis.cells import read_items
from trap.analysis.claims import agreement, claim_rows, correct, current_commit, fill_in
from trap.analysis.contrasts import contrast_rows
from trap.analysis.folder import add_options, open_folder
from trap.analysis.measures import Evidence
from trap.cli import run_main
from trap.files import write_json


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument(
        "--beside", type=Path, nargs="*", default=[], metavar="CLAIMS",
        help="claims.json of other experiments, for what is not tested here",
    )  # fmt: skip
    parser.add_argument("--rule", default="tabulate_claims", help="the workflow rule that calls this")
    parser.add_argument("--output", type=Path, required=True, help="claims.json")
    arguments = parser.parse_args(argv)

    def body() -> None:
        found, folder = open_folder(arguments), arguments.evidence
        repeats = sorted(folder.glob("repeat_*.parquet"))
        files = {name: (folder / f"{name}.parquet").as_posix() for name in ("items", "runs")}
        files["repeat"] = ", ".join(path.as_posix() for path in repeats)
        contrasts = contrast_rows(found.spec, found.table, found.items)
        evidence = Evidence(
            found.spec, found.table, found.runs, files,
            contrasts={(row["name"], row["model"], row["platform"]): row for row in contrasts},
            repeat=agreement(found.items, read_items(repeats, type(found.study))) if repeats else None,
            study=found.study, pools=found.pools, folder=folder,
        )  # fmt: skip
        claims = claim_rows(found.spec, evidence, arguments.rule, current_commit(Path(__file__).parent))
        claims = correct(fill_in(claims, arguments.beside, found.spec.minimum_seeds))
        write_json(arguments.output, claims)
        counts = Counter(claim["verdict"] for claim in claims)
        print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())), file=sys.stderr)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
