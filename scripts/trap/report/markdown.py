"""Parquet tables as Markdown for people: numbers with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trap.report.wording import interval_text, number_text

WIDE_METRICS = ("accuracy", "faithful", "format", "accuracy_given_format", "value", "tokens")


def pipe_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table. Bars inside cells are escaped."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def arms_text(arms: pl.DataFrame, metrics: Sequence[str] = WIDE_METRICS) -> str:
    """The table `arms`: one section per pool and model, one row per arm and then per baseline, one column per metric."""
    parts = [
        "# Every arm\n",
        "95 % intervals in brackets. Contaminated arms saw evaluation questions in training.\n",
    ]
    baselines = arms.filter(pl.col("group") == "baseline")
    for pool in arms["pool"].unique().sort().to_list():
        for model in (
            arms.filter((pl.col("pool") == pool) & (pl.col("group") != "baseline"))["model"].unique().sort()
        ):
            part = arms.filter((pl.col("pool") == pool) & (pl.col("model") == model))
            rows = [
                _wide_row(arm, metrics) for arm in part.partition_by("platform", "arm", maintain_order=True)
            ]
            floor = baselines.filter(pl.col("pool") == pool)
            rows += [_wide_row(arm, metrics) for arm in floor.partition_by("arm", maintain_order=True)]
            parts += [f"## {pool}, {model}\n", pipe_table(["arm", "", "n x seeds", *metrics], rows)]
    return "\n".join(parts)


def by_level_text(by_level: pl.DataFrame, metrics: Sequence[str], level_name: str) -> str:
    """Some metrics of the table `by_level`, one column per level. level_name: what a level counts."""
    parts = [f"# By {level_name}\n"]
    chosen = by_level.filter(pl.col("metric").is_in(list(metrics)))
    for (pool, model), part in chosen.partition_by(
        "pool", "model", as_dict=True, maintain_order=True
    ).items():
        levels = part["level"].unique().sort().to_list()
        rows = []
        for arm in part.partition_by("platform", "arm", "metric", maintain_order=True):
            values = {row["level"]: _cell(row) for row in arm.to_dicts()}
            rows.append([arm["label"][0], arm["metric"][0], *(values.get(level, "") for level in levels)])
        header = ["arm", "metric", *(f"{level} {level_name}" for level in levels)]
        parts += [f"## {pool}, {model}\n", pipe_table(header, rows)]
    return "\n".join(parts)


def contrasts_text(contrasts: pl.DataFrame) -> str:
    """The table `contrasts`: differences with intervals, p values, McNemar's test per seed, and shares of variance."""
    rows = [
        [
            row["name"],
            row["model"],
            f"{row['arm']} - {row['minus']}",
            f"{row['metric']}, {row['pool']}",
            _cell(row),
            f"{row['p']:.4f}",
            f"{row['p_holm']:.4f}",
            f"{row['mcnemar_below_05']} of {len(row['mcnemar_p'])}" if row["mcnemar_p"] else "",
            {True: "yes", False: "no", None: ""}[row["equivalent"]],
            row["room"] and f"none: {row['room']}",
            _parts(row),
            "" if row["detectable"] is None else number_text(row["detectable"], row["unit"]).lstrip("+"),
            f"{row['n']} x {row['seeds']}",
        ]
        for row in contrasts.to_dicts()
    ]
    header = [
        "contrast", "model", "arms", "of", "difference", "p", "p, Holm", "McNemar p < 0.05 (seeds)", "equivalent", "room",
        "variance: seeds, questions, rest", "smallest it could see", "n x seeds",
    ]  # fmt: skip
    return "# Decisive contrasts\n\n" + CONTRASTS_NOTE + "\n" + pipe_table(header, rows)


CONTRASTS_NOTE = """Paired on the same questions and seeds. Equivalent: the interval lies inside the margin declared beforehand. Room: none where both arms stand at the floor or the ceiling of the metric, so that they cannot differ.
Variance: how much of it lies between training seeds, between questions (in clusters), and in single answers. Smallest: the true difference that a two-sided test at 5 % finds four times in five.
"""


def _parts(row: dict) -> str:
    parts = [row[f"part_{name}"] for name in ("seeds", "items", "rest")]
    return "" if parts[0] is None else ", ".join(number_text(part, "share") for part in parts)


def plain_text(title: str, table: pl.DataFrame, note: str = "") -> str:
    """Any table, unchanged but for floats, which get at most four decimals."""
    rows = [["" if cell is None else _plain(cell) for cell in row] for row in table.rows()]
    return f"# {title}\n\n" + (note + "\n\n" if note else "") + pipe_table(table.columns, rows)


def _wide_row(arm: pl.DataFrame, metrics: Sequence[str]) -> list[str]:
    rows = {row["metric"]: row for row in arm.to_dicts()}
    first = arm.row(0, named=True)
    mark = "contaminated" if first["contaminated"] else "baseline" if first["group"] == "baseline" else ""
    size = f"{first['n']} x {first['seeds']}" if first["seeds"] else f"{first['n']}"
    return [first["label"], mark, size, *(_cell(rows[name]) if name in rows else "" for name in metrics)]


def _cell(row: dict) -> str:
    number = number_text(row["value"], row["unit"])
    if row["seeds"] == 0 and row["value"] == row["low"] == row["high"]:
        return number
    return f"{number} {interval_text(row['low'], row['high'], row['unit'])}".strip()


def _plain(cell: object) -> str:
    return f"{cell:.4f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
