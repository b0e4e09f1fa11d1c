"""Write what each scene of the film shows (captions, numbers, series, real episodes) as one JSON file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import write_json
from trap.film.cues import load_sheet
from trap.film.facts import Sources, gathered


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cues", type=Path, required=True, help="the cue sheet")
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--graph", type=Path, required=True, help="kg.json")
    parser.add_argument("--output", type=Path, nargs="+", required=True, help="SCENE.json, one per scene")
    args = parser.parse_args(argv)

    def body() -> None:
        sheet, sources = load_sheet(args.cues), Sources(args.claims, args.tables, args.graph)
        for path in args.output:
            facts = gathered(sheet, path.stem, sources)
            write_json(path, facts)
            if facts.absent:
                print(f"the film leaves out the scene {facts.scene}: {facts.absent}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
