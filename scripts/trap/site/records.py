"""Records of stored answers, for a study's own panels: the items that were asked, and tables that hold equal values once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from trap.files import InputError, iter_jsonl
from trap.studies.base import Item


def asked_items(pools: Iterable[Path], wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """{(pool, id): item} of the wanted ones, from the files of pools. Raises InputError naming one that no file has."""
    asked = set(wanted)
    found = {
        (path.stem, item.id): item
        for path in pools if path.stem in {pool for pool, _ in asked}
        for item in iter_jsonl(path, Item) if (path.stem, item.id) in asked
    }  # fmt: skip
    if absent := sorted(asked - set(found)):
        raise InputError(f"episodes.parquet: id: no item {absent[0][1]!r} in a pool {absent[0][0]!r}")
    return found


class Numbered:
    """Gives each distinct value a number, in the order of first use."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._known: dict[bytes, int] = {}

    def __call__(self, value: Any) -> int:
        key = msgspec.json.encode(value)
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(value)
        return self._known[key]
