"""Sources of the film's facts besides claims: graded programs."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from trap.files import InputError
from trap.film.facts import Sources, Subject
from trap.studies.traces.language import Fault
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import run

MODEL, ARM = "nano", "sft"
COLUMNS = ("model", "arm", "kind", "pool", "id", "level", "prompt", "completion", "correct", "faithful")
MOST_STEPS = 7  # of a program that is read on a screen
Row = dict[str, Any]


class FilmSources(Sources):
    """Sources with the episodes of this study. `trap.film.opening` makes them."""

    @property
    def subjects(self) -> dict[str, Subject]:
        from trap.studies.traces.film.subjects import SUBJECTS

        return SUBJECTS

    @cached_property
    def episodes(self) -> pl.DataFrame:
        return self.evidence.table("episodes", COLUMNS)

    def example(self, pool: str, right: bool) -> Row:
        """An answer after SFT whose program runs to its end: right by a sound trace, or wrong.

        Preferred: few steps, a short problem. Raises InputError if there is none.
        """
        found = self.episodes.filter(
            pl.col("kind") == "eval", pl.col("model") == MODEL, pl.col("arm") == ARM, pl.col("pool") == pool,
            (pl.col("correct") & pl.col("faithful").fill_null(False)) if right else ~pl.col("correct"),
        )  # fmt: skip
        rows = [row for row in found.sort("id").to_dicts() if _readable(row)]
        if not rows:
            raise InputError(
                f"episodes.parquet: no program of {MODEL} {ARM} on {pool} runs to a {'right' if right else 'wrong'} answer"
            )
        return min(rows, key=lambda row: (len(row["prompt"]), row["id"]))


def _readable(row: Row) -> bool:
    program = read_program(row["completion"])
    if isinstance(program, Fault) or len(program.parts) != 1:
        return False
    return 3 <= len(program.parts[0].steps) <= MOST_STEPS and run(program).fault is None
