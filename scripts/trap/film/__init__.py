"""The film: cues and evidence become facts, facts become clips of scenes, clips become films.

`cues` reads the lines on screen with their times, and `numbers` fills in their numbers. `facts` collects all that one
scene shows. `stage` and `parts` draw it with Manim, and `render` writes the clip. `media` joins and checks clips.
`subtitles` and `kit` write the files beside a film. `ledger` records what a film was made of.

A study has a film if it has `studies/STUDY/film/`, with the facts and the pictures of its scenes, and
`video/STUDY/cues.yaml`. Only `stage`, `parts`, `render` and scenes import Manim.
"""

from trap.files import InputError

CUTS = ("wide", "short")  # 16:9 for a screen, 9:16 for a phone
QUALITIES = ("draft", "final")  # qualities of a film; `look` gives their sizes


def known_quality(name: str) -> str:
    """The checked value of --config film_quality, or "". Raises InputError for an unknown quality."""
    if name not in ("", *QUALITIES):
        raise InputError(
            f"--config: unknown film_quality `{name}` (known: {', '.join(QUALITIES)}) - at `film_quality`"
        )
    return name
