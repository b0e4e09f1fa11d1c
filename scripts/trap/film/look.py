"""The look of the film: type sizes, colours by meaning, both formats and their safe areas.

Colours are those of the dark figures (`trap.figures.theme`), so that a colour has one meaning in the post and the film.
Lengths are in frame units of 100 pixels at full size. Type sizes are in pixels at full size.
"""

from __future__ import annotations

from dataclasses import dataclass

from trap.figures.theme import DARK

UNIT = 100  # pixels at full size of one frame unit
SMALLEST = 28  # pixels at full size of the smallest text

PAPER, INK, MUTED, FAINT = DARK.paper, DARK.ink, DARK.muted, DARK.faint
PANEL = "#161b22"
ROLES = DARK.roles
RIGHT, WRONG, FAITHFUL, LEAK = ROLES["hard"], ROLES["leak"], ROLES["faithful"], ROLES["leak"]
PATH = "#f0e442"  # of a path that lights up: yellow of the same palette


@dataclass(frozen=True)
class Box:
    """A rectangle in frame units. The origin is the middle of the frame, and y points up."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    @property
    def middle(self) -> tuple[float, float]:
        """The centre (x, y)."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def part(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The part between these shares of the box's width and height."""
        return Box(
            self.left + left * self.width,
            self.bottom + bottom * self.height,
            self.left + right * self.width,
            self.bottom + top * self.height,
        )

    def inset(self, x: float, y: float | None = None) -> Box:
        """The box made smaller by x at the left and right, and by y (default: x) at the bottom and top."""
        y = x if y is None else y
        return Box(self.left + x, self.bottom + y, self.right - x, self.top - y)

    def holds(self, other: Box, slack: float = 0.0) -> bool:
        """Whether another box lies inside, up to `slack`."""
        return (
            other.left >= self.left - slack
            and other.right <= self.right + slack
            and other.bottom >= self.bottom - slack
            and other.top <= self.top + slack
        )

    def overlap(self, other: Box) -> float:
        """The area that both boxes cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0.0) * max(high, 0.0)


@dataclass(frozen=True)
class Format:
    """The picture of a cut. safe: the box for all texts, because players cover the rest with buttons and titles."""

    name: str
    width: float
    height: float
    safe: Box
    title: tuple[float, float]  # the left end of the scene's title
    content: Box
    caption: Box
    sizes: dict[str, int]

    @property
    def frame(self) -> Box:
        """The whole picture."""
        return Box(-self.width / 2, -self.height / 2, self.width / 2, self.height / 2)

    @property
    def tall(self) -> bool:
        """Whether the picture is upright, for phones."""
        return self.height > self.width


WIDE = Format(
    "wide",
    19.2,
    10.8,
    safe=Box(-9.0, -5.0, 9.0, 5.0),
    title=(-8.8, 4.62),
    content=Box(-8.8, -3.05, 8.8, 4.1),
    caption=Box(-8.8, -5.0, 8.8, -3.3),
    sizes={"big": 104, "head": 66, "title": 44, "body": 52, "label": 44, "small": 38, "caption": 62},
)
# Players of short films cover the lower quarter with a title and the right edge with buttons.
SHORT = Format(
    "short",
    10.8,
    19.2,
    safe=Box(-4.6, -5.0, 4.4, 7.0),
    title=(-4.4, 6.6),
    content=Box(-4.4, -2.5, 4.2, 6.0),
    caption=Box(-4.6, -5.0, 4.4, -2.7),
    sizes={"big": 108, "head": 66, "title": 46, "body": 50, "label": 42, "small": 36, "caption": 56},
)
FORMATS = {"wide": WIDE, "short": SHORT}


@dataclass(frozen=True)
class Quality:
    """A quality: the height of the wide picture in pixels, and frames per second. Both cuts have the same scale."""

    name: str
    height: int
    fps: int

    def pixels(self, shape: Format) -> tuple[int, int]:
        """(width, height) in pixels. Both are even, because video encoders require it."""
        scale = self.height / 1080
        return tuple(2 * round(side * UNIT * scale / 2) for side in (shape.width, shape.height))  # type: ignore[return-value]


QUALITIES = {
    "final": Quality("final", 1080, 60),
    "draft": Quality("draft", 360, 10),
    "test": Quality("test", 90, 10),
}
