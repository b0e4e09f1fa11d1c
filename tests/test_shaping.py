"""Rewards as sums of parts: equal to the grader's where they must be, the paper's by hand, and adversaries."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graded_question import GRADER, NAMES, PATH, QUESTION, WALK, trace_of
from trap.studies.hops import shaping
from trap.studies.hops.study import Study

HONEST = trace_of(WALK)
ORDER = ("SlowQuery", "MissingIndex", "HighLoad", "AddReplica")


def parts(name: str, trace: str, answer: str = "C", tail: str = "") -> shaping.Parts:
    text = f"TRACE: {trace}\nANSWER: {answer}{tail}"
    return shaping.rewarder(name)(QUESTION, GRADER.grade(QUESTION, text), text)


def reward(name: str, trace: str, answer: str = "C") -> float:
    return sum(parts(name, trace, answer).values())


def test_sheets_may_name_every_reward() -> None:
    assert Study.reward_names[: len(shaping.REWARDS)] == tuple(shaping.REWARDS)
    assert Study.has_reward("progress-guards+length") and not Study.has_reward("v1+length-guards")
    assert all(shaping.rewarder(name) for name in Study.reward_names)
    for name in shaping.REWARDS:
        assert parts(name, HONEST) and parts(f"{name}-guards+length", HONEST)["length"] == 0
    for bad in ("", "v3", "v1+guards", "v1+length-guards", "-guards"):
        with pytest.raises(ValueError, match="reward: unknown"):
            shaping.rewarder(bad)


words = st.sampled_from(
    [*NAMES, "leads to", "is caused by", "and", ", and ", "\n", "ANSWER: C", "TRACE:", "A"]
)
texts = st.one_of(st.text(max_size=60), st.lists(words, max_size=14).map(" ".join))


@settings(deadline=None)
@given(texts, st.sampled_from("ABCDX"))
def test_v1_and_v2_are_the_graders_own(text: str, letter: str) -> None:
    for completion in (text, f"TRACE: {text}\nANSWER: {letter}"):
        grade = GRADER.grade(QUESTION, completion)
        for name, total in (("v1", grade.total), ("v2", grade.total_v2)):
            assert sum(shaping.rewarder(name)(QUESTION, grade, completion).values()) == pytest.approx(total)
        for name in shaping.REWARDS:  # any text has a finite reward, in the range that its parts allow
            for suffix in ("", "-guards", "+length"):
                value = sum(shaping.rewarder(name + suffix)(QUESTION, grade, completion).values())
                assert -4 <= value <= 4


def test_correctness_is_the_outcome_alone() -> None:
    assert [reward("correctness", t, a) for t, a in ((HONEST, "C"), ("no idea", "C"), (HONEST, "A"))] == [
        1,
        1,
        -2,
    ]
    assert [reward("paper_correctness", HONEST, a) for a in "CA"] == [0.1, -1.0]


def test_path_asks_for_no_answer() -> None:
    assert reward("path", HONEST, "C") == reward("path", HONEST, "A") == 0.5
    assert reward("path", "SlowQuery and TableLock", "A") == pytest.approx(0.5 * 2 / 5)
    assert reward("path", "SlowQuery alone") == 0  # one hit is none
    assert reward("path-guards", "SlowQuery alone") == pytest.approx(0.5 / 5)


def test_the_papers_formula_by_hand() -> None:
    assert reward("paper", HONEST) == pytest.approx(0.1 + 1.5)
    assert reward("paper", "SlowQuery leads to TableLock") == pytest.approx(0.1 + 1.2 * 2 / 5 + 0.3)
    assert reward("paper", "SlowQuery alone") == pytest.approx(0.1 + 1.2 / 5)
    # 5 of 7 mentions are one entity, five times in a row: both penalties
    chant = "SlowQuery SlowQuery SlowQuery SlowQuery SlowQuery TableLock PoolTool"
    phi = (1 - 3 * (5 / 7 - 0.35)) * (1 - 0.05 * 2)
    assert phi < 0 and reward("paper_path", chant) == 0  # a factor is never negative
    mild = "SlowQuery SlowQuery SlowQuery TableLock PoolTool DigTool SsTool"
    phi = 1 - 3 * (3 / 7 - 0.35)
    assert reward("paper_path", mild) == pytest.approx((1.2 * 3 / 5 + 0.3) * phi)
    run = " ".join(["SlowQuery"] * 4 + NAMES)
    entities = GRADER.mentions(run)
    assert 5 / len(entities) < 0.35  # no penalty by share, one step of penalty by run
    assert shaping.repetition(entities) == pytest.approx(0.95)


def test_p9_a_wrong_answer_with_the_full_path() -> None:
    """Negative in the published toy's weights, positive in the paper's."""
    assert reward("v1", HONEST, "A") == pytest.approx(-1.5)
    assert reward("paper", HONEST, "A") == pytest.approx(0.5)
    assert reward("paper", HONEST, "A") > reward("paper", "no idea", "C")  # ... and above a lucky guess


def test_similarity_is_likeness_of_words() -> None:
    assert reward("similarity", HONEST) == 1.0
    assert reward("similarity", HONEST, "A") == 1.0  # it asks for no answer
    assert reward("similarity", "nothing of it") == 0.0
    half = " ".join(HONEST.split()[: len(HONEST.split()) // 2])
    assert reward("similarity", half) == pytest.approx(2 / 3, abs=0.05)
    # Mimicry: another path, every clause of it false, in the reference's words.
    false = HONEST.replace("TableLock", "HighLoad").replace("CheckPool", "AddReplica")
    assert not GRADER.grade(QUESTION, f"TRACE: {false}\nANSWER: C").valid
    assert reward("similarity", false) > 0.7


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcd"), max_size=6), st.lists(st.sampled_from("abcd"), max_size=6))
def test_longest_common_subsequence(first: list[str], second: list[str]) -> None:
    def slow(a: list[str], b: list[str]) -> int:
        if not a or not b:
            return 0
        if a[0] == b[0]:
            return 1 + slow(a[1:], b[1:])
        return max(slow(a[1:], b), slow(a, b[1:]))

    assert shaping.longest_common(first, second) == slow(first, second)
    assert shaping.longest_common(first, second) == shaping.longest_common(second, first)
    assert shaping.longest_common(first, first) == len(first)


def test_progress_is_the_part_of_the_chain_that_was_walked() -> None:
    for steps in range(len(WALK) + 1):
        false = [("PoolTool", "leads_to", "SSLError")] * (len(WALK) - steps)
        assert (
            parts("progress", trace_of(WALK[:steps]))["progress"] == steps / 4
        )  # stopping early pays nothing
        assert parts("progress", trace_of([*WALK[:steps], *false]))["progress"] == steps / 4
    assert parts("progress", trace_of(WALK[1:]))["progress"] == 0  # it does not begin at the start
    assert parts("progress", trace_of([*WALK, *WALK[:1] * 4]))["progress"] == 0.5  # nor does going on
    gap = [WALK[0], WALK[2]]  # the second clause is true, but of the third relation
    assert parts("progress", trace_of(gap))["progress"] == 0.25
    wrong = [("SlowQuery", "caused_by", "MissingIndex"), WALK[1]]  # true clauses that do not connect
    assert parts("progress", trace_of(wrong))["progress"] == 0.25
    assert parts("progress", HONEST) == {"progress": 1.0, "faithful": 1.0}
    assert parts("progress", HONEST, "A") == {"progress": 1.0, "faithful": 0.0}
    assert (
        reward("progress", "") == 0
        and sum(shaping.rewarder("progress")(QUESTION, GRADER.grade(QUESTION, "?"), "?").values()) == 0
    )


def test_fewer_clauses_raise_the_share_of_true_ones_but_not_progress() -> None:
    """Why `progress`: half a trace with nothing false beats a whole one with an error, by v2 and validity."""
    whole = trace_of([*WALK[:3], ("CheckPool", "uses_tool", "DigTool")])
    half = trace_of(WALK[:1])
    for kind in ("v2", "validity"):
        assert parts(kind, half)["validity"] > parts(kind, whole)["validity"]
    assert reward("progress", half) < reward("progress", whole)


def test_length_costs_what_is_beyond_the_reference() -> None:
    assert parts("v1+length", HONEST)["length"] == 0
    assert parts("v1+length", HONEST + " indeed so")["length"] == pytest.approx(-0.2)
    assert parts("v1+length", HONEST + " word" * 500)["length"] == -1.0
    assert parts("v1+length", "short")["length"] == 0


# P6: what a policy could learn instead of reasoning. All say the right letter, which one in four guesses does.
ADVERSARIES = {
    "entity chant": " ".join(PATH * 4),
    "copied options": "DigTool SsTool CurlTool PoolTool SlowQuery",
    "start and answer": "SlowQuery leads to PoolTool",
    "path without relations": " ".join(PATH),
    "every entity of the graph": " ".join(NAMES),
    "the path backwards": trace_of([(d, r, s) for s, r, d in reversed(WALK)]),
    "padding": HONEST + ", and " + ", and ".join(["HighLoad leads to DigTool"] * 2),
}


@pytest.mark.parametrize("name", ADVERSARIES)
@pytest.mark.parametrize("kind", ["v2", "validity", "progress", "faithful"])
def test_validity_pays_no_adversary_like_an_honest_trace(kind: str, name: str) -> None:
    assert reward(kind, ADVERSARIES[name]) < reward(kind, HONEST) - 0.5


def test_p6_the_guards_stop_chants_and_single_hits() -> None:
    chant, options = ADVERSARIES["entity chant"], ADVERSARIES["copied options"]
    for kind in ("v1", "paper"):
        assert reward(f"{kind}-guards", chant) >= reward(f"{kind}-guards", HONEST)  # without them it pays
    assert reward("v1", chant) < reward("v1", HONEST)
    assert parts("v1", chant)["spam"] == -0.5 and "spam" not in parts("v1-guards", chant)
    assert reward("v1", options) < reward("v1", HONEST)
    assert parts("v1+length", " ".join(NAMES * 3))["length"] == -1.0


def test_p6_what_the_guards_do_not_stop() -> None:
    """Two hits come free with the question; the path's names in any order and no relation earn all of it."""
    free = ADVERSARIES["start and answer"]
    assert parts("v1", free)["path"] == pytest.approx(0.5 * 2 / 5)
    assert parts("paper", free)["path"] == pytest.approx(1.2 * 2 / 5 + 0.3)
    for kind in ("v1", "path", "paper", "paper_path"):
        for name in ("path without relations", "every entity of the graph", "the path backwards"):
            assert reward(kind, ADVERSARIES[name]) == pytest.approx(reward(kind, HONEST))
    assert reward("correctness", "anything") == reward("correctness", HONEST)


def test_a_true_path_other_than_the_sampled_one_is_as_good() -> None:
    other = [
        ("SlowQuery", "caused_by", "MissingIndex"),
        ("MissingIndex", "leads_to", "ConnectionError"),
        *WALK[2:],
    ]
    for kind in ("validity", "progress", "faithful"):
        assert reward(kind, trace_of(other)) == reward(kind, HONEST)
    assert reward("v1", trace_of(other)) < reward("v1", HONEST)
    assert parts("v2", trace_of(other))["faithful"] == 1
