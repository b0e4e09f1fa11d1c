"""The trap against model size: every arm and contrast for each size, and how a contrast changes with size.

Each size is a model of its own, so that the bootstrap draws its training seeds separately. The questions are the same
and are drawn together. A size has one base checkpoint, as a published model has. The intervals do not include what
another base checkpoint would give.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from trap.analysis import resampling
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile
from trap.analysis.resampling import Cell
from trap.files import InputError
from trap.report.markdown import pipe_table
from trap.report.wording import interval_text, number_text

MEASURED = ("accuracy", "faithful")
COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("kind", "name", "model"), pl.String),
    "parameters": pl.Int64,
    **dict.fromkeys(("pool", "metric", "unit"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n", "seeds"), pl.Int64),
}


def scaling(spec: ClaimsFile, table: ItemTable, parameters: Mapping[str, int], platform: str) -> pl.DataFrame:
    """Rows of kind `arm`, `contrast` and `slope`. A slope is the change of a contrast per factor of ten in parameters.

    parameters: weights of each model, which are the sizes that are compared. Raises InputError where two
    models have the same size, or fewer than two have items.
    """
    models = sorted((model for model in parameters if model in table.models), key=parameters.__getitem__)
    if len(models) < 2:
        raise InputError(
            f"items of two sizes are needed, of {', '.join(parameters)}; there are {len(models)}"
        )
    if len({parameters[model] for model in models}) < len(models):
        raise InputError(f"{', '.join(models)}: two of them have equally many parameters")
    how = {"replicates": spec.replicates, "confidence": spec.confidence}

    def row(
        kind: str, name: str, model: str, pool: str, metric: str, cells: Sequence[Cell | None], weights: list[float]
    ) -> list[dict[str, Any]]:  # fmt: skip
        """The row, or None where a cell is missing or the arms of a size have no seed in common."""
        if any(cell is None for cell in cells):
            return []
        try:
            found = resampling.estimate(cells, weights, **how)  # type: ignore[arg-type]
        except ValueError:
            return []
        unit = table.metrics[metric].unit
        return [
            {
                "kind": kind, "name": name, "model": model, "parameters": parameters.get(model), "pool": pool,
                "metric": metric, "unit": "points" if kind != "arm" and unit == "share" else unit,
                "value": found.value, "low": found.low, "high": found.high, "n": found.n, "seeds": found.seeds,
            }
        ]  # fmt: skip

    rows = []
    for model in models:
        for arm in sorted(table.arms(model)):
            for pool in table.pools:
                for metric in MEASURED:
                    cell = table.cell(model, platform, arm, pool, metric)
                    rows += row("arm", arm, model, pool, metric, [cell], [1.0])
    for contrast in spec.contrasts:
        pairs = {
            model: [
                table.cell(model, platform, arm, contrast.pool, contrast.metric)
                for arm in (contrast.arm, contrast.minus)
            ]
            for model in models
        }
        of = (contrast.pool, contrast.metric)
        for model, pair in pairs.items():
            rows += row("contrast", contrast.name, model, *of, pair, [1.0, -1.0])
        there = [model for model, pair in pairs.items() if None not in pair]
        if len(there) > 1:
            slopes = resampling.slope_weights([math.log10(parameters[model]) for model in there])
            weights = [sign * slope for slope in slopes for sign in (1.0, -1.0)]
            cells = [cell for model in there for cell in pairs[model]]
            rows += row("slope", contrast.name, "", *of, cells, weights)
    return pl.DataFrame(rows, schema=COLUMNS)


def size_text(parameters: int) -> str:
    """`0.95 M`, `10.6 M`: parameters in millions, two digits at least."""
    millions = parameters / 1e6
    return (
        f"{millions:.2f} M"
        if millions < 1
        else f"{millions:.1f} M"
        if millions < 100
        else f"{millions:.0f} M"
    )


def scaling_text(rows: pl.DataFrame) -> str:
    """The table as Markdown: contrasts with their slopes first, then arms. Each size is a column."""
    sizes = dict(rows.filter(pl.col("kind") != "slope").select("model", "parameters").unique().iter_rows())
    models = sorted(sizes, key=sizes.__getitem__)
    parts = [
        "# The same arms on models of different size\n",
        "95 % intervals in brackets, over training seeds and questions. Slope: the change for ten times as many"
        " parameters (least squares over the sizes).\n",
    ]
    for kind, title in (("contrast", "Contrasts"), ("arm", "Arms")):
        cells = {
            (row["name"], row["pool"], row["metric"], row["model"]): _estimate(row)
            for row in rows.filter(pl.col("kind").is_in([kind, *(["slope"] if kind == "contrast" else [])])).to_dicts()
        }  # fmt: skip
        keys = list(dict.fromkeys(key[:3] for key in cells))
        columns = [*models, *([""] if kind == "contrast" else [])]
        lines = [
            [name, f"{metric}, {pool}", *(cells.get((name, pool, metric, model), "") for model in columns)]
            for name, pool, metric in keys
        ]
        header = [kind, "of", *(f"{model}, {size_text(sizes[model])}" for model in models)]
        parts += [
            f"## {title}\n",
            pipe_table([*header, *(["slope"] if kind == "contrast" else [])], lines),
        ]
    return "\n".join(parts)


def _estimate(row: dict[str, Any]) -> str:
    value = number_text(row["value"], row["unit"])
    return f"{value} {interval_text(row['low'], row['high'], row['unit'])}".strip()
