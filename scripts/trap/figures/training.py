"""Training curves from the logs: loss, and accuracy and faithful accuracy on the validation pool."""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from trap.figures.estimates import (
    Evidence,
    arm_label,
    missing_note,
    model_title,
    models_of,
    select,
    span,
)
from trap.figures.marks import absent, frame, inward, legend_row, share_axis
from trap.figures.theme import SMALL, Theme, role_of

ALT = (
    "Training loss by optimiser step above, accuracy (solid) and faithful accuracy (dashed) on validation "
    "questions below, for supervised and for rejection-sampling fine-tuning of both models; lines are "
    "means over seeds, bands reach from the lowest to the highest seed."
)
STAGES = (("SFT", ("sft",)), ("RSFT", ("rsft_easy", "rsft_hard", "rsft_eval")))
POOL = "valid_hard"
VALIDATION = (
    " Below, hard validation questions (neither trained on nor reported): solid is accurate, dashed faithful."
)
LOSS_BINS = 40  # log lines per curve are averaged into at most this many points


def _by_step(
    rows: pl.DataFrame, column: str, bins: int | None = None
) -> list[tuple[float, float, float, float]]:
    """(step, mean, lowest seed, highest seed) of a logged column; steps averaged into bins if asked."""
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


def _cell(
    axes: Axes, theme: Theme, table: pl.DataFrame, model: str, arms: tuple[str, ...], loss: bool
) -> None:
    for arm in arms:
        color, rows = theme.color(role_of(arm)), select(table, model=model, arm=arm)
        if loss:
            _curve(
                axes, _by_step(select(rows, kind="train"), "loss", LOSS_BINS), color, f"{model}:{arm}:loss"
            )
            continue
        valid = select(rows, kind="valid", pool=POOL)
        _curve(axes, _by_step(valid, "accuracy"), color, f"{model}:{arm}:accuracy")
        _curve(axes, _by_step(valid, "faithful"), color, f"{model}:{arm}:faithful", dashed=True)


def draw(evidence: Evidence, theme: Theme) -> Figure:
    table = evidence.table("curves")
    models = models_of(table)[:2]
    shown = [arm for _, arms in STAGES for arm in arms if select(table, arm=arm).height]
    missing = [arm_label(arm) for _, arms in STAGES for arm in arms if arm not in shown]
    seeds: list[Any] = table["seed"].unique().to_list()
    valid = (
        select(table, kind="valid", pool=POOL).height > 0
    )  # a log holds them only where training was asked to
    caption = (
        f"Read from the training logs, {span([len(seeds)]) if seeds else 'no'} {'seed' if len(seeds) == 1 else 'seeds'}: mean, and band "
        f"from the lowest to the highest seed.{VALIDATION if valid else ''}"
    ) + missing_note(missing)
    figure, bottom, top = frame(theme, "Training curves", caption, 3.9 if valid else 2.6)
    entries = [
        (
            arm_label(arm),
            {
                "marker": "s",
                "markeredgecolor": theme.color(role_of(arm)),
                "markerfacecolor": theme.color(role_of(arm)),
            },
        )
        for arm in shown
    ]
    top = legend_row(figure, theme, entries, top)
    height = figure.get_figheight()
    low, high = bottom + 0.42 / height, top - 0.5 / height
    half = (high - low) * (0.46 if valid else 1.0)
    left, right, gap, between = 0.1, 0.985, 0.025, 0.08
    if not models:
        axes = figure.add_axes((left, low, right - left, high - low))
        absent(axes, theme)
        return figure
    unit = (right - left - between * (len(models) - 1) - gap * len(models)) / (len(models) * 2)
    for index, model in enumerate(models):
        x = left + index * (2 * unit + gap + between)
        figure.text(x, top - 0.08 / height, model_title(model), fontweight="bold", va="top")
        losses = [
            value
            for _, arms in STAGES
            for arm in arms
            for p in _by_step(select(table, model=model, arm=arm, kind="train"), "loss", LOSS_BINS)
            for value in p[2:]
        ]
        for column, (stage, arms) in enumerate(STAGES):
            place = x + column * (unit + gap)
            above = figure.add_axes((place, high - half, unit, half))
            above.set_yscale("log")  # from several nats to hundredths
            above.set_ylim(0.8 * max(min(losses, default=0.1), 1e-4), 1.3 * max(losses, default=1.0))
            above.grid(axis="y")
            bottom_loss, top_loss = above.get_ylim()
            ticks = [10.0**power for power in range(-4, 3) if bottom_loss <= 10.0**power <= top_loss]
            above.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
            above.yaxis.set_minor_locator(NullLocator())
            above.tick_params(axis="y", labelsize=SMALL, labelcolor=theme.muted)
            above.spines["left"].set_visible(False)
            above.set_title(stage, fontsize=SMALL, fontweight="normal", color=theme.muted, pad=4)
            _cell(above, theme, table, model, arms, loss=True)
            rows = [above]
            if valid:
                below = figure.add_axes((place, low, unit, half))
                share_axis(below, theme, "y", step=0.5)
                above.tick_params(labelbottom=False)
                _cell(below, theme, table, model, arms, loss=False)
                rows.append(below)
            steps = [s for arm in arms for s in select(table, model=model, arm=arm)["step"].to_list()]
            for axes in rows:
                axes.set_xlim(0, max(steps, default=1))
                axes.set_xticks([0, max(steps, default=1)])
                inward(axes)
                if column:
                    axes.tick_params(labelleft=False)
            rows[-1].set_xlabel("step")
            if not column and not index:
                for axes, name in zip(rows, ("loss", "validation"), strict=False):
                    axes.set_ylabel(name)
                for axes in rows:
                    axes.yaxis.set_label_coords(-0.36, 0.5)
    return figure
