"""Expert iteration, demonstrations, and prompts by their level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from test_methods import Recorder, answers, data, job_of, line  # noqa: F401
from trap.files import InputError, read_jsonl, write_jsonl
from trap.methods import demos, expert, read_prompts
from trap.platforms import Example
from trap.training.curriculum import in_parts, staged_prompts


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    """easy: levels 1, 2, 3 in turn; hard: 4, 5 in turn."""
    for pool, count, levels in (("easy", 30, (1, 2, 3)), ("hard", 20, (4, 5))):
        rows = [{**line(pool, i), "level": levels[i % len(levels)]} for i in range(count)]
        write_jsonl(tmp_path / f"{pool}.jsonl", rows)
    return tmp_path


STAGES = {"mixture": "easy@3:0.34+hard@4:0.33+hard@5:0.33", "selection": "faithful"}


def test_stages_come_in_the_order_written_from_the_end_of_each_pool(pools: Path) -> None:
    job = job_of(pools, None, arm=STAGES, hyper={"prompts": 9})
    items = staged_prompts(job)
    assert [item.level for item in items] == [3, 3, 3, 4, 4, 4, 5, 5, 5]
    assert [item.id for item in items] == [
        "easy_23", "easy_26", "easy_29", "hard_14", "hard_16", "hard_18", "hard_15", "hard_17", "hard_19",
    ]  # fmt: skip


@pytest.mark.parametrize("arm", [{"pool": "hard"}, {"mixture": "easy:0.75+hard:0.25"}])
@pytest.mark.parametrize("hyper", [{"prompts": 7}, {}])
def test_without_levels_it_is_what_other_methods_read(pools: Path, arm: dict, hyper: dict) -> None:
    if not hyper and "mixture" in arm:
        hyper = {"prompts": 13}
    job = job_of(pools, None, arm=arm, hyper=hyper)
    assert staged_prompts(job) == read_prompts(job)


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ({"pool": "hard@"}, "expected a whole number"),
        ({"pool": "hard@five"}, "expected a whole number"),
        ({"pool": "hard@0"}, "expected a whole number"),
        ({"pool": "hard@5"}, r"hard\.jsonl of 5 level: 11 items asked for, the pool has 10 \(arm `toy`\)"),
    ],
)
def test_stages_that_cannot_be(pools: Path, arm: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        staged_prompts(job_of(pools, None, arm=arm, hyper={"prompts": 11}))


def test_parts_are_even_and_leave_nothing_out() -> None:
    assert in_parts([1, 2, 3, 4, 5], 3) == [[1], [2, 3], [4, 5]]
    assert in_parts([], 2) == [[], []]


def run(folder: Path, model: Recorder, arm: dict, **hyper: Any) -> dict:
    job = job_of(folder, model, arm={"method": "expert", **arm}, hyper=hyper)
    return expert.train(job)


def test_every_round_asks_new_prompts_and_keeps_what_was_won(pools: Path) -> None:
    model = Recorder(answers)
    facts = run(pools, model, {**STAGES, "rounds": 3}, prompts=9)
    asked = [prompts for prompts, _ in model.asked]
    assert [len(prompts) for prompts in asked] == [3, 3, 3]
    assert len({prompt for prompts in asked for prompt in prompts}) == 9
    learned = [examples for examples, _, _ in model.fits]
    assert [len(examples) for examples in learned] == [3, 6, 9]  # those of earlier rounds are kept
    assert learned[2][:6] == learned[1] and all("good" in e.completion for e in learned[2])
    assert len({seed for _, _, seed in model.fits}) == 3
    assert (facts["n_train"], facts["steps"], len(facts["rounds"])) == (9, 15, 3)
    assert facts["rollouts"]["winner_faithful"] == 3
    assert len(read_jsonl(pools / "run" / "rollouts.jsonl", dict)) == 27


def test_rounds_that_win_nothing_train_on_what_was_won_before(pools: Path) -> None:
    model = Recorder(
        lambda prompt: answers(prompt) if "easy" in prompt else ["-1 bad", "-1 worse", "0.9 ! false"]
    )
    facts = run(pools, model, {**STAGES, "rounds": 3}, prompts=9)
    assert [len(examples) for examples, _, _ in model.fits] == [3, 3, 3]
    assert facts["rollouts"]["winners"] == 0 and facts["n_train"] == 3
    nothing = Recorder(lambda prompt: ["-1 bad"] * 3)
    facts = run(pools, nothing, {**STAGES, "rounds": 2}, prompts=6)
    assert (facts["steps"], facts["n_train"], nothing.fits) == (0, 0, [])


def test_too_few_prompts_for_the_rounds(pools: Path) -> None:
    with pytest.raises(InputError, match="arm `toy`: 2 prompts for 3 rounds are too few"):
        run(pools, Recorder(answers), {"selection": "faithful", "rounds": 3}, prompts=2)


def test_demonstrations_are_few_shown_often_and_never_asked_later(data: Path) -> None:  # noqa: F811
    model = Recorder(lambda _: [])
    arm = {"method": "demos", "selection": "", "reward": ""}
    facts = demos.train(job_of(data, model, arm=arm, hyper={"prompts": 2, "replay": 0.5}))
    ((examples, settings, _),) = model.fits
    shown = [Example(f"hard {i}?", f"the reference of hard {i}") for i in range(2)]
    assert facts == {"n_train": 2, "steps": settings.max_steps}
    # 5 steps x 4 examples: half of it ten references of easy questions, half the two, five times each
    assert [examples.count(example) for example in shown] == [5, 5] and len(examples) == 20
    assert sum(example.prompt.startswith("easy") for example in examples) == 10
    later = {item.prompt for item in read_prompts(job_of(data, None, hyper={"prompts": 18}))}
    assert not later & {example.prompt for example in shown}


def test_demonstrations_that_cannot_be(data: Path) -> None:  # noqa: F811
    arm = {"method": "demos"}
    with pytest.raises(InputError, match=r"hard\.jsonl: 21 items asked for, the pool has 20 \(arm `toy`\)"):
        demos.train(job_of(data, Recorder(answers), arm=arm, hyper={"prompts": 21}))
    with pytest.raises(InputError, match="mixture"):
        demos.train(job_of(data, Recorder(answers), arm={**arm, "mixture": "easy:0.5+hard:0.5"}))


def test_the_sheets_keep_demonstrations_and_prompts_apart(root: Path) -> None:
    from trap.workflow.config import load_config
    from trap.workflow.sheet import load_arms

    config = load_config(root / "config/config.yaml").studies["hops"]
    arms = load_arms(root / "config/hops/arms_ignition.tsv").values()
    shown = max(config.hyper[arm.hyper].prompts for arm in arms if arm.method == "demos")
    asked = max(config.hyper[arm.hyper].prompts for arm in arms if arm.arm.startswith("ignite_"))
    assert shown == 256 and shown + asked <= config.counts["hard"]
