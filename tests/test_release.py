"""Released items: they are copied whole or not at all, and what is older than its code is named, never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

import publish_paper
import release_items
import verify_release
from trap.files import read_json


def made(folder: Path, *names: str) -> list[str]:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_bytes(name.encode())
    return [str(folder / name) for name in names]


def release(files: list[str], released: Path, record: Path) -> int:
    return release_items.main(["--files", *files, "--released", str(released), "--output", str(record)])


def test_a_release_holds_what_the_runs_gave_and_nothing_else(tmp_path: Path) -> None:
    files = made(tmp_path / "collected", "items.parquet", "provenance.json")
    old = tmp_path / "released/hops/full"
    made(old, "leftover.parquet")
    assert release(files, old, tmp_path / "release.json") == 0
    assert sorted(path.name for path in old.iterdir()) == ["items.parquet", "provenance.json"]
    record = read_json(tmp_path / "release.json")
    assert sorted(record["files"]) == ["items.parquet", "provenance.json"]


def test_a_release_with_a_missing_file_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = made(tmp_path / "collected", "items.parquet")
    old = tmp_path / "released"
    made(old, "items.parquet")
    assert release([*files, str(tmp_path / "collected/runs.parquet")], old, tmp_path / "release.json") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "runs.parquet: no such file" in error and error.count("\n") == 1
    assert [path.name for path in old.iterdir()] == ["items.parquet"]


def test_what_is_older_than_its_code_is_named_and_stops_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(verify_release, "later_commits", lambda commit, files: ["abc Change a thing"])
    assert verify_release.main(["--study", "hops", "--experiment", "full"]) == 0
    told = capsys.readouterr().out
    assert "1 later commits touched code" in told and "abc Change a thing" in told
    assert "snakemake --cores all full --config items=local, then release_full" in told
    assert "settings of" not in told  # arms and hyperparameters are those of the runs


def test_nothing_later_is_up_to_date(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(verify_release, "later_commits", lambda commit, files: [])
    assert verify_release.main(["--study", "hops"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told and all(line.endswith("up to date") for line in told)


def test_a_published_post_brings_every_picture_that_it_shows(tmp_path: Path) -> None:
    home = tmp_path / "results/hops/full"
    made(home / "report", "post.md")
    made(home / "figures", "trap.light.svg", "trap.light.png")
    made(home / "tables", "arms.md", "contrasts.md")
    (home / "claims.json").write_text("[]")
    (home / "report/post.md").write_text('<img src="../figures/trap.light.svg">')
    assert publish_paper.publish(tmp_path / "results/hops", "full", tmp_path / "docs") == 6
    assert (tmp_path / "docs/full/figures/trap.light.png").is_file()
    (home / "figures/trap.light.png").unlink()
    arguments = ["--results", str(tmp_path / "results/hops"), "--experiment", "full"]
    assert publish_paper.main([*arguments, "--output", str(tmp_path / "docs")]) == 1
    assert (tmp_path / "docs/full/figures/trap.light.png").is_file()  # the earlier copy stays
