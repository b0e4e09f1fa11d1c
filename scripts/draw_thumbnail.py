"""Draw the thumbnail of a cut: the picture that players show before the film starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image

from render_scene import MISSING
from trap.cli import run_main
from trap.files import InputError, read_json, replacing
from trap.film import CUTS
from trap.film.facts import Facts, leave_out
from trap.film.look import FORMATS, Quality

SIZES = {"wide": Quality("thumbnail", 720, 10), "short": Quality("thumbnail", 1080, 10)}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="facts of the scene `poster`")
    parser.add_argument("--cut", choices=CUTS, required=True)
    parser.add_argument("--output", type=Path, required=True, help="the picture, .png")
    args = parser.parse_args(argv)

    def body() -> None:
        facts = read_json(args.facts, Facts)
        if facts.absent:
            leave_out(args.output)
            print(f"{args.output}: left out: {facts.absent}")
            return
        try:
            from trap.film.render import rehearse
        except ImportError as error:
            raise InputError(f"{MISSING} ({error})") from None
        stage = rehearse(facts, FORMATS[args.cut], SIZES[args.cut], photographed=True)
        with replacing(args.output) as partial:
            Image.fromarray(stage.album["start"]).save(partial, optimize=True)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
