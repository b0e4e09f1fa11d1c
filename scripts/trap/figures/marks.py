"""Marks that all figures share: points with intervals, percent axes, legends, headings, captions and panels."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trap.figures.absence import ABSENT
from trap.figures.estimates import Estimate
from trap.figures.theme import LARGE, SMALL, WIDTH, Theme

MARGIN = 0.012  # share of the width, left and right of headings and captions
LINE_INCHES = 0.165  # height of one caption line


def percent(share: float) -> str:
    """A share in whole percent: 0.412 gives `41 %`, with a no-break space."""
    return f"{100 * share:.0f}\u00a0%"


def point(
    axes: Axes,
    x: float,
    y: float,
    low: float,
    high: float,
    color: str,
    paper: str,
    *,
    gid: str,
    vertical: bool = False,
    hollow: bool = False,
    marker: str = "o",
    size: float = 5.5,
    thin: bool = False,
) -> None:
    """Draw one estimate: a marker at (x, y) and its interval [low, high], along x, or along y if `vertical`.

    An interval that leaves the axes ends there in an arrow head, so set the limits of the axes first. `gid` names the
    marker in the SVG (`point:…`); tests count these.
    """
    first, last = sorted(axes.get_ylim() if vertical else axes.get_xlim())
    shown = (max(low, first), min(high, last))
    ends = [([x, end] if vertical else [end, y]) for end in shown]
    width = 1.1 if thin else 2.0
    axes.plot(
        *zip(*ends, strict=True), color=color, linewidth=width, solid_capstyle="butt", zorder=3, clip_on=False
    )
    # caps are longer than the marker, so that an interval narrower than the marker still shows
    cap, heads = ("_", "v^") if vertical else ("|", "<>")
    for (a, b), head, cut in zip(ends, heads, (low < first, high > last), strict=True):
        axes.plot(
            [a], [b], color=color, marker=head if cut else cap, markersize=size if cut else size + 1.5,
            markeredgewidth=0 if cut else width * 0.7, linestyle="none", zorder=3, clip_on=False,
        )  # fmt: skip
    axes.plot(
        [x], [y], marker=marker, markersize=size, markerfacecolor=paper if hollow else color,
        markeredgecolor=color, markeredgewidth=1.1 if thin else 1.4, linestyle="none", gid=f"point:{gid}",
        zorder=4, clip_on=False,
    )  # fmt: skip


def estimate_point(
    axes: Axes, x: float, estimate: Estimate, color: str, paper: str, *, gid: str, **options: object
) -> None:
    """Draw an estimate at `x` with a vertical interval; `options` are those of `point`."""
    point(
        axes,
        x,
        estimate.value,
        estimate.low,
        estimate.high,
        color,
        paper,
        gid=gid,
        vertical=True,
        **options,  # type: ignore[arg-type]
    )


def share_axis(axes: Axes, theme: Theme, which: str = "y", top: float = 1.0, step: float = 0.25) -> None:
    """Scale one axis from 0 to `top` in percent, with grid lines and no tick marks."""
    ticks = [step * i for i in range(round(top / step) + 1)]
    # along x only the last tick has a percent sign, because longer labels would touch
    labels = [percent(tick) if which == "y" or tick == ticks[-1] else f"{100 * tick:.0f}" for tick in ticks]
    if which == "y":
        axes.set_yticks(ticks, labels, fontsize=SMALL, color=theme.muted)
        axes.set_ylim(0, top)
        axes.grid(axis="y")
        axes.spines["left"].set_visible(False)
    else:
        axes.set_xticks(ticks, labels)
        axes.set_xlim(0, top)
        inward(axes)
        axes.grid(axis="x")
        axes.spines["bottom"].set_visible(False)


def reference(
    axes: Axes, theme: Theme, y: float, text: str, x: float = 0.0, ha: str = "left", below: bool = False
) -> None:
    """Draw a dashed horizontal line at `y` with its name above it, or `below` it. `x` is in axes coordinates."""
    axes.axhline(y, color=theme.muted, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.annotate(
        text, (x, y), xycoords=axes.get_yaxis_transform(), xytext=(0, -3 if below else 2.5), textcoords="offset points",
        fontsize=SMALL, color=theme.muted, ha=ha, va="top" if below else "bottom",
    )  # fmt: skip


def named_rows(axes: Axes, theme: Theme, names: list[str], shown: bool) -> None:
    """Give a panel a row for each name, the first on top, and an axis of shares; `shown`: whether the names are written."""
    share_axis(axes, theme, "x")
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names if shown else [""] * len(names))
    axes.tick_params(axis="y", labelsize=SMALL)


def inward(axes: Axes) -> None:
    """Align the first and the last tick label of x inwards, so that labels of neighbouring panels do not touch."""
    labels = axes.get_xticklabels()
    if labels:
        labels[0].set_ha("left")
        labels[-1].set_ha("right")


def width_of(figure: Figure, text: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text at `size` points, as a share of the figure's width."""
    probe = figure.text(0, 0, text, fontsize=size, fontweight=weight)
    extent = probe.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    probe.remove()
    return extent.width / figure.bbox.width


