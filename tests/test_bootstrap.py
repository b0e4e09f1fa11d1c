"""The thin bootstrap: one clear line where something is missing, and a lock that covers what is asked for."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def requirements(path: Path) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


def test_lock_pins_every_requirement(root: Path) -> None:
    lock = {canonicalize_name(item.name): item for item in requirements(root / "requirements/lock.txt")}
    for item in lock.values():
        assert item.url is None and re.fullmatch(r"==[0-9][0-9A-Za-z.]*", str(item.specifier)), item
    for name in ("paper.txt", "test.txt"):
        for item in requirements(root / "requirements" / name):
            pinned = lock[canonicalize_name(item.name)]
            assert item.specifier.contains(str(pinned.specifier)[2:]), item


def test_torch_is_exact_and_first(root: Path) -> None:
    assert str(requirements(root / "requirements/paper.txt")[0]) == "torch==2.13.0"


def test_make_help_names_the_targets(root: Path) -> None:
    done = subprocess.run(["make", "help"], cwd=root, capture_output=True, text=True, check=True)
    named = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert {"paper", "paper-full", "test", "data", "verify", "clean", "lock", "bench", "published"} <= named


def test_no_python_is_one_line(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", str(root / "requirements/find_python.sh")],
        env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: no Python 3.11") and done.stderr.count("\n") == 1


def test_no_venv_module_is_one_line(root: Path, tmp_path: Path) -> None:
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\ncase "$2" in *venv*) exit 1;; esac\nexit 0\n', encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        ["/bin/bash", str(root / "requirements/find_python.sh")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "no venv module" in done.stderr and done.stderr.count("\n") == 1


def test_ci_runs_make_test(root: Path) -> None:
    assert os.access(root / ".ci/run", os.X_OK)
    assert "make test" in (root / ".ci/run").read_text(encoding="utf-8")


def test_no_cairo_leaves_the_film_out_in_one_line(root: Path, tmp_path: Path) -> None:
    absent = tmp_path / "pkg-config"
    absent.write_text("#!/bin/sh\nexit 1\n")
    absent.chmod(0o755)
    done = subprocess.run(
        ["make", "-o", ".venv/.paper", "paper-film"],
        cwd=root,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "The film is left out: it needs cairo and pango (make film says how to get them)."
    ]
