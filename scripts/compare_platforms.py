"""Compare platforms: the same arms and contrasts where two of them have evaluated runs; a table and a figure.

    python scripts/compare_platforms.py --study STUDY --evidence results/STUDY/platforms/collected \\
        results/STUDY/full/collected --output results/STUDY/platforms
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.analysis.agreement import agreement, agreement_text
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import load_claims
from trap.analysis.collect import write_table
from trap.analysis.folder import add_options, read_folders
from trap.cli import run_main
from trap.figures import platforms
from trap.figures.theme import save_both
from trap.files import write_text
from trap.workflow.config import load_config
from trap.workflow.opening import open_study, study_settings

TITLE = "The decisive contrasts on two platforms"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser, several=True)
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        study = type(open_study(config, args.study, args.data))
        spec = load_claims(study_settings(config, args.study).claims, study)
        rows = agreement(spec, ItemTable(read_folders(args.evidence, study), study), spec.defaults.platform)
        write_table(rows, args.output / "platforms.parquet")
        write_text(args.output / "platforms.md", agreement_text(rows))
        save_both(lambda theme: platforms.draw(rows, theme), args.output, "platforms", TITLE, platforms.ALT)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
