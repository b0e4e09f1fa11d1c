"""What the post of the study clues can see beside claims and tables: the numbers of clues of its pools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.figures.estimates import levels_of


def context(tables: Path) -> dict[str, Any]:
    """Names of the template. Raises InputError naming a table or column that is missing."""
    return {"easy": levels_of(tables, "eval_easy"), "hard": levels_of(tables, "eval_hard")}
