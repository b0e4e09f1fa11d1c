"""Write the production kit of a film: script, shots with times, capture checklist, edit notes, description."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import read_json, write_text
from trap.film.cues import load_sheet
from trap.film.facts import Facts
from trap.film.kit import render_kit
from trap.film.opening import open_film


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, nargs="+", required=True, help="facts of all scenes, in order")
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="the study's name in the settings")
    parser.add_argument("--experiment", help="whose sheet names the arms (default: the study's own sheet)")
    parser.add_argument("--cues", type=Path, required=True, help="the cue sheet")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--evidence", type=Path, help="folder of collected runs, for tables such as curves")
    parser.add_argument("--data", type=Path, help="the study's data folder, unless it is results/STUDY/data")
    parser.add_argument("--template", type=Path, required=True, help="jinja template of the kit")
    parser.add_argument("--output", type=Path, required=True, help="kit.md")
    args = parser.parse_args(argv)

    def body() -> None:
        facts = [read_json(path, Facts) for path in args.facts]
        sources = open_film(
            args.config, args.study, args.experiment, args.claims, args.tables, args.evidence, args.data
        )
        write_text(args.output, render_kit(args.template, load_sheet(args.cues), facts, sources))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
