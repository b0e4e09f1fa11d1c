"""Render a post from its template, which sees claims by id and tables by key and may contain no typed number."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from trap.figures.absence import says_empty
from trap.figures.estimates import BASELINE, Evidence, models_of, select
from trap.files import InputError, read_json, read_text
from trap.report.numerals import bare_numerals, literal_numbers
from trap.report.posts import GENERIC, ROOT
from trap.report.prose import Ledger
from trap.report.templates import markdown_environment

SHARED = ROOT / "report" / GENERIC  # parts that the posts of any study may take
LEVEL = 0.95  # of every interval in the tables and of the exact binomial ones


class Tables:
    """Rows of the tables by key, as dicts; None for what this experiment did not run."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._arms = evidence.table("arms")
        self.models = models_of(self._arms, evidence.model_order)

    @staticmethod
    def _first(table: pl.DataFrame, **conditions: object) -> dict[str, Any] | None:
        rows = select(table, **conditions)
        return rows.row(0, named=True) if rows.height else None

    def arm(self, model: str, arm: str, pool: str, metric: str) -> dict[str, Any] | None:
        """A row of the table `arms`, with value, low, high, n and seeds."""
        return self._first(self._arms, model=model, arm=arm, pool=pool, metric=metric)

    def arms(self, model: str) -> list[str]:
        """Arms of a model that were run, in the order of the sheet."""
        return self._evidence.run_arms(select(self._arms, model=model))

    def baseline(self, name: str, pool: str) -> dict[str, Any] | None:
        """Accuracy of a baseline, an answer that needs no model."""
        return self._first(self._arms, arm=BASELINE + name, pool=pool, metric="accuracy")

    def baselines(self, pool: str) -> list[dict[str, Any]]:
        """Accuracies of all baselines, in table order."""
        found = select(self._arms, pool=pool, metric="accuracy").filter(
            pl.col("arm").str.starts_with(BASELINE)
        )
        return found.to_dicts()

    def dose(self, model: str, family: str, x: float, pool: str, metric: str) -> dict[str, Any] | None:
        """A row of the table `doses`. x: the dose."""
        doses = self._evidence.table("doses")
        return self._first(doses, model=model, family=family, x=float(x), pool=pool, metric=metric)

    def rollout(self, model: str, arm: str) -> dict[str, Any] | None:
        """A row of the table `rollouts`."""
        return self._first(self._evidence.table("rollouts"), model=model, arm=arm)

    def contrasts(self, model: str) -> list[dict[str, Any]]:
        """Contrasts of a model that were run, in table order."""
        return select(self._evidence.table("contrasts"), model=model).to_dicts()

    def levels(self, pool: str) -> str:
        """Levels of a pool as `4–5`."""
        return self._evidence.levels(pool)

    def longest(self, pool: str) -> int:
        """Largest level of a pool."""
        return int(select(self._evidence.table("by_level"), pool=pool)["level"].max())


def told(path: Path | None) -> dict[str, Any]:
    """The parts of `provenance.json` that a post shows. Missing parts are empty, and the post says so."""
    found = read_json(path, dict[str, Any]) if path and path.is_file() else {}
    return {
        "hardware": found.get("hardware") or {},
        "commands": found.get("commands") or [],
        "seconds": found.get("seconds") or {},
        "runs": found.get("runs"),
        "commit": found.get("commit") or "",
    }


def check_template(path: Path) -> None:
    """Raises InputError, with the line, for a number that is typed into a template or into a shared one beside it.

    Shared templates, whose names begin with `_`, hold what several posts say: those of a study beside its posts, those
    of all studies in report/generic.
    """
    for one in (path, *sorted({*path.parent.glob("_*.md.j2"), *SHARED.glob("_*.md.j2")})):
        text = read_text(one)
        for line, word in bare_numerals(text):
            raise InputError(f"{one}:{line}: bare numeral {word!r}: take it from a claim or a table")
        for literal in literal_numbers(text):
            raise InputError(f"{one}: number {literal!r} typed into an expression")


def drawn_figures(folders: Sequence[Path], beside: Path) -> dict[str, str]:
    """{figure: the first folder that has it, relative to `beside`}, without figures that show no estimate."""
    # both paths are resolved, because the folder of results may be a link
    return {
        path.name.split(".")[0]: Path(os.path.relpath(folder.resolve(), beside.resolve())).as_posix()
        for folder in reversed(folders)
        for path in sorted(folder.glob("*.light.svg"))
        if not says_empty(path)
    }


def render_markdown(
    template: Path, evidence: Evidence, figures: Sequence[Path], provenance: Path | None, beside: Path,
    more: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """The post as Markdown.

    figures: folders of drawn figures. provenance: path of provenance.json. beside: the folder of the post, to which
    paths of figures are relative. more: further names for the template. Raises InputError for a number that is typed
    into the template, and for a missing name, claim or table.
    """
    check_template(template)
    tables = Tables(evidence)
    names: dict[str, Any] = {
        "level": LEVEL,
        "published": evidence.published_points,
        "claim": Ledger(list(evidence.claims.values())),
        "tables": tables,
        "models": tables.models,
        "model_title": evidence.title,
        "arm_label": evidence.label,
        "drawn": drawn_figures(figures, beside),
        "provenance": told(provenance),
        "evidence": evidence,
        **(more or {}),
    }
    try:
        text = (
            markdown_environment(str(template.parent), str(SHARED)).get_template(template.name).render(names)
        )
    except jinja2.UndefinedError as error:
        raise InputError(f"{template}: {error.message}") from None
    except jinja2.TemplateError as error:
        raise InputError(f"{template}: {error}") from None
    return text.strip() + "\n"
