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
    "demos", "core", "value", "reinforce", "positions", "story",
}  # fmt: skip
NEUTRAL = ("scripts/*.py", "scripts/trap/**/*.py", "rules/*.smk", "Snakefile", "page/**/*.js", "page/*.j2")
OWN = ("scripts/trap/studies/", "page/studies/")


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


def studies_of(program: Path) -> set[str]:
    """The studies that a program imports."""
    found = re.findall(r"trap\.studies\.(\w+)", program.read_text(encoding="utf-8"))
    return set(found) & set(members("study"))


def programs_of_studies() -> dict[str, set[str]]:
    """By file name, programs that import a study. All others open the study that they are given."""
    found = {path.name: studies_of(path) for path in (ROOT / "scripts").glob("*.py")}
    return {name: studies for name, studies in found.items() if studies}


def test_a_program_of_a_study_is_named_in_its_rooms() -> None:
    """A program may belong to one study: then a file of the study's folder names it, and no rule of all studies does."""
    neutral = "".join(
        path.read_text(encoding="utf-8") for path in [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]
    )
    for program, studies in programs_of_studies().items():
        assert len(studies) == 1, f"{program} imports {', '.join(sorted(studies))}"
        files = (
            path
            for path in (ROOT / OWN[0] / next(iter(studies))).rglob("*")
            if path.suffix in (".py", ".smk")
        )
        assert any(program in path.read_text(encoding="utf-8") for path in files), f"{program}: whose is it?"
        assert program not in neutral, f"{program} imports a study, and a rule of all studies runs it"


def neutral_files() -> list[Path]:
    found = {path for pattern in NEUTRAL for path in ROOT.glob(pattern)}
    return sorted(
        path for path in found
        if not path.relative_to(ROOT).as_posix().startswith(OWN[1])
        and not any(f"{OWN[0]}{name}/" in path.as_posix() for name in members("study"))
        and path.name not in programs_of_studies()
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
