"""Make pictures of a film: a contact sheet, or a small animation for pages and slides."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import read_json
from trap.film.facts import leave_out, left_out
from trap.film.ledger import MARK, Ledger
from trap.film.media import animated, contact_sheet, describe


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--film", type=Path, required=True, help="a film or a clip, .mp4")
    parser.add_argument("--sheet", type=Path, help="contact sheet, .png")
    parser.add_argument(
        "--ledger", type=Path, help="ledger of the film; the sheet stores its hash of the facts"
    )
    parser.add_argument("--every", type=float, default=4.0, help="seconds between pictures of the sheet")
    parser.add_argument("--animation", type=Path, help="animated .webp")
    args = parser.parse_args(argv)

    def body() -> None:
        if left_out(args.film):
            for path in filter(None, (args.sheet, args.animation)):
                leave_out(path)
            return
        picture = describe(args.film)
        tall = picture.height > picture.width
        if args.sheet:
            columns, width = (8, 180) if tall else (6, 300)
            marks = {MARK: read_json(args.ledger, Ledger).facts} if args.ledger else {}
            contact_sheet(args.film, args.sheet, args.every, columns, width, marks)
        if args.animation:
            animated(args.film, args.animation, width=270 if tall else 480)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
