"""What a page of released items is made from: released weights are copied, nothing trains, and what is missing is one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from test_workflow import planned
from whole_runs import ROOT, project, snakemake

EXPERIMENT = "results/released/hops/full"
BESIDE = "results/released/hops/way_out"
PAGE = "results/hops/full/page/index.html"
TRAINS = {"train_base", "train_adapter", "evaluate_adapter", "collect_runs", "release_weights"}
pytestmark = pytest.mark.slow


def models(folder: Path) -> set[str]:
    """Model files that the page would get, and what each is made from."""
    told = snakemake(folder, "--dry-run", "--printshellcmds", PAGE)
    lines = [line for line in told.splitlines() if "python scripts/export_page_model.py" in line]
    return {line.split("export_page_model.py ")[1].split(" --output")[0] for line in lines}


@pytest.fixture(scope="module")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("released") / "project")
    shutil.copytree(ROOT / "page", folder / "page")
    for name in (EXPERIMENT, BESIDE):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture
def clone(released_once: Path, tmp_path: Path) -> Path:
    """A project in which two experiments are released, and nothing is made."""
    folder = tmp_path / "project"
    shutil.copytree(released_once, folder, symlinks=True)
    return folder


def test_a_clones_page_takes_released_weights_and_trains_nothing(clone: Path) -> None:
    found = planned(clone, PAGE)
    held = sorted(Path(clone, EXPERIMENT, "weights").glob("*.bin"))
    beside = sorted(Path(clone, BESIDE, "weights").glob("*.bin"))
    assert held and found["export_page_model"] == len(held) + len(beside)
    assert not TRAINS & set(found)
    taken = {f"--released {path.relative_to(clone).as_posix()}" for path in [*held, *beside]}
    assert models(clone) == taken


def test_damaged_or_missing_weights_end_in_one_line(clone: Path) -> None:
    path = Path(clone, EXPERIMENT, "weights/nano_able.sft.bin")
    path.write_bytes(path.read_bytes()[:-2])
    told = snakemake(clone, "--dry-run", PAGE, check=False)
    assert (
        f"error: {EXPERIMENT}/weights/nano_able.sft.bin: damaged: SHA-256 " in told
        and "Traceback" not in told
    )
    path.unlink()
    told = snakemake(clone, "--dry-run", PAGE, check=False)
    assert (
        f"error: {EXPERIMENT}/weights/nano_able.sft.bin: no such file, though weights.json names it" in told
    )


def test_experiments_of_other_items_are_not_shown_beside(clone: Path) -> None:
    told = snakemake(clone, "--dry-run", "--printshellcmds", PAGE)
    assert f"--beside {BESIDE}" in told
    provenance = Path(clone, BESIDE, "provenance.json")
    provenance.write_text(provenance.read_text().replace('"style": "well_posed"', '"style": "published"'))
    told = snakemake(clone, "--dry-run", "--printshellcmds", PAGE)
    assert f"--beside {BESIDE}" not in told and BESIDE not in " ".join(models(clone))


def test_a_release_writes_the_weights_that_its_experiment_names(clone: Path) -> None:
    assert planned(clone, "release_full", "--config", "items=local")["release_weights"] == 1
    told = snakemake(clone, "--dry-run", "--printshellcmds", "release_full", "--config", "items=extended")
    assert f"--kept {EXPERIMENT}/weights" in told and "--weights results/hops/full/weights" in told
    assert "release_weights" not in planned(clone, "release_how_much", "--config", "items=local")
