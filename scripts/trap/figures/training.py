"""Training curves from the logs: loss, and accuracy and faithful accuracy on the validation pool, by step.

The figure is narrow, so that a phone shows it whole: one model below the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from trap.figures.estimates import Evidence, missing_note, seeds_text, select
from trap.figures.marks import absent, frame, inward, legend_row, look, share_axis
from trap.figures.theme import NARROW, SMALL, Theme

TITLE = "Training curves"
ALT = (
    "Training loss by optimiser step above, and where the logs have it accuracy (solid) and faithful accuracy (dashed) "
    "on validation questions below, by arm and model; lines are means over seeds, bands reach from the lowest to the "
    "highest seed."
)
TABLES = ("arms", "curves")
NOTE = "Below, validation questions (neither trained on nor reported): solid is accurate{}."
LEFT, RIGHT, GAP = 0.155, 0.985, 0.03  # shares of the width
NAME_LEFT = 0.115  # share of the figure's width, from the panels to the names of their axes
BLOCK_INCHES, LOSS_INCHES = 3.4, 2.2  # height of a model's panels, with and without validation answers
MOST = 3  # columns of panels, if figures.yaml declares none
LOSS_BINS = 40  # points of a loss curve; log lines are averaged into these


def _by_step(
    rows: pl.DataFrame, column: str, bins: int | None = None
) -> list[tuple[float, float, float, float]]:
    """[(step, mean, lowest seed, highest seed)] of a logged column. With `bins`, steps are averaged into that many."""
    rows = rows.filter(pl.col(column).is_not_null())
    if not rows.height:
        return []
    last = rows["step"].max()
    width = max(1, -(-last // bins)) if bins else 1
    seeds = (
        rows.with_columns(((pl.col("step") - 1) // width if bins else pl.col("step")).alias("bin"))
        .group_by("bin", "seed")
        .agg(pl.col("step").mean(), pl.col(column).mean())
    )
    merged = (
        seeds.group_by("bin")
        .agg(
            pl.col("step").mean(),
            pl.col(column).mean().alias("mean"),
            pl.col(column).min().alias("low"),
            pl.col(column).max().alias("high"),
        )
        .sort("bin")
    )
    return list(merged.select("step", "mean", "low", "high").iter_rows())


def _curve(
    axes: Axes, points: list[tuple[float, float, float, float]], color: str, gid: str, dashed: bool = False
) -> None:
    if not points:
        return
    steps, mean, low, high = zip(*points, strict=True)
    axes.fill_between(steps, low, high, color=color, alpha=0.22, linewidth=0)
    axes.plot(
        steps,
        mean,
        color=color,
        linewidth=1.5,
        linestyle=(0, (3, 1.5)) if dashed else "-",
        gid=f"curve:{gid}",
    )


def stages_of(evidence: Evidence, table: pl.DataFrame) -> dict[str, list[str]]:
    """{title of a column of panels: its arms}: the declared stages, else the arms grouped by their number of steps."""
    if evidence.settings.training.stages:
        return evidence.settings.training.stages
    found: dict[str, list[str]] = {}
    for arm in evidence.run_arms(table):
        steps = select(table, arm=arm, kind="train")["step"].max()
        if steps is not None:
            found.setdefault(f"{steps} steps", []).append(arm)
    return dict(list(found.items())[:MOST])


def _cell(axes: Axes, theme: Theme, evidence: Evidence, model: str, arms: Sequence[str], loss: bool) -> None:
    table = evidence.table("curves")
    for arm in arms:
        color, rows = theme.color(evidence.role(arm)), select(table, model=model, arm=arm)
        if loss:
            _curve(
                axes, _by_step(select(rows, kind="train"), "loss", LOSS_BINS), color, f"{model}:{arm}:loss"
            )
            continue
        valid = select(rows, kind="valid", pool=evidence.validation)
        _curve(axes, _by_step(valid, "accuracy"), color, f"{model}:{arm}:accuracy")
        _curve(axes, _by_step(valid, "faithful"), color, f"{model}:{arm}:faithful", dashed=True)


def _losses(axes: Axes, theme: Theme, losses: list[float], title: str) -> None:
    """Set a logarithmic y axis for losses in nats per token."""
    axes.set_yscale("log")
    axes.set_ylim(0.8 * max(min(losses, default=0.1), 1e-4), 1.3 * max(max(losses, default=1.0), 2e-4))
    axes.grid(axis="y")
    low, high = axes.get_ylim()
    ticks = [10.0**power for power in range(-4, 3) if low <= 10.0**power <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
    axes.spines["left"].set_visible(False)
    axes.set_title(title, fontsize=SMALL, fontweight="normal", color=theme.muted, pad=4)


def _caption(evidence: Evidence, table: pl.DataFrame, valid: bool) -> str:
    seeds: list[Any] = table["seed"].unique().to_list()
    dashed = table["faithful"].drop_nulls().len() > 0
    note = evidence.text(evidence.settings.training.note) or NOTE.format(
        ", dashed faithful" if dashed else ""
    )
    return (
        f"Read from the training logs, {seeds_text([len(seeds)] if seeds else [])}: mean, and band "
        f"from the lowest to the highest seed.{f' {note}' if valid else ''}"
    )


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table, declared = evidence.table("curves"), evidence.settings.training
    models, stages = evidence.models(table), stages_of(evidence, table)
    every = [arm for arms in stages.values() for arm in arms]
    shown = [arm for arm in every if select(table, arm=arm).height]
    missing = [evidence.label(arm) for arm in every if arm not in shown]
    # only runs with `probes` log validation answers
    valid = bool(evidence.validation) and select(table, kind="valid", pool=evidence.validation).height > 0
    caption = _caption(evidence, table, valid) + missing_note(missing)
    block = BLOCK_INCHES if valid else LOSS_INCHES
    figure, bottom, top = frame(
        theme, evidence.text(declared.title), caption, 0.45 + block * max(len(models), 1), NARROW
    )
    top = legend_row(
        figure, theme, [(evidence.label(arm), look(theme, evidence.role(arm), "s")) for arm in shown], top
    )
    if not models or not shown:
        axes = figure.add_axes((LEFT, bottom, RIGHT - LEFT, top - bottom))
        absent(axes, theme)
        return figure
    part = (top - bottom) / len(models)
    for index, model in enumerate(models):
        _block(figure, theme, evidence, model, stages, (top - (index + 1) * part, top - index * part), valid)
    return figure


def _block(
    figure: Figure, theme: Theme, evidence: Evidence, model: str, stages: dict[str, list[str]], band: tuple[float, float],
    valid: bool,
) -> None:  # fmt: skip
    """Draw one model in the band (bottom, top): a column for each stage, losses above and validation answers below."""
    table, height = evidence.table("curves"), figure.get_figheight()
    low, high = band[0] + 0.42 / height, band[1] - 0.5 / height
    half = (high - low) * (0.46 if valid else 1.0)
    unit = (RIGHT - LEFT - GAP * (len(stages) - 1)) / len(stages)
    figure.text(LEFT, band[1] - 0.08 / height, evidence.panel_title(model), fontweight="bold", va="top")
    every = [arm for arms in stages.values() for arm in arms]
    losses = [
        value
        for arm in every
        for p in _by_step(select(table, model=model, arm=arm, kind="train"), "loss", LOSS_BINS)
        for value in p[2:]
    ]
    for column, (stage, arms) in enumerate(stages.items()):
        place = LEFT + column * (unit + GAP)
        above = figure.add_axes((place, high - half, unit, half))
        _losses(above, theme, losses, stage)
        _cell(above, theme, evidence, model, arms, loss=True)
        rows = [above]
        if valid:
            below = figure.add_axes((place, low, unit, half))
            share_axis(below, theme, "y", step=0.5)
            above.tick_params(labelbottom=False)
            _cell(below, theme, evidence, model, arms, loss=False)
            rows.append(below)
        steps = [s for arm in arms for s in select(table, model=model, arm=arm)["step"].to_list()]
        for axes in rows:
            axes.set_xlim(0, max(steps, default=1))
            axes.set_xticks([0, max(steps, default=1)])
            inward(axes)
            if column:
                axes.tick_params(labelleft=False)
        rows[-1].set_xlabel("step")
        if not column:
            for axes, name in zip(rows, ("loss", "validation"), strict=False):
                axes.set_ylabel(name)
                axes.yaxis.set_label_coords(-NAME_LEFT / unit, 0.5)
