"""The study clues through the whole workflow in a tiny size: pools, gates, every method of its sheet, claims, post, page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from trap.studies.clues.study import Study
from trap.workflow.sheet import load_arms
from whole_runs import copy_parts, environment

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report", "page")
LIMIT = 900  # seconds
ARMS = [
    "base",
    "sft",
    "sft_more",
    "rsft_easy",
    "rsft_hard",
    "rsft_leak",
    "sft_leak_permuted",
    "grpo",
    "sft_direct",
]
FEW = {"max_steps": 2, "batch_size": 4, "prompts": 4, "num_generations": 2, "max_completion_length": 12}
SETTINGS = {
    "device": "cpu",
    "study": "clues",
    "models": {"nano": {"hidden": 32, "layers": 2, "heads": 2, "kv_heads": 2, "intermediate": 64}},
    "studies": {
        "clues": {
            "options": {"lessons": 60, "copies": 36},
            "counts": {
                "easy": 60, "hard": 20, "valid_easy": 4, "valid_hard": 4, "eval_easy": 12, "eval_hard": 12, "eval_leak": 12,
                "eval_leak_permuted": 12, "easy_direct": 60, "hard_direct": 20, "easy_solver": 60,
            },
            "hyper": {
                "base": {"max_steps": 2, "batch_size": 4},
                "sft": {"max_steps": 4, "batch_size": 4, "prompts": 50, "max_completion_length": 12, "probes": 1},
                "sft_more": {key: FEW[key] for key in ("max_steps", "batch_size", "prompts", "max_completion_length")},
                "rsft": {**FEW, "min_reward": 0.0},
                "grpo": FEW,
            },
            "experiments": {"default": {"seeds": 1, "models": {"nano": ARMS}}},
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after a whole tiny run."""
    folder = tmp_path_factory.mktemp("clues") / "project"
    copy_parts(folder, PARTS)
    (folder / "settings.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    targets = ("all", "results/clues/default/page/index.html")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "settings.yaml", "--", *targets],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_gates(project: Path) -> None:
    gates = read(project / "results/clues/data/gates.json")
    assert gates["violations"] == [] and gates["overlaps"] == []
    honest = {pool["pool"]: pool for pool in gates["pools"] if pool["role"] != "control"}
    assert honest.keys() == {pool.name for pool in Study.pools if pool.honest and not pool.extra}
    assert {(pool["reference"], pool["empty"]) for pool in honest.values()} == {(1.0, 0.0)}


@pytest.mark.slow
def test_every_arm_was_asked_every_pool(project: Path) -> None:
    items = pl.read_parquet(project / "results/clues/default/collected/items.parquet")
    assert set(items["arm"].unique()) == set(ARMS)
    scored = {pool.name for pool in Study.pools if pool.scored and not pool.extra}
    assert set(items["pool"].unique()) == scored
    assert {measure.name for measure in Study.measures} <= set(items.columns)
    assert items["level"].unique().sort().to_list() == [3, 4, 5, 6]
    assert items["faithful"].null_count() == 0 and not (items["faithful"] & ~items["correct"]).any()
    assert items["sound"].is_between(0, 1).all() and items["progress"].is_between(0, 1).all()


@pytest.mark.slow
def test_claims_have_numbers_where_their_arms_ran(project: Path) -> None:
    claims = {claim["id"]: claim for claim in read(project / "results/clues/default/claims.json")}
    for name in ("learned", "trap", "matching", "rewarded", "contamination", "repeat", "H2", "H3", "H18"):
        assert claims[name]["value"] is not None, name
    assert (claims["repeat"]["value"], claims["repeat"]["verdict"]) == (1.0, "reproduced")
    for name in ("T5", "H9", "H10", "H11", "H15", "H16", "H17", "H19"):
        assert claims[name]["verdict"] == "not tested here" and claims[name]["reason"], name


@pytest.mark.slow
def test_the_post_and_the_page_tell_of_it(project: Path) -> None:
    made = project / "results/clues/default"
    assert "Deduction puzzles" in (made / "report/post.md").read_text(encoding="utf-8")
    assert (made / "page/index.html").is_file()


def test_every_arm_has_its_place_in_an_experiment() -> None:
    groups = {arm.group for arm in load_arms(ROOT / "config/clues/arms.tsv").values()}
    experiments = yaml.safe_load((ROOT / "config/clues/experiments.yaml").read_text(encoding="utf-8"))
    run = {name for one in experiments.values() for names in one["models"].values() for name in names}
    assert groups <= run
