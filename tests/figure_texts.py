"""The texts of a drawn figure: which a reader sees, and whether each can be read."""

from __future__ import annotations

import itertools

from matplotlib.text import Text

from trap.figures import theme


def texts(figure) -> list:
    """Every text with ink that a reader sees, with its box in pixels at blog width."""
    figure.canvas.draw()  # places the labels of the axes
    renderer = figure.canvas.get_renderer()
    axis = [one for axes in figure.axes for one in (axes.xaxis, axes.yaxis)]
    beyond = {  # ticks that a locator made outside the view are not drawn
        id(tick.label1) for one in axis for tick in one.get_major_ticks() if tick not in one._update_ticks()
    }
    found = [
        t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in beyond
    ]
    return [(t, t.get_window_extent(renderer)) for t in found if not t.get_text().isspace()]


def check_texts(figure) -> None:
    """Every text is large enough, inside the figure, and apart from every other one."""
    found = texts(figure)
    assert figure.get_figwidth() in (theme.WIDTH, theme.NARROW)
    for text, box in found:
        assert text.get_fontsize() * theme.PIXELS_PER_POINT >= 11, text.get_text()
        assert box.x0 >= -0.5 and box.y0 >= -0.5, text.get_text()
        assert box.x1 <= figure.bbox.width + 0.5 and box.y1 <= figure.bbox.height + 0.5, text.get_text()
    for (one, a), (other, b) in itertools.combinations(found, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        # boxes include room for accents and descenders; a few pixels of it may be shared
        assert width < 1.5 or height < 3.5, (one.get_text(), other.get_text(), width, height)
