"""The profile cluster with programs that stand for a scheduler: jobs are submitted, watched, and submitted again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from skips import needs
from whole_runs import ROOT, TINY, project, snakemake

POOL = "results/hops/data/eval_easy.jsonl"


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the programs that stand for PBS note what they were asked, a folder for each job."""
    folder = tmp_path / "stand_in"
    folder.mkdir()
    monkeypatch.setenv("STAND_IN", str(folder))
    monkeypatch.setenv("STATUS_PAUSE", "0")
    monkeypatch.setenv("PATH", f"{ROOT / 'tests/stand_in'}:{os.environ['PATH']}")
    return folder


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"state": "Q"}, "running"),
        ({}, "running"),
        ({"status": "0"}, "success"),
        ({"status": "271"}, "failed"),
        ({"status": "0", "silent": ""}, "success"),
        (None, "failed"),
    ],
)
def test_a_word_says_how_a_job_stands(stand_in: Path, files: dict[str, str] | None, word: str) -> None:
    if files is not None:
        (stand_in / "7.here").mkdir()
        for name, text in files.items():
            (stand_in / "7.here" / name).write_text(text)
    asked = ["bash", str(ROOT / "profiles/cluster/status.sh"), "7.here"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == f"{word}\n"


@needs("cluster")
@pytest.mark.slow
def test_jobs_go_to_the_scheduler_and_lost_ones_again(stand_in: Path, tmp_path: Path, tiny_run: Path) -> None:
    folder = project(tmp_path / "project")
    snakemake(
        folder, "--profile", "profiles/cluster", *TINY, "--seconds-between-status-checks", "1", "--", POOL
    )
    asked = [(stand_in / f"{number}.here/asked").read_text() for number in (1, 2, 3)]
    # build_graph is lost and submitted again; then the pool
    assert [line.split("-N ")[1].split()[0] for line in asked] == [
        "build_graph",
        "build_graph",
        "sample_items",
    ]
    assert all("-l select=1:ncpus=1:mem=1500mb -l walltime=02:00:00" in line for line in asked)
    assert len(list(stand_in.glob("*.here"))) == 3
    assert (folder / POOL).read_bytes() == (tiny_run / POOL).read_bytes()
