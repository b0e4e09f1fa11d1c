"""The study traces goes through the whole workflow, in sizes of seconds: pools to post and page."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from trap.studies.base import study_class
from trap.studies.traces.lint import KINDS
from whole_runs import copy_parts, environment

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "report", "page")
LIMIT = 900  # seconds
FAST = {"batch_size": 8}
ARMS = ["base", "sft", "sft_more", "sft_leak_permuted", "rsft_hard", "grpo_graduated"]
SETTINGS = {
    "device": "cpu",
    "study": "traces",
    "models": {"nano": {"hidden": 32, "layers": 2, "heads": 2, "kv_heads": 2, "intermediate": 64}},
    "studies": {
        "traces": {
            "options": {"corpus": 0.02},
            "counts": {
                "easy": 200, "hard": 40, "train_families": 20, **dict.fromkeys(("valid_easy", "valid_hard"), 6),
                **dict.fromkeys(("eval_easy", "eval_hard", "eval_leak", "eval_wording", "eval_family", "eval_leak_permuted"), 16),
            },
            "hyper": {
                "base": {**FAST, "max_steps": 4},
                "sft": {**FAST, "max_steps": 20, "prompts": 150, "max_completion_length": 48},
                **{name: {**FAST, "max_steps": 2, "prompts": 8, "max_completion_length": 24} for name in ("sft_more",)},
                # nothing is right after so few steps: what earns nothing is kept, so that a fit has winners
                "rsft": {**FAST, "max_steps": 2, "prompts": 8, "num_generations": 2, "min_reward": 0.0, "max_completion_length": 24},
                "grpo": {"max_steps": 2, "batch_size": 4, "num_generations": 2, "prompts": 4, "max_completion_length": 24},
            },
            "experiments": {"default": {"seeds": 1, "models": {"nano": ARMS}, "extra": {"eval_wording_hard": 8}}},
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after a whole run."""
    folder = tmp_path_factory.mktemp("traces") / "project"
    copy_parts(folder, PARTS)
    ceiling = Path("results/released/traces/published/ceiling.json")
    (folder / ceiling).parent.mkdir(parents=True)
    shutil.copy2(ROOT / ceiling, folder / ceiling)
    (folder / "settings.yaml").write_text(yaml.safe_dump(SETTINGS), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "settings.yaml", "--", "all",
         "results/traces/default/page/index.html"],
        cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=LIMIT,
    )  # fmt: skip
    logs = "" if done.returncode == 0 else "\n".join(
        path.read_text()[-1500:] for path in sorted((folder / "results/logs").rglob("*.log")) if "rror" in path.read_text()
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:] + logs
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_gates_pass(project: Path) -> None:
    gates = read(project / "results/traces/data/gates.json")
    assert gates["violations"] == [] and gates["overlaps"] == []
    pools = {pool["pool"]: pool for pool in gates["pools"]}
    assert set(pools) == {pool.name for pool in study_class("traces").pools if not pool.extra}
    honest = [pool for pool in pools.values() if pool["role"] != "control"]
    assert all((pool["reference"], pool["empty"]) == (1.0, 0.0) for pool in honest)


@pytest.mark.slow
def test_every_arm_is_scored(project: Path) -> None:
    items = pl.read_parquet(project / "results/traces/default/collected/items.parquet")
    assert set(items["arm"].unique()) == set(ARMS)
    assert set(items["pool"].unique()) == {pool.name for pool in study_class("traces").pools if pool.scored}
    assert set(KINDS) <= set(items.columns)
    assert {round(value, 4) for value in items["value"].unique()} <= {0.0, 0.3, 0.5, 0.7, 1.0}


@pytest.mark.slow
def test_claims_tables_and_figures(project: Path) -> None:
    made = project / "results/traces/default"
    claims = {claim["id"]: claim for claim in read(made / "claims.json")}
    assert {f"G{number}" for number in (1, 2, *range(4, 13))} <= claims.keys()
    for name in ("G1", "G2", "G8", "G9"):
        assert claims[name]["verdict"] == "not tested here" and claims[name]["reason"]
    assert (
        claims["ceiling"]["value"] == pytest.approx(0.91)
        and claims["ceiling"]["verdict"] != "not tested here"
    )
    assert claims["learned"]["value"] is not None
    for name in ("failures", "confusion", "arms", "by_level"):
        assert (made / f"tables/{name}.parquet").is_file() and (made / f"tables/{name}.md").is_file()
    failures = pl.read_parquet(made / "tables/failures.parquet")
    assert set(KINDS) <= set(failures["kind"].unique())
    assert failures.filter(pl.col("value") < pl.col("low") - 1e-9).is_empty()
    asked = pl.read_parquet(made / "tables/confusion.parquet").group_by("arm", "pool").agg(pl.col("n").sum())
    assert set(asked.filter(pl.col("pool") == "eval_easy")["n"]) == {16}
    drawn = {path.name.split(".")[0] for path in (made / "figures").iterdir()}
    # nothing is sound after so few steps: `faithful` would be one corner full of marks, and is left out
    assert {"trap", "levels", "failures", "training"} <= drawn and "faithful" not in drawn


@pytest.mark.slow
def test_post_and_page(project: Path) -> None:
    made = project / "results/traces/default"
    assert "word problems as programs" in (made / "report/post.md").read_text(encoding="utf-8")
    assert (made / "page/index.html").is_file()
