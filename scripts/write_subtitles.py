"""Write the subtitles of a cut as SRT and WebVTT, from the facts of its scenes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import read_json, write_text
from trap.film import CUTS
from trap.film.facts import Facts
from trap.film.subtitles import srt, timeline, vtt


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--facts", type=Path, nargs="+", required=True, help="facts of the cut's scenes, in order"
    )
    parser.add_argument("--cut", choices=CUTS, required=True)
    parser.add_argument("--srt", type=Path, required=True)
    parser.add_argument("--vtt", type=Path, required=True)
    args = parser.parse_args(argv)

    def body() -> None:
        captions = timeline([read_json(path, Facts) for path in args.facts], args.cut)
        write_text(args.srt, srt(captions))
        write_text(args.vtt, vtt(captions))

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
