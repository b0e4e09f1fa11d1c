"""Datasets of the package reasoning-gym as studies: pools, keys, scores, and the two tasks of the configuration."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trap.files import InputError
from trap.studies.base import BaseStudy, load_study
from trap.studies.reasoning_gym.reasons import REASONS, running_totals
from trap.studies.reasoning_gym.study import INSTALL, SHARES, Study, bucket_of, parse, same
from trap.workflow.config import read_yaml

pytest.importorskip("reasoning_gym", reason=f"the package reasoning-gym is not installed: {INSTALL}")

ROOT = Path(__file__).resolve().parent.parent
CONFIGURED = {
    name: read_yaml(ROOT / "config" / name / "study.yaml")["options"]
    for name in ("spell_backward", "letter_counting")
}
SUMS = {
    "task": "chain_sum", "reasons": True, "prompt": "{expression} =\n", "level": "num_terms",
    "easy": {"min_terms": 2, "max_terms": 4, "min_digits": 1, "max_digits": 2},
    "hard": {"min_terms": 5, "max_terms": 6, "min_digits": 1, "max_digits": 2},
}  # fmt: skip
TASKS = {
    **CONFIGURED,
    "chain_sum": SUMS,
    "number_sorting": {"task": "number_sorting", "easy": {"max_numbers": 4}, "hard": {"min_numbers": 6}},
    "caesar_cipher": {"task": "caesar_cipher", "easy": {"max_words": 4}, "hard": {"min_words": 8}},
    "base_conversion": {"task": "base_conversion", "easy": {"max_value": 500}, "hard": {"min_value": 501}},
    "gsm_symbolic": {"task": "gsm_symbolic", "easy": {"size": 600}, "hard": {"size": 600}},  # lists its items beforehand
}  # fmt: skip
SOME = 30


def opened(options: dict[str, Any], seed: int = 0) -> BaseStudy:
    return load_study("reasoning_gym", options, "nowhere", seed)


@pytest.fixture(scope="module", params=TASKS)
def study(request: pytest.FixtureRequest) -> BaseStudy:
    return opened(TASKS[request.param])


@pytest.fixture(scope="module")
def pools(study: BaseStudy) -> dict[str, list[Any]]:
    return {pool.name: list(study.items(pool.name, SOME)) for pool in study.pools}


def test_references_score_one(study: BaseStudy, pools: dict[str, list[Any]]) -> None:
    for items in pools.values():
        for item in items:
            assert study.score(item, study.reference(item)).value == 1
            empty = study.score(item, "")
            assert (empty.value, empty.correct, empty.format) == (0, False, False)


def test_pools_share_no_question(study: BaseStudy, pools: dict[str, list[Any]]) -> None:
    asked = {
        (pool.level, pool.name): {study.overlap_keys(item)["prompt"] for item in pools[pool.name]}
        for pool in study.pools
        if pool.honest
    }
    for (level, name), keys in asked.items():
        assert len(keys) == SOME, name
        for (other_level, other), others in asked.items():
            both_train = {name, other} == {"easy", "hard"}
            same_role = {name, other} in ({"eval_easy", "eval_hard"}, {"valid_easy", "valid_hard"})
            if name != other and not both_train and not (same_role and level != other_level):
                assert not keys & others, (name, other)


def test_no_seed_moves_a_question(study: BaseStudy, pools: dict[str, list[Any]]) -> None:
    """What one data seed trains on, no other evaluates."""
    other = opened(msgspec.to_builtins(study.options), seed=7)
    evaluated = {same(item.prompt) for name in ("eval_easy", "eval_hard") for item in other.items(name, SOME)}
    trained = {same(item.prompt) for name in ("easy", "hard", "eval_leak") for item in pools[name]}
    assert not evaluated & trained
    assert [item.prompt for item in other.items("easy", SOME)] != [item.prompt for item in pools["easy"]]


def test_a_wrong_key_is_wrong(study: BaseStudy, pools: dict[str, list[Any]]) -> None:
    for item, wrong in zip(pools["eval_leak"], pools["eval_leak_permuted"], strict=True):
        assert wrong.prompt == item.prompt and wrong.answer != item.answer
        assert not study.score(wrong, study.reference(item)).correct


def test_order_changes_nothing(study: BaseStudy, pools: dict[str, list[Any]]) -> None:
    again = opened(msgspec.to_builtins(study.options))
    for pool in reversed(again.pools):  # backwards, and the last item first
        assert again.make_item(pool, SOME - 1) == pools[pool.name][-1]


@pytest.mark.parametrize("name", CONFIGURED)
def test_processes_make_the_same_bytes(name: str) -> None:
    """Whatever the seed of Python's own hashes."""
    program = (
        "import json, sys\nfrom trap.studies.base import load_study\nimport msgspec\n"
        "study = load_study('reasoning_gym', json.loads(sys.argv[1]), 'nowhere')\n"
        "for pool in study.pools:\n    for item in study.items(pool.name, 8):\n"
        "        print(msgspec.json.encode(item).decode())\n"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", program, json.dumps(CONFIGURED[name])],
            env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1")
    ]  # fmt: skip
    study = opened(CONFIGURED[name])
    ours = [msgspec.json.encode(item).decode() for pool in study.pools for item in study.items(pool.name, 8)]
    assert told[0].splitlines() == told[1].splitlines() == ours


