"""Questions: well posed for any index, reproducible, and not to be guessed from the end of the chain."""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_pools import graph_of
from trap.files import InputError, read_jsonl
from trap.studies.hops import wording
from trap.studies.hops.audit import question_faults
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.pools import POOLS, pool_of
from trap.studies.hops.questions import QuestionMaker, permute_key, random_trace, shuffle_options
from trap.studies.hops.records import LETTERS, Question
from trap.studies.hops.reward import Grader
from trap.studies.hops.source import read_source


@pytest.fixture(scope="module")
def shipped(root: Path) -> Graph:
    return Graph(read_source(root / "config" / "hops" / "graph"))


@pytest.fixture(scope="module")
def maker(shipped: Graph) -> QuestionMaker:
    return QuestionMaker(shipped)


@pytest.fixture(scope="module")
def grader(shipped: Graph) -> Grader:
    return Grader(shipped)


@pytest.fixture(scope="module")
def evaluation(maker: QuestionMaker) -> list[Question]:
    return list(maker.questions("eval_hard", 1000))


def check_well_posed(graph: Graph, grader: Grader, question: Question) -> None:
    meta = question.meta
    reachable = graph.reachable(meta.start, meta.chain)
    assert list(question.options) == list(LETTERS)
    assert len(set(question.options.values())) == 4
    assert [letter for letter in LETTERS if question.options[letter] in reachable] == [question.answer_star]
    assert meta.start not in question.options.values()
    if meta.distractor_type != "any_type":
        assert len({graph.type_of[option] for option in question.options.values()}) == 1
    entities = question.path_star.entities
    assert len(set(entities)) == len(entities) == question.hop_len + 1 == len(meta.chain) + 1
    assert question_faults(question, graph, grader) == []  # true edges, connected, faithful reference
    assert question.question in question.prompt and question.prompt.endswith(f"D) {question.options['D']}\n")


@settings(max_examples=300, deadline=None)
@given(pool=st.sampled_from(POOLS), index=st.integers(0, 10**9))
def test_any_question_is_well_posed(
    shipped: Graph, maker: QuestionMaker, grader: Grader, pool: str, index: int
) -> None:
    if pool not in ("easy", "hard"):
        index %= maker.available(pool)
    question = maker.question(pool, index)
    check_well_posed(shipped, grader, question)
    assert question.id == f"{pool}_{index:06d}"
    assert question.split == ("eval" if pool.startswith("eval_") else "train")
    assert pool_of(question.meta.start, question.meta.chain) == question.meta.pool == pool


def test_every_question_of_small_pools_is_well_posed(
    shipped: Graph, maker: QuestionMaker, grader: Grader
) -> None:
    for pool in ("valid_easy", "eval_leak", "eval_easy"):
        for question in maker.questions(pool, maker.available(pool)):
            check_well_posed(shipped, grader, question)


def test_longer_chains_are_well_posed(shipped: Graph, maker: QuestionMaker, grader: Grader) -> None:
    for question in maker.questions("eval_hop6", 50):
        assert question.hop_len == 6
        check_well_posed(shipped, grader, question)


def test_published_graph_gives_well_posed_questions(published: Path) -> None:
    graph = load_graph(published / "hops" / "kg.json")
    maker, grader = QuestionMaker(graph, prompt_style="full"), Grader(graph)
    for pool in POOLS:
        for question in maker.questions(pool, 100):
            check_well_posed(graph, grader, question)
            assert question.prompt.startswith("You must follow the exact output format.\n\nOUTPUT FORMAT:\n")


@settings(max_examples=40, deadline=None)
@given(
    edges=st.sets(
        st.tuples(st.integers(0, 11), st.sampled_from(["leads_to", "blocked_by"]), st.integers(0, 11)).filter(
            lambda edge: edge[0] != edge[2]
        ),
        min_size=8,
        max_size=30,
    ),
    rare=st.integers(0, 11),
    pool=st.sampled_from(["easy", "hard"]),
)
def test_any_graph_gives_well_posed_questions_or_says_why_not(
    edges: set[tuple[int, str, int]], rare: int, pool: str
) -> None:
    graph = graph_of([(f"E{a}", r, f"E{b}") for a, r, b in sorted(edges)], {f"E{rare}": "rare"})
    maker = QuestionMaker(graph)
    try:
        questions = list(maker.questions(pool, 30))
    except InputError as error:
        assert "too small" in str(error)
        return
    grader = Grader(graph)
    for question in questions:
        check_well_posed(graph, grader, question)