def _wrap(figure: Figure, text: str, size: float, weight: str = "normal") -> list[str]:
    """Break `text` into lines that fit between the margins."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(figure, longer, size, weight) <= 1 - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def legend_row(
    figure: Figure, theme: Theme, entries: list[tuple[str, dict[str, object]]], top: float
) -> float:
    """Draw a legend below `top` and return the new top; both are shares of the figure's height.

    entries: (name, marker properties). For figures whose marks lie too close for names beside them.
    """
    step, inch = 0.2 / figure.get_figheight(), 1 / figure.get_figwidth()
    x, y = MARGIN, top - step * 0.6
    for text, look in entries:
        width = 0.36 * inch + width_of(figure, text, SMALL)
        if x > MARGIN and x + width - 0.2 * inch > 1 - MARGIN:
            x, y = MARGIN, y - step
        figure.add_artist(
            Line2D([x + 0.065 * inch], [y], transform=figure.transFigure, linestyle="none", markersize=5.5,
                   markeredgewidth=1.4, **look)  # type: ignore[arg-type]
        )  # fmt: skip
        figure.text(x + 0.16 * inch, y, text, fontsize=SMALL, va="center_baseline", color=theme.ink)
        x += width
    return y - step * 0.5


def look(theme: Theme, role: str, marker: str, hollow: bool = False) -> dict[str, object]:
    """Marker properties of a role for `legend_row`."""
    color = theme.color(role)
    return {"marker": marker, "markeredgecolor": color, "markerfacecolor": theme.paper if hollow else color}


def frame(
    theme: Theme, title: str, caption: str, panel_inches: float, width: float = WIDTH
) -> tuple[Figure, float, float]:
    """(figure, bottom, top): a figure with heading and caption, and the free band between them.

    bottom and top are shares of the figure's height. `panel_inches` is the height of the band, which has to hold the
    panels with their titles, tick labels and legend. `width` is in inches.
    """
    figure = Figure(figsize=(width, panel_inches))
    FigureCanvasAgg(figure)  # a renderer to measure text with
    lines = _wrap(figure, caption, SMALL)
    heading = _wrap(figure, title, LARGE, "bold")
    below = 0.12 + LINE_INCHES * len(lines)
    above = 0.12 + 0.22 * len(heading)
    height = above + panel_inches + below
    figure.set_size_inches(width, height)
    figure.text(
        MARGIN, 1 - 0.08 / height, "\n".join(heading), fontsize=LARGE, fontweight="bold", va="top", ha="left",
        linespacing=1.25,
    )  # fmt: skip
    figure.text(
        MARGIN, 0.06 / height, "\n".join(lines), fontsize=SMALL, color=theme.muted, va="bottom", ha="left",
        linespacing=1.3,
    )  # fmt: skip
    return figure, below / height, 1 - above / height


def panels(
    figure: Figure,
    band: tuple[float, float],
    count: int,
    *,
    left: float,
    right: float = 0.98,
    gap: float = 0.06,
    below_inches: float = 0.42,
    above_inches: float = 0.32,
    share_left: bool = False,
) -> list[Axes]:
    """`count` axes of equal width beside each other in the band (bottom, top); below each other in a narrow figure.

    left, right, gap: shares of the figure's width. below_inches, above_inches: room for tick labels and titles.
    share_left: one y axis for all that stand beside each other.
    """
    height = figure.get_figheight()
    if figure.get_figwidth() < WIDTH:
        part = (band[1] - band[0]) / count
        low, high = below_inches / height, above_inches / height
        return [
            figure.add_axes((left, band[1] - (i + 1) * part + low, right - left, part - low - high))
            for i in range(count)
        ]
    bottom, top = band[0] + below_inches / height, band[1] - above_inches / height
    width = (right - left - gap * (count - 1)) / count
    made: list[Axes] = []
    for index in range(count):
        axes = figure.add_axes((left + index * (width + gap), bottom, width, top - bottom))
        if share_left and index:
            axes.sharey(made[0])
            axes.tick_params(labelleft=False)
        made.append(axes)
    return made


def absent(axes: Axes, theme: Theme, text: str = "no such runs in this evidence") -> None:
    """Write into an empty panel why it is empty. A figure of such panels alone is left out of posts (`absence`)."""
    axes.text(
        0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=theme.muted, fontsize=SMALL,
        label=ABSENT,
    )  # fmt: skip
