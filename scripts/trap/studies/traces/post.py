"""What the post of the study traces can see beside claims and tables: how traces fail, and what each pool asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.figures.estimates import levels_of, models_of, read_table, select
from trap.studies.traces.lint import KINDS

NAMES = {**KINDS, "unparsed": "no trace", "stopped": "no answer", "cut": "cut short"}
MAIN = "nano"  # the model that claims are about


class Failures:
    """How answers fail, from the tables `failures` and `confusion`."""

    def __init__(self, folder: Path) -> None:
        self._table = read_table(folder, "failures", ("model", "arm", "pool", "kind", "value", "low", "high"))
        self._confusion = read_table(folder, "confusion", ("model", "arm", "pool", "asked", "written", "n"))

    def kind(self, model: str, arm: str, pool: str, kind: str) -> dict[str, Any] | None:
        """Share of a pool's answers that fail in a way; `name` is the way in words."""
        rows = select(self._table, model=model, arm=arm, pool=pool, kind=kind)
        return rows.row(0, named=True) | {"name": NAMES.get(kind, kind)} if rows.height else None

    def found(self, model: str, arm: str, pool: str) -> list[dict[str, Any]]:
        """The ways that occur, the commonest first."""
        rows = [self.kind(model, arm, pool, kind) for kind in NAMES]
        return sorted((row for row in rows if row and row["value"] > 0), key=lambda row: -row["value"])

    def absent(self, model: str, arm: str, pool: str) -> list[str]:
        """The published ways that do not occur, in words; none where the arm was not run."""
        rows = [self.kind(model, arm, pool, kind) for kind in KINDS]
        return [row["name"] for row in rows if row and row["value"] == 0]

    def misrouted(self, model: str, arm: str, pool: str) -> list[dict[str, Any]]:
        """Which experts are taken for which others, with the number of answers, the commonest first."""
        rows = select(self._confusion, model=model, arm=arm, pool=pool).to_dicts()
        odd = [row for row in rows if row["written"] and row["written"] != row["asked"]]
        return sorted(odd, key=lambda row: (-row["n"], row["asked"], row["written"]))


def context(tables: Path) -> dict[str, Any]:
    """Names of the template. Raises InputError naming a table or column that is missing."""
    models = models_of(read_table(tables, "arms", ("model",)))
    return {
        "failures": Failures(tables), "main": MAIN if MAIN in models else (models or [""])[0],
        "easy": levels_of(tables, "eval_easy"), "hard": levels_of(tables, "eval_hard"),
    }  # fmt: skip
