"""What a study says for its page: an optional module `studies/STUDY/page.py`, in which all is optional.

site(claims, tables) -> dict            laid over `site.json`, see `trap.site.numbers`
questions(pools, wanted) -> list[dict]  rows of questions.json, one for each wanted (pool, id), in that order; each with
                                        `id`, `pool`, `level`, `prompt`, and what the study's panels show besides
data(folder) -> {file name: value}      the further files that `panels.json` names; `folder` holds the study's data
ABOUT                                   headings of the post's sections that the page shows; without it, all of them
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trap.files import InputError
from trap.site.panels import Panels
from trap.workflow.registry import load_member


class Own:
    """What a study's `page.py` says; defaults where it says nothing."""

    def __init__(self, module: Any = None) -> None:
        self._module = module
        self.words: dict[str, Any] = dict(getattr(module, "WORDS", {}))
        self.about: tuple[str, ...] = tuple(getattr(module, "ABOUT", ()))

    def questions(self, pools: Sequence[Path], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of questions.json; `rows` are those that the stored answers give: id, pool, level, prompt."""
        made = getattr(self._module, "questions", None)
        return made(pools, [(row["pool"], row["id"]) for row in rows]) if made else list(rows)

    def data(self, folder: Path, panels: Panels) -> dict[str, Any]:
        """Further files. Raises InputError where they are not those that `panels.json` names."""
        made = getattr(self._module, "data", None)
        found = made(folder) if made else {}
        if sorted(found) != sorted(panels.data):
            raise InputError(
                f"page.py makes {', '.join(sorted(found)) or 'no file'}, panels.json names "
                f"{', '.join(sorted(panels.data)) or 'none'}"
            )
        return found


def own_of(study: str) -> Own:
    """What a study says for its page. Raises InputError if there is no such study."""
    folder = load_member("study", study).__name__
    known = importlib.util.find_spec(f"{folder}.page") is not None
    return Own(load_member("study", study, "page") if known else None)
