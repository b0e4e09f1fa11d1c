"""The program that samples items, on the hops study: the same bytes however it is run, and one line for bad input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import sample_items
from trap.files import InputError, read_jsonl
from trap.studies.base import load_study
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import Question
from trap.studies.hops.study import Study
from trap.studies.making import lines


@pytest.fixture(scope="module")
def maker(hops_data: Path) -> QuestionMaker:
    return load_study("hops", {}, hops_data).maker


def run(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = sample_items.main(argv)
    streams = capsys.readouterr()
    return status, streams.out, streams.err


@pytest.fixture(scope="module")
def command(root: Path, hops_data: Path) -> list[str]:
    """Arguments that every call shares."""
    return ["--config", str(root / "config/config.yaml"), "--study", "hops", "--data", str(hops_data)]


def test_command_writes_the_questions(
    command: list[str], maker: QuestionMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "hard.jsonl"
    common = [*command, "--pool", "hard", "--output", str(output)]
    assert run([*common, "--count", "30", "--first", "10"], capsys)[0] == 0
    assert read_jsonl(output, Question) == list(maker.questions("hard", 30, first=10))


def test_command_writes_the_same_bytes_with_several_processes(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    for processes in ("1", "3"):
        output = tmp_path / f"{processes}.jsonl"
        arguments = ["--pool", "easy", "--count", "600", "--processes", processes, "--output", str(output)]
        assert run([*command, *arguments], capsys)[0] == 0
        written.append(output.read_bytes())
    assert written[0] == written[1] and written[0].count(b"\n") == 600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--pool", "medium", "--count", "1"], "no pool 'medium'"),
        (["--pool", "eval_easy", "--count", "1", "--first", "99999"], "there is no item 99999"),
        (["--pool", "easy", "--count", "-1"], "count must not be negative"),
        (["--pool", "easy", "--count", "1", "--first", "-1"], "first must not be negative"),
        (["--pool", "easy", "--count", "1", "--processes", "0"], "--processes: at least 1"),
    ],
)
def test_command_refuses_in_one_line(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    output = tmp_path / "out.jsonl"
    status, _, err = run([*command, "--output", str(output), *arguments], capsys)
    assert status == 1 and words in err
    assert err.startswith("error: ") and err.count("\n") == 1
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_reachable": 0}, "at least 1"),
        ({"easy_shares": (1, 1, 1)}, "add up to 100"),
        ({"style": "tidy"}, r"options: Invalid enum value 'tidy' - at `\$.style`"),
        ({"letters": 5}, "options: Object contains unknown field `letters`"),
    ],
)
def test_options_are_checked(hops_data: Path, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_study("hops", options, hops_data).size(Study.pool("easy"))


def test_command_gives_what_there_is(
    command: list[str], maker: QuestionMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.jsonl"
    status, out, _ = run(
        [*command, "--pool", "valid_easy", "--count", "99999", "--output", str(output)], capsys
    )
    assert status == 0 and "99999 asked for; no more exist" in out
    assert len(read_jsonl(output, Question)) == maker.available("valid_easy")


def test_pools_are_the_bytes_that_the_released_runs_answered(root: Path, hops_data: Path) -> None:
    study = load_study("hops", {}, hops_data)
    known = json.loads((root / "tests/data/hops_pools.json").read_text(encoding="utf-8"))
    found = {
        pool.name: hashlib.sha256(b"".join(lines(study, pool.name, 0, 40))).hexdigest()[:16]
        for pool in Study.pools
        if not pool.extra
    }
    texts = [[text.stage, text.prompt, text.completion] for text in study.corpus()]
    found["corpus"] = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
    assert found == known
