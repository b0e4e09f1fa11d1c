"""Join the clips of a cut into one film, check the film, and write its ledger."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_json, write_json
from trap.film import CUTS
from trap.film.cues import load_sheet
from trap.film.facts import Facts, absences, leave_out
from trap.film.ledger import ledger
from trap.film.look import FORMATS, QUALITIES
from trap.film.media import NO_PICTURE, check_film, describe, glances, join


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, nargs="+", required=True, help="clips in the order of the cut")
    parser.add_argument("--facts", type=Path, nargs="+", required=True, help="facts of the same scenes")
    parser.add_argument("--cues", type=Path, required=True, help="the cue sheet")
    parser.add_argument("--cut", choices=CUTS, required=True)
    parser.add_argument("--quality", choices=sorted(QUALITIES), required=True)
    parser.add_argument("--output", type=Path, required=True, help="the film, .mp4")
    parser.add_argument("--ledger", type=Path, required=True, help="ledger of the film, .json")
    args = parser.parse_args(argv)

    def body() -> None:
        facts = [read_json(path, Facts) for path in args.facts]
        clips = [clip for clip, scene in zip(args.clips, facts, strict=True) if not scene.absent]
        for name, reason in absences(facts).items():
            print(f"{args.output}: without the scene {name}: {reason}")
        if not clips:
            leave_out(args.output)
            write_json(args.ledger, ledger(args.output, NO_PICTURE, [], facts, args.cut))
            return
        seconds = sum(cue.seconds for scene in facts for cue in scene.cues[args.cut])
        join(clips, args.output, load_sheet(args.cues).title)
        shape, quality = FORMATS[args.cut], QUALITIES[args.quality]
        seen = glances(args.output)
        if problems := check_film(args.output, quality.pixels(shape), quality.fps, seconds, seen):
            args.output.unlink()
            raise InputError("; ".join(problems))
        write_json(args.ledger, ledger(args.output, describe(args.output), seen, facts, args.cut))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