@settings(max_examples=60, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=60),
        st.builds("ANSWER: {}".format, st.text(max_size=30)),
        st.builds("{}\nANSWER: {}".format, st.text(max_size=20), st.from_regex(r"[-+0-9a-z'\[\], ]{1,20}")),
    )
)
@pytest.mark.parametrize("name", ["spell_backward", "letter_counting", "chain_sum", "number_sorting"])
def test_any_text_has_a_score(name: str, text: str) -> None:
    study = opened(TASKS[name])
    item = next(study.items("eval_hard", 1))
    score = study.score(item, text)
    assert 0 <= score.value <= 1 and score.correct == (score.value == 1)
    assert score.format == (score.measures["read"] is not None)
    if not score.format:
        assert score.value == 0
    else:
        assert f"ANSWER: {score.measures['read']}" in text


@pytest.mark.parametrize(
    ("completion", "told"),
    [
        ("ANSWER: 12", "12"),
        ("1 + 2 = 3\nANSWER: 3", "3"),
        ("  ANSWER: a b  \n", "a b"),
        ("ANSWER:12", None),
        ("ANSWER: ", None),
        ("answer: 12", None),
        ("ANSWER: 12\nthat is it", None),
        ("ANSWER: 11\nANSWER: 12", None),
        ("ANSWER: ANSWER: 12", None),
        ("the ANSWER: 12", None),
    ],
)
def test_one_answer_line(completion: str, told: str | None) -> None:
    assert parse(completion)[1] == told


def test_fractions_are_kept() -> None:
    study = opened(TASKS["spell_backward"])
    item = next(study.items("eval_hard", 1))
    right = item.answer
    half = right[:4] + "".join("#" for _ in right[4:])
    score = study.score(item, f"ANSWER: {half}")
    assert score.value == pytest.approx(4 / len(right)) and not score.correct
    assert study.rank(item, score, half, "value")[0] == score.value


def test_fractions_that_add_up_to_more_than_one_are_no_right_answer() -> None:
    """The package's grader gives 1.0000000000000002 to nine right letters and one too many."""
    study = opened(TASKS["spell_backward"])
    item = next(item for item in study.items("eval_hard", SOME) if item.level == 9)
    score = study.score(item, f"ANSWER: {item.answer}x")
    assert 0.8 <= score.value < 1 and not score.correct


def test_a_grader_that_raises_names_the_item() -> None:
    study = opened({"task": "prime_factorization", "easy": {"max_value": 500}, "hard": {"min_value": 501}})
    item = next(study.items("easy", 1))
    assert study.score(item, study.reference(item)).value == 1
    with pytest.raises(InputError, match=rf"{item.id}: the grader of prime_factorization raised"):
        study.score(item, "ANSWER: seven")


