"""Render one scene of the film from its facts, in one cut and one quality."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_json
from trap.film import CUTS
from trap.film.facts import Facts, leave_out
from trap.film.look import FORMATS, QUALITIES

MISSING = "the film needs Manim: make film installs it, or says what this machine lacks for it"


def told(name: str, fps: int, descriptor: int) -> Callable[[int, int], None]:
    """A function for `Stage.watch` that writes a line of progress to a file descriptor after each cue."""
    began = time.monotonic()

    def watch(drawn: int, total: int) -> None:
        left = (time.monotonic() - began) * (total - drawn) / drawn
        done = f"{name}: {drawn / fps:.1f} of {total / fps:.1f} s drawn"
        with contextlib.suppress(OSError):  # drawing goes on if the reader of the progress is gone
            os.write(descriptor, f"{done}, {left:.0f} s left\n".encode())

    return watch


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="facts of the scene (write_scene_facts.py)")
    parser.add_argument("--cut", choices=CUTS, required=True)
    parser.add_argument("--quality", choices=sorted(QUALITIES), default="draft")
    parser.add_argument("--output", type=Path, required=True, help="the clip, .mp4")
    parser.add_argument(
        "--kept", type=Path, help="folder of earlier clips; a clip that is still right is copied"
    )
    parser.add_argument("--progress", type=int, help="file descriptor to write lines of progress to")
    args = parser.parse_args(argv)

    def body() -> None:
        facts = read_json(args.facts, Facts)
        if facts.absent:
            leave_out(args.output)
            print(f"{args.output}: left out: {facts.absent}")
            return
        try:
            from trap.film.render import kept_clip
        except ImportError as error:
            raise InputError(f"{MISSING} ({error})") from None
        shape, quality = FORMATS[args.cut], QUALITIES[args.quality]
        watch = args.progress and told(f"{facts.scene}, {args.cut}", quality.fps, args.progress)
        kept = kept_clip(facts, shape, quality, args.output, args.kept, watch)
        print(f"{args.output}: {'copied, because nothing that it shows has changed' if kept else 'rendered'}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
