"""The table at the end of a run: few lines, every reason with what gets it; and CI, where only some skips pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import skips

SKIPPING = """
import pytest
from skips import reason

@pytest.mark.parametrize("number", range(4))
def test_of_the_film(number):
    pytest.skip(reason("film"))

def test_with_a_browser():
    pytest.skip(reason("browser"))

def test_on_a_card():
    pytest.skip(reason("gpu"))

def test_that_passes():
    pass
"""
ODD = "import pytest\npytest.skip('on a whim', allow_module_level=True)\n"


def ran(folder: Path, root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """pytest on a few made-up tests, with the hooks of this project's."""
    (folder / "test_made_up.py").write_text(SKIPPING, encoding="utf-8")
    (folder / "conftest.py").write_text((root / "tests/conftest.py").read_text(encoding="utf-8"))
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "SKIPS_"))}
    clean |= {"PYTHONPATH": f"{root / 'tests'}{os.pathsep}{root / 'scripts'}"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(folder)],
        cwd=folder, env=clean | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_skips_are_counted_by_kind(tmp_path: Path, root: Path, workers: list[str]) -> None:
    done = ran(tmp_path, root, *workers)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.split("skipped here")[1].splitlines()
    rows = {line.split()[1]: line for line in lines if len(line.split()) > 3 and line.split()[0].isdigit()}
    assert {"film", "browser", "gpu"} == set(rows) & set(skips.KINDS) and rows["film"].split()[0] == "4"
    assert "libpango1.0-dev" in rows["film"] or "cairo" in rows["film"]
    assert len([line for line in lines if line.startswith("All packages at once: ")]) == 1


def test_in_ci_nothing_but_what_is_allowed_may_be_skipped(tmp_path: Path, root: Path) -> None:
    done = ran(tmp_path, root, "-n", "2", SKIPS_ALLOWED="gpu")
    assert done.returncode == 1
    assert "error: nothing of browser, film may be skipped here" in done.stdout
    assert ran(tmp_path, root, SKIPS_ALLOWED="gpu,film,browser").returncode == 0
    (tmp_path / "test_odd.py").write_text(ODD, encoding="utf-8")
    done = ran(tmp_path, root, SKIPS_ALLOWED="gpu,film,browser")
    assert done.returncode == 1 and "other" in done.stdout and "on a whim" in done.stdout


def test_what_no_package_brings_may_be_missing_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = skips.sorted_out([f"Skipped: {skips.reason('published')}"])
    for here in (False, True):
        kind = (lambda here=here: here, *skips.KINDS["published"][1:])
        monkeypatch.setitem(skips.KINDS, "published", kind)
        assert skips.refused(found, ["gpu"]) == (["published"] if here else [])


def test_every_reason_names_its_kind(root: Path) -> None:
    """A bare text would stand in the table as `other`, with no command beside it."""
    for path in [*(root / "tests").glob("*.py"), *(root / "tests/browser").glob("*.py")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if path.name != Path(__file__).name and ("pytest.skip(" in line or "reason=" in line):
                assert "pytest.skip('" not in line and 'pytest.skip("' not in line, (path.name, line)
                assert 'reason="' not in line, (path.name, line)
