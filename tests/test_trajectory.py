"""The committed reference trajectory, reproduced by the platform torch (mlx: test_mlx_fitting.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trajectory
from trap.platforms import Fit


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return trajectory.checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.mark.parametrize("name", sorted(trajectory.FITS))
def test_torch_reproduces_it(name: str, checkpoint: tuple[Path, Path]) -> None:
    known = json.loads(trajectory.FILE.read_text())["fits"][name]
    assert Fit(**known["settings"]) == trajectory.FITS[name]
    assert len(known["losses"]) == trajectory.FITS[name].max_steps
    assert known["losses"][-1] < known["losses"][0] - 0.2  # it learns, so that a wrong sign would show
    found = trajectory.on_torch(*checkpoint, trajectory.FITS[name])
    assert found == pytest.approx(known["losses"], abs=trajectory.TOLERANCE)


def test_another_order_of_the_data_is_noticed(
    checkpoint: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "SEED", trajectory.SEED + 1)
    known = json.loads(trajectory.FILE.read_text())["fits"]["full, AdamW"]["losses"]
    found = trajectory.on_torch(*checkpoint, trajectory.FITS["full, AdamW"])
    assert max(abs(a - b) for a, b in zip(found, known, strict=True)) > 100 * trajectory.TOLERANCE
