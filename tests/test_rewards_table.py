"""The table of rewards: which arms are compared, what their names say, known rates, equal bytes."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import collect_runs
import tabulate_results
from make_items import make_items, write_runs
from trap.studies.hops.analysis.rewards import ablations, reward_parts
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
RATES = {
    "sft_long": {"accuracy": 0.3},
    "grpo_hard": {"accuracy": 0.8, "faithful": 0.5},
    "grpo_v1_open": {"accuracy": 0.4},
}


def test_arms_that_differ_in_the_reward_alone(root: Path) -> None:
    sheet = load_arms(root / "config/hops/arms_grpo.tsv")
    groups = ablations(sheet, set(sheet))
    found = {arm.arm: number for number, group in enumerate(groups) for arm in group}
    assert found["grpo_v1"] == found["grpo_paper"] == found["grpo_similarity"]
    assert found["grpo_easy_paper"] == found["grpo_easy_correctness"] != found["grpo_paper"]
    # another start, another set of hyperparameters, a curriculum: not the same experiment
    assert not {"grpo_hard_from_base", "grpo_hard_kl", "grpo_curriculum", "rsft_hard"} & set(found)
    for group in groups:  # but for one that stands in both sheets
        rewards = [arm.reward for arm in group if arm.arm != "way_out_grpo"]
        assert len(set(rewards)) == len(rewards)
    assert ablations(sheet, {"grpo_v1", "rsft_hard"}) == []
    sheet = load_arms(root / "config/hops/arms.tsv")
    assert ablations(sheet, set(sheet)) == []


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("v1", ("v1", True, False)), ("v1-guards", ("v1", False, False)), ("v2+length", ("v2", True, True)),
        ("paper-guards+length", ("paper", False, True)),
    ],
)  # fmt: skip
def test_names_of_rewards(name: str, parts: tuple) -> None:
    assert reward_parts(name) == parts


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rewards")
    runs = write_runs(folder / "runs", make_items(RATES, questions=60, starts=20))
    assert collect_runs.main([*STUDY, "--runs", *map(str, runs), "--output", str(folder)]) == 0
    return folder


def tabulate(evidence: Path, sheet: Path, output: Path) -> int:
    of = ["--sheet", str(sheet), "--evidence", str(evidence), "--data", str(evidence)]
    return tabulate_results.main([*STUDY, *of, "--own", "rewards", "--output", str(output)])


def test_a_row_per_reward_after_the_start(evidence: Path, root: Path, tmp_path: Path) -> None:
    sheet = root / "config/hops/arms_grpo.tsv"
    assert tabulate(evidence, sheet, tmp_path / "a") == tabulate(evidence, sheet, tmp_path / "b") == 0
    for name in ("rewards.parquet", "rewards.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    table = pl.read_parquet(tmp_path / "a/rewards.parquet").filter(pl.col("trained_on") == "hard")
    accuracy = {row["arm"]: row for row in table.filter(pl.col("metric") == "accuracy").to_dicts()}
    assert next(iter(accuracy)) == "sft_long" and set(accuracy) == set(RATES)
    assert accuracy["sft_long"]["reward"] == "" and accuracy["sft_long"]["guards"] is None
    assert accuracy["grpo_v1_open"]["guards"] is False and accuracy["grpo_hard"]["guards"] is True
    for arm, rate in RATES.items():
        row = accuracy[arm]
        assert row["low"] <= row["value"] <= row["high"] and row["value"] == pytest.approx(
            rate["accuracy"], abs=0.15
        )
        assert (row["n"], row["seeds"]) == (60, 3)
    assert {"coverage", "spam", "tokens", "faithful"} <= set(table["metric"])
    text = (tmp_path / "a/rewards.md").read_text()
    assert (
        "| SFT, four times as long | none |" in text
        and "| faithful | on |" in text
        and "| v1 | off |" in text
    )


def test_nothing_of_the_kind_was_run(evidence: Path, root: Path, tmp_path: Path) -> None:
    assert tabulate(evidence, root / "config/hops/arms.tsv", tmp_path) == 0
    assert pl.read_parquet(tmp_path / "rewards.parquet").is_empty()
    assert "No such arms were run." in (tmp_path / "rewards.md").read_text()
