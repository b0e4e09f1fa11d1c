"""Graphs whose pairs are drawn: well posed, the same for any order and process, apart by pool, and clear where they end."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_pools import graph_of
from test_questions import check_well_posed
from trap.files import InputError, write_json
from trap.studies.base import load_study
from trap.studies.hops import drawn
from trap.studies.hops.audit import audit_questions
from trap.studies.hops.graph import Graph
from trap.studies.hops.mentions import Mentions
from trap.studies.hops.pools import EASY_SHARES, pool_of
from trap.studies.hops.questions import QuestionMaker, random_trace
from trap.studies.hops.reward import Grader
from trap.studies.hops.source import read_source


def random_graph(entities: int, edges: int, relations: int, seed: int = 0) -> Graph:
    rng = random.Random(seed)
    rows = {
        (f"E{rng.randrange(entities)}", f"r{rng.randrange(relations)}", f"E{rng.randrange(entities)}")
        for _ in range(edges)
    }
    return graph_of(sorted(row for row in rows if row[0] != row[2]))


@pytest.fixture(autouse=True)
def small_blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distractors are weighed among fewer pairs, which takes less time; not where their weights are what is asked."""
    if request.function is not test_options_give_little_away:
        monkeypatch.setattr(drawn, "BLOCK", 128)


@pytest.fixture(scope="module")
def large() -> Graph:
    """Too many walks to enumerate, as found from outside: 200 entities with 30 relations."""
    return random_graph(200, 4000, 30)


@pytest.fixture(scope="module")
def shipped(root: Path) -> Graph:
    return Graph(read_source(root / "config/hops/graph"))


def test_a_graph_is_drawn_from_where_it_is_large(large: Graph, shipped: Graph) -> None:
    assert shipped.small and not large.small


def test_questions_of_a_large_graph_are_well_posed(large: Graph) -> None:
    maker, grader = QuestionMaker(large), Grader(large)
    for pool in ("easy", "hard", "eval_hard", "eval_hop7"):
        questions = list(maker.questions(pool, 120))
        for question in questions:
            check_well_posed(large, grader, question)
            assert pool_of(question.meta.start, question.meta.chain) == pool
        assert len({(q.start, *q.chain) for q in questions}) == 120
        audit = audit_questions(large, questions, "t", pool)
        assert audit.problems == [] and set(audit.answerability) == {"chain"} and audit.most_paths is None


def test_hop_counts_and_letters_are_balanced(large: Graph) -> None:
    maker = QuestionMaker(large)
    easy = Counter(question.hop_len for question in maker.questions("easy", 100))
    assert tuple(easy[hops] for hops in (1, 2, 3)) == EASY_SHARES
    hard = list(maker.questions("eval_hard", 100))
    assert Counter(question.hop_len for question in hard) == {4: 50, 5: 50}
    assert set(Counter(question.answer for question in hard).values()) == {25}


def test_a_question_does_not_depend_on_what_was_asked_before(large: Graph) -> None:
    forward = list(QuestionMaker(large).questions("hard", 40))
    fresh = QuestionMaker(large)
    list(fresh.questions("eval_easy", 30))
    assert [fresh.question("hard", index) for index in reversed(range(40))] == forward[::-1]
    assert list(QuestionMaker(large, seed=1).questions("hard", 40)) != forward


def test_no_seed_asks_in_evaluation_what_another_trains_on(shipped: Graph, large: Graph) -> None:
    for graph, counts in ((shipped, (800, 300)), (large, (300, 200))):
        for level in ("easy", "hard"):
            trained = {(q.start, *q.chain) for q in QuestionMaker(graph).questions(level, counts[0])}
            asked = list(QuestionMaker(graph, seed=1).questions(f"eval_{level}", counts[1]))
            assert not trained & {(q.start, *q.chain) for q in asked}


def test_drawing_gives_the_pools_of_enumeration(shipped: Graph) -> None:
    """On a graph that allows both, what is drawn is among what is enumerated, in the same pool."""
    whole, drawn = QuestionMaker(shipped), QuestionMaker(shipped, pairs="drawn")
    every = {(pair.start, pair.chain) for hops in (4, 5) for pair in whole.pools.band("eval_leak", hops)}
    some = {
        (drawn.pools.place("eval_leak", index).pair.start, drawn.pools.place("eval_leak", index).pair.chain)
        for index in range(200)
    }
    assert len(some) == 200 and some <= every


