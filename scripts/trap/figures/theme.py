"""The common look of all figures: type sizes, colours by meaning, a light and a dark theme, reproducible bytes.

The colours are those of Okabe and Ito (2008), which readers with the common kinds of colour blindness can tell apart.
Some are darker in the light theme and lighter in the dark one, so that every mark has a contrast of at least 3:1
against its background (WCAG 1.4.11). Colour is never the only sign: arms are labelled where they are drawn, metrics
have their own markers, and contaminated arms are hollow or hatched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import rc_context
from matplotlib.figure import Figure

from trap.figures.absence import ABSENT, is_empty
from trap.files import replacing, write_text

WIDTH = 7.2  # inches: 720 CSS px at 100 px per inch, the width of a blog column
NARROW = 4.8  # inches, for figures that phones show whole: letters stay above 8 px on a screen of 375 px
PIXELS_PER_POINT = 100 / 72
SMALL, NORMAL, LARGE = 8.5, 9.5, 11.5  # points: 11.8, 13.2 and 16.0 px at blog width
PNG_DPI = 200


@dataclass(frozen=True)
class Theme:
    """Colours of one theme as hex strings. paper: the background. roles: {meaning: colour}."""

    name: str
    paper: str
    ink: str
    muted: str
    faint: str
    roles: dict[str, str]

    def color(self, role: str) -> str:
        """Colour of a role such as `easy`, `leak` or `accuracy`. Raises KeyError for an unknown one."""
        return self.roles[role]


LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#1a1a1a",
    muted="#5c5c5c",
    faint="#dcdcdc",
    roles={
        "base": "#767676",
        "start": "#0072b2",
        "easy": "#c78000",
        "hard": "#008a64",
        "leak": "#b23c00",
        "gold": "#2f8fc9",
        "published": "#1a1a1a",
        "accuracy": "#1a1a1a",
        "faithful": "#b3588c",
        "correctness": "#0072b2",
        "path": "#008a64",
        "spam": "#b23c00",
        "validity": "#b3588c",
    },
)
DARK = Theme(
    name="dark",
    paper="#0d1117",
    ink="#ececec",
    muted="#a8adb4",
    faint="#30363d",
    roles={
        "base": "#9aa0a6",
        "start": "#5aa9e0",
        "easy": "#e69f00",
        "hard": "#21b98c",
        "leak": "#f0762a",
        "gold": "#9ad4f7",
        "published": "#ececec",
        "accuracy": "#ececec",
        "faithful": "#d98fbb",
        "correctness": "#5aa9e0",
        "path": "#21b98c",
        "spam": "#f0762a",
        "validity": "#d98fbb",
    },
)
THEMES = (LIGHT, DARK)

# Markers by role: the first arm of a role gets the first marker, the second the second, and so on.
MARKERS = {
    "base": ("h", "8", "*"),
    "start": ("o", "P", "d"),
    "easy": ("s", ">", "d"),
    "hard": ("^", "p", "<"),
    "leak": ("D", "X", "H"),
    "gold": ("v", "*", "8"),
}


def markers(roles: Sequence[str]) -> list[str]:
    """One marker for each arm, given the arms' roles in order. Arms of one role differ until its markers run out."""
    found: list[str] = []
    for place, role in enumerate(roles):
        signs = MARKERS.get(role, MARKERS["base"])
        found.append(signs[roles[:place].count(role) % len(signs)])
    return found


@contextmanager
def style(theme: Theme) -> Iterator[None]:
    """Set Matplotlib to a theme for a while. The user's own matplotlibrc has no effect."""
    settings = {
        "font.family": "DejaVu Sans",  # comes with Matplotlib
        "font.size": NORMAL,
        "axes.titlesize": NORMAL,
        "axes.labelsize": SMALL,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": NORMAL,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.edgecolor": theme.faint,
        "axes.facecolor": theme.paper,
        "axes.labelcolor": theme.muted,
        "axes.titlecolor": theme.ink,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": False,
        "grid.color": theme.faint,
        "grid.linewidth": 0.7,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "xtick.labelcolor": theme.muted,
        "ytick.labelcolor": theme.ink,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
        "text.color": theme.ink,
        "figure.facecolor": theme.paper,
        "savefig.facecolor": theme.paper,
        "figure.dpi": 100,
        "lines.linewidth": 1.6,
        "hatch.linewidth": 0.9,
        "svg.fonttype": "path",  # letters as outlines: the same picture on every machine
        "svg.hashsalt": "distribution-trap",
        "path.simplify": False,
    }
    with matplotlib.rc_context(), rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def _describe(svg: str, title: str, description: str, empty: bool) -> str:
    """The SVG with a title and a description for screen readers. An empty figure gets the class `ABSENT`."""
    from xml.sax.saxutils import escape

    start = svg.index("<svg ")
    end = svg.index(">", start) + 1
    opening = svg[start : end - 1] + (f' class="{ABSENT}"' if empty else "") + ' role="img">'
    labels = f"\n <title>{escape(title)}</title>\n <desc>{escape(description)}</desc>"
    return svg[:start] + opening + labels + svg[end:]


def save(figure: Figure, folder: Path, stem: str, theme: Theme, title: str, description: str) -> list[Path]:
    """Write `{stem}.{theme}.svg` and `.png` into `folder`; return both paths. Equal data give equal bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    svg, png = (folder / f"{stem}.{theme.name}.{kind}" for kind in ("svg", "png"))
    with replacing(png) as partial:
        figure.savefig(partial, format="png", dpi=PNG_DPI, metadata={"Software": None})
    with replacing(svg) as partial:
        figure.savefig(partial, format="svg", metadata={"Date": None, "Creator": None})
        text = partial.read_text(encoding="utf-8")
    write_text(svg, _describe(text, title, description, is_empty(figure)))
    return [svg, png]


def save_both(draw: Callable[[Theme], Figure], folder: Path, stem: str, title: str, alt: str) -> list[Path]:
    """Draw a figure in both themes, save four files and return their paths. `draw` runs inside `style`."""
    paths: list[Path] = []
    for theme in THEMES:
        with style(theme):
            paths += save(draw(theme), folder, stem, theme, title, alt)
    return paths
