"""A tiny real run from nothing to the post; killed jobs and a killed Snakemake change no byte of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from test_schemas import validator
from test_workflow import planned
from unlock_workflow import unlock
from whole_runs import LIMIT, TINY, claims, finish, project, start, wait_for_job

pytestmark = pytest.mark.slow


@pytest.fixture
def undisturbed(tiny_run: Path) -> Path:
    return tiny_run


def test_everything_is_there(undisturbed: Path) -> None:
    evidence = undisturbed / "results/hops/default"
    assert "trap.md" in (evidence / "report/post.md").read_text(encoding="utf-8")
    assert "nano" in (evidence / "report/trap.md").read_text(encoding="utf-8")
    assert (evidence / "figures/trap.dark.png").stat().st_size > 1000
    assert {row["verdict"] for row in claims(undisturbed)} <= {
        "reproduced", "not reproduced", "inconclusive", "not tested here",
    }  # fmt: skip
    audit = json.loads((undisturbed / "results/hops/data/audit.json").read_text(encoding="utf-8"))
    assert audit["violations"] == []


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("graph", "data/kg.json"),
        ("question", "data/eval_hard.jsonl"),
        ("question", "data/eval_shuffled.jsonl"),
        ("meta", "runs/nano/torch/rsft_hard/s1/meta.json"),
        ("metrics", "runs/nano/torch/rsft_hard/s1/metrics.json"),
        ("log", "runs/nano/torch/rsft_hard/s1/log.jsonl"),
        ("episode", "runs/nano/torch/rsft_hard/s1/episodes.jsonl"),
        ("episode", "runs/nano/torch/rsft_hard/s1/rollouts.jsonl"),
        ("validation", "runs/nano/torch/sft/s1/validation.jsonl"),
    ],
)
def test_every_file_fits_its_schema(undisturbed: Path, schema: str, file: str) -> None:
    check = validator(undisturbed, schema)
    path = undisturbed / "results/hops" / file
    text = path.read_text(encoding="utf-8")
    rows = [text] if path.suffix == ".json" else text.splitlines()
    assert rows
    for row in rows:
        check.validate(json.loads(row))


def test_a_run_done_again_is_the_same(undisturbed: Path) -> None:
    claim = next(row for row in claims(undisturbed) if row["id"] == "P10")
    assert (claim["value"], claim["verdict"]) == (1.0, "reproduced")


def test_training_was_watched(undisturbed: Path) -> None:
    """What was logged while training is what the finished adapter answers to the same questions."""
    run = undisturbed / "results/hops/runs/nano/torch/sft/s1"
    points = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["curves"]["valid"]
    meta = json.loads((run / "meta.json").read_text(encoding="utf-8"))
    assert {point["pool"] for point in points} == {"valid_easy", "valid_hard"}
    steps = sorted({point["step"] for point in points})
    assert steps[-1] == meta["data"]["steps"] and len(steps) == min(
        meta["hyper"]["probes"], meta["data"]["steps"]
    )
    answers = [
        json.loads(line) for line in (run / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert sum(point["n"] for point in points) == len(answers)


def test_then_nothing_is_left_to_do(undisturbed: Path) -> None:
    assert planned(undisturbed, *TINY) == {}


def test_no_partial_file_is_left(undisturbed: Path) -> None:
    hidden = [path for path in (undisturbed / "results").rglob(".*") if path.name != ".snakemake_timestamp"]
    assert hidden == []


def test_kills_change_nothing(undisturbed: Path, tmp_path: Path) -> None:
    folder = project(tmp_path / "project", undisturbed)
    made = Path("results/hops/default")
    tables = sorted((undisturbed / made / "tables").iterdir())
    targets = (f"{made}/claims.json", *(f"{made}/tables/{table.name}" for table in tables))
    for script, whole in (
        ("train_base.py", False),
        ("train_adapter.py", True),
        ("evaluate_adapter.py", False),
    ):
        running = start(folder, *targets)
        target = wait_for_job(folder, script, running)
        time.sleep(0.1)
        os.kill(running.pid if whole else target.pid, signal.SIGKILL)
        assert running.wait(LIMIT) != 0
        if whole:
            assert "removed the lock" in unlock(folder.resolve())[-1]
    finish(folder, *targets)
    assert claims(folder) == claims(undisturbed)
    for table in tables:
        other = folder / made / "tables" / table.name
        assert table.read_bytes() == other.read_bytes(), table.name


def test_report_opens(undisturbed: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *TINY, "--report", str(report)],
        cwd=undisturbed, capture_output=True, text=True, check=False, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = report.read_text(encoding="utf-8")
    assert "plot_figure" in text and "render_post" in text
