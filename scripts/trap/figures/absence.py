"""Figures without any estimate. Their SVG says so, and posts leave them out.

The workflow expects the files of every figure, because it plans before it knows what an experiment can show.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ABSENT = "absent"  # label of the note in an empty panel, and class of an SVG that has only such panels
_HEAD = 4000  # bytes of an SVG that hold its first tag


def is_empty(figure: Figure) -> bool:
    """Whether every panel of a figure has the note that `marks.absent` writes."""
    return bool(figure.axes) and all(
        any(text.get_label() == ABSENT for text in axes.texts) for axes in figure.axes
    )


def says_empty(svg: Path) -> bool:
    """Whether a figure's SVG is one that `is_empty` was true for."""
    with svg.open("rb") as stream:
        return f' class="{ABSENT}" role="img">'.encode() in stream.read(_HEAD)
