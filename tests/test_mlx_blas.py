"""OpenBLAS comes first where there is one; where there is none, one line says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from glob import glob
from pathlib import Path

import pytest

import tiny_models as tiny
from skips import reason
from trap.files import InputError
from trap.platforms import load_platform

ROOT = Path(__file__).resolve().parent.parent
LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason=reason("system", "only MLX's Linux wheel brings the reference BLAS")
)


def test_without_mlx_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("trap.platforms.mlx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlx", None)
    monkeypatch.setitem(sys.modules, "mlx.core", None)
    with pytest.raises(InputError, match=r"mlx cannot be imported .*requirements/mlx\.txt"):
        load_platform("mlx")


def loaded(folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """A process of its own that loads a model twice and says which BLAS it maps."""
    body = (
        "import sys; from trap.platforms import mlx, load_platform\n"
        "for _ in range(2): load_platform('mlx').load([sys.argv[1]], 'cpu')\n"
        "import mlx.core as mx; a = mx.ones((64, 64)); assert (a @ a)[0, 0].item() == 64\n"
        "print(mlx.BLAS if hasattr(mlx, 'BLAS') else '')\n"
    )
    clean = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD",)}
    return subprocess.run(
        [sys.executable, "-c", body, str(folder)], text=True, capture_output=True, check=False, timeout=600,
        env=clean | {"PYTHONPATH": str(ROOT / "scripts")} | environment,
    )  # fmt: skip


@LINUX
def test_an_openblas_is_loaded_first(tmp_path: Path) -> None:
    pytest.importorskip("mlx_models")
    from trap.platforms.mlx.blas import candidates

    found = candidates(os.environ)
    if not found:
        pytest.skip(reason("openblas"))
    done = loaded(tiny.save(tiny.model(), tmp_path / "model"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == found[0] and "note:" not in done.stderr


@LINUX
def test_without_one_a_line_says_so_once(tmp_path: Path) -> None:
    pytest.importorskip("mlx_models")
    folder = tiny.save(tiny.model(), tmp_path / "model")
    done = loaded(folder, DISTRIBUTION_TRAP_BLAS="none")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert done.stderr.count("note: no OpenBLAS found") == 1 and "libopenblas0-pthread" in done.stderr
    done = loaded(folder, DISTRIBUTION_TRAP_BLAS=str(tmp_path / "nowhere.so"))
    assert done.returncode == 0 and "nowhere.so cannot be loaded" in done.stderr


@LINUX
def test_places_that_are_looked_at() -> None:
    pytest.importorskip("mlx_models")
    from trap.platforms.mlx.blas import PLACES, candidates

    assert candidates({"DISTRIBUTION_TRAP_BLAS": "/a/b.so"}) == ["/a/b.so"]
    assert candidates({"DISTRIBUTION_TRAP_BLAS": "none"}) == []
    assert candidates({}) == [path for place in PLACES for path in sorted(glob(place))]
