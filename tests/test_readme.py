"""The README says what is there: its rules, arrows, paths, make targets and example row."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from trap.workflow.config import load_config
from trap.workflow.sheet import check_arms, load_arms

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first fenced block of a language."""
    return re.search(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)[1]


def diagram() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """(solid, dashed) arrows of the diagram as (from, to)."""
    arrows: dict[str, set[tuple[str, str]]] = {"-->": set(), "-.->": set()}
    for line in block("mermaid").splitlines()[1:]:
        left, arrow, right = re.fullmatch(r"\s*(.+?) (-->|-\.->)(?:\|[^|]*\|)? (.+)", line).groups()
        arrows[arrow] |= {(a, b) for a in left.split(" & ") for b in right.split(" & ")}
    return arrows["-->"], arrows["-.->"]


def rules() -> tuple[set[str], set[str]]:
    """(rules that make files, named targets), as written in the rule files."""
    working, targets = set(), set()
    for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]:
        parts = re.split(
            r"^ *(?:use )?rule (?:\w+ as )?(\w+)(?: with)?:$", path.read_text(), flags=re.MULTILINE
        )
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            (working if re.search(r"^ +output:", body, re.MULTILINE) else targets).add(name)
    return working, targets


def test_the_diagram_names_every_rule_and_no_other():
    solid, dashed = diagram()
    assert {name for arrow in solid | dashed for name in arrow} == rules()[0]


def test_every_named_target_is_named():
    text = re.search(r"Named targets:(.*?)\.\n", README, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", text)) == rules()[1]


@pytest.mark.slow
def test_the_diagram_agrees_with_the_rule_graph():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--rulegraph"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', done.stdout))
    graph = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", done.stdout)}
    graph = {arrow for arrow in graph if "all" not in arrow}
    solid, dashed = diagram()
    assert solid <= graph
    reachable = solid | dashed
    while more := {(a, d) for a, b in reachable for c, d in reachable if b == c} - reachable:
        reachable |= more
    assert graph <= reachable


def test_paths_exist():
    named = re.findall(
        r"\b(?:scripts|config|rules|tests|requirements)/[\w./-]*\w\.(?:py|tsv|yaml|txt|smk|md)\b", README
    )
    assert named
    assert not [path for path in named if "NAME" not in path and not (ROOT / path).is_file()]


def test_the_tree_exists():
    folders: list[str] = []
    for line in block("text").splitlines():
        indent, name, comment = re.fullmatch(r"( *)(\S+) {2,}(\S.*)", line).groups()
        folders = [*folders[: len(indent) // 2], name]
        path = ROOT.joinpath(*folders)
        assert comment and (path.is_dir() if name.endswith("/") else path.is_file()), line


def test_make_targets_exist():
    made = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {name for names in made for name in names.split()}
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= known


def test_the_torch_version_is_the_required_one():
    version = re.search(r"torch==[\d.]+", (ROOT / "requirements/paper.txt").read_text())[0]
    assert set(re.findall(r"torch==[\d.]+", README)) == {version}


def test_the_example_row_is_a_valid_arm(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    sheet = tmp_path / "arms.tsv"
    sheet.write_text((ROOT / "config/arms.tsv").read_text().rstrip("\n") + "\n" + block("tsv"))
    arms = load_arms(sheet)
    check_arms(arms, load_config("config/config.yaml"), str(sheet))
    assert block("tsv").split("\t")[1] in arms
