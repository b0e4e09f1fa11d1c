"""What the report's template can see: claims by id, tables by key, and nothing typed by hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from trap.figures.estimates import arm_label, model_title, models_of, read_table, span
from trap.files import InputError, read_json, read_text
from trap.report.numerals import bare_numerals, literal_numbers
from trap.report.prose import Ledger, environment
from trap.studies.hops.analysis.errors import KINDS
from trap.studies.hops.analysis.published_points import published_points

LEVEL = 0.95  # of every interval in the tables and of the exact binomial ones

PUBLISHED = ("base", "sft", "rsft_easy", "rsft_eval_360m", "rsft_eval_135m")


class Tables:
    """Rows of the tables by key; `None` for what this size of the workflow did not run."""

    def __init__(self, folder: Path) -> None:
        needed = ("model", "arm", "pool", "metric", "value", "low", "high", "n", "seeds")
        self._arms = read_table(folder, "arms", needed)
        self._hops = read_table(folder, "by_hops", (*needed, "hops"))
        self._doses = read_table(folder, "doses", ("model", "family", "x", "pool", "metric", "value"))
        self._errors = read_table(
            folder, "errors", ("model", "arm", "pool", "hops", "kind", "letter", "hop", "value")
        )
        self._branches = read_table(folder, "branches", ("pool", "hops", "above", "walk"))
        self._rollouts = read_table(folder, "rollouts", ("model", "arm", "k", "leaked"))
        self.models = models_of(self._arms)

    @staticmethod
    def _first(table: pl.DataFrame, **conditions: object) -> dict[str, Any] | None:
        rows = table.filter(*[pl.col(k) == v for k, v in conditions.items()])
        return rows.row(0, named=True) if rows.height else None

    def arm(self, model: str, arm: str, pool: str, metric: str) -> dict[str, Any] | None:
        """Estimate of one arm: value, low, high, n, seeds."""
        return self._first(self._arms, model=model, arm=arm, pool=pool, metric=metric)

    def baseline(self, name: str, pool: str) -> dict[str, Any] | None:
        return self._first(self._arms, arm=f"baseline:{name}", pool=pool, metric="accuracy")

    def dose(self, model: str, family: str, x: float, pool: str, metric: str) -> dict[str, Any] | None:
        return self._first(self._doses, model=model, family=family, x=float(x), pool=pool, metric=metric)

    def doses(self, family: str) -> list[float]:
        """Doses of a family that were run, in order."""
        return sorted(self._doses.filter(pl.col("family") == family)["x"].unique().to_list())

    def rollout(self, model: str, arm: str) -> dict[str, Any] | None:
        return self._first(self._rollouts, model=model, arm=arm)

    def error(self, model: str, arm: str, pool: str, kind: str) -> dict[str, Any] | None:
        """Share of a pool's answers whose trace is of a kind; `name` is the kind in words."""
        row = self._first(
            self._errors, model=model, arm=arm, pool=pool, hops=0, kind=kind, letter="any", hop=0
        )
        return row and row | {"name": KINDS.get(kind, kind)}

    def commonest_error(self, model: str, arm: str, pool: str) -> dict[str, Any] | None:
        """The kind that most of the answers without a faithful trace have."""
        found = [self.error(model, arm, pool, kind) for kind in KINDS if kind != "faithful"]
        return max(filter(None, found), key=lambda row: row["value"], default=None)

    def walker(self, pool: str) -> float | None:
        """How often a walker who knows every edge, but looks no step ahead, is faithful on a pool."""
        rows = self._branches.filter(pl.col("pool") == pool, pl.col("hops") == 0, pl.col("above").is_null())
        return rows["walk"][0] if rows.height else None

    def hops(self, pool: str) -> str:
        """Hop counts of a pool as `4–5`."""
        found = self._hops.filter(pl.col("pool") == pool)["hops"].unique().to_list()
        if not found:
            raise InputError(f"by_hops.parquet: no rows of pool {pool!r}")
        return span(found)

    def longest(self, pool: str) -> int:
        """Largest hop count of a pool."""
        return int(self._hops.filter(pl.col("pool") == pool)["hops"].max())

    def arms_run(self) -> list[str]:
        """Arms of the trained models, in table order."""
        return self._arms.filter(pl.col("group") != "baseline")["arm"].unique(maintain_order=True).to_list()


def _provenance(path: Path | None) -> dict[str, Any]:
    """What the post tells of `provenance.json`; keys that are missing are empty (the text says so)."""
    found = read_json(path, dict[str, Any]) if path and path.is_file() else {}
    return {
        "hardware": found.get("hardware") or {},
        "commands": found.get("commands") or [],
        "seconds": found.get("seconds") or {},
        "runs": found.get("runs"),
        "commit": found.get("commit") or "",
    }


def check_template(path: Path) -> None:
    """Refuse a template with a number that no claim or table gave. Raises InputError with its line."""
    text = read_text(path)
    for line, word in bare_numerals(text):
        raise InputError(f"{path}:{line}: bare numeral {word!r}: take it from a claim or a table")
    for literal in literal_numbers(text):
        raise InputError(f"{path}: number {literal!r} typed into an expression")


def render_markdown(
    template: Path, claims: Path, tables: Path, figures: Sequence[Path], provenance: Path | None, beside: Path
) -> str:
    """The post as Markdown; figure paths are relative to `beside`, the folder it will lie in.

    A figure is taken from the first of the folders `figures` that has it.
    """
    check_template(template)
    ledger = Ledger(read_json(claims, list[dict[str, Any]]))
    published = published_points({str(c["id"]): c for c in ledger.claims})
    for key in PUBLISHED:
        if key not in published:
            raise InputError(f"{claims}: no published value for {key}")
    numbers = Tables(tables)
    # realpath on both sides: a linked results folder must not bend the relative path
    drawn = {
        path.name.split(".")[0]: Path(os.path.relpath(folder.resolve(), beside.resolve())).as_posix()
        for folder in reversed(figures)
        for path in folder.glob("*.light.svg")
    }
    try:
        text = environment(str(template.parent)).get_template(template.name).render(
            level=LEVEL,
            published=published,
            claim=ledger,
            tables=numbers,
            models=numbers.models,
            rotary="nano" if "nano" in numbers.models else (numbers.models or [""])[0],
            nope="nano_nope",
            model_title=model_title,
            arm_label=arm_label,
            drawn=drawn,
            easy=numbers.hops("eval_easy"),
            hard=numbers.hops("eval_hard"),
            provenance=_provenance(provenance),
        )  # fmt: skip
    except jinja2.UndefinedError as error:
        raise InputError(f"{template}: {error.message}") from None
    except jinja2.TemplateError as error:
        raise InputError(f"{template}: {error}") from None
    return text.strip() + "\n"
