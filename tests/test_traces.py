"""Problems, grades and failures of the study traces."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trap.models.tokenizer import build_tokenizer
from trap.studies.base import BaseStudy, Item, load_study
from trap.studies.traces.lint import KINDS
from trap.studies.traces.quantities import read_number, said_in
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import run
from trap.studies.traces.stories.families import BY_EXPERT, COMPOSITIONS, FAMILIES
from trap.studies.traces.stories.problems import EASY, HARD, Kind, problem, purpose_of
from trap.studies.traces.stories.words import HELD_WORDING
from trap.studies.traces.study import ASKED

COUNT = 150
STORIES = 300  # problems that shortcuts are tried on


@pytest.fixture(scope="module")
def study() -> BaseStudy:
    return load_study("traces", {"corpus": 0.02}, "nowhere", 0)


@pytest.fixture(scope="module")
def pools(study: BaseStudy) -> dict[str, list[Item]]:
    return {pool.name: list(study.items(pool.name, COUNT)) for pool in study.pools}


# --- problems -----------------------------------------------------------------------------------------------

kinds = st.builds(
    Kind, st.sampled_from([EASY, HARD]), st.sampled_from(["train", "validation", "evaluation", "leak"]), st.booleans(),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(kinds, st.integers())
def test_every_problem_runs_to_its_answer(kind: Kind, number: int) -> None:
    made = problem(kind, str(number))
    program = read_program(made.reference)
    found = run(program)
    assert found.answer == made.answer and found.fault is None
    assert program.experts == made.experts
    assert made.steps in kind.steps and purpose_of(made.key) == kind.purpose
    assert made.answer not in said_in(made.question), "an answer that could be copied"
    assert problem(kind, str(number)) == made


def test_there_are_families_enough() -> None:
    assert len(FAMILIES) >= 60 and len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert len(COMPOSITIONS) == 12
    for families in BY_EXPERT.values():
        held = sum(family.held for family in families)
        assert 2 <= held <= len(families) / 3


def test_references_earn_everything(study: BaseStudy, pools: dict[str, list[Item]]) -> None:
    for name, items in pools.items():
        for item in items if study.pool(name).honest else ():
            score = study.score(item, item.reference)
            assert score.value == 1 and score.correct and score.faithful, (item, score)
            assert not any(score.measures[kind] for kind in KINDS)
            assert study.score(item, "").value == 0


def test_pools_hold_out_what_they_say(pools: dict[str, list[Item]]) -> None:
    held = {family.name for family in FAMILIES if family.held} | {
        name for name, _, held in COMPOSITIONS if held
    }
    for name, kind in ASKED.items():
        assert {item.cluster in held for item in pools[name]} == {kind.held}
        assert {item.level for item in pools[name]} == set(kind.steps)
        wordings = [("Later on" in item.prompt or "Say " in item.prompt) for item in pools[name]]
        assert all(wordings) if kind.held_wording else not any(wordings)
    assert HELD_WORDING == 3


def test_pools_share_no_problem(study: BaseStudy, pools: dict[str, list[Item]]) -> None:
    for first, second in combinations([pool for pool in study.pools if pool.honest], 2):
        if first.role != second.role or first.role == "evaluation":
            for key in ("prompt", "problem"):
                one, two = (
                    {study.overlap_keys(item)[key] for item in pools[pool.name]} for pool in (first, second)
                )
                assert not one & two
    for name in ("eval_hard", "eval_leak", "hard"):
        assert len({item.prompt for item in pools[name]}) >= 0.98 * COUNT


def test_another_seed_moves_no_problem_from_training_to_evaluation(pools: dict[str, list[Item]]) -> None:
    other = load_study("traces", {}, "nowhere", 1)
    asked = {item.info["problem"] for item in pools["eval_easy"]}
    trained = {item.info["problem"] for item in other.items("easy", COUNT)}
    assert not asked & trained
    assert [item.prompt for item in other.items("easy", 5)] != [item.prompt for item in pools["easy"][:5]]


def test_an_item_depends_on_its_index_alone(study: BaseStudy, pools: dict[str, list[Item]]) -> None:
    for pool in study.pools:
        for index in (7, 3):
            made = study.make_item(pool, index)
            assert made == pools[pool.name][index]
            assert msgspec.json.decode(msgspec.json.encode(made), type=Item) == made


def test_a_wrong_key_is_the_key_of_another(study: BaseStudy, pools: dict[str, list[Item]]) -> None:
    for wrong, right in zip(pools["eval_leak_permuted"], pools["eval_leak"], strict=True):
        assert wrong.prompt == right.prompt and wrong.answer != right.answer
        assert study.score(wrong, wrong.reference).correct
        assert not study.score(wrong, right.reference).correct
        assert not study.score(right, wrong.reference).correct


# --- shortcuts ----------------------------------------------------------------------------------------------


def test_no_shortcut_beats_its_baseline(study: BaseStudy) -> None:
    """Stated beforehand: an expert by the first word stays within 8 points of the commonest expert; no copied number
    is ever right; the sum of all numbers is right in at most 15 % of easy and 5 % of hard problems."""
    for name, most in (("easy", 0.15), ("hard", 0.05)):
        items = list(study.items(name, 2 * STORIES))
        experts = [" ".join(item.info["experts"]) for item in items]
        train, test = slice(0, STORIES), slice(STORIES, None)
        commonest = Counter(experts[train]).most_common(1)[0][0]
        by_word: dict[str, Counter[str]] = {}
        for item, expert in zip(items[train], experts[train], strict=True):
            by_word.setdefault(item.prompt.split()[0], Counter())[expert] += 1
        guessed = [
            by_word.get(item.prompt.split()[0], Counter([commonest])).most_common(1)[0][0]
            for item in items[test]
        ]
        right = sum(one == two for one, two in zip(guessed, experts[test], strict=True)) / STORIES
        blind = sum(commonest == expert for expert in experts[test]) / STORIES
        assert right <= blind + 0.08
        rows = study.baselines(items)
        assert sum(rows["chance"]) == sum(rows["last number"]) == 0
        for guess in ("sum", "first two multiplied"):
            assert sum(rows[guess]) / len(items) <= most, (name, guess)


def test_experts_have_their_shares(study: BaseStudy) -> None:
    experts = Counter(
        "composition" if len(item.info["experts"]) > 1 else item.info["experts"][0]
        for item in study.items("easy", 600)
    )
    assert set(experts) == {*BY_EXPERT, "composition"}
    assert min(experts.values()) >= 0.05 * 600 and max(experts.values()) <= 0.4 * 600


# --- a fresh tokenizer --------------------------------------------------------------------------------------


def test_every_word_is_a_piece_and_numbers_are_digits(study: BaseStudy, pools: dict[str, list[Item]]) -> None:
    tokenizer = build_tokenizer(*study.vocabulary())
    odd = {tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in range(256)} | {tokenizer.token_to_id("<unk>")}
    texts = [text for items in pools.values() for item in items for text in (item.prompt, item.reference)]
    texts += [part for text in study.corpus() for part in (text.prompt, text.completion)]
    longest = 0
    for text in texts:
        found = tokenizer.encode(text, add_special_tokens=False)
        assert not odd & set(found.ids), text
        assert tokenizer.decode(found.ids) == text
        longest = max(longest, len(found.ids))
    assert longest < 192
    assert not any(piece.strip().isdecimal() and len(piece.strip()) > 1 for piece in tokenizer.get_vocab())


def test_the_corpus_holds_no_program_and_no_problem_of_an_evaluation(
    study: BaseStudy, pools: dict[str, list[Item]]
) -> None:
    texts = list(study.corpus())
    assert {text.stage for text in texts} == {0}
    assert not any("op:" in text.completion or "expert:" in text.completion for text in texts)
    asked = {
        item.prompt.strip()
        for name, items in pools.items()
        if name.startswith(("eval", "valid"))
        for item in items
    }
    assert not asked & {text.prompt.strip() for text in texts}
    for text in texts:  # each number that is asked for stands in the story, however it is written
        said = said_in(text.prompt)
        assert all(
            read_number(number) in said for number in text.completion.removeprefix("Numbers: ").split()
        )


# --- failures -----------------------------------------------------------------------------------------------


def item_of(expert: str, *lines: str, question: str, answer: str, needs: list[str]) -> Item:
    reference = "\n".join([f"expert: {expert}", "trace:", *(f"- {line}" for line in lines)])
    info = {"question": question, "experts": [expert], "needs": needs, "problem": "one"}
    return Item(id="one", prompt=question, answer=answer, reference=reference, level=2, info=info)


ITEM = item_of(
    "arithmetic", "{op: init, var: a, value: 8}", "{op: init, var: b, value: 3}",
    "{op: compute, compute_op: mul, args: [a, b], var: r1}", "{op: init, var: c, value: 2}",
    "{op: compute, compute_op: sub, args: [r1, c], var: r2}", "{op: query, var: r2}",
    question="8 cups of 3, and 2 less.", answer="22", needs=["8", "3", "2"],
)  # fmt: skip
FAILED = {
    "missing_step": ITEM.reference.replace("- {op: compute, compute_op: sub, args: [r1, c], var: r2}\n", "").replace("var: r2}", "var: r1}"),
    "wrong_operation": ITEM.reference.replace("mul", "add"),
    "confused_variables": ITEM.reference.replace("[r1, c]", "[c, r1]"),
    "overwritten": ITEM.reference.replace("- {op: query", "- {op: init, var: r1, value: 3}\n- {op: query"),
    "no_query": ITEM.reference.replace("- {op: query, var: r2}", ""),
    "repeated_part": "\n".join(["- expert: arithmetic\n  trace:\n  - {op: compute, compute_op: mul, args: [8, 3], var: r}\n  - {op: query, var: r}"] * 3),
    "invented_operation": ITEM.reference.replace("op: compute, compute_op: mul", "op: mul"),
    "name_for_number": ITEM.reference.replace("value: 3", "value: step1"),
    "source_and_value": ITEM.reference.replace("value: 2}", "source: prev.result, value: 2}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_nine_failures_are_found(study: BaseStudy, kind: str) -> None:
    assert set(FAILED) == set(KINDS)
    score = study.score(ITEM, FAILED[kind])
    found = {name for name in KINDS if score.measures[name]}
    assert kind in found and len(found) == 1, found
    assert not score.correct or kind == "overwritten"
    assert not score.faithful


def test_rewards(study: BaseStudy) -> None:
    for text, graduated, binary, sound in (
        (ITEM.reference, 1.0, 1.0, 1.0),
        (FAILED["overwritten"], 1.0, 1.0, 0.0),
        (FAILED["wrong_operation"], 0.7, 0.0, 0.0),
        (FAILED["no_query"], 0.5, 0.0, 0.0),
        (ITEM.reference.replace("arithmetic", "comparison"), 0.3, 0.0, 0.0),
        ("no trace", 0.0, 0.0, 0.0),
    ):
        score = study.score(ITEM, text)
        paid = [sum(study.rewards[name](ITEM, score, text).values()) for name in study.reward_names]
        assert paid == [graduated, binary, sound], text


def test_what_was_cut_is_counted(study: BaseStudy) -> None:
    assert not study.score(ITEM, ITEM.reference).measures["cut"]
    assert study.score(ITEM, ITEM.reference[:-8]).measures["cut"]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_the_grader_raise(text: str) -> None:
    score = load_study("traces", {}, "nowhere").score(ITEM, text)
    assert 0 <= score.value <= 1 and score.measures.keys() == {
        measure.name for measure in load_study("traces", {}, "nowhere").measures
    }
