"""The look of the film: sizes, safe areas, contrast, letters, and the rules that every picture is held to."""

from __future__ import annotations

import pytest

from trap.files import InputError
from trap.film.audit import Item, Plate, problems
from trap.film.lettering import outlines
from trap.film.look import FAINT, FORMATS, INK, MUTED, PAPER, QUALITIES, ROLES, Box


def test_safe_areas():
    for shape in FORMATS.values():
        assert (
            shape.frame.holds(shape.safe)
            and shape.safe.holds(shape.content)
            and shape.safe.holds(shape.caption)
        )
        assert shape.content.overlap(shape.caption) == 0
        assert min(shape.sizes.values()) >= 28
    short = FORMATS["short"]  # players put a title over the lower quarter and buttons over the right edge
    assert short.safe.bottom - short.frame.bottom >= 0.2 * short.height
    assert short.frame.right - short.safe.right >= 0.09 * short.width
    for quality in QUALITIES.values():
        assert all(side % 2 == 0 for shape in FORMATS.values() for side in quality.pixels(shape))
    assert QUALITIES["final"].pixels(FORMATS["wide"]) == (1920, 1080)
    assert QUALITIES["final"].pixels(FORMATS["short"]) == (1080, 1920)


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_can_be_told_from_the_paper():
    for name, color in {"ink": INK, "muted": MUTED, **ROLES}.items():
        assert (_luminance(color) + 0.05) / (_luminance(PAPER) + 0.05) >= 4.5, name
    assert _luminance(FAINT) < _luminance(MUTED)  # faint is for lines, never for text


def test_letters_come_from_the_font_file():
    a, v, both = (outlines(text)[:, 0] for text in ("A", "V", "AV"))
    assert both.max() - both.min() < (a.max() - a.min()) + (v.max() - v.min())  # kerned
    tall, flat = (outlines(text)[:, 1] for text in ("Ag", "—"))
    assert (tall.max(), tall.min()) == pytest.approx((flat.max(), flat.min()), abs=0.02)  # lines align
    with pytest.raises(InputError, match="no glyph for 'ж'"):
        outlines("ж")


SAFE = Box(-9, -5, 9, 5)


def item(text: str = "word", x: float = 0.0, y: float = 0.0, px: float = 40) -> Item:
    return Item(text, Box(x, y, x + 2, y + 0.5), px, 1.0)


@pytest.mark.parametrize(
    ("items", "plates", "words"),
    [
        ([item(x=8.5)], [], "outside the safe area"),
        ([item(px=20)], [], "20 px, smaller than 28"),
        (
            [item("so many words that nobody reads them all on one single line here")],
            [],
            "more than 12 words",
        ),
        ([item(), item("other", x=1.0, y=0.2)], [], "on top of each other"),
        ([item()], [Plate(Box(-1, -1, 1, 1), 1.0, 1)], "covered by a shape"),
    ],
)
def test_the_audit_finds(items: list[Item], plates: list[Plate], words: str):
    assert [fault for fault in problems(items, plates, SAFE) if words in fault]


def test_the_audit_lets_good_pictures_pass():
    below = Plate(Box(-1, -1, 3, 3), 1.0, 0)  # drawn before the text
    faint = Plate(Box(-1, -1, 3, 3), 0.2, 2)
    assert problems([item(), item("other", y=0.6)], [below, faint], SAFE) == []
