"""The production kit: script, shots, times, chapters and description for publishing the films, from the cue sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

from trap.files import InputError
from trap.film import CUTS
from trap.film.cues import Sheet
from trap.film.facts import Facts, Sources, absences
from trap.film.look import FORMATS, QUALITIES
from trap.film.subtitles import Caption, clock, timeline
from trap.report.prose import plain


def chapters(captions: Sequence[Caption], titles: dict[str, str]) -> list[str]:
    """One line `0:00 Title` per scene. Video platforms read chapters in this form from a description."""
    found: dict[str, str] = {}
    for caption in captions:
        minutes, seconds = divmod(int(caption.start), 60)
        found.setdefault(caption.scene, f"{minutes}:{seconds:02} {titles[caption.scene]}")
    return list(found.values())


def _cut(cut: str, facts: Sequence[Facts], sheet: Sheet) -> dict[str, Any]:
    captions = timeline(facts, cut)
    titles = {scene.scene: scene.title for scene in facts}
    shots = {scene.scene: scene.shot for scene in sheet.scenes}
    width, height = QUALITIES["final"].pixels(FORMATS[cut])
    scenes = []
    for scene in facts:
        own = [caption for caption in captions if caption.scene == scene.scene]
        if own:
            scenes.append(
                {
                    "name": scene.scene,
                    "title": scene.title,
                    "shot": shots[scene.scene],
                    "start": clock(own[0].start, ".")[3:-2],
                    "end": clock(own[-1].end, ".")[3:-2],
                    "captions": [
                        {
                            "start": clock(c.start, ".")[3:-2],
                            "cue": f"{c.scene}.{c.id}",
                            "text": " ".join(c.text.split("\n")),
                            "claims": c.claims,
                        }
                        for c in own
                    ],
                }
            )
    return {
        "name": cut,
        "width": width,
        "height": height,
        "fps": QUALITIES["final"].fps,
        "seconds": captions[-1].end if captions else 0.0,
        "scenes": scenes,
        "chapters": chapters(captions, titles),
    }


def _description(sheet: Sheet, sources: Sources) -> str:
    """The film's description with its numbers filled in; "" if the evidence lacks one of them."""
    try:
        return sources.numbers.fill(" ".join(sheet.description.split()))
    except InputError:
        return ""


def render_kit(template: Path, sheet: Sheet, facts: Sequence[Facts], sources: Sources) -> str:
    """The kit as Markdown. Raises InputError for an error in the template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(str(template.parent)),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = plain
    try:
        return environment.get_template(template.name).render(
            title=sheet.title,
            hook=" ".join(sheet.hook.split()),
            description=_description(sheet, sources),
            absent=absences(facts),
            sources=sheet.sources,
            cuts=[_cut(cut, facts, sheet) for cut in CUTS],
        )
    except jinja2.UndefinedError as error:
        raise InputError(f"{template}: {error.message}") from None
    except jinja2.TemplateError as error:
        raise InputError(f"{template}: {error}") from None
