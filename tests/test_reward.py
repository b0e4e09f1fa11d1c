"""Reward v1 as published, reward v2, and what untrusted or adversarial completions can earn."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graded_question import (
    EDGES,
    GRADER,
    GRAPH,
    NAMES,
    OURS,
    PATH,
    QUESTION,
    RELATIONS,
    WALK,
    grade,
    make_graph,
    make_question,
    trace_of,
)
from trap.studies.hops.completions import MAX_CHARS
from trap.studies.hops.records import LETTERS
from trap.studies.hops.reward import Grader, selection_key, to_episode


class TestAcceptance:
    """The five cases that the published specification asks for."""

    def test_correct_with_two_path_entities_is_positive(self):
        found = grade("SlowQuery comes from TableLock")
        assert found.correct and found.hits == 2
        assert found.total == pytest.approx(1 + 0.5 * 2 / 5)

    @pytest.mark.parametrize("trace", ["I just know", "SlowQuery is bad"])
    def test_correct_with_fewer_than_two_has_no_path_bonus(self, trace):
        found = grade(trace)
        assert (found.path_reward, found.total) == (0.0, 1.0)

    def test_wrong_with_full_path_is_negative(self):
        found = grade(trace_of(WALK), "A")
        assert found.coverage == 1.0
        assert found.total == pytest.approx(-1.5)

    def test_spam_is_penalised(self):
        found = grade("SlowQuery " * 6 + "TableLock")
        assert found.spam_penalty == 0.5
        assert found.total == pytest.approx(1 + 0.5 * 0.4 - 0.5)

    def test_missing_answer_line(self):
        found = GRADER.grade(QUESTION, f"TRACE: {trace_of(WALK)}")
        assert (found.total, found.valid_format, found.answer) == (-2.0, False, "")
        assert (found.correctness, found.path_reward, found.spam_penalty) == (-2.0, 0.0, 0.0)


class TestValidity:
    @pytest.mark.parametrize("published", [False, True])
    @pytest.mark.parametrize("meta", [False, True])
    def test_reference_is_faithful(self, published, meta):
        found = grade(trace_of(WALK, published), question=make_question(meta=meta))
        assert found.faithful and found.follows_chain
        assert (found.validity, found.hops_used, found.first_false) == (1.0, 4, -1)
        assert found.total == pytest.approx(1.5)

    def test_another_true_path_is_credited(self):
        other = [EDGES[1], EDGES[3], EDGES[5], EDGES[6]]
        found = grade(trace_of(other))
        assert found.faithful and found.coverage == pytest.approx(4 / 5)

    def test_true_clauses_that_do_not_connect(self):
        found = grade(trace_of([EDGES[1], EDGES[2], EDGES[5], EDGES[6]]))
        assert found.validity == 1.0 and found.follows_chain and not found.valid

    def test_another_chain(self):
        found = grade(trace_of(WALK[1:]), question=QUESTION)
        assert found.validity == 1.0 and not found.follows_chain and not found.valid

    def test_other_start(self):
        question = make_question()
        question.meta.start = "HighLoad"
        assert not grade(trace_of(WALK), question=question).valid

    def test_end_is_not_the_chosen_option(self):
        found = grade(trace_of(WALK), "A")
        assert found.validity == 1.0 and not found.valid and not found.faithful

    def test_first_false_and_share(self):
        found = grade(
            "SlowQuery is caused by TableLock, and TableLock leads to HighLoad, and HighLoad is odd"
        )
        assert found.clauses == (
            ("SlowQuery", "caused_by", "TableLock"),
            ("TableLock", "leads_to", "HighLoad"),
            None,
        )
        assert (found.true_clauses, found.first_false) == (1, 1)
        assert found.validity == pytest.approx(1 / 3)

    def test_no_clause_is_not_valid(self):
        found = grade("")
        assert (found.validity, found.valid, found.clauses) == (0.0, False, ())

    @pytest.mark.parametrize(
        "text",
        [
            "SlowQuery is caused by TableLock. TableLock leads to ConnectionError.",
            "SlowQuery  is  caused by TableLock; TableLock is leads to ConnectionError",
            "SlowQuery is often caused by TableLock and TableLock leads to ConnectionError",
            "SlowQuery IS CAUSED BY TableLock, then TableLock leads to ConnectionError",
        ],
    )
    def test_separators(self, text):
        assert GRADER.clauses(text) == (EDGES[0], EDGES[2])

    def test_inverse_relation_is_not_an_edge(self):
        assert grade("TableLock is caused by SlowQuery").true_clauses == 0


class TestSelection:
    def test_order_of_tie_breaks(self):
        short, long = grade("SlowQuery by TableLock"), grade("SlowQuery by TableLock, I believe")
        assert selection_key(short) > selection_key(long)
        assert selection_key(grade(trace_of(WALK))) > selection_key(short)
        assert selection_key(short) > selection_key(grade(trace_of(WALK), "A"))

    def test_v2_puts_faithful_first(self):
        chant = grade("SlowQuery TableLock ConnectionError CheckPool PoolTool")
        other = grade(trace_of([EDGES[1], EDGES[3], EDGES[5], EDGES[6]]))
        assert selection_key(chant, "v1") > selection_key(other, "v1")
        assert selection_key(other, "v2") > selection_key(chant, "v2")
        assert other.total_v2 > chant.total_v2

    def test_unknown_reward(self):
        with pytest.raises(ValueError, match="v1 or v2"):
            selection_key(grade("x"), "v3")

    def test_asymmetry_cannot_change_the_winner(self):
        """P5: within one prompt a different penalty for wrong answers leaves the ranking as it is."""
        found = [grade(t, a) for t in (trace_of(WALK), "SlowQuery", "x") for a in "AC"]

        def milder(g):
            return (g.total + (0 if g.correct else 1.0), *selection_key(g)[1:])

        assert sorted(found, key=milder)[-1] == sorted(found, key=selection_key)[-1]


class TestAdversaries:
    def test_entity_chant(self):
        found = grade(" ".join(NAMES * 3))
        assert found.spam_penalty == 0.5 and not found.valid

    def test_whole_vocabulary_once_earns_v1_but_no_validity(self):
        found = grade(" ".join(NAMES))
        assert found.total == pytest.approx(1.5)
        assert found.total_v2 < grade(trace_of(WALK)).total_v2 and found.validity == 0.0

    def test_start_and_answer_only(self):
        found = grade("SlowQuery is caused by PoolTool")
        assert found.hits == 2 and found.validity == 0.0
        assert found.total < grade(trace_of(WALK)).total

    def test_copied_options(self):
        found = grade(", ".join(QUESTION.options.values()))
        assert found.hits == 1 and found.total == 1.0

    def test_all_letters_never_win(self):
        lines = "\n".join(f"ANSWER: {letter}" for letter in LETTERS)
        assert GRADER.grade(QUESTION, f"TRACE: {trace_of(WALK)}\n{lines}").total == -2.0

    def test_entities_outside_the_trace_line_earn_nothing(self):
        found = GRADER.grade(QUESTION, f"{trace_of(WALK)}\nTRACE: x\n{trace_of(WALK)}\nANSWER: C")
        assert found.entities == () and found.total == 1.0

    @pytest.mark.parametrize(
        "text",
        [
            "TRACE: " + "SlowQuery " * 1900 + "\nANSWER: C",
            "TRACE: " + " " * 19_000 + "x\nANSWER: C",
            "answer" + " " * 10**6,
            "\n" * 10**6,
            "TRACE:\n" * 10**5,
            "TRACE: " + ", and " * 3000 + "\nANSWER: C",
            "TRACE: " + "and " * 4000 + "\nANSWER: C",
            "(" * 10**6,
            "A)" * 10**5,
        ],
    )
    def test_a_long_text_ends_and_only_its_beginning_counts(self, text):
        # matching that grows faster than the text would not come back from these
        assert GRADER.grade(QUESTION, text * 10) == GRADER.grade(QUESTION, (text * 10)[:MAX_CHARS])


PIECES = st.sampled_from(
    [
        *NAMES,
        *OURS.values(),
        "TRACE:",
        "ANSWER:",
        "\n",
        ", and ",
        ". ",
        " ",
        *LETTERS,
        "\0",
        "\u2028",
        "answer is ",
    ]
)
TEXT = st.one_of(
    st.text(st.characters(), max_size=200),
    st.lists(PIECES, max_size=40).map("".join),
    st.lists(PIECES).map(" ".join),
)


@given(TEXT)
def test_grading_never_raises_and_stays_in_bounds(text):
    found = GRADER.grade(QUESTION, text)
    assert -2.5 <= found.total <= 1.5
    assert found.total <= found.total_v2 <= 3.0
    assert 0 <= found.coverage <= 1 and 0 <= found.validity <= 1
    assert found.true_clauses <= found.hops_used
    assert found.lenient_answer in ("", *LETTERS)
    assert found == GRADER.grade(QUESTION, text)  # the memo changes nothing
    assert found == Grader(GRAPH).grade(QUESTION, text)


@given(TEXT)
def test_trace_text_never_raises(text):
    found = grade(text.replace("\n", " "))
    assert found.valid_format and found.correct
    assert found.entities == GRADER.mentions(found.trace_text)
    assert found.clauses == GRADER.clauses(found.trace_text)
    if not found.faithful:  # a faithful completion beats every other by reward v2
        assert found.total_v2 < 2.05 < grade(trace_of(WALK)).total_v2


@given(st.permutations(WALK))
def test_permuted_clauses_are_not_valid(order):
    found = grade(trace_of(order))
    assert found.validity == 1.0
    assert found.valid == (list(order) == WALK)


@given(st.text(st.characters(exclude_characters="\n,.;"), min_size=1, max_size=40))
@settings(max_examples=50)
def test_appended_junk_is_not_valid(junk):
    assume(junk.strip())  # a trace that ends on a bare "and" breaks off, which is another matter
    assert not grade(trace_of(WALK) + ", and " + junk).valid


@st.composite
def walks(draw):
    """A random graph with a random simple walk on it, as a question."""
    names = [f"E{i}" for i in range(12)]
    edges = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(sorted(RELATIONS)), st.sampled_from(names)),
            max_size=20,
            unique=True,
        )
    )
    order = draw(st.permutations(names))[: draw(st.integers(2, 6))]
    walk = [(a, draw(st.sampled_from(sorted(RELATIONS))), b) for a, b in pairwise(order)]
    graph = make_graph(
        [*names, "DigTool", "SsTool", "CurlTool"], sorted({e for e in edges if e[0] != e[2]} | {*walk})
    )
    return graph, make_question(walk, draw(st.sampled_from(LETTERS)))


@given(walks())
@settings(max_examples=60)
def test_reference_traces_are_always_faithful(case):
    graph, question = case
    found = Grader(graph).grade(question, question.ref.trace)
    assert found.faithful and found.total == pytest.approx(1.5) and found.total_v2 == pytest.approx(3.0)


def test_episode_keeps_the_published_fields():
    text = QUESTION.ref.trace
    episode = to_episode(QUESTION, text, GRADER.grade(QUESTION, text), phase="sft", step=7)
    assert (episode.phase, episode.step, episode.ex_id, episode.completion) == ("sft", 7, "q", text)
    assert episode.parsed.answer == "C" and episode.parsed.valid_format
    assert episode.parsed.trace_entities == PATH == episode.parsed.path_entities
    assert episode.reward.total == pytest.approx(1.5) and episode.reward.faithful
    assert episode.debug["entity_repeat_counts"]["TableLock"] == 2
    assert episode.hop_len == 4
