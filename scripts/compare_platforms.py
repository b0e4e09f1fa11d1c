"""Compare platforms: the same arms and contrasts where two of them have evaluated runs.

    python scripts/compare_platforms.py --study STUDY --experiment EXPERIMENT --evidence FOLDER \\
        --others ITEMS.parquet --output FOLDER
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
from trap.files import write_text
from trap.workflow.config import load_config
from trap.workflow.opening import open_study, study_settings


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument("--experiment", required=True, help="an experiment of the study")
    parser.add_argument(
        "--evidence", type=Path, required=True, metavar="FOLDER", help="what was collected of it"
    )
    parser.add_argument(
        "--others", type=Path, nargs="*", default=[], metavar="ITEMS",
        help="items.parquet of the experiments that it reads besides",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="gets platforms.{parquet, md}"
    )
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        settings = study_settings(config, args.study)
        study = type(open_study(config, args.study))
        items = read_items([args.evidence / "items.parquet", *args.others], study)
        own = (
            settings.experiments[args.experiment].platform
            if args.experiment in settings.experiments
            else None
        )
        others = sorted(set(items["platform"]) - {own})
        first = config.platform if config.platform in others or not others else others[0]
        rows = agreement(load_claims(settings.claims, study), ItemTable(items, study), first)
        write_table(rows, args.output / "platforms.parquet")
        write_text(args.output / "platforms.md", agreement_text(rows))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
