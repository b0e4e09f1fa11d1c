"""Do platforms agree? Compare every arm and every decisive contrast between two platforms, with intervals.

Platforms train from seeds of their own, so that the bootstrap draws their seeds separately. The questions are the same
and are drawn together. Two platforms agree where the interval of the difference holds zero. The width of that interval
says how much the agreement is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile
from trap.analysis.resampling import Cell, Estimate
from trap.files import InputError
from trap.report.markdown import pipe_table
from trap.report.wording import interval_text, number_text

MEASURED = ("accuracy", "faithful")
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("kind", "name", "model", "pool", "metric", "unit", "platform", "reference"), pl.String),
    **dict.fromkeys(
        ("value", "low", "high", "reference_value", "reference_low", "reference_high",
         "difference", "difference_low", "difference_high"), pl.Float64,
    ),
    "agree": pl.Boolean,
    **dict.fromkeys(("n", "seeds", "reference_seeds"), pl.Int64),
}  # fmt: skip


def references(table: ItemTable, first: str) -> list[tuple[str, str]]:
    """(platform, reference) pairs: every other platform against `first`, or against the first one that is there."""
    found = sorted({platform for _, platform, _, _ in table.conditions})
    reference = first if first in found else found[0]
    return [(platform, reference) for platform in found if platform != reference]


def agreement(spec: ClaimsFile, table: ItemTable, first: str) -> pl.DataFrame:
    """A row for every arm and pool, and for every contrast, that two platforms have. `first` is the reference.

    Raises InputError where no run is there on two.
    """
    rows = []
    for platform, reference in references(table, first):
        for model in table.models:
            sides = [(platform, model), (reference, model)]
            shared = sorted(
                set.intersection(
                    *({key[2] for key in table.conditions if key[:2] == (m, p)} for p, m in sides)
                )
            )
            for arm in shared:
                for pool in table.pools:
                    for metric in MEASURED:
                        cells = [[table.cell(m, p, arm, pool, metric)] for p, m in sides]
                        rows += _row("arm", arm, model, pool, metric, table, sides, cells, spec)
            for contrast in spec.contrasts:
                arms = (contrast.arm, contrast.minus)
                cells = [
                    [table.cell(m, p, arm, contrast.pool, contrast.metric) for arm in arms] for p, m in sides
                ]
                rows += _row(
                    "contrast",
                    contrast.name,
                    model,
                    contrast.pool,
                    contrast.metric,
                    table,
                    sides,
                    cells,
                    spec,
                )
    if not rows:
        raise InputError("no arm of one model was evaluated on two platforms: there is nothing to compare")
    return pl.DataFrame(rows, schema=COLUMNS)


def _row(
    kind: str, name: str, model: str, pool: str, metric: str, table: ItemTable, sides: list[tuple[str, str]],
    cells: Sequence[Sequence[Cell | None]], spec: ClaimsFile,
) -> list[dict[str, Any]]:  # fmt: skip
    """The row, or None where a side is missing. A contrast has two cells, an arm has one."""
    if any(cell is None for side in cells for cell in side):
        return []
    weights = [1.0, -1.0][: len(cells[0])]
    how = {"replicates": spec.replicates, "confidence": spec.confidence}
    try:
        ours, theirs = (resampling.estimate(side, weights, **how) for side in cells)
        both = resampling.estimate([*cells[0], *cells[1]], [*weights, *(-w for w in weights)], **how)
    except ValueError:  # arms of one platform without a seed in common
        return []

    unit = table.metrics[metric].unit
    unit = "points" if kind == "contrast" and unit == "share" else unit

    def numbers(prefix: str, found: Estimate) -> dict[str, float]:
        return {f"{prefix}value": found.value, f"{prefix}low": found.low, f"{prefix}high": found.high}

    return [
        {
            "kind": kind, "name": name, "model": model, "pool": pool, "metric": metric, "unit": unit,
            "platform": sides[0][0], "reference": sides[1][0], **numbers("", ours), **numbers("reference_", theirs),
            "difference": both.value, "difference_low": both.low, "difference_high": both.high,
            "agree": both.low <= 0 <= both.high, "n": ours.n, "seeds": ours.seeds, "reference_seeds": theirs.seeds,
        }
    ]  # fmt: skip


def agreement_text(rows: pl.DataFrame) -> str:
    """The table as Markdown: contrasts first, then arms, with the fraction that agrees."""
    parts = [
        "# The same arms on two platforms\n",
        "95 % intervals in brackets. Agree: the interval of the difference between the platforms holds zero. Of intervals"
        " that are right 95 times in 100, some do not.\n",
    ]
    for (platform, reference, kind), part in rows.group_by(
        "platform", "reference", "kind", maintain_order=True
    ):
        agreeing = int(part["agree"].sum())
        parts.append(f"## {platform} and {reference}, {kind}s: {agreeing} of {part.height} agree\n")
        lines = [
            [
                row["name"], row["model"], f"{row['metric']}, {row['pool']}", _cell(row, "", row["unit"]),
                _cell(row, "reference_", row["unit"]),
                f"{number_text(row['difference'], 'points')} {interval_text(row['difference_low'], row['difference_high'], 'points')}",
                "yes" if row["agree"] else "no", f"{row['n']} x {row['seeds']}, {row['reference_seeds']}",
            ]
            for row in part.to_dicts()
        ]  # fmt: skip
        header = [kind, "model", "of", str(platform), str(reference), "difference", "agree", "n x seeds"]
        parts.append(pipe_table(header, lines))
    return "\n".join(parts)


def _cell(row: dict[str, Any], prefix: str, unit: str) -> str:
    value, low, high = (row[f"{prefix}{key}"] for key in ("value", "low", "high"))
    return f"{number_text(value, unit)} {interval_text(low, high, unit)}".strip()
