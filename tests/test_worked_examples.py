"""The worked examples of docs/graphs.md and docs/export.md, done as they stand there."""

from __future__ import annotations

import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from skips import lacking
from test_docs import ROOT, blocks, document
from trap.files import read_json, read_jsonl

NEEDED = {"reasoning-gym": "gym", "verifiers": "tasks", "lm-eval": "tasks", "dataset": "trl"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the settings in it, as a reader's clone has them."""
    (tmp_path / "config").symlink_to(ROOT / "config")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What an export imports and registers is forgotten after the test."""
    yield
    sys.modules.pop("trap_traces", None)
    if factory := sys.modules.get("reasoning_gym.factory"):
        factory.DATASETS.pop("trap_traces", None)


def run(command: str) -> None:
    program, *arguments = shlex.split(command)[1:]
    assert importlib.import_module(Path(program).stem).main(arguments) == 0, command


def test_the_rivers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = document("graphs.md")
    (folder / "rivers.tsv").write_text(blocks(text, "tsv")[0], encoding="utf-8")
    for command in blocks(text, "sh")[0].splitlines():
        run(command)
    said = capsys.readouterr().out
    assert re.search(r"`(data/kg\.json: [^`]+)`", text)[1] in said
    questions = read_jsonl("data/easy.jsonl", dict)
    assert blocks(text, "text")[0] in [question["prompt"] for question in questions]
    assert read_json("data/audit.json", dict)["violations"] == []


def test_the_settings_of_the_document_are_the_study_s() -> None:
    from trap.studies.hops.study import Options

    rows = re.findall(
        r"^\| `(\w+)` \|.*\|.*\|$", document("graphs.md").split("## Settings")[1].split("## Names")[0], re.M
    )
    assert set(rows) <= set(Options.__struct_fields__) and len(rows) == 6
    import yaml

    options = yaml.safe_load(blocks(document("graphs.md"), "yaml")[0])["studies"]["hops"]["options"]
    assert msgspec.convert(options, Options).graph == "rivers.tsv"


@pytest.mark.parametrize("package", NEEDED)
def test_an_export_does_what_the_document_shows(package: str, folder: Path, forgotten: None) -> None:
    if missing := lacking(NEEDED[package]):
        pytest.skip(missing)
    text = document("export.md")
    (command,) = [one for one in blocks(text, "sh") if f"--format {package} " in one]
    (code,) = [one for one in blocks(text, "python") if one.startswith(f"# {package}\n")]
    run(command)
    exec(compile(code, f"docs/export.md: {package}", "exec"), {})
