"""Subtitles of a cut in the formats SubRip and WebVTT, from the facts of its scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trap.film.facts import Facts


@dataclass(frozen=True)
class Caption:
    """A caption with its line breaks. Times are seconds from the start of the film."""

    scene: str
    id: str
    text: str
    start: float
    end: float
    claims: tuple[str, ...]


def timeline(scenes: Sequence[Facts], cut: str) -> list[Caption]:
    """All captions of a cut, without gaps. Times are added in integer tenths, so that no rounding error grows."""
    found: list[Caption] = []
    tenths = 0
    for scene in scenes:
        for cue in scene.cues[cut]:
            end = tenths + round(10 * cue.seconds)
            found.append(Caption(scene.scene, cue.id, cue.text, tenths / 10, end / 10, tuple(cue.claims)))
            tenths = end
    return found


def clock(seconds: float, mark: str) -> str:
    """A time as `00:01:02,500`; `mark` is the sign before the milliseconds."""
    whole = round(1000 * seconds)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}{mark}{whole % 1000:03}"


def srt(captions: Sequence[Caption]) -> str:
    """The captions as SubRip (.srt)."""
    return "\n".join(
        f"{number}\n{clock(c.start, ',')} --> {clock(c.end, ',')}\n{c.text}\n"
        for number, c in enumerate(captions, start=1)
    )


def vtt(captions: Sequence[Caption]) -> str:
    """The captions as WebVTT (.vtt). Characters that start tags and entities are escaped."""
    blocks = [
        f"{c.scene}.{c.id}\n{clock(c.start, '.')} --> {clock(c.end, '.')}\n{_escaped(c.text)}\n"
        for c in captions
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
