"""The progress of a whole run: weighed by expected seconds, never backwards, readable without a terminal; and its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import show_claim
from trap.workflow.expected import OTHER, RULES, Course, Expected

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
SNAKEFILE = """
import show_claim
from trap.workflow.expected import write_expected
onstart:
    write_expected(workflow.dag.needrun_jobs(), workflow.cores)
rule all:
    input: "long.txt", "short.txt"
rule write:
    output: "{name}.txt"
    message: "Write {wildcards.name}"
    benchmark: "benchmarks/{name}.jsonl"
    shell: "test {wildcards.name} != wrong && echo > {output}"
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "1", "--logger", "paper"]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "TERM": "dumb"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_seconds_come_from_this_job_then_from_its_arm_then_from_its_rule(tmp_path: Path) -> None:
    for experiment, seconds in (("one", 40.0), ("two", 60.0)):
        path = tmp_path / "released/hops" / experiment / "seconds.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({f"hops/nano/torch/sft/{experiment}": {"train": seconds}}))
    (tmp_path / "released/hops/two/broken").mkdir()
    (tmp_path / "released/hops/two/broken/seconds.json").write_text("{")
    expected = Expected(tmp_path / "released")
    sft = {"study": "hops", "model": "nano", "arm": "sft"}
    assert expected.seconds("train_adapter", sft) == 50.0
    assert expected.seconds("train_adapter", {**sft, "arm": "other"}) == RULES["train_adapter"]
    assert expected.seconds("no_such_rule", {}) == OTHER
    timed = tmp_path / "timed.jsonl"
    timed.write_text('{"s": 7.5}\n')
    assert expected.seconds("train_adapter", sft, str(timed)) == 7.5
    timed.write_text('{"s": 7.')  # its job was killed
    assert expected.seconds("train_adapter", sft, str(timed)) == 50.0


@example({0: 0.0, 1: 1.0, 3: 4095.969670322224, 10: 1.15308055514015, 2: 0.0, 4: 1.0}, 1, 1.0)
@given(
    st.dictionaries(st.integers(0, 30), st.floats(0, 1e4), min_size=1), st.integers(1, 4), st.floats(0.1, 10)
)
def test_a_run_goes_from_nothing_to_all_and_never_back(
    seconds: dict[int, float], cores: int, pace: float
) -> None:
    course, now, shares = Course(seconds, cores, 0.0), 0.0, [0.0]
    for job, expected in seconds.items():
        course.start(job, now)
        for part in (0.5, 0.5):
            now += part * expected / pace
            shares.append(course.share(now))
            assert course.left(now) >= 0
        assert course.finish(job, now) == pytest.approx(expected / pace, abs=1e-6)
        shares.append(course.share(now))
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert course.left(now) == pytest.approx(0.0, abs=1e-6)


def test_the_estimate_follows_the_pace_of_the_machine() -> None:
    course = Course(dict.fromkeys(range(10), 100.0), 1, 0.0)
    assert course.left(0.0) == pytest.approx(1000.0)
    now = 0.0
    for job in range(5):  # three times as slow as expected
        course.start(job, now)
        now += 300.0
        course.finish(job, now)
    assert course.share(now) == pytest.approx(0.5) and 1200 < course.left(now) < 1600


@pytest.mark.slow
def test_without_a_terminal_a_line_says_what_each_job_did(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks/long.jsonl").write_text('{"s": 9}\n')
    (tmp_path / "benchmarks/short.jsonl").write_text('{"s": 1}\n')
    done = run(tmp_path, "--prioritize", "long.txt")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("3 jobs, about") and "\x1b" not in done.stderr and "\r" not in done.stderr
    assert lines[1].startswith(" 90 %  Write long (") and lines[2].startswith(" 99 %  Write short (")
    assert lines[3].startswith("done in") and len(lines) == 5
    assert run(tmp_path).stderr.startswith("Nothing to be done")


@pytest.mark.slow
def test_a_job_that_fails_is_shown_as_without_the_logger(tmp_path: Path) -> None:
    failed = run(tmp_path, "wrong.txt")
    assert failed.returncode != 0
    assert "Error in rule write" in failed.stderr and "done in" not in failed.stderr
    planned = run(tmp_path, "--dry-run")
    assert "Job stats:" in planned.stdout + planned.stderr


def test_the_end_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    post = tmp_path / "report/post.md"
    post.parent.mkdir()
    post.write_text(
        "# A title\n\n<picture>x</picture>\n\n**The leak** adds [+2](claims.md) `points`.\n\nMore.\n"
    )
    verdicts = [
        ("published", "reproduced"),
        ("own", "reproduced"),
        ("own", "inconclusive"),
        ("own", "reproduced"),
    ]
    (tmp_path / "claims.json").write_text(
        json.dumps([{"id": f"{k}{n}", "kind": k, "verdict": v} for n, (k, v) in enumerate(verdicts)])
    )
    assert show_claim.main(["--found", str(post)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The leak adds +2 points.",
        "Published claims: 1 reproduced",
        "Own predictions: 2 held, 1 inconclusive",
    ]
    post.write_text("# A title\n")
    assert show_claim.main(["--found", str(post)]) == 1
    assert capsys.readouterr().err == f"error: {post}: no paragraph\n"
