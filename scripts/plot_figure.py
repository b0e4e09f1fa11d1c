"""Draw one figure of a study from claims and tables, in a light and a dark theme, as SVG and as PNG.

    python scripts/plot_figure.py trap --study hops --claims claims.json --tables tables --output-dir figures

Figures of every study are in scripts/trap/figures/, further ones in the study's own folder `figures/`. The file named by
`figures` in the study's settings says what they show; defaults come from the tables.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.figures.catalogue import load_figure
from trap.figures.opening import module_of, open_evidence
from trap.figures.theme import save_both
from trap.workflow.config import load_config
from trap.workflow.opening import study_settings


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "name", help="the figure: trap, matching, leakage, levels, …, or one of the study's own"
    )
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="the study's name in the settings")
    parser.add_argument("--experiment", help="whose sheet names the arms (default: the study's own sheet)")
    parser.add_argument("--claims", type=Path, help="claims.json; a comparison has none")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--evidence", type=Path, help="folder of collected runs, for tables such as curves")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the four files NAME.*")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        figure = load_figure(module_of(study_settings(config, args.study), args.study), args.name)
        evidence = open_evidence(config, args.study, args.experiment, args.claims, args.tables, args.evidence)
        declared = getattr(evidence.settings, args.name, None)
        alt = evidence.text((declared and declared.alt) or figure.ALT)
        save_both(lambda theme: figure.draw(evidence, theme), args.output_dir, args.name, figure.TITLE, alt)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