def test_options_give_little_away(large: Graph) -> None:
    """Who only knows how often an entity was right after the last two relations does little better than chance."""
    maker = QuestionMaker(large)
    learned, asked = list(maker.questions("hard", drawn.BLOCK)), list(maker.questions("eval_hard", 300))
    right, shown = Counter(), Counter()
    for question in learned:
        for letter, option in question.options.items():
            key = (*question.chain[-2:], option)
            shown[key] += 1
            right[key] += letter == question.answer
    guessed = 0.0
    for question in asked:
        odds = {
            x: (right[(*question.chain[-2:], o)] + 1) / (shown[(*question.chain[-2:], o)] + 4)
            for x, o in question.options.items()
        }
        best = [letter for letter, value in odds.items() if value == max(odds.values())]
        guessed += (question.answer in best) / len(best)
    assert guessed / len(asked) < 0.45


def test_a_pool_that_ends_says_how_many_it_has() -> None:
    ring = graph_of([(f"E{i}", "next", f"E{(i + 1) % 40}") for i in range(40)])
    maker = QuestionMaker(ring, pairs="drawn")
    have = 0
    with pytest.raises(
        InputError, match=r"pool eval_hard has \d+ different questions .* there is no question \d+"
    ):
        for have in range(1000):
            maker.question("eval_hard", have)
    assert 0 < have < 80
    assert maker.available("eval_hard") == have
    # a training pool starts over, with other distractors
    first, again = maker.question("hard", 0), {maker.question("hard", index).question for index in range(400)}
    assert first.question in again and len(again) < 80


def test_a_graph_that_cannot_give_what_is_asked_says_why() -> None:
    flat = graph_of([(f"E{i}", "next", f"F{i % 7}") for i in range(50)])
    with pytest.raises(
        InputError,
        match=r"mine: too small .* of pool hard: it has no chain of 4 to 5 relations \(the longest walk has 1\)",
    ):
        QuestionMaker(flat, pairs="drawn", source="mine").questions("hard", 1)
    # whoever starts comes to more than six
    wide = graph_of([(f"E{i}", "any", f"E{j}") for i in range(12) for j in range(12) if i != j])
    with pytest.raises(
        InputError, match=r"pool easy: of \d+ walks .* \d+ reach more entities than `max_reachable` \(6\)"
    ):
        QuestionMaker(wide, pairs="drawn").questions("easy", 1)
    few = graph_of([("A", "r", "B"), ("B", "r", "C"), ("C", "r", "A")])
    with pytest.raises(InputError, match="leave no three distractors"):
        QuestionMaker(few, pairs="drawn").questions("easy", 1)
    for way, style, words in (
        ("some", "well_posed", "pairs: auto, all, drawn, not 'some'"),
        ("drawn", "published", "only well_posed questions"),
    ):
        with pytest.raises(InputError, match=re.escape(words)):
            QuestionMaker(few, pairs=way, style=style)


def test_the_study_draws_as_its_options_say(tmp_path: Path, shipped: Graph) -> None:
    write_json(tmp_path / "kg.json", shipped.file)
    study = load_study("hops", {"pairs": "drawn"}, tmp_path)
    assert study.size(study.pool("hard")) is None
    items = list(study.items("eval_leak_permuted", 5))
    assert [study.score(item, study.reference(item)).correct for item in items] == [True] * 5
    trace = random_trace(items[0], shipped, 0)
    assert study.score(items[0], trace).format and not study.score(items[0], trace).faithful


# --- names among millions --------------------------------------------------------------------------------------------

NAMES = ["a", "ab", "a b", "a-b", "b", "-b", "b c d", "C++", "ü x", "x.", '"and"', "a b c"]
MENTIONS = Mentions(frozenset(NAMES))
PATTERN = re.compile(
    r"(?<!\w)(?:" + "|".join(map(re.escape, sorted(NAMES, key=len, reverse=True))) + r")(?!\w)"
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([*NAMES, " ", ", and ", ".", "-", "z", "ü", '"', "\n"]), max_size=14).map(
        "".join
    ),
    st.integers(0, 6),
)
def test_names_are_found_as_a_regular_expression_finds_them(text: str, at: int) -> None:
    assert list(MENTIONS.spans(text, at)) == [match.span() for match in PATTERN.finditer(text, at)]
