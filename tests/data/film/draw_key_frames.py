"""Draw the key frames beside this file anew from the frozen facts; look at them before you commit them."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
KEY_FRAMES = {
    ("claim", "wide"): ("doubt",),
    ("dice", "short"): ("luck",),
    ("leak", "wide"): ("size",),
    ("leak", "short"): ("size",),
    ("ruler", "wide"): ("longer",),
    ("sample", "wide"): ("luck",),
    ("traces", "wide"): ("walked",),
    ("way", "short"): ("chosen",),
}


def main() -> None:
    sys.path.insert(0, str(FOLDER.parents[2] / "scripts"))
    from PIL import Image

    from trap.files import read_json
    from trap.film.facts import Facts
    from trap.film.look import FORMATS, QUALITIES
    from trap.film.render import rehearse

    for (scene, cut), cues in KEY_FRAMES.items():
        facts = read_json(FOLDER / f"{scene}.json", Facts)
        album = rehearse(facts, FORMATS[cut], QUALITIES["test"], photographed=True).album
        for cue in cues:
            Image.fromarray(album[cue]).save(FOLDER / f"{scene}.{cut}.{cue}.png", optimize=True)


if __name__ == "__main__":
    main()
