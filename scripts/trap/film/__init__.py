"""The film: cues and evidence become facts, facts become scenes, scenes become films.

`numbers` and `cues` say what stands on screen and when, `facts` collects what one scene shows, `stage` and
`parts` draw it with Manim, `media` joins and checks clips, `subtitles` and `kit` write what goes beside them.
A study's film is its own: `studies/STUDY/film/` (what scenes show, and their pictures) and `video/STUDY/cues.yaml`;
a study without them has none. Only `stage`, `parts` and scenes import Manim.
"""

from trap.files import InputError

CUTS = ("wide", "short")  # 16:9 for a screen, 9:16 for a phone
QUALITIES = ("draft", "final")  # that a film is made in; `look` says what they are


def known_quality(name: str) -> str:
    """The quality of --config film_quality; "" where it is not given. Raises InputError for an unknown one."""
    if name not in ("", *QUALITIES):
        raise InputError(
            f"--config: unknown film_quality `{name}` (known: {', '.join(QUALITIES)}) - at `film_quality`"
        )
    return name
