"""Rejection sampling by the number of samples K: the share of prompts with a right answer, and accuracy after training."""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trap.figures.doses import spread
from trap.figures.estimates import Evidence, estimates, select, sizes, span
from trap.figures.marks import (
    absent,
    estimate_point,
    frame,
    legend_row,
    look,
    panels,
    reference,
    share_axis,
)
from trap.figures.theme import NARROW, SMALL, Theme

TITLE = "Rejection sampling by the number of samples per prompt"
ALT = (
    "Above: share of prompts for which sampling keeps a right answer, against the number of samples "
    "K, beside the curves for blind and for independent draws. Below: accuracy, and where reasons are checked faithful "
    "accuracy, on {questions} after training, against K. Both with 95 % intervals."
)
TABLES = ("arms", "rollouts", "doses", "by_level")
GUESSING = "blind guessing"
MARKERS = ("o", "D")
ROLES = ("start", "hard")


def samples_family(evidence: Evidence) -> str:
    """The family of doses whose dose is K: the declared one, else the first whose doses are the logged K of its arms.

    "" if there is none.
    """
    if declared := evidence.settings.rollouts.family:
        return declared
    drawn = {(row["arm"], float(row["k"])) for row in evidence.table("rollouts").iter_rows(named=True)}
    doses = evidence.table("doses")
    for family in doses["family"].unique(maintain_order=True).to_list():
        pairs = set(select(doses, family=family).select("arm", "x").unique().iter_rows())
        if pairs and pairs <= drawn:
            return str(family)
    return ""


def series(evidence: Evidence, family: str) -> pl.DataFrame:
    """Rows of the table `rollouts` that differ in K alone: arms of the family, else the first uncontaminated arm."""
    rollouts = evidence.table("rollouts")
    arms = select(evidence.table("doses"), family=family)["arm"].unique().to_list()
    if not arms:
        arms = [arm for arm in evidence.run_arms(rollouts) if not evidence.contaminated(arm)][:1]
    return rollouts.filter(pl.col("arm").is_in(arms))


def _grid(axes: Axes, theme: Theme, ks: list[int], title: str) -> None:
    share_axis(axes, theme)
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(ks) / 1.35, max(ks) * 1.35)
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.set_xticks([], minor=True)
    axes.tick_params(axis="x", pad=7)  # clear of marks at zero
    axes.set_xlabel("samples per prompt (K)")
    axes.set_title(title, pad=8)


def _let_through(
    axes: Axes, table: pl.DataFrame, everything: pl.DataFrame, theme: Theme, models: list[str]
) -> None:
    blind = sorted(
        {
            (row["k"], row["predicted_blind"])
            for row in everything.iter_rows(named=True)
            if row["predicted_blind"] is not None
        }
    )
    axes.plot(
        [k for k, _ in blind], [p for _, p in blind], color=theme.muted, linewidth=1, linestyle=(0, (4, 3))
    )
    if len(blind) == 1:  # a line through one point is invisible
        reference(axes, theme, blind[0][1], GUESSING, x=0.02)
    elif blind:
        # the label stands above the steep part of the curve, where no point is measured
        steep = min(blind, key=lambda point: abs(point[1] - 0.7))
        axes.annotate(
            GUESSING,
            steep,
            (-6, 1),
            textcoords="offset points",
            color=theme.muted,
            fontsize=SMALL,
            ha="right",
        )
    for place, model in enumerate(models):
        rows = select(table, model=model).sort("k")
        color = theme.color(ROLES[place])
        predicted = [
            (row["k"], row["predicted"]) for row in rows.iter_rows(named=True) if row["predicted"] is not None
        ]
        axes.plot([k for k, _ in predicted], [p for _, p in predicted], color=color, linewidth=1, alpha=0.7)
        renamed = rows.rename({"leaked": "value"}).with_columns(n=rows["prompts"].cast(int))
        for row, estimate in estimates(renamed):
            estimate_point(
                axes,
                row["k"] * (0.97, 1.03)[place],
                estimate,
                color,
                theme.paper,
                marker=MARKERS[place],
                gid=f"{model}:leaked:{row['k']}",
                size=4.5,
            )


def draw(evidence: Evidence, theme: Theme) -> Figure:
    declared, family = evidence.settings.rollouts, samples_family(evidence)
    everything, rollouts = evidence.table("rollouts"), series(evidence, family)
    models = evidence.models(everything)
    metrics = ("accuracy", "faithful") if evidence.reasons else ("accuracy",)
    after = [
        (row, e)
        for row, e in estimates(evidence.table("doses"), family=family, pool=evidence.pool)
        if row["metric"] in metrics and row["model"] in models
    ]
    ks = sorted({int(row["x"]) for row, _ in after} | set(rollouts["k"].drop_nulls().to_list()))
    prompts = sorted({round(p) for p in rollouts["prompts"].drop_nulls().to_list()})
    few = (
        f" Only K\u00a0=\u00a0{span(ks)} was run in this experiment." if 0 < len(ks) < declared.doses else ""
    )
    curve = (
        ", solid line 1 − (1 − p)ᴷ, with p measured at K\u00a0=\u00a01"
        if rollouts["predicted"].count()
        else ""
    )
    caption = (
        f"{evidence.text(declared.sampled)} ({span(prompts) if prompts else 'no'} prompts per seed). Above: dots measured{curve}. "
        f"Below: {sizes([e for _, e in after], 'fresh questions')}. Bars: 95 % intervals.{few}"
    )
    figure, bottom, top = frame(theme, evidence.text(declared.title), caption, 5.1, NARROW)
    entries = [(evidence.title(m), look(theme, ROLES[i], MARKERS[i])) for i, m in enumerate(models)]
    top = legend_row(figure, theme, entries, top)
    first, second = panels(figure, (bottom, top), 2, left=0.105, right=0.85)
    if not ks or not models:
        for axes in (first, second):
            absent(axes, theme)
        return figure
    _grid(first, theme, ks, evidence.text(declared.kept))
    _grid(second, theme, ks, "after training")
    _let_through(first, rollouts, everything, theme, models)
    ends = []
    for place, model in enumerate(models):
        for metric in metrics:
            found = sorted(
                [
                    (row["x"], row["arm"], e)
                    for row, e in after
                    if row["model"] == model and row["metric"] == metric
                ],
                key=lambda item: item[0],
            )
            color = theme.color(ROLES[place])
            second.plot(
                [x for x, _, _ in found],
                [e.value for _, _, e in found],
                color=color,
                linewidth=1.2,
                linestyle="-" if metric == "accuracy" else (0, (3, 1.5)),
            )
            for x, arm, e in found:
                estimate_point(
                    second, x, e, color, theme.paper, marker=MARKERS[place], hollow=metric == "faithful",
                    gid=f"{model}:{arm}:{metric}", size=4.5,
                )  # fmt: skip
            if found:
                ends.append((found[-1][2].value, "accurate" if metric == "accuracy" else "faithful", color))
    for y, (_, text, color) in zip(spread([y for y, _, _ in ends], 0.085, 0.02, 0.99), ends, strict=True):
        second.text(
            1.02, y, text, transform=second.get_yaxis_transform(), color=color, fontsize=SMALL, va="center"
        )
    if not after:
        absent(second, theme)
    return figure
