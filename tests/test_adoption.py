"""Committed results of several sizes: each stands for its own runs, and for those of no other.

Workflow tests run in a copy of the project whose files are empty, as after finished runs of the full size, a
grid and the comparison of model sizes (see test_workflow.py).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from trap.workflow.adoption import (
    adoption_obstacles,
    committed,
    files_of_runs,
    partly_committed,
    read_manifest,
)

from test_verify import clone_of, verify
from test_workflow import ARMS, change, copy_project, fill, planned, snakemake
from trap.files import InputError
from trap.workflow.config import load_config
from trap.workflow.plan import Plan

TRAINING = {"train_base", "train_adapter", "evaluate_adapter", "collect_runs", "repeat_run"}
CURVES = "results/ignition/tables/curves.parquet"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after three finished sizes, recorded in the manifest."""
    folder = copy_project(tmp_path_factory.mktemp("adoption") / "project")
    change(folder, sizes__scaling__models={"nano": ARMS, "nano_3m": ["base", "sft"]})
    for sizes in (
        ["full"],
        ["ignition", "scaling"],
    ):  # the comparison takes the full size's items as committed
        fill(folder, *sizes)
        named = [part for size in sizes for part in ("--size", size)]
        status, output = verify(folder, "--write", "--force", *named)
        assert status == 0, output
    return folder


@pytest.fixture
def clone(finished: Path, tmp_path: Path) -> Path:
    return clone_of(finished, tmp_path / "clone")


@pytest.mark.slow
def test_every_recorded_size_is_taken_as_it_is(clone: Path) -> None:
    sizes = json.loads((clone / "results/manifest.json").read_text(encoding="utf-8"))["sizes"]
    assert list(sizes) == ["ignition", "full", "scaling"]
    # not marked yet: dates of a clone mean nothing, and still nothing trains
    assert not TRAINING & set(planned(clone, "full", "ignition", "scaling"))
    status, output = verify(clone, "--touch")
    assert status == 0 and "files verified" in output, output
    assert planned(clone, "full", "ignition", "scaling") == {}
    assert "train_adapter" in planned(clone, "grpo")


@pytest.mark.slow
def test_a_grid_whose_settings_changed_is_alone_in_it(clone: Path) -> None:
    change(clone, sizes__ignition__seeds=2)
    status, output = verify(clone, "--touch")
    assert status == 1 and "ignition: settings runs: changed" in output
    assert "error: the committed items of `ignition`" in output and "full:" not in output
    assert verify(clone, "--touch", "--size", "full")[0] == 0
    assert planned(clone, "full", "scaling") == {}
    assert TRAINING - {"repeat_run"} <= set(planned(clone, "ignition"))


@pytest.mark.slow
def test_a_part_of_a_size_is_named(clone: Path) -> None:
    (clone / CURVES).unlink()
    line = f"ignition: only part of it is committed: 1 of the 7 files that stand for its runs are missing ({CURVES})"
    status, output = verify(clone)
    assert status == 1 and line in output
    assert line in snakemake(clone, "--dry-run", "ignition")


@pytest.mark.slow
def test_only_finished_sizes_are_recorded(clone: Path) -> None:
    before = (clone / "results/manifest.json").read_bytes()
    for size, words in (("grpo", "not finished"), ("default", "not committed"), ("grop", "no size `grop`")):
        status, output = verify(clone, "--write", "--size", size)
        assert status == 1 and words in output and output.count("\n") == 1
    status, output = verify(clone, "--size", "grpo")
    assert status == 1 and "nothing of `grpo` is committed" in output
    assert (clone / "results/manifest.json").read_bytes() == before


def test_the_shipped_manifest_and_its_first_version(root: Path, tmp_path: Path) -> None:
    manifest = read_manifest(f"{root}/results/manifest.json")
    assert manifest is not None and manifest["version"] == 2
    old = tmp_path / "manifest.json"
    old.write_text(json.dumps({"version": 1, "files": {}, **manifest["sizes"]["full"]}), encoding="utf-8")
    assert read_manifest(str(old)) == {"version": 2, "sizes": {"full": manifest["sizes"]["full"]}}
    for text in ("[]", '{"version": 2}', '{"version": 2, "sizes": {"full": {}}}', '{"version": 1}'):
        old.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="not a manifest"):
            read_manifest(str(old))


def test_what_a_size_commits(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"))
    grid = committed(plan, "ignition")
    assert "results/ignition/figures/ignition.dark.png" in grid["plot_ignition"].files
    assert "results/ignition/tables/repeat_nano.parquet" in grid["repeat_run"].files
    assert "config/arms_ignition.tsv" in grid["tabulate_claims"].sources and "render_post" not in grid
    assert {run.model for run in plan.collected("scaling")} == {"nano_quarter", "nano_3m"}
    assert committed(plan, "scaling")["compare_sizes"].sources[1:] == ["results/tables/items.parquet"]
    assert plan.collected("ignition") == plan.runs("ignition")


def test_a_size_that_is_gone_and_one_that_is_not_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"))
    rules = {
        "collect_runs": {"files": {"results/gone/tables/items.parquet": "0"}},
        "plot_trap": {"files": {}},
    }
    entry = {"training": {}, "rules": rules}
    assert adoption_obstacles(plan, "gone", entry) == ["gone: no such size in the settings"]
    assert adoption_obstacles(plan, "grpo", entry) == ["results/gone/tables/items.parquet: missing"]
    assert partly_committed("grpo", entry) == []  # nothing is not a part
    assert list(files_of_runs(entry)) == ["results/gone/tables/items.parquet"]