def test_question_does_not_depend_on_order_or_number(shipped: Graph, maker: QuestionMaker) -> None:
    for pool in ("easy", "eval_hard"):
        forward = [maker.question(pool, index) for index in range(40)]
        fresh = QuestionMaker(shipped)
        assert [fresh.question(pool, index) for index in reversed(range(40))] == forward[::-1]
        assert list(QuestionMaker(shipped).questions(pool, 20, first=20)) == forward[20:]
    other = QuestionMaker(shipped, seed=1)
    assert list(other.questions("easy", 20)) != list(maker.questions("easy", 20))


def test_prompt_style_changes_only_the_prompt(shipped: Graph, maker: QuestionMaker) -> None:
    full = QuestionMaker(shipped, prompt_style="full")
    for short, long in zip(maker.questions("hard", 20), full.questions("hard", 20), strict=True):
        assert long.prompt == wording.FULL_HEADER + short.prompt
        assert long.prompt == wording.prompt_text(long.question, long.options, "full")
        assert (long.options, long.ref, long.path_star) == (short.options, short.ref, short.path_star)


def test_variations_of_a_pair_differ(maker: QuestionMaker) -> None:
    by_pair = defaultdict(set)
    for question in maker.questions("easy", 12_000):
        key = question.meta.start, tuple(question.meta.chain)
        by_pair[key].add(tuple(sorted(question.options.values())))
    several = [options for options in by_pair.values() if len(options) > 1]
    assert len(several) > 0.8 * len(by_pair)


