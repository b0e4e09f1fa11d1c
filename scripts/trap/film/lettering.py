"""Lines of text as outlines, read from the font files in `video/font/`.

Manim draws text with Pango, whose result depends on the machine's fonts and versions, and which makes each letter an
object, so that much text is slow to animate. Here a line is one shape, kerned by the font and equal on every machine.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from trap.files import InputError

FOLDER = Path(__file__).resolve().parents[3] / "video/font"
FILES = {False: "TrapSans.otf", True: "TrapSansBold.otf"}  # bold or not
CAPITAL = 2048 / 2816  # height of a capital, in ems
DESCENT = 0.2  # ems below the baseline that belong to a line, and as much above its capitals
_SIZE = 100.0  # points at which outlines are read; at small sizes hinting distorts them


@cache
def _file(bold: bool) -> Path:
    path = FOLDER / FILES[bold]
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return path


@cache
def _characters(bold: bool) -> frozenset[int]:
    return frozenset(FT2Font(str(_file(bold))).get_charmap())


@cache
def outlines(text: str, bold: bool = False) -> np.ndarray:
    """(4 n, 3) control points of the n cubic Bézier curves of a line of text, in ems.

    y = 0 is the middle of the capitals. Two empty curves at the left end give every line the same height, whatever its
    letters, so that lines align by their baselines. Raises InputError for a character that the font lacks.
    """
    if missing := sorted({c for c in text if ord(c) not in _characters(bold)}):
        raise InputError(f"{_file(bold)}: no glyph for {''.join(missing)!r}, which stands in {text!r}")
    shown = TextPath(
        (0, 0), text.replace("$", r"\$"), size=_SIZE, prop=FontProperties(fname=str(_file(bold)))
    )
    curves = _cubic(shown) / _SIZE
    curves[:, 1] -= CAPITAL / 2
    left = curves[:, 0].min() if len(curves) else 0.0
    reach = CAPITAL / 2 + DESCENT
    ends = np.array([[left, y] for y in (reach, -reach) for _ in range(4)])
    points = np.concatenate([curves, ends])
    return np.column_stack([points, np.zeros(len(points))])


def _cubic(path: Outline) -> np.ndarray:
    """(4 n, 2) control points of the n cubic curves of a path. Every subpath is closed."""
    found: list[np.ndarray] = []
    start = here = np.zeros(2)
    for vertices, code in path.iter_segments(simplify=False, curves=True):
        if code == Outline.MOVETO:
            start = here = vertices
            continue
        if code == Outline.CLOSEPOLY:
            end, first, second = start, here, start
            if np.allclose(here, start):
                continue
        elif code == Outline.LINETO:
            end, first, second = vertices, here, vertices
        elif code == Outline.CURVE3:
            control, end = vertices[:2], vertices[2:]
            first, second = here + 2 / 3 * (control - here), end + 2 / 3 * (control - end)
        else:
            first, second, end = vertices[:2], vertices[2:4], vertices[4:]
        if code in (Outline.LINETO, Outline.CLOSEPOLY):
            first, second = here + (end - here) / 3, here + 2 / 3 * (end - here)
        found.append(np.array([here, first, second, end]))
        here = end
    return np.concatenate(found) if found else np.zeros((0, 2))
