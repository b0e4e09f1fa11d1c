"""A fast BLAS under MLX on Linux.

MLX's Linux wheel brings the reference BLAS: matrix products run at a thirtieth of the processor's speed.
Loading OpenBLAS into the process's global scope before MLX is imported puts its symbols first, as
LD_PRELOAD would, without starting the process anew.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from glob import glob
from pathlib import Path

NAMED = "DISTRIBUTION_TRAP_BLAS"  # a library to load instead, or `none`
PLACES = (
    "/usr/lib/*/openblas-pthread/libblas.so.3",  # Debian, Ubuntu: libopenblas0-pthread
    "/usr/lib/*/openblas-openmp/libblas.so.3",
    "/usr/lib/*/openblas-serial/libblas.so.3",
    "/usr/lib64/libopenblasp.so.0",  # Fedora
    "/usr/lib64/libopenblas.so.0",
    "/usr/lib/libopenblas.so.0",  # Arch
    "/usr/lib/libopenblas.so",
)
ADVICE = (
    "note: no OpenBLAS found, so MLX multiplies matrices with its slow reference BLAS"
    " (Debian: apt-get install libopenblas0-pthread; Arch: pacman -S openblas; or set"
    f" {NAMED} to a libblas.so.3)"
)


def candidates(environment: Mapping[str, str]) -> list[str]:
    """Libraries to try, the best first."""
    named = environment.get(NAMED, "")
    if named:
        return [] if named == "none" else [named]
    return [path for place in PLACES for path in sorted(glob(place))]


def preload() -> str:
    """Load a fast BLAS if this system needs one; the library that products will use, "" for MLX's own.

    In as many threads as OMP_NUM_THREADS says, else one: sums depend on how many threads share them.
    """
    if sys.platform != "linux" or "mlx.core" in sys.modules:
        return _preloaded()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    for path in [] if _preloaded() else candidates(os.environ):
        try:
            library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            print(f"note: {path} cannot be loaded: {error}", file=sys.stderr)
            continue
        if hasattr(library, "cblas_sgemm"):
            return path
    return _preloaded()


def _preloaded() -> str:
    """A BLAS that LD_PRELOAD names."""
    words = os.environ.get("LD_PRELOAD", "").replace(":", " ").split()
    return next((word for word in words if "blas" in Path(word).name), "")
