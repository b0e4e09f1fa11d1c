"""The first error of traces, by hops asked: one stacked bar per hop count, and the arms below each other."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.estimates import Estimate, Evidence, estimates, missing_note, sizes
from trap.figures.marks import MARGIN, absent, frame, legend_row, panels, point, share_axis
from trap.figures.theme import NARROW, SMALL, Theme
from trap.studies.hops.analysis.errors import KINDS

TITLE = "The first error of a trace, by hops asked"
ALT = (
    "Stacked bars of what the trace of an answer gets wrong first (faithful, true chain to another end, stopped early, "
    "wrong relation, false or broken chain, other), one bar per number of hops asked, for a few training arms below "
    "each other, in one panel per model; a tick on each bar marks the share of right letters."
)
TABLES = ("arms", "errors")
COLUMNS = (
    "model", "arm", "pool", "level", "kind", "letter", "hop", "value", "low", "high", "n", "seeds",
)  # fmt: skip
ASKED = ("eval_easy", "eval_hard")
# (arm, pools, addition to the label)
ARMS = (
    ("sft", ASKED, ""),
    ("rsft_eval", ("eval_leak",), ", the same ones"),
    ("sft_hard", ASKED, ""),
)
# parts of a bar: (kinds of error, name, role of the colour, whether hatched)
STRETCHES = (
    (("faithful",), "faithful", "faithful", False),
    (("other_end",), "true chain to another end", "gold", False),
    (("stopped_early",), "stopped early", "hard", False),
    (("wrong_relation",), "wrong relation", "easy", False),
    (("broken_chain", "false_edge"), "false or broken", "leak", False),
    (("wrong_letter", "ran_on", "no_format"), "other", "base", True),
)
assert {kind for kinds, *_ in STRETCHES for kind in kinds} == set(KINDS)
THICK = 0.74  # height of a bar, as a share of its row
ROW_INCHES = 0.19
Bar = dict[str, Estimate]  # kind -> share


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("errors", COLUMNS)
    models = evidence.models(table)
    bars: dict[tuple[str, str], dict[int, Bar]] = {}
    for model in models:
        for arm, pools, _ in ARMS:
            for row, share in estimates(table, model=model, arm=arm, letter="any", hop=0):
                if row["pool"] in pools and row["level"]:
                    bars.setdefault((model, arm), {}).setdefault(row["level"], {})[row["kind"]] = share
    shown = [(arm, extra) for arm, _, extra in ARMS if any((model, arm) in bars for model in models)]
    rows: list[tuple[str, int]] = []  # (arm, hops), from the top; ("", 0) is a row for the next arm's name
    for arm, _ in shown:
        asked = sorted({hops for model in models for hops in bars.get((model, arm), {})})
        rows += [("", 0), *((arm, hops) for hops in asked)]
    faithful = [bar["faithful"] for found in bars.values() for bar in found.values()]
    missing = [evidence.label(arm) for arm, _, _ in ARMS if arm not in dict(shown)]
    caption = (
        f"The first thing that a greedy answer gets wrong, {sizes(faithful, 'questions per hop count')}, by hops asked. "
        "Dots: faithful answers with their 95 % interval. Ticks: right letters, whatever the trace. Another end: a "
        "true walk along the whole chain that misses the right option. Other: right path and wrong letter, "
        "clauses beyond the chain, or no readable answer."
    ) + missing_note(missing)
    figure, bottom, top = frame(
        theme, TITLE, caption,
        0.6 + (0.75 + ROW_INCHES * max(len(rows), 4)) * max(len(models), 1), NARROW,
    )  # fmt: skip
    entries = []
    for _, name, role, hatched in STRETCHES:
        color = theme.color(role)
        face = theme.paper if hatched else color
        entries.append((name, {"marker": "s", "markeredgecolor": color, "markerfacecolor": face}))
    top = legend_row(figure, theme, entries, top)
    boxes = panels(figure, (bottom, top), max(len(models), 1), left=0.11, below_inches=0.34)
    for index, axes in enumerate(boxes):
        share_axis(axes, theme, "x")
        axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        if not models or not rows:
            absent(axes, theme)
            continue
        model = models[index]
        axes.set_title(evidence.panel_title(model), pad=8)
        axes.set_yticks(
            [y for y, (arm, _) in enumerate(rows) if arm], [str(hops) for arm, hops in rows if arm]
        )
        axes.tick_params(axis="y", pad=3, labelsize=SMALL)
        names = iter(shown)
        for y, (arm, hops) in enumerate(rows):
            if not arm:
                name, extra = next(names)
                axes.text(
                    0, y + 0.12, evidence.label(name) + extra, fontsize=SMALL, va="center", fontweight="bold"
                )
            elif hops in bars.get((model, arm), {}):
                _bar(axes, theme, y, bars[model, arm][hops], f"{model}:{arm}:{hops}")
    if rows:
        figure.text(MARGIN, boxes[0].get_position().y1 + 0.1 / figure.get_figheight(), "hops", fontsize=SMALL,
                    color=theme.muted, va="bottom")  # fmt: skip
    return figure


def _bar(axes: Axes, theme: Theme, y: float, bar: Bar, gid: str) -> None:
    left = 0.0
    for kinds, _, role, hatched in STRETCHES:
        width = sum(bar[kind].value for kind in kinds)
        color = theme.color(role)
        axes.barh(
            y, width, THICK, left, facecolor=theme.paper if hatched else color, edgecolor=color if hatched else theme.paper,
            hatch="////" if hatched else None, linewidth=0.6, zorder=2,
        )  # fmt: skip
        left += width
    right = bar["faithful"].value + bar["lucky"].value
    axes.plot([right, right], [y - 0.5, y + 0.5], color=theme.ink, linewidth=2, zorder=4, clip_on=False,
              gid=f"letters:{gid}")  # fmt: skip
    found = bar["faithful"]
    point(
        axes,
        found.value,
        y,
        found.low,
        found.high,
        theme.ink,
        theme.paper,
        gid=gid,
        size=3.4,
        thin=True,
        hollow=True,
    )
