"""Check that the films and their contact sheets show what the claims, tables and cues say today.

Exit status 1, one line per fault, where one is older. A film that was not made is no fault.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.film import CUTS
from trap.film.cues import load_sheet
from trap.film.facts import Facts, Sources, absences
from trap.film.ledger import current, scenes_today, stale_film, stale_sheet


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cues", type=Path, default=Path("video/cues.yaml"), help="the cue sheet")
    parser.add_argument("--evidence", type=Path, default=Path("results"), help="folder of claims and tables")
    parser.add_argument("--graph", type=Path, default=Path("results/hops/data/kg.json"), help="kg.json")
    args = parser.parse_args(argv)

    def body() -> int:
        folder = args.evidence / "video"
        files = {
            cut: [
                path
                for path in (folder / f"trap_{cut}.json", folder / f"contact_sheet_{cut}.png")
                if path.is_file()
            ]
            for cut in CUTS
        }
        if not any(files.values()):
            print(f"{folder}: no film was made here (make film)")
            return 0
        sources = Sources(args.evidence / "claims.json", args.evidence / "tables", args.graph)
        sheet = load_sheet(args.cues)
        faults, count = [], 0
        left_out: dict[str, str] = {}
        for cut, paths in files.items():
            scenes: list[Facts] = scenes_today(sheet, cut, sources) if paths else []
            left_out |= absences(scenes)
            today = current(scenes)
            for path in paths:
                check = stale_film if path.suffix == ".json" else stale_sheet
                faults += check(path, today)
                count += 1
        for name, reason in left_out.items():
            print(f"{folder}: the film leaves out the scene {name}: {reason}")
        for fault in faults:
            print(fault, file=sys.stderr)
        if not faults:
            print(f"{folder}: {count} films and contact sheets are of today's claims")
        return 1 if faults else 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
