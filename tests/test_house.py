"""The walls of the house: who may import whom, and that no study's words stand outside its rooms.

A study may touch its own folders and nothing else. So nothing outside `studies/NAME` imports it, and no arm, pool or
experiment of a study stands in neutral code.
"""

from __future__ import annotations

import re
from pathlib import Path

import grimp
import pytest

from trap.studies.base import study_class
from trap.workflow.config import load_config
from trap.workflow.registry import members
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
# What draws and tells knows nothing of what trains; what trains knows nothing of how it will be drawn.
PAPER = ("analysis", "figures", "report", "site", "film")
TRAIN = ("methods", "platforms", "training")
# Words of every study: no name of one.
COMMON = {
    "base", "sft", "rsft", "grpo", "expert", "easy", "hard", "default", "full", "train", "platforms", "scaling", "eval",
    "demos", "core", "value", "reinforce", "positions",
}  # fmt: skip
NEUTRAL = ("scripts/*.py", "scripts/trap/**/*.py", "rules/*.smk", "Snakefile", "page/**/*.js", "page/*.j2")
OWN = ("scripts/trap/studies/", "page/studies/")
PROGRAMS_OF_HOPS = {
    "build_graph.py",
    "audit_questions.py",
    "fetch_published.py",
    "map_attention.py",
    "collect_traces.py",
}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("trap", cache_dir=None)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def study_of(module: str) -> str:
    parts = module.split(".")
    return parts[2] if parts[:2] == ["trap", "studies"] and len(parts) > 2 else ""


def test_nothing_imports_a_study_but_the_study_itself(imports: grimp.ImportGraph) -> None:
    found = [
        f"{module} imports {other}"
        for module in imports.modules
        for other in imports.find_modules_directly_imported_by(module)
        if (study_of(other) in members("study")) and study_of(module) != study_of(other)
    ]
    assert found == []


def test_the_two_halves_meet_in_items_only(imports: grimp.ImportGraph) -> None:
    found = [
        f"{module} imports {other}"
        for module in imports.modules
        for other in imports.find_modules_directly_imported_by(module)
        if {(room(module), room(other))}
        & {*((p, t) for p in PAPER for t in TRAIN), *((t, p) for p in PAPER for t in TRAIN)}
    ]
    assert found == []


def test_programs_import_no_study() -> None:
    """Programs that only one study has are named here; all others open the study that they are given."""
    found = [
        path.name
        for path in sorted((ROOT / "scripts").glob("*.py"))
        if re.search(
            r"trap\.studies\.(?!base\b|gates\b|making\b|columns\b)\w", path.read_text(encoding="utf-8")
        )
    ]
    assert set(found) <= PROGRAMS_OF_HOPS


def neutral_files() -> list[Path]:
    found = {path for pattern in NEUTRAL for path in ROOT.glob(pattern)}
    return sorted(
        path for path in found
        if not path.relative_to(ROOT).as_posix().startswith(OWN[1])
        and not any(f"{OWN[0]}{name}/" in path.as_posix() for name in members("study"))
        and path.name not in PROGRAMS_OF_HOPS
    )  # fmt: skip


def names_of(study: str) -> set[str]:
    """Arms, pools and experiments of a study, without words that every study has."""
    settings = load_config(ROOT / "config/config.yaml").studies[study]
    sheets = {settings.sheet, *(one.sheet for one in settings.experiments.values() if one.sheet)}
    arms = {name for sheet in sheets for name in load_arms(ROOT / sheet)}
    pools = {pool.name for pool in study_class(settings.module or study).pools}
    return {*arms, *pools, *settings.experiments} - COMMON


@pytest.mark.parametrize("study", sorted(load_config(ROOT / "config/config.yaml").studies))
def test_no_name_of_a_study_stands_outside_its_rooms(study: str) -> None:
    words = re.compile(
        rf"(?<![\w-])({'|'.join(sorted(map(re.escape, names_of(study)), key=len, reverse=True))})(?![\w-])"
    )
    found = []
    for path in neutral_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            code = line.split("#")[0] if path.suffix in (".py", ".smk") else line
            if '"' in code or "'" in code or path.suffix in (".js", ".j2"):
                quoted = re.findall(r"[\"'`]([^\"'`]*)[\"'`]", code)
                found += [
                    f"{path.relative_to(ROOT)}:{number}: {match}"
                    for text in quoted
                    for match in words.findall(text)
                ]
    assert found == []
