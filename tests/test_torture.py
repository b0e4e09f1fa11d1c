"""The campaign of `make torture`: its journal and its table, and a small share of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from skips import reason
from torture import campaign, edits, full_disks, kills, places, together
from torture.bench import Bench, Undisturbed, closed
from torture.outcomes import NEITHER, SAME, SKIPPED, TOLD, Done, Journal, Outcome, locked, table
from torture.same import differences, fingerprints, left_behind
from torture.works import GOALS, finding, told


def outcome(result: str, kind: str = "kill", what: str = "one job", line: str = "") -> Outcome:
    return Outcome(kind, what, 0, result, line)


# --- a small share of it ---------------------------------------------------------------------------


@pytest.fixture
def bench(tiny_run: Path, tmp_path: Path) -> Bench:
    """A bench whose undisturbed run is the one that other tests look at."""
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    (folder / "tiny").symlink_to(tiny_run)
    found = Undisturbed(seconds=20, grown=2**21, digests=fingerprints(tiny_run))
    for name in ("tiny", "paper"):
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(found))
    return Bench(tmp_path, seed=3)


@pytest.mark.slow
def test_kills_change_no_byte(bench: Bench) -> None:
    outcomes = kills.killed(bench, GOALS["paper"], 3, 0)
    assert outcomes and {one.result for one in outcomes} == {SAME}, outcomes


@pytest.mark.slow
def test_a_folder_that_may_not_be_written_is_one_line(bench: Bench) -> None:
    number = places.CASES.index("read-only results")
    if why := places.lacking(places.CASES[number]):
        pytest.skip(reason("system", why))
    (found,) = places.trial(bench, number)
    assert found.result == TOLD and "may not write here" in found.told, found


# --- how outcomes are told apart -------------------------------------------------------------------


def test_what_says_what_to_do() -> None:
    line = "error: results: no space is left on the disk: make room"
    assert told(f"x\n{line}\ny") == line
    assert told("error: a.yaml: unknown key") == ""  # what is wrong, but not what to do
    assert told(
        "WorkflowError:\na/b: no space is left on the disk: make room, then start the same command again"
    )
    assert told("Traceback\nOSError: [Errno 28] No space left on device\nError in rule sample_items:") == ""
    assert "No space left" in finding("Traceback\nOSError: [Errno 28] No space left on device\nlast")


def test_files_that_differ_are_missing_or_left(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, seconds, extra in ((one, 3, 1), (other, 4, 2)):
        (folder / "results/hops").mkdir(parents=True)
        (folder / "results/logs").mkdir()
        (folder / "results/logs/a.log").write_text(f"{seconds}")
        for name, value in (("a.json", {"n": 1, "seconds": seconds}), ("b.json", {"n": extra})):
            (folder / f"results/hops/{name}").write_text(json.dumps(value))
        (folder / "results/hops/post.md").write_text(f"| training | {seconds}\xa0s |\n", encoding="utf-8")
    (other / "results/hops/c.json").write_text("{}")
    (other / "results/hops/.a.json.x").mkdir()
    found = differences(fingerprints(one), fingerprints(other))
    assert found == ["hops/b.json differs", "hops/c.json should not be there"]
    assert differences(fingerprints(other), fingerprints(one))[-1] == "hops/c.json is missing"
    assert left_behind(one) == [] and left_behind(other) == ["results/hops/.a.json.x"]


def test_half_a_file_differs(tmp_path: Path) -> None:
    path = tmp_path / "results/hops/seconds.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"hops/nano/1": {"train": 1.5}}')
    whole = fingerprints(tmp_path)
    path.write_text('{"hops/nano/1": {"train": 2.5}}')
    assert fingerprints(tmp_path) == whole
    path.write_text('{"hops/nano/1": {"tra')
    assert differences(whole, fingerprints(tmp_path)) == ["hops/seconds.json differs"]


def test_what_is_wrong_at_the_end_is_the_fault_of_every_disturbance() -> None:
    outcomes = [outcome(SAME), outcome(TOLD, line="error: full")]
    assert closed(outcomes, "") == outcomes
    assert [one.result for one in closed(outcomes, "a.json differs")] == [NEITHER, NEITHER]


def test_every_edit_finds_its_text(root: Path) -> None:
    for edit in edits.EDITS:
        assert edit.old in (root / edit.file).read_text(encoding="utf-8"), edit
        assert (root / "scripts" / edit.program).is_file()


# --- journal, plan, table ----------------------------------------------------------------------------


def test_the_journal_goes_on_and_forgets_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path, 0)
    for number in range(3):
        journal.write(Done(0, "kill", number, 1.0, [outcome(SAME)]))
    path.write_bytes(path.read_bytes()[:-9])
    again = Journal(path, 0)
    assert set(again.found) == {("kill", 0), ("kill", 1)}
    again.write(Done(0, "kill", 2, 1.0, [outcome(NEITHER)]))
    assert set(Journal(path, 0).found) == {("kill", 0), ("kill", 1), ("kill", 2)}
    assert Journal(path, 1).found == {}


def test_a_second_campaign_in_one_folder_is_one_line(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(SystemExit, match="another campaign works here: wait until it ends"):
        locked(tmp_path)
    locked(tmp_path).close()


def test_the_plan_has_as_many_kills_as_asked_and_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    for asked in (1, 20, 200):
        number = kills.planned(asked)
        made = sum(kills.TURNS[turn % len(kills.TURNS)][1] for turn in range(number))
        assert asked <= made < asked + 4
    turns = list(campaign.in_turn({"a": 2, "b": 4, "c": 0}))
    assert sorted(turns) == [("a", 0), ("a", 1), *(("b", number) for number in range(4))]
    assert [kind for kind, _ in turns[:3]] == ["b", "a", "b"]


def test_the_table_counts_and_says_every_line_once() -> None:
    lines = table(
        [
            outcome(SAME),
            outcome(SAME),
            outcome(TOLD, "place", "read-only", "error: x"),
            outcome(SKIPPED, line="no"),
        ]
    )
    rows = {tuple(line.split()) for line in lines}
    assert ("all", "4", "2", "1", "0", "1") in rows
    assert ("kill", "one", "job", "3", "2", "0", "0", "1") in rows
    assert "one line, 1 x place, read-only: error: x" in lines


def test_a_campaign_fails_where_something_is_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = iter([SAME, NEITHER, SAME, TOLD])
    monkeypatch.setattr(campaign, "apart", lambda args, kind, number: [outcome(next(results), kind)])
    monkeypatch.setattr(full_disks, "lacking", lambda: "not allowed here")
    monkeypatch.setattr(Bench, "expected", lambda self, goal: Undisturbed(60, 1, {}))
    words = [
        "--kills",
        "0",
        "--pairs",
        "2",
        "--disks",
        "1",
        "--places",
        "0",
        "--inputs",
        "0",
        "--folder",
        str(tmp_path),
    ]
    assert campaign.main(words) == 1
    said = capsys.readouterr().out
    assert "3 of 3" in said and "about 0 s left" in said and "not allowed here" in said
    assert campaign.main([*words, "--seed", "1"]) == 0
    assert "one line" in capsys.readouterr().out
    assert campaign.main(words) == 1  # the journal knows
    assert "3 of 3 trials are done already" in capsys.readouterr().out
    assert together.KIND in said


def test_the_same_seed_throws_the_same_dice(tmp_path: Path) -> None:
    dice = [Bench(tmp_path, seed).dice("kill", 4).random() for seed in (0, 0, 1)]
    assert dice[0] == dice[1] != dice[2]


def test_rights_are_taken_and_given_back(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_text("x")
    places.read_only(tmp_path)
    assert (tmp_path / "a").stat().st_mode & 0o222 == 0 and (tmp_path / "a/b").stat().st_mode & 0o222 == 0
    places.writable(tmp_path)
    assert os.access(tmp_path / "a", os.W_OK) and (tmp_path / "a/b").stat().st_mode & 0o200
