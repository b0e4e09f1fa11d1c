"""Studies: each makes questions, reference completions and grades."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from trap.workflow.registry import load_member


class Study(Protocol):
    """What methods and evaluation ask of a study. An item is one line of a pool: `id`, `prompt`, `ref.trace`."""

    def read(self, path: Path | str) -> list[Any]:
        """The items of a pool file."""

    def grade(self, item: Any, completion: str) -> Any:
        """A grade with at least `correct`, `valid`, `faithful` and `valid_format`."""

    def key(self, grade: Any, reward: str) -> tuple:
        """Sort key of a completion under a reward; larger is better. Its first entry is the reward."""

    def episode(
        self, item: Any, completion: str, grade: Any, *, phase: str, step: int, kept: bool | None
    ) -> Any:
        """The row of `episodes.jsonl`."""

    def row(self, item: Any, grade: Any) -> dict[str, Any]:
        """The columns of `items.parquet` that the study gives."""

    def letters(self, item: Any) -> Sequence[str]:
        """Completions that state only an answer, one per option; the first is the right one."""


def load_study(name: str, graph: Path | str) -> Study:
    """A study by name, imported only now. Raises InputError if there is none of that name."""
    return load_member("study", name, "study").load(graph)