def test_letters_are_balanced(maker: QuestionMaker) -> None:
    for pool, n in (("easy", 4000), ("eval_hard", 1000)):
        counts = Counter(question.answer_star for question in maker.questions(pool, n))
        assert set(counts.values()) == {n // 4}


def test_distractors_are_near_misses(shipped: Graph, maker: QuestionMaker) -> None:
    questions = list(maker.questions("hard", 1000))
    kinds = Counter(question.meta.distractor_type for question in questions)
    assert kinds["near_miss"] > 850 and kinds["any_type"] == 0
    near = 0
    for question in questions:
        here = {question.meta.start}
        for _ in question.meta.chain:
            here = {dst for src in here for _, dst in shipped.out.get(src, ())}
        near += sum(option in here for option in question.options.values()) - 1
    assert near / 3000 > 0.8  # reachable in as many steps, by another chain


# What can be guessed: for every key, how often an option was the right one in training.
GUESSES: dict[str, Callable[[Question, str], Hashable]] = {
    "option": lambda question, option: option,
    "option and start": lambda question, option: (option, question.meta.start),
    "option and first relation": lambda question, option: (option, question.meta.chain[0]),
    "option and last relation": lambda question, option: (option, question.meta.chain[-1]),
    "option and last two": lambda question, option: (option, *question.meta.chain[-2:]),
    "option and last three": lambda question, option: (option, *question.meta.chain[-3:]),
    "option and chain": lambda question, option: (option, *question.meta.chain),
}


@pytest.mark.parametrize("guess", GUESSES)
@pytest.mark.parametrize("training", ["easy", "hard"])
def test_nothing_short_of_following_the_chain_helps(
    maker: QuestionMaker, evaluation: list[Question], training: str, guess: str
) -> None:
    key = GUESSES[guess]
    shown: Counter[Hashable] = Counter()
    right: Counter[Hashable] = Counter()
    for question in maker.questions(training, 6000):
        for letter, option in question.options.items():
            shown[key(question, option)] += 1
            right[key(question, option)] += letter == question.answer_star
    rng = random.Random(0)
    hits = 0
    for question in evaluation:

        def worth(letter: str, question: Question = question) -> tuple[float, float]:
            what = key(question, question.options[letter])
            return (right[what] + 1) / (shown[what] + 4), rng.random()

        hits += max(LETTERS, key=worth) == question.answer_star
    assert hits / len(evaluation) < 0.36


def test_published_style_names_the_start_and_is_ill_posed(shipped: Graph) -> None:
    maker = QuestionMaker(shipped, style="published", prompt_style="full")
    ambiguous = 0
    texts = defaultdict(set)
    for question in maker.questions("eval_hard", 300):
        meta = question.meta
        assert meta.start in question.question and " something that " not in question.question
        assert question.options[question.answer_star] == question.path_star.entities[-1]
        assert len({shipped.type_of[option] for option in question.options.values()}) == 1
        texts[question.question].add(question.options[question.answer_star])
        ambiguous += len(shipped.reachable(meta.start, meta.chain) & set(question.options.values())) > 1
    several_answers = sum(len(answers) > 1 for answers in texts.values())
    assert ambiguous > 15  # more than one option fits even the hidden chain
    assert several_answers > 30  # the same text, another answer


def test_published_style_on_the_published_graph_is_as_ambiguous(published: Path) -> None:
    graph = load_graph(published / "hops" / "kg.json")
    maker = QuestionMaker(graph, style="published")
    ambiguous = 0
    for question in maker.questions("eval_hard", 100):
        reachable = graph.reachable(question.meta.start, question.meta.chain)
        ambiguous += len(reachable & set(question.options.values())) > 1
    assert ambiguous >= 50  # of the 30 published questions, 26 are


def test_shuffled_keeps_the_words_and_moves_every_option(
    shipped: Graph, maker: QuestionMaker, grader: Grader, evaluation: list[Question]
) -> None:
    moved = Counter()
    for before, after in zip(evaluation, maker.questions("eval_shuffled", 1000), strict=True):
        assert (after.id, after.question, after.path_star) == (before.id, before.question, before.path_star)
        assert after.meta.pool == "eval_shuffled"
        assert sorted(after.options.values()) == sorted(before.options.values())
        assert all(after.options[letter] != before.options[letter] for letter in LETTERS)
        assert after.options[after.answer_star] == before.options[before.answer_star]
        assert after.prompt == wording.prompt_text(after.question, after.options, "minimal")
        assert question_faults(after, shipped, grader) == []
        moved[before.answer_star, after.answer_star] += 1
    assert set(moved) == set(itertools.permutations(LETTERS, 2))
    assert shuffle_options(evaluation[0], 0) == maker.question("eval_shuffled", 0)


def test_shuffling_a_published_question_keeps_its_instructions(published: Path) -> None:
    for question in read_jsonl(published / "hops" / "eval.jsonl", Question):
        after = shuffle_options(question, 0)
        assert after.prompt.startswith(wording.FULL_HEADER)
        assert after.prompt != question.prompt and len(after.prompt) == len(question.prompt)


def test_permuted_key_is_another_letter_and_nothing_else(evaluation: list[Question]) -> None:
    keys = Counter()
    for question in evaluation:
        wrong = permute_key(question, 0)
        assert wrong.answer_star != question.answer_star
        assert wrong == permute_key(question, 0)
        assert wrong.ref.trace.endswith(f"ANSWER: {wrong.answer_star}")
        assert (wrong.prompt, wrong.options, wrong.path_star) == (
            question.prompt,
            question.options,
            question.path_star,
        )
        keys[wrong.answer_star] += 1
    assert min(keys.values()) > 200


def test_random_trace_is_well_formed_right_and_untrue(
    shipped: Graph, grader: Grader, evaluation: list[Question]
) -> None:
    true = 0
    for question in evaluation[:200]:
        completion = random_trace(question, shipped, 0)
        assert completion == random_trace(question, shipped, 0)
        grade = grader.grade(question, completion)
        assert grade.correct and grade.follows_chain and len(grade.clauses) == question.hop_len
        assert grade.entities[0] == question.meta.start
        assert grade.entities[-1] == question.options[question.answer_star]
        true += grade.true_clauses
    assert true < 0.1 * sum(question.hop_len for question in evaluation[:200])


def test_words_of_a_question() -> None:
    text = wording.chain_question("TlsHandshakeFailure", ["is caused by", "leads to", "is fixed by"])
    assert text == "TlsHandshakeFailure is caused by something that leads to something that is fixed by what?"
    assert wording.chain_question("DiskFull", ["uses"]) == "DiskFull uses what?"
    trace = wording.trace_text(["A", "B", "C"], ["leads to", "uses"], "D")
    assert trace == "TRACE: A leads to B, and B uses C\nANSWER: D"


@pytest.mark.parametrize(
    ("relation", "label", "phrase"),
    [
        ("caused_by", "anything", "is caused by"),
        ("uses_tool", "uses tool", "uses"),
        ("blocked_by", "blocked by", "is blocked by"),
        ("connected_to", "", "is connected to"),
        ("depends_on", "depends on", "depends on"),
        ("contains", "contains", "contains"),
    ],
)
def test_relation_phrases(relation: str, label: str, phrase: str) -> None:
    assert wording.phrase_of(relation, label) == phrase


def test_relations_that_read_alike_are_refused() -> None:
    with pytest.raises(InputError, match="both worded 'is blocked by'"):
        wording.distinct({"blocked_by": "is blocked by", "blocked_by_2": "is Blocked by"})
