"""A second study goes through the whole workflow, and no line outside its own folder knows that it exists.

`data/little_study` holds the study `sums`: about forty lines, no graph, no options to choose from, a score that can be
a half, names of pools and arms that are not those of any other study. Its folders are laid beside a copy of the
project, as a user's own study would be.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from skips import reason
from trap.analysis.cells import ItemTable
from trap.files import InputError
from trap.studies.base import BaseStudy, Item
from trap.workflow.runs import Run
from trap.workflow.sheet import load_arms
from whole_runs import copy_parts, environment

ROOT = Path(__file__).resolve().parent.parent
LITTLE = Path(__file__).resolve().parent / "data/little_study"
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report", "page")
LIMIT = 900  # seconds; a run takes about a hundred
NAME, SHARED = "sums", "sft"  # the study, and the name of an arm that another study has as well


def little() -> type[BaseStudy]:
    """The class of the study, from its file."""
    spec = importlib.util.spec_from_file_location("little_study", LITTLE / f"studies/{NAME}/study.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Study


# --- the study itself ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> BaseStudy:
    return little()(options=None, data=Path("nowhere"), seed=0)


def test_it_is_small() -> None:
    lines = (LITTLE / f"studies/{NAME}/study.py").read_text(encoding="utf-8").splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 40


def test_half_a_point_for_one_of_two(study: BaseStudy) -> None:
    item = next(study.items("asked_large", 1))
    first, second = item.answer
    for completion, value, correct, readable in (
        (item.reference, 1, True, True),
        (f"{first},{second}", 1, True, True),
        (f"{first}, 0", 0.5, False, True),
        (f"{first}", 0.5, False, False),
        ("", 0, False, False),
        (f"{first}, {second}, 9", 1, True, False),
    ):
        score = study.score(item, completion)
        assert (score.value, score.correct, score.format) == (value, correct, readable), completion


def test_rewards_and_ranks_are_those_of_the_contract(study: BaseStudy) -> None:
    item = next(study.items("large", 1))
    half = f"{item.answer[0]}, 0"
    score = study.score(item, half)
    assert study.rewards["value"](item, score, half) == {"value": 0.5}
    assert study.rewards["correct"](item, score, half) == {"correct": 0.0}
    ranked = sorted(
        (item.reference, half, ""),
        key=lambda text: study.rank(item, study.score(item, text), text, "value"),
        reverse=True,
    )
    assert ranked == [item.reference, half, ""]


def test_pools_share_no_question(study: BaseStudy) -> None:
    asked = [item.prompt for pool in study.pools if pool.honest for item in study.items(pool.name, 200)]
    assert len(asked) == len(set(asked))


def test_an_item_depends_on_its_index_alone(study: BaseStudy) -> None:
    for pool in study.pools:
        made = list(study.items(pool.name, 20))
        assert [study.make_item(pool, index) for index in reversed(range(20))] == made[::-1]
        again = [msgspec.json.decode(msgspec.json.encode(item), type=Item) for item in made]
        assert again == made


# --- the workflow with it -------------------------------------------------------------------------------------


def snakemake(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "settings.yaml", "--", *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=LIMIT,
    )  # fmt: skip
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-6000:]
    return output


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the study beside it, after a whole run."""
    folder = tmp_path_factory.mktemp("second_study") / "project"
    copy_parts(folder, PARTS)
    shutil.copytree(LITTLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    snakemake(folder, "all", f"results/{NAME}/default/page/index.html")
    return folder


@pytest.fixture(scope="module")
def made(project: Path) -> Path:
    return project / f"results/{NAME}/default"


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_gates(project: Path) -> None:
    gates = read(project / f"results/{NAME}/data/gates.json")
    assert gates["violations"] == [] and gates["overlaps"] == []
    assert {pool["pool"] for pool in gates["pools"]} == {pool.name for pool in little().pools}


@pytest.mark.slow
def test_every_method_trained(project: Path) -> None:
    arms = load_arms(LITTLE / f"config/{NAME}/arms.tsv")
    assert {arm.method for arm in arms.values()} == {"base", "sft", "rsft", "grpo"}
    for name in arms:
        run = project / f"results/{NAME}/runs/nano/torch/{name}/s1"
        meta, metrics = read(run / "meta.json"), read(run / "metrics.json")
        assert (meta["study"], meta["arm"]) == (NAME, name)
        assert metrics["splits"].keys() == {pool.name for pool in little().pools if pool.scored}


@pytest.mark.slow
def test_items_have_the_columns_of_the_contract(made: Path) -> None:
    items = pl.read_parquet(made / "collected/items.parquet")
    assert items["study"].unique().to_list() == [NAME]
    assert {"pool", "id", "level", "cluster", "correct", "format", "value", "tokens"} <= set(items.columns)
    assert set(items["value"].unique().to_list()) <= {0.0, 0.5, 1.0}
    assert items["level"].unique().sort().to_list() == [1, 2]


@pytest.mark.slow
def test_claims_have_numbers_and_verdicts(made: Path) -> None:
    claims = {claim["id"]: claim for claim in read(made / "claims.json")}
    assert claims.keys() == {"S1", "S2", "S3"}
    for claim in claims.values():
        assert claim["value"] is not None and claim["verdict"] != "not tested here", claim
    assert (claims["S3"]["value"], claims["S3"]["verdict"]) == (1.0, "reproduced")


@pytest.mark.slow
def test_tables_and_figures_are_of_this_study(made: Path) -> None:
    arms = load_arms(LITTLE / f"config/{NAME}/arms.tsv")
    table = pl.read_parquet(made / "tables/arms.parquet")
    assert {name for name in table["arm"].unique() if not name.startswith("baseline:")} == set(arms)
    drawn = sorted(path.name for path in (made / "figures").iterdir())
    figures = ("trap", "levels", "rollouts", "training")
    assert drawn == sorted(
        f"{name}.{theme}.{kind}" for name in figures for theme in ("light", "dark") for kind in ("svg", "png")
    )


@pytest.mark.slow
def test_post_and_page_tell_of_this_study(made: Path) -> None:
    post = (made / "report/post.md").read_text(encoding="utf-8")
    assert "Two sums at once" in post
    page = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((made / "page").rglob("*"))
        if path.suffix in (".html", ".json")
    )
    assert "Two sums at once" in page
    for text in (post, page):
        assert not other_names() & words(text)