@settings(max_examples=100, deadline=None)
@given(terms=st.lists(st.tuples(st.sampled_from("+-"), st.integers(0, 999)), min_size=1, max_size=8))
def test_worked_sums_are_true(terms: list[tuple[str, int]]) -> None:
    first, *rest = terms
    expression = " ".join([str(first[1]), *(f"{sign} {number}" for sign, number in rest)])
    lines = running_totals({"metadata": {"expression": expression}}).splitlines()
    for line in lines:
        left, right = line.split(" = ")
        assert re.fullmatch(r"-?\d+ [+-] \d+", left) and eval(left) == int(right)
    assert len(lines) == len(rest)
    if lines:
        assert int(lines[-1].split(" = ")[1]) == eval(re.sub(r"\b0+(?=\d)", "", expression))


@pytest.mark.parametrize("task", REASONS)
def test_the_worked_solution_is_told_apart(task: str) -> None:
    study = opened(TASKS[task])
    for item in study.items("eval_hard", SOME):
        assert study.score(item, study.reference(item)).measures["worked"]
        alone = study.reference(item).splitlines()[-1]
        assert study.score(item, alone).correct and not study.score(item, alone).measures["worked"]


def test_shares_of_the_hash() -> None:
    counts = {name: 0 for name, _ in SHARES}
    for number in range(4000):
        counts[bucket_of(f"question {number}")] += 1
    for name, share in SHARES:
        assert counts[name] / 4000 == pytest.approx(share, abs=0.03)


def test_what_needs_no_model() -> None:
    study = opened(TASKS["letter_counting"])
    items = list(study.items("eval_hard", SOME))
    rows = study.baselines(items)
    assert {len(values) for values in rows.values()} == {SOME}
    assert all(0 <= value <= 1 for values in rows.values() for value in values)
    assert sum(rows["most frequent"]) > sum(rows["chance"]) > 0
    assert rows["chance"] == [study.chance(item) for item in items]


def test_a_pool_that_runs_out_says_so() -> None:
    small = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    study = opened({"task": "chain_sum", "easy": small, "hard": small})
    with pytest.raises(InputError, match=r"chain_sum: pool valid_easy has \d+ questions and no more"):
        list(study.items("valid_easy", 200))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"task": "nonsense"}, "task: reasoning-gym has no dataset 'nonsense'"),
        ({"easy": {"words": 3}}, "easy: letter_counting has no parameter 'words'"),
        ({"hard": {"min_words": 9, "max_words": 2}}, "hard: letter_counting: max_words must be >= min_words"),
        ({"prompt": "{letter}"}, "prompt: letter_counting cannot fill it: KeyError"),
        ({"level": "depth"}, "level: letter_counting has no such number"),
        ({"reasons": True}, "reasons: there are none for letter_counting"),
        ({"split": "bytes"}, "split: characters or words"),
    ],
)
def test_bad_options_are_one_line(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as error:
        list(opened({**TASKS["letter_counting"], **changed}).items("easy", 1))
    assert "\n" not in str(error.value)


def test_a_task_without_answers_is_refused() -> None:
    study = opened({"task": "graph_color", "easy": {}, "hard": {}})
    with pytest.raises(InputError, match="graph_color gives no answer that fits a line"):
        next(study.items("easy", 1))


@pytest.mark.parametrize("name", CONFIGURED)
def test_a_fresh_tokenizer_reads_every_character(name: str, tmp_path: Path) -> None:
    """Digits and letters are pieces of their own, so that a small model can learn what is done to them."""
    from trap.models.tokenizer import build_tokenizer

    study = load_study("reasoning_gym", CONFIGURED[name], tmp_path)
    for pool in study.pools:
        if pool.role == "train":
            lines = [msgspec.json.encode(item) for item in study.items(pool.name, 200)]
            (tmp_path / f"{pool.name}.jsonl").write_bytes(b"\n".join(lines))
    tokenizer = build_tokenizer(*study.vocabulary())
    item = next(study.items("easy", 1))
    assert tokenizer.encode(study.reference(item)).tokens == ["ANSWER: ", *item.answer]
    assert len(tokenizer.encode(item.prompt).tokens) == len(item.prompt)


def test_every_pool_is_as_declared() -> None:
    assert [pool.name for pool in Study.pools if not pool.honest] == ["eval_leak_permuted"]
    assert {pool.role for pool in Study.pools if pool.trainable} == {"train", "evaluation", "control"}
