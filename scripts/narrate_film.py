"""Add a narration to a film: recordings of its cues, and an offline speech engine for cues without a recording."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import read_json
from trap.film import CUTS
from trap.film.facts import Facts, leave_out, present
from trap.film.narration import lay, track


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--film", type=Path, required=True, help="the silent film, .mp4")
    parser.add_argument(
        "--facts", type=Path, nargs="+", required=True, help="facts of the cut's scenes, in order"
    )
    parser.add_argument("--cut", choices=CUTS, required=True)
    parser.add_argument("--recordings", type=Path, required=True, help="folder of SCENE.CUE.wav")
    parser.add_argument("--engine", default="espeak-ng", help="speech engine (default espeak-ng)")
    parser.add_argument("--output", type=Path, required=True, help="the film with sound, .mp4")
    args = parser.parse_args(argv)

    def body() -> None:
        scenes = [read_json(path, Facts) for path in args.facts]
        if not present(scenes):
            leave_out(args.output)
            return
        samples = track(scenes, args.cut, args.recordings, shutil.which(args.engine) or "")
        lay(args.film, samples, args.output)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
