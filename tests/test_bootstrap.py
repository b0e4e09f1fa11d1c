"""The thin bootstrap: one clear line where something is missing, and a lock that covers what is asked for."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from skips import reason


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


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_no_cairo_leaves_the_film_out_in_one_line(root: Path, tmp_path: Path) -> None:
    """The line that `make paper` starts and ends with; the film itself then has nothing to say."""
    program(tmp_path, "pkg-config", "exit 1")
    done = subprocess.run(
        ["make", "-o", ".venv/.paper", "left-out", "paper-film"],
        cwd=root,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith("Left out on this machine: the film, for it lacks cairo and pango")
    assert "pango" in line.split("To get it: ")[1] and line.endswith(" && make paper")
    planned = subprocess.run(
        # `make test` itself may be what runs this: a make within a make names its folder first and last.
        ["make", "--no-print-directory", "-n", "-o", ".venv/.paper", "-o", "paper-film", "paper"],
        cwd=root, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    told = [number for number, line in enumerate(planned) if "system.sh left-out" in line]
    assert told == [0, len(planned) - 1]


on_debian = pytest.mark.skipif(
    not Path("/etc/debian_version").is_file(), reason=reason("system", "CI installs packages on Debian alone")
)


def in_ci(root: Path, folder: Path, installed: str) -> tuple[subprocess.CompletedProcess, str]:
    """`.ci/run` as root, where only `installed` is installed; what it said, and what it asked apt-get for."""
    program(folder, "id", "echo 0")
    program(
        folder, "dpkg-query", f'case " {installed} " in *" ${{!#}} "*) echo -n installed;; *) exit 1;; esac'
    )
    program(folder, "apt-get", f'echo "$*" >> "{folder}/asked"; [ ! -e "{folder}/broken" ] || exit 100')
    program(folder, "make", 'echo "make $*, allowed: $SKIPS_ALLOWED"')
    done = subprocess.run(
        [str(root / ".ci/run")],
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    asked = folder / "asked"
    return done, asked.read_text(encoding="utf-8") if asked.is_file() else ""


@on_debian
def test_ci_installs_what_is_missing_and_lets_only_the_card_be_skipped(root: Path, tmp_path: Path) -> None:
    names = (
        "build-essential python3-dev libcairo2-dev libpango1.0-dev pkg-config chromium libopenblas0-pthread"
    )
    others = "espeak-ng slurm-wlm munge iproute2"
    for number, (installed, missing) in enumerate(
        [(f"{names} {others}", ""), (names, others), ("", f"{names} {others}")]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        done, asked = in_ci(root, folder, installed)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "make test, allowed: gpu,namespaces"
        assert [line.split("--no-install-recommends ")[-1] for line in asked.splitlines()[1:]] == (
            [missing] if missing else []
        )


@on_debian
def test_ci_tries_again_and_then_says_what_it_could_not_install(root: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    done, asked = in_ci(root, tmp_path, "")
    assert done.returncode == 1 and "make" not in done.stdout.splitlines()[-1]
    assert len(asked.splitlines()) == 3 and "error: could not install build-essential" in done.stderr