@pytest.mark.slow
def test_runs_of_two_studies_never_meet(made: Path) -> None:
    """Evidence is keyed by study: arms that share every other name are never counted together."""
    items = pl.read_parquet(made / "collected/items.parquet").with_columns(pl.col("study").cast(pl.String))
    mine = items.filter(pl.col("arm") == SHARED)
    theirs = mine.with_columns(pl.lit("another").alias("study"))
    assert mine.height and ItemTable(mine, little()).name == NAME
    with pytest.raises(InputError, match=f"items of two studies, another and {NAME}"):
        ItemTable(pl.concat([mine, theirs]), little())


def test_runs_of_two_studies_lie_apart() -> None:
    names = [path.parent.name for path in (ROOT / "config").glob("*/arms.tsv") if SHARED in load_arms(path)]
    assert names, f"no study of the project has an arm `{SHARED}`: name another one that is shared"
    folders = {Run(study, "nano", "torch", SHARED, 1).folder for study in (NAME, *names)}
    assert len(folders) == len(names) + 1


# --- names ------------------------------------------------------------------------------------------------------


def words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z0-9_]+", text))


def names_of(config: Path) -> set[str]:
    """Names of a study's arms; plain words that prose may use are left out."""
    found = {name for sheet in config.glob("*.tsv") for name in load_arms(sheet)}
    return {name for name in found if "_" in name}


def other_names() -> set[str]:
    """Names of arms that only other studies have."""
    found = [names_of(path.parent) for path in (ROOT / "config").glob("*/arms.tsv")]
    return set().union(*found) - names_of(LITTLE / f"config/{NAME}")


def test_nothing_outside_names_it() -> None:
    own = {pool.name for pool in little().pools if "_" in pool.name} | names_of(LITTLE / f"config/{NAME}")
    own |= {"miskeyed"}
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "Snakefile", "rules", "scripts", "config", "report", "page"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    if not listed:
        pytest.skip(reason("system", "not a checkout of git: there is no list of files to look into"))
    naming = [
        path
        for path in listed
        if Path(path).suffix in (".py", ".smk", ".yaml", ".tsv", ".j2", ".js", ".html", "")
        and own & words((ROOT / path).read_text(encoding="utf-8"))
    ]
    assert naming == []
