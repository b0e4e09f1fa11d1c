"""The small table of what models wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from make_items import episodes_of, make_items, write_runs
from trap.analysis.episodes import ITEMS, PROMPTS, collect_episodes, episode_columns
from trap.files import InputError, write_jsonl
from trap.studies.hops.study import Study


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    rates = {"sft": {"accuracy": 0.5, "faithful": 0.5}, "rsft_hard": {"accuracy": 0.6}}
    items = make_items(rates, seeds=2, questions=ITEMS + 5)
    runs = write_runs(tmp_path, items)
    sampled = [
        row | {"step": turn, "ex_id": f"hard_{question:06}", "pool": "hard", "kept": k == 1, "split": "train"}
        for turn in range(2)
        for question in range(PROMPTS + 3)
        for k, row in enumerate(episodes_of(items[:3]))
    ]
    for run in runs:
        if "rsft_hard" in run.parts:
            write_jsonl(run / "rollouts.jsonl", sampled)
    return runs


def test_the_first_questions_of_each_pool_of_one_seed(runs: list[Path]) -> None:
    table = collect_episodes(runs, Study)
    assert table.schema == episode_columns(Study)
    assert set(table["seed"]) == {1}
    evaluated = table.filter(kind="eval")
    counts = evaluated.group_by("arm", "pool").len()
    assert set(counts["len"]) == {ITEMS} and counts.height == 2 * 3  # eval_shuffled has no place here
    assert evaluated["kept"].null_count() == evaluated.height
    shown = evaluated.filter(arm="sft", pool="eval_hard")["id"].to_list()
    assert shown == [f"eval_hard_{number:04}" for number in range(ITEMS)]
    assert evaluated["correct"].sum() and evaluated["faithful"].sum()


def test_every_sample_of_the_first_prompts_of_each_round(runs: list[Path]) -> None:
    table = collect_episodes(runs, Study).filter(kind="rollout")
    assert set(table["arm"]) == {"rsft_hard"}
    assert table.group_by("round", "id").len()["len"].to_list() == [3] * (2 * PROMPTS)
    assert table.filter("kept")["sample"].unique().to_list() == [1]


def test_equal_runs_give_equal_tables_whatever_their_order(runs: list[Path]) -> None:
    assert collect_episodes(runs, Study).equals(collect_episodes(runs[::-1], Study))


def test_a_rollout_that_does_not_say_whether_it_was_kept(runs: list[Path]) -> None:
    run = next(run for run in runs if "rsft_hard" in run.parts and run.name == "s1")
    row = episodes_of(make_items({"sft": {}}, seeds=1, questions=1))[0]
    write_jsonl(run / "rollouts.jsonl", [row])
    with pytest.raises(InputError, match=r"rollouts.jsonl:1: kept: missing"):
        collect_episodes(runs, Study)
