"""Write the facts of scenes, one JSON file each: captions, numbers, series and real episodes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import write_json
from trap.film.cues import load_sheet
from trap.film.facts import gathered
from trap.film.opening import open_film


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="the study's name in the settings")
    parser.add_argument("--experiment", help="whose sheet names the arms (default: the study's own sheet)")
    parser.add_argument("--cues", type=Path, required=True, help="the cue sheet")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--evidence", type=Path, help="folder of collected runs, for tables such as curves")
    parser.add_argument("--data", type=Path, help="the study's data folder, unless it is results/STUDY/data")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="SCENE.json, one per scene")
    args = parser.parse_args(argv)

    def body() -> None:
        sheet = load_sheet(args.cues)
        sources = open_film(
            args.config, args.study, args.experiment, args.claims, args.tables, args.evidence, args.data
        )
        for path in args.output:
            facts = gathered(sheet, path.stem, sources)
            write_json(path, facts)
            if facts.absent:
                print(f"the film leaves out the scene {facts.scene}: {facts.absent}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
