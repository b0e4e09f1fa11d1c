"""Compare platforms: the same arms and contrasts where two of them have evaluated runs; a table and a figure.

    python scripts/compare_platforms.py --claims config/claims.yaml --items results/tables/items.parquet \\
        results/hops/nano/mlx/sft/s1/items.parquet ... --output results/platforms
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.agreement import agreement, agreement_text
from trap.analysis.cells import ItemTable, read_items
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.cli import run_main
from trap.figures import platforms
from trap.figures.theme import save_both
from trap.files import write_text

TITLE = "The decisive contrasts on two platforms"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=Path, required=True, help="config/claims.yaml: the contrasts")
    parser.add_argument("--items", type=Path, nargs="+", required=True, help="items.parquet files")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        rows = agreement(load_claims(args.claims), ItemTable(read_items(args.items)))
        write_table(rows, args.output / "platforms.parquet")
        write_text(args.output / "platforms.md", agreement_text(rows))
        save_both(lambda theme: platforms.draw(rows, theme), args.output, "platforms", TITLE, platforms.ALT)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
