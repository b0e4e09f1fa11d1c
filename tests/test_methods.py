"""The methods: what is kept, what is trained on, and where prompts come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

import tiny_models as tiny
from toy_study import Toy
from trap.files import InputError, read_jsonl, write_jsonl
from trap.methods import Job, draw, load_method, mixture_of, read_prompts, rsft, sft
from trap.platforms import Example, Fit
from trap.studies.base import Score, load_study
from trap.workflow.config import Hyper
from trap.workflow.sheet import Arm

ARM = Arm(
    arm="toy", parent="sft", rollouts="sft", method="rsft", pool="hard", mixture="", reward="v1",
    selection="best", rounds=1, hyper="rsft", contaminated=False, group="core", label="Toy", short="", role="",
)  # fmt: skip
HYPER = Hyper(learning_rate=1e-3, max_steps=5, num_generations=3, batch_size=4)


class Recorder:
    """A model that answers from a list and remembers what it was asked and taught."""

    def __init__(self, answers: Callable[[str], list[str]], name: str = "model") -> None:
        self.answers, self.name = answers, name
        self.fits: list[tuple[list[Example], Fit, int]] = []
        self.asked: list[tuple[list[str], dict]] = []

    def sample(self, prompts: list[str], **how: Any) -> list[list[str]]:
        self.asked.append((list(prompts), {**how, "keys": list(how["keys"])}))
        return [self.answers(prompt)[: how["num_generations"]] for prompt in prompts]

    def fit(self, examples: list[Example], settings: Fit, seed: int, log: Any, probe: Any = None) -> None:
        self.fits.append((list(examples), settings, seed))


def line(pool: str, i: int) -> dict:
    return {"id": f"{pool}_{i}", "prompt": f"{pool} {i}?", "reference": f"the reference of {pool} {i}"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for pool, count in (("easy", 40), ("hard", 20)):
        write_jsonl(tmp_path / f"{pool}.jsonl", [line(pool, i) for i in range(count)])
    return tmp_path


def job_of(
    data: Path,
    model: Any,
    *,
    arm: dict | None = None,
    hyper: dict | None = None,
    sampler: Any = None,
    **changes: Any,
) -> Job:
    return Job(
        arm=msgspec.structs.replace(ARM, **(arm or {})),
        hyper=msgspec.structs.replace(HYPER, **(hyper or {})),
        seed=2, model=model, sampler=lambda: sampler or model, study=Toy(), data=data, output=data / "run", log=tiny.ignore,
        **{"replay_pool": "easy", **changes},
    )  # fmt: skip


def chosen(completions: list[str], selection: str = "best", reward: str = "v1", **hyper: Any) -> list[int]:
    study = Toy()
    scored = [(text, study.score(None, text)) for text in completions]
    arm = SimpleNamespace(selection=selection, reward=reward)
    return rsft.select(study, None, scored, arm, msgspec.structs.replace(HYPER, **hyper))


def test_select_keeps_the_best_and_ties_go_to_the_earlier_sample() -> None:
    assert chosen(["0.1 a", "0.7 b", "0.7 c", "-1 d"]) == [1]
    assert chosen(["0.1 a", "0.7 b", "0.7 c", "-1 d"], top=3) == [1, 2, 0]
    assert chosen(["-1 a", "-2 b"]) == [0]  # without a minimum the best is kept, however bad


def test_select_has_a_minimum_reward() -> None:
    assert chosen(["0.1 a", "0.4 b"], min_reward=0.5) == []
    assert chosen(["0.1 a", "0.5 b", "0.9 c"], min_reward=0.5, top=3) == [2, 1]
    assert chosen(["0 a", "-0.1 b"], min_reward=0.0, top=2) == [0]


def test_equal_texts_count_once() -> None:
    assert chosen(["0.7 a", "0.7 a", "0.2 b", "0.2 b"], top=4) == [0, 2]


def test_faithful_asks_for_a_right_answer_and_a_true_trace() -> None:
    assert chosen(["0.9 ! a", "0.2 b", "-1 c"], "faithful", top=3) == [1]
    assert chosen(["0.9 ! a"], "faithful") == []
    # A low minimum does not let a false one in, and the reward of the arm decides the order.
    assert chosen(["0.2 b", "0.9 ! a"], "best", "v2") == [0]


def test_mixture_shares() -> None:
    assert mixture_of(ARM) == [("hard", 1.0)]
    mixed = msgspec.structs.replace(ARM, mixture="easy:0.75+hard:0.25")
    assert mixture_of(mixed) == [("easy", 0.75), ("hard", 0.25)]
    for bad in ("easy:0.5+hard:0.6", "easy+hard", "easy:much"):
        with pytest.raises(InputError, match="arm `toy`"):
            mixture_of(msgspec.structs.replace(ARM, mixture=bad))


def test_later_methods_draw_from_the_end_that_sft_has_not_seen(data: Path) -> None:
    lines = list(range(10))
    assert draw(lines, 3, held_back=False) == [0, 1, 2] and draw(lines, 3, held_back=True) == [7, 8, 9]
    assert draw(lines, 0, held_back=True) == [] and draw(lines, 10, True) == lines
    arm = {"method": "sft", "pool": "easy"}
    first = job_of(data, None, arm=arm, hyper={"prompts": 15}, from_base=True)
    later = job_of(data, None, arm={"pool": "easy"}, hyper={"prompts": 15})
    seen = {item.id for item in read_prompts(first)}
    new = {item.id for item in read_prompts(later)}
    assert len(seen) == len(new) == 15 and not seen & new
    # ... also when rejection sampling starts from the base.
    from_base = job_of(data, None, arm={"pool": "easy"}, hyper={"prompts": 15}, from_base=True)
    assert {item.id for item in read_prompts(from_base)} == new


def test_prompts_of_a_mixture_come_in_their_shares(data: Path) -> None:
    job = job_of(data, None, arm={"mixture": "easy:0.75+hard:0.25"}, hyper={"prompts": 18})
    pools = [item.id.split("_")[0] for item in read_prompts(job)]
    assert len(pools) == 18 and pools.count("hard") in (4, 5)
    with pytest.raises(InputError, match=r"hard\.jsonl: 30 items asked for, the pool has 20 \(arm `toy`\)"):
        read_prompts(job_of(data, None, hyper={"prompts": 30}))


@pytest.mark.parametrize("missing", ["prompt", "reference"])
def test_an_item_without_reference_is_refused(data: Path, missing: str) -> None:
    write_jsonl(data / "hard.jsonl", [line("odd", 0), {**line("odd", 1), missing: ""}])
    with pytest.raises(InputError, match=rf"arm `toy`: item odd_1: its {missing} is empty"):
        sft.train(job_of(data, Recorder(lambda _: []), arm={"method": "sft"}))


def test_sft_learns_the_references(data: Path) -> None:
    model = Recorder(lambda _: [])
    arm, hyper = {"method": "sft", "pool": "easy"}, {"prompts": 7, "lora_r": 3, "tune": "lora"}
    facts = sft.train(job_of(data, model, arm=arm, hyper=hyper, from_base=True))
    ((examples, settings, seed),) = model.fits
    assert examples == [Example(f"easy {i}?", f"the reference of easy {i}") for i in range(7)]
    assert (settings.max_steps, settings.batch_size, settings.lora_r, settings.tune, seed) == (
        5,
        4,
        3,
        "lora",
        2,
    )
    assert facts == {"n_train": 7, "steps": 5} and model.asked == []


def answers(prompt: str) -> list[str]:
    number = int(prompt.split()[1][:-1])
    return [f"-1 bad {number}", f"0.5 good {number}", f"0.9 ! false {number}"]


def test_rsft_trains_on_winners_alone(data: Path) -> None:
    model, sampler = Recorder(answers), Recorder(answers)
    facts = rsft.train(job_of(data, model, sampler=sampler, hyper={"prompts": 6, "temperature": 0.7}))
    ((examples, settings, seed),) = model.fits
    assert examples == [Example(f"hard {i}?", f"0.9 ! false {i}") for i in range(14, 20)]
    assert not any("reference" in e.completion for e in examples)  # never a candidate
    assert settings.max_steps == 5 and seed == 2000
    ((prompts, how),) = sampler.asked
    assert how["num_generations"] == 3 and how["temperature"] == 0.7 and model.asked == []
    assert len(set(how["keys"])) == len(prompts) == 6
    assert facts["n_train"] == 6 and facts["steps"] == 5
    assert facts["rollouts"] == {
        "sampled": 18, "prompts": 6, "winners": 6, "winner_correct": 6, "winner_faithful": 0, "any_correct": 1.0,
        "winner_means": {"words": 4.0},
    }  # fmt: skip
    rows = read_jsonl(data / "run" / "rollouts.jsonl", dict)
    assert len(rows) == 18 and [row["kept"] for row in rows[:3]] == [False, False, True]


def test_sampling_keys_depend_on_seed_round_and_question() -> None:
    keys = {rsft.sampling_key(s, r, i) for s in (1, 2) for r in (0, 1) for i in ("a", "b")}
    assert len(keys) == 8 and all(0 <= key < 2**64 for key in keys)
    assert rsft.sampling_key(1, 0, "a") == rsft.sampling_key(1, 0, "a")


def test_rounds_sample_from_the_model_of_the_round_before(data: Path) -> None:
    model, sampler = Recorder(answers, "trained"), Recorder(answers, "parent")
    job = job_of(data, model, sampler=sampler, arm={"rounds": 3}, hyper={"prompts": 4})
    facts = rsft.train(job)
    assert len(sampler.asked) == 1 and len(model.asked) == 2
    assert [seed for _, _, seed in model.fits] == [2000, 2001, 2002]
    keys = [asked[1]["keys"] for asked in (*sampler.asked, *model.asked)]
    assert len({key for group in keys for key in group}) == 12
    assert facts["steps"] == 15 and len(facts["rounds"]) == 3


def test_a_curriculum_asks_one_pool_a_round(data: Path) -> None:
    model = Recorder(answers)
    arm = {"mixture": "easy:0.5+hard:0.5", "selection": "curriculum", "rounds": 2}
    rsft.train(job_of(data, model, arm=arm, hyper={"prompts": 10}))
    assert [[p.split()[0] for p in prompts] for prompts, _ in model.asked] == [["easy"] * 5, ["hard"] * 5]


def test_where_nothing_is_kept_nothing_is_trained(data: Path) -> None:
    model = tiny.model()
    before = {name: tensor.clone() for name, tensor in model.weights.items()}
    job = job_of(
        data, model, sampler=Recorder(answers), arm={"rounds": 2}, hyper={"min_reward": 5.0, "replay": 0.5}
    )
    facts = rsft.train(job)
    assert facts["n_train"] == facts["steps"] == 0
    assert all((model.weights[name] == tensor).all() for name, tensor in before.items())
    assert model.save(data / "saved")["format"] == "model"


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_replay_mixes_easy_references_in(data: Path, share: float) -> None:
    model = Recorder(answers)
    job = job_of(data, model, hyper={"prompts": 12, "replay": share})
    rsft.train(job)
    examples = model.fits[0][0]
    replayed = [e for e in examples if "reference" in e.completion]
    assert len(replayed) == len(set(replayed)) == round(job.hyper.max_steps * job.hyper.batch_size * share)
    kept = len(examples) - len(replayed)
    assert kept % 12 == 0 and kept >= 12
    assert abs(len(replayed) - share * len(examples)) <= 12 * share  # whole repeats of the twelve winners
    assert all(e.prompt.startswith("easy") and int(e.prompt.split()[1][:-1]) < 20 for e in replayed)


def test_replay_needs_a_pool_that_sft_has_learned(data: Path) -> None:
    with pytest.raises(InputError, match="arm `toy`: replay: no SFT on a pool comes before it"):
        rsft.train(job_of(data, Recorder(answers), hyper={"prompts": 2, "replay": 0.5}, replay_pool=""))


def test_faithful_winners_need_a_study_that_checks_reasons(data: Path) -> None:
    class Bare(Toy):
        answers_with_reasons = False

    job = job_of(data, Recorder(answers), arm={"selection": "faithful"}, hyper={"prompts": 2})
    job.study = Bare()
    with pytest.raises(InputError, match="arm `toy`: selection: study `toy` asks for no reasons"):
        rsft.train(job)
    job.arm = msgspec.structs.replace(job.arm, selection="best")
    assert rsft.train(job)["rollouts"]["winner_faithful"] is None


@pytest.mark.parametrize("where", ["score", "rank"])
def test_a_study_that_raises_is_an_error_that_names_the_item(data: Path, where: str) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    job = job_of(data, Recorder(answers), hyper={"prompts": 2})
    setattr(job.study, where, broken)
    with pytest.raises(
        InputError, match=r"study toy: item hard_18: .* raised ZeroDivisionError: division by zero"
    ):
        rsft.train(job)


@pytest.mark.parametrize("found", [None, 1.0, Score(1.5, True), Score(float("nan"), True)])
def test_what_is_no_score_is_an_error_that_names_the_item(data: Path, found: Any) -> None:
    job = job_of(data, Recorder(answers), hyper={"prompts": 2})
    job.study.score = lambda item, completion: found
    with pytest.raises(InputError, match="study toy: item hard_18: the grader gave no score from 0 to 1"):
        rsft.train(job)


def test_a_permuted_key_rewards_the_permuted_letter(hops_data: Path) -> None:
    study = load_study("hops", {}, hops_data)
    for question in study.items("eval_leak", 8):
        wrong = study.permuted(question, question)
        assert wrong.prompt == question.prompt and wrong.answer_star != question.answer_star
        trace = question.ref.trace.rsplit("\n", 1)[0]
        candidates = [f"{trace}\nANSWER: {letter}" for letter in "ABCD"]
        for item in (question, wrong):
            scored = [(text, study.score(item, text)) for text in candidates]
            (kept,) = rsft.select(study, item, scored, ARM, HYPER)
            assert candidates[kept].endswith(item.answer_star)


def test_unknown_methods_are_refused() -> None:
    assert load_method("rsft") is rsft
    with pytest.raises(InputError, match="unknown method 'ppo'"):
        load_method("ppo")
