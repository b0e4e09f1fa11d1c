"""A tiny run trained again ends in the bytes that this type of machine is known to give: no refactoring slips by."""

from __future__ import annotations

import json
from pathlib import Path

import retrained


def test_a_tiny_run_ends_in_the_known_bytes(tmp_path: Path) -> None:
    found = retrained.make(tmp_path / "run")
    trained = [arm for arm in found if " " not in arm]
    assert (
        len(trained) == 6 and len({found[arm] for arm in trained}) == 6
    )  # every arm has learned something else
    known = json.loads(retrained.FILE.read_text(encoding="utf-8")).get(retrained.machine())
    if known is None:  # of this machine nothing is known, but that a run is a function of its settings
        known = retrained.make(tmp_path / "again")
    assert found == known
