"""Committed results: a clone is verified and current, edits rerun what they must, damage is named.

The clone holds what a finished full run commits and nothing else: no run folders, no question pools,
and dates in an order that means nothing.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from test_workflow import PARTS, change, copy_project, edit, fill, messages, planned

pytestmark = pytest.mark.slow
TRAINS = ("Train", "Evaluate", "Sample")


def verify(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "scripts/verify_results.py", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a full run whose manifest was written."""
    folder = copy_project(tmp_path_factory.mktemp("verify") / "project")
    fill(folder, "full")
    status, output = verify(folder, "--write")
    assert status == 0, output
    return folder


def clone_of(committed: Path, folder: Path) -> Path:
    """What git would give somebody: committed files only, with new dates in random order."""
    folder.mkdir()
    manifest = json.loads((committed / "results/manifest.json").read_text(encoding="utf-8"))
    rules = [rule for entry in manifest["sizes"].values() for rule in entry["rules"].values()]
    for part in PARTS:
        copy = shutil.copytree if (committed / part).is_dir() else shutil.copy
        copy(committed / part, folder / part)
    for name in [*(path for rule in rules for path in rule["files"]), "results/manifest.json"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(committed / name, folder / name)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    random.Random(0).shuffle(files)
    for number, path in enumerate(files):
        os.utime(path, (1.7e9 + number, 1.7e9 + number))
    return folder


@pytest.fixture
def clone(committed: Path, tmp_path: Path) -> Path:
    return clone_of(committed, tmp_path / "clone")


def test_an_unfinished_run_gets_no_manifest(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    status, output = verify(folder, "--write")
    assert status == 1 and "not finished" in output and "train_adapter" in output
    assert not (folder / "results/manifest.json").exists()


def test_no_manifest(tmp_path: Path) -> None:
    status, output = verify(copy_project(tmp_path / "project"))
    assert status == 1 and output.count("\n") == 1 and "manifest.json" in output


def test_a_clone_never_trains_for_what_is_committed(clone: Path) -> None:
    """Even before it is verified: the committed items are source files."""
    assert not [line for line in messages(clone, "full") if line.startswith(("Train", "Evaluate"))]


def test_a_verified_clone_is_current(clone: Path) -> None:
    status, output = verify(clone, "--touch")
    assert status == 0, output
    assert "files verified" in output
    for target in ("full", "figures", "report", "tables"):
        assert planned(clone, target) == {}
    assert verify(clone) == (0, output)


def test_verified_then_one_figure_edited(clone: Path) -> None:
    verify(clone, "--touch")
    edit(clone, "scripts/plot_trap.py")
    assert planned(clone, "full") == {"plot_trap": 1, "render_post": 1}
    status, output = verify(clone, "--touch")
    assert status == 0 and "plot_trap: its code changed" in output
    assert planned(clone, "full") == {"plot_trap": 1, "render_post": 1}


def test_edited_before_verification(clone: Path) -> None:
    """The edit's date is old, as git gives it: the hash tells."""
    edit(clone, "scripts/trap/figures/hops.py")
    os.utime(clone / "scripts/trap/figures/hops.py", (1.6e9, 1.6e9))
    status, output = verify(clone, "--touch")
    assert status == 0 and "plot_hops: its code changed" in output
    assert planned(clone, "figures") == {"plot_hops": 1}


def test_another_reading_of_traces_is_told_and_trains_nothing(clone: Path) -> None:
    """Without run folders the committed table cannot be made again: it stays, and the check says so."""
    verify(clone, "--touch")
    edit(clone, "scripts/trap/studies/hops/analysis/errors.py")
    found = planned(clone, "full")
    assert {"tabulate_errors", "plot_errors", "render_post"} <= set(found)
    assert not {"train_base", "evaluate_adapter", "collect_runs", "collect_traces", "tabulate_results"} & set(
        found
    )
    status, output = verify(clone)
    assert status == 1 and "collect_traces: its code changed" in output


def test_claims_edited(clone: Path) -> None:
    verify(clone, "--touch")
    edit(clone, "config/claims.yaml", "\n# a remark\n")
    found = planned(clone, "full")
    assert {"tabulate_claims", "render_post"} <= set(found)
    assert not {"train_base", "train_adapter", "evaluate_adapter", "collect_runs"} & set(found)


def test_training_code_edited(clone: Path) -> None:
    verify(clone, "--touch")
    edit(clone, "scripts/train_adapter.py")
    assert "Train nano rsft_hard, seed 1" in messages(clone, "full")
    status, output = verify(clone, "--touch")
    assert status == 1 and "scripts/train_adapter.py: changed" in output


def test_a_comment_in_training_code_is_no_edit(clone: Path) -> None:
    edit(clone, "scripts/train_adapter.py", "\n# a remark\n")
    status, output = verify(clone, "--touch")
    assert status == 0, output
    assert planned(clone, "full") == {}


def test_training_settings_edited(clone: Path) -> None:
    verify(clone, "--touch")
    change(clone, sizes__full__seeds=2)
    assert "Train nano rsft_hard, seed 2" in messages(clone, "full")
    status, output = verify(clone)
    assert status == 1 and "settings runs" in output


def test_settings_of_the_other_size_do_not_matter(clone: Path) -> None:
    change(clone, sizes__default__seeds=2)
    assert verify(clone)[0] == 0


def test_damaged_figure(clone: Path) -> None:
    edit(clone, "results/figures/trap.light.svg", "x")
    status, output = verify(clone)
    assert status == 1 and "results/figures/trap.light.svg: not the committed bytes" in output
    assert verify(clone, "--touch")[0] == 0
    assert "plot_trap" in planned(clone, "figures") and "train_base" not in planned(clone, "figures")


def test_damaged_items_train(clone: Path) -> None:
    edit(clone, "results/tables/items.parquet", "x")
    status, output = verify(clone)
    assert status == 1 and "results/tables/items.parquet: not the committed bytes" in output
    assert "train_base" in planned(clone, "full")


def test_broken_manifest_is_one_line(clone: Path) -> None:
    (clone / "results/manifest.json").write_text("{", encoding="utf-8")
    status, output = verify(clone)
    assert status == 1 and output.count("\n") == 1 and "not a manifest" in output


def test_a_clone_gets_its_page_without_training(clone: Path) -> None:
    """Models are exported where run folders happen to lie, and none is trained for them."""
    verify(clone, "--touch")
    assert set(planned(clone, "page")) == {"sample_questions", "build_page"}
    for arm in ("base", "sft"):
        run = clone / f"results/hops/nano/torch/{arm}/s1"
        run.mkdir(parents=True)
        (run / "meta.json").write_text("{}\n", encoding="utf-8")
    found = planned(clone, "page")
    assert found.pop("export_page_model") == 2
    assert set(found) == {"sample_questions", "build_page"}
