"""Check that films and contact sheets are up to date with the claims, tables and cues.

Prints one line per fault, and then exits with status 1. A missing film is no fault.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.film import CUTS
from trap.film.cues import load_sheet
from trap.film.facts import Facts, absences
from trap.film.ledger import current, scenes_today, stale_film, stale_sheet
from trap.film.opening import open_film
from trap.workflow.config import load_config
from trap.workflow.opening import RESULTS
from trap.workflow.plan import Plan


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="the study's name in the settings")
    parser.add_argument("--experiment", required=True, help="whose film it is")
    parser.add_argument("--cues", type=Path, help="the cue sheet (default: video/STUDY/cues.yaml)")
    parser.add_argument(
        "--folder", type=Path, help="folder of claims, tables and film (default: results/STUDY/EXPERIMENT)"
    )
    parser.add_argument(
        "--evidence", type=Path, help="folder of collected runs (default: the one that the workflow chooses)"
    )
    parser.add_argument("--data", type=Path, help="the study's data folder, unless it is results/STUDY/data")
    args = parser.parse_args(argv)

    def body() -> int:
        home = args.folder or Path(RESULTS, args.study, args.experiment)
        folder = home / "video"
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
        evidence = args.evidence or Plan.of(load_config(args.config), args.study).evidence(args.experiment)
        sources = open_film(
            args.config,
            args.study,
            args.experiment,
            home / "claims.json",
            home / "tables",
            evidence,
            args.data,
        )
        sheet = load_sheet(args.cues or Path("video", args.study, "cues.yaml"))
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
            print(f"{folder}: {count} films and contact sheets are up to date")
        return 1 if faults else 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
