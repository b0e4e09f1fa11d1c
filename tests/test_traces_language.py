"""The language of traces: every text gets a grade, numbers are read by one rule, and no answer can be smuggled."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trap.studies.traces import language
from trap.studies.traces.grading import GRADES, grade
from trap.studies.traces.language import FAULTS, Fault
from trap.studies.traces.quantities import ONES, read_number, said_in, spoken, written
from trap.studies.traces.reading import _by_line, _by_parser, read_program
from trap.studies.traces.solver import run
from trap.studies.traces.stories.problems import EASY, HARD, Kind, problem

QUESTION = "Ann has 12 pens. She buys 5 more and loses 3. Ben is 14 years old. How many pens does Ann have?"
RIGHT = """expert: arithmetic
trace:
- {op: init, var: a, value: 12}
- {op: init, var: b, value: 5}
- {op: compute, compute_op: add, args: [a, b], var: r1}
- {op: init, var: c, value: 3}
- {op: compute, compute_op: sub, args: [r1, c], var: r2}
- {op: query, var: r2}"""
NEEDS = (12, 5, 3)


def graded(text: str, needs=NEEDS):
    return grade(text, 14, ("arithmetic",), QUESTION, needs)


def trace(*steps: str, expert: str = "arithmetic") -> str:
    return "\n".join([f"expert: {expert}", "trace:", *(f"- {step}" for step in steps)])


def outcome(*steps: str, expert: str = "arithmetic"):
    """The answer, or the kind of fault."""
    program = read_program(trace(*steps, expert=expert))
    if isinstance(program, Fault):
        return program.kind
    found = run(program)
    return found.fault.kind if found.fault else found.answer


# --- formats ------------------------------------------------------------------------------------------------


def test_both_formats_run_to_the_same_answer() -> None:
    v0 = trace(
        "{init: a, value: 12}", "init: b\n  value: 5", "compute: {op: add, args: [a, b], var: r1}",
        "{compute: {op: sub, args: [r1, 3], var: r2}}", "{query: r2}",
    )  # fmt: skip
    for text, version in ((RIGHT, 1), (v0, 0)):
        assert read_program(text).version == version
        assert graded(text).reward == 1.0


def test_a_given_value_may_be_asked_for_in_v0_alone() -> None:
    assert outcome("{init: a, value: 12}", "{query: a}") == 12
    assert outcome("{op: init, var: a, value: 12}", "{op: query, var: a}") == "query_of_given"


def test_a_later_init_makes_a_computed_variable_a_given_one() -> None:
    steps = ("{op: compute, compute_op: add, args: [1, 2], var: a}", "{op: init, var: a, value: 9}")
    assert outcome(*steps, "{op: query, var: a}") == "query_of_given"


def test_operations_of_every_expert() -> None:
    two = ("{op: init, var: a, value: 7}", "{op: init, var: b, value: 2}")
    expected = {"add": 9, "sub": 5, "mul": 14, "div": Fraction(7, 2), "mod": 1, "pow": 49, "min": 2, "max": 7}
    assert {*expected, "sqrt", "abs"} == set(language.COMPUTE)
    for op, value in expected.items():
        assert (
            outcome(*two, f"{{op: compute, compute_op: {op}, args: [a, b], var: r}}", "{op: query, var: r}")
            == value
        )
    for op, given_value, value in (("sqrt", "9/4", Fraction(3, 2)), ("abs", "-7", 7)):
        step = f"{{op: compute, compute_op: {op}, args: [{given_value}], var: r}}"
        assert outcome(step, "{op: query, var: r}") == value
    moves = ("{op: init, var: ann, value: 7}", "{op: transfer, from_entity: ann, to_entity: ben, amount: 2}",
             "{op: consume, entity: ben, amount: 1}", "{op: add_entity, entity: ben, amount: 10}")  # fmt: skip
    assert outcome(*moves, "{op: query, var: ben}", expert="entity_track") == 11
    assert outcome(*moves, "{op: query, var: ann}", expert="entity_track") == 5
    for op, value in (("percent_off", 60), ("percent_increase", 100), ("percent_of", 20)):
        for rate in ("25", "25%"):
            step = f"{{op: {op}, base: 80, rate: {rate}, var: r}}"
            assert outcome(step, "{op: query, var: r}", expert="percentage") == value
    compare = "{op: compare, compute_op: sub, args: [9, 4], var: r}"
    assert outcome(compare, "{op: query, var: r}", expert="comparison") == 5
    given_values = (
        "{op: given, values: {a: 7, b: 2}}",
        "{op: formula, text: r = a + b}",
        "{op: state, assertions: {a: 7}}",
    )
    assert (
        outcome(*given_values, "{op: compute, compute_op: add, args: [a, b], var: r}", "{op: query, var: r}")
        == 9
    )


def test_a_composition_passes_answers_on() -> None:
    first = "- expert: arithmetic\n  trace:\n  - {op: compute, compute_op: add, args: [12, 5], var: r1}\n  - {op: query, var: r1}\n"
    second = (
        "- expert: percentage\n  trace:\n  - {{op: init, var: a, source: {}}}\n"
        "  - {{op: percent_off, base: a, rate: 50, var: r1}}\n  - {{op: query, var: r1}}"
    )
    for source in ("prev.result", "sub1.result"):
        program = read_program(first + second.format(source))
        assert program.composed and run(program).answer == Fraction(17, 2)
    for source in ("sub2.result", "sub0.result", "prev", "next.result"):
        assert run(read_program(first + second.format(source))).fault.kind == "unknown_source"
    composed = grade(
        first + second.format("prev.result"), Fraction(17, 2), ("arithmetic", "arithmetic"), QUESTION
    )
    assert composed.reward == 0.3, "the reward looks at the experts of a composition"


# --- faults -------------------------------------------------------------------------------------------------

ADD = "{op: compute, compute_op: add, args: [1, 2], var: r}"
ASK = "{op: query, var: r}"
FAULTY = {
    "empty_text": "  \n",
    "too_long": "a" * (language.MOST_TEXT + 1),
    "too_deep": "[" * 50 + "]" * 50,
    "not_yaml": "expert: [arithmetic\ntrace: }",
    "unsafe_yaml": "expert: &x arithmetic\ntrace: [*x]",
    "duplicate_key": "expert: arithmetic\nexpert: arithmetic\ntrace: []",
    "not_a_trace": "just words",
    "empty_composition": "[]",
    "too_many_steps": trace(*["{query: r}"] * (language.MOST_STEPS + 1)),
    "unknown_step": trace("{op: add, args: [a, b], var: r}"),
    "malformed_step": trace("{op: init, var: a}"),
    "source_and_value": trace("{op: init, var: a, source: prev.result, value: 20}"),
    "unknown_expert": trace(ADD, ASK, expert="astrology"),
    "wrong_expert": trace(ADD, ASK, expert="comparison"),
    "foreign_operation": trace("{op: percent_of, base: 5, rate: 60, var: r}"),
    "unknown_variable": trace("{op: compute, compute_op: add, args: [x, y], var: r}"),
    "not_a_number": trace("{op: init, var: a, value: step1}"),
    "unknown_source": trace("{op: init, var: a, source: prev.result}"),
    "divided_by_zero": trace("{op: compute, compute_op: div, args: [1, 0], var: r}"),
    "wrong_arguments": trace("{op: compute, compute_op: div, args: [8, 2, 2], var: r}"),
    "no_real_value": trace("{op: compute, compute_op: sqrt, args: [-1], var: r}"),
    "too_large": trace("{op: compute, compute_op: pow, args: [999999999999, 60], var: r}"),
    "assertion_failed": trace("{op: init, var: a, value: 1}", "{op: state, assertions: {a: 2}}"),
    "query_of_given": trace("{op: init, var: a, value: 1}", "{op: query, var: a}"),
    "no_query": trace(ADD),
    "empty_trace": "expert: arithmetic\ntrace: []",
}
TRACKED = {
    "not_initialised": "{op: consume, entity: ann, amount: 1}",
    "not_enough": "{op: transfer, from_entity: ann, to_entity: ben, amount: 1}",
    "negative_amount": "{op: add_entity, entity: ann, amount: -1}",
}


def test_every_kind_of_fault_is_met() -> None:
    assert {*FAULTY, *TRACKED} == set(FAULTS)
    for kind, text in FAULTY.items():
        found = graded(text)
        assert found.fault and found.fault.kind == kind, (kind, found.fault)
        assert found.reward == {"form": 0.0, "expert": 0.3, "run": 0.5}[FAULTS[kind][0]]
        assert not found.valid or kind == "wrong_expert"
        assert found.fault.words
    for kind, step in TRACKED.items():
        assert outcome(step, expert="entity_track") == kind


def test_the_graduated_reward_is_as_published() -> None:
    wrong = RIGHT.replace("compute_op: sub", "compute_op: add")
    rewards = [
        graded(text).reward
        for text in ("?", RIGHT.replace("arithmetic", "comparison"), trace(ADD), wrong, RIGHT)
    ]
    assert rewards == list(GRADES)
    assert [graded(text).valid for text in (trace(ADD), "[]", "expert: arithmetic\ntrace: []", wrong)] == [
        False, False, False, True,
    ]  # fmt: skip


# --- no answer is smuggled ----------------------------------------------------------------------------------

SMUGGLED = {
    "a literal alone": ("{op: compute, compute_op: add, args: [14], var: r}", ASK),
    "a distractor alone": ("{op: init, var: a, value: 14}", "{op: compute, compute_op: add, args: [a], var: r}", ASK),
    "plus nothing": ("{op: init, var: a, value: 14}", "{op: compute, compute_op: add, args: [a, 0], var: r}", ASK),
    "times one": ("{op: init, var: a, value: 14}", "{op: compute, compute_op: mul, args: [a, 1], var: r}", ASK),
    "the greater of it twice": ("{op: init, var: a, value: 14}", "{op: compute, compute_op: max, args: [a, a], var: r}", ASK),
    "its own size": ("{op: init, var: a, value: 14}", "{op: compute, compute_op: abs, args: [a], var: r}", ASK),
    "the greater one": ("{op: compute, compute_op: max, args: [12, 14], var: r}", ASK),
    "made of strange numbers": ("{op: compute, compute_op: add, args: [7, 7], var: r}", ASK),
    "a number used twice": ("{op: compute, compute_op: add, args: [12, 5, 5], var: x}",
                            "{op: compute, compute_op: sub, args: [x, 5, 3], var: r}", ASK),
    "undone": ("{op: compute, compute_op: add, args: [12, 5, 3], var: x}", "{op: compute, compute_op: sub, args: [x, x], var: z}",
               "{op: compute, compute_op: add, args: [z, 14], var: r}", ASK),
    "times nothing": ("{op: compute, compute_op: add, args: [12, 5, 3], var: x}", "{op: compute, compute_op: mul, args: [x, 0], var: z}",
                      "{op: compute, compute_op: add, args: [z, 14], var: r}", ASK),
    "beside real steps": ("{op: compute, compute_op: sub, args: [12, 5, 3], var: x}",
                          "{op: compute, compute_op: add, args: [14], var: r}", ASK),
}  # fmt: skip
REAL = RIGHT.split("\n")[2:]


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_smuggled_answer_is_not_sound(name: str) -> None:
    for needs in (NEEDS, None):
        found = graded(trace(*SMUGGLED[name]), needs)
        if needs is None and name in ("the greater one",):
            continue  # without the solution's numbers it cannot be told from one
        assert found.correct and not found.sound and found.complaints, found


@pytest.mark.parametrize(
    "more",
    [
        "{op: init, var: c, value: 3}",  # after the query
        "{op: init, var: r2, value: 14}",
        "{op: compute, compute_op: add, args: [a, b], var: r9}",
        "{op: query, var: r1}\n- {op: query, var: r2}",
        "{op: given, values: {z: 3}}",
    ],
)
def test_a_step_that_nothing_uses_is_not_sound(more: str) -> None:
    assert graded(RIGHT).sound
    found = graded(f"{RIGHT}\n- {more}")
    assert found.correct and not found.sound


def test_a_query_before_a_later_init_still_asks_for_what_was_computed() -> None:
    text = trace(ADD, ASK, "{op: init, var: r, value: 14}")
    assert run(read_program(text)).answer == 3


def test_transfers_that_move_nothing_are_not_sound() -> None:
    question = "Ann has 12 pens and gets 2. Zero, 14."
    start = "{op: init, var: ann, value: 14}"
    for step in (
        "{op: add_entity, entity: ann, amount: 0}",
        "{op: transfer, from_entity: ann, to_entity: ann, amount: 12}",
        "{op: transfer, from_entity: ann, to_entity: ben, amount: 0}",
    ):
        found = grade(
            trace(start, step, "{op: query, var: ann}", expert="entity_track"),
            14,
            ("entity_track",),
            question,
        )
        assert found.correct and not found.sound


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("80,000", 80000), ("1,234,567.5", Fraction(2469135, 2)), ("017", 17), ("-3.50", Fraction(-7, 2)), ("1e3", 1000),
        ("$5", 5), ("20%", Fraction(1, 5)), ("3/4", Fraction(3, 4)), ("1 1/2", Fraction(3, 2)), (".5", Fraction(1, 2)),
        ("twelve", 12), ("twenty-five", 25), ("two dozen", 24), ("a hundred", 100), ("three hundred and five", 305),
        ("two thousand", 2000), ("half", Fraction(1, 2)), ("zero", 0),
        ("8,00", None), ("1:30", None), ("yes", None), ("on", None), ("null", None), ("~", None), (".inf", None), (".nan", None),
        ("0x1F", None), ("1_000", None), ("1/0", None), ("two three", None), ("dozen dozen x", None), ("٣", None), ("", None),
        ("-", None), ("1e999", None), ("9" * 40, None),
    ],
)  # fmt: skip
def test_one_rule_for_numbers(text: str, value) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize("value", ["80,000", "017", "1:30", "yes", "on", "null"])
def test_yaml_has_no_surprises(value: str) -> None:
    """YAML 1.1 would read 80, 15, 90 and 1 here, and not accept a variable called on."""
    expected = read_number(value)
    steps = (
        f"{{op: init, var: on, value: {value}}}",
        "{op: compute, compute_op: add, args: [on, 1], var: yes}",
    )
    found = outcome(*steps, "{op: query, var: yes}")
    assert found == ("not_a_number" if expected is None else expected + 1)
    block = (
        f"expert: arithmetic\ntrace:\n- op: init\n  var: on\n  value: {value}\n- {steps[1]}\n- {{query: yes}}"
    )
    assert run(read_program(block)).answer == (None if expected is None else expected + 1)


def test_a_comma_in_brackets_separates() -> None:
    assert outcome("{op: compute, compute_op: add, args: [80,000], var: r}", ASK) == 80
    assert outcome("{op: compute, compute_op: add, args: [10,200], var: r}", ASK) == 210


def test_what_a_question_says() -> None:
    text = "He has two dozen eggs, 3 dozen rolls, twenty-five pens, one hundred and five cards and 1,200 more at 1:30."
    assert said_in(text) == (24, 36, 25, 105, 1200, 1, 30)
    assert said_in("one, two and three") == (1, 2, 3)


@given(st.integers(0, 99))
def test_numbers_in_words_are_read_back(value: int) -> None:
    assert read_number(spoken(value)) == value
    assert said_in(f"There are {spoken(value)} of them") == (value,)


@given(st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=1000))
def test_numbers_are_read_as_they_are_written(value: Fraction) -> None:
    text = written(value.numerator if value.denominator == 1 else value)
    assert read_number(text) == value


# --- any text -----------------------------------------------------------------------------------------------

PIECES = [
    *RIGHT.split("\n"), "expert: ", "trace:", "- ", "{op: ", "}", "[", "]", "query", "init", "compute", ", ", ": ", "\n", "  ", "&a", "*a",
    "!!int", "---", "%YAML 1.2", "|", ">", "'", '"', "? ", "#", "\t", "\0", "é", "<<", "1e9", "{a: [b", "80,000", *ONES[:4],
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_every_text_gets_a_grade(text: str) -> None:
    found = graded(text)
    assert found.reward in GRADES
    assert found.correct == (found.reward == 1) and (found.valid or not found.correct)
    assert found.fault or found.valid


def mutated(text: str, cuts: list[tuple[int, int, str]]) -> str:
    for at, length, piece in cuts:
        at %= len(text) + 1
        text = text[:at] + piece + text[at + length :]
    return text


CUTS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 12), st.sampled_from(["", *PIECES])), max_size=3
)


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 10**6), CUTS)
def test_lines_are_read_as_the_parser_reads_them(number: int, cuts) -> None:
    """The fast reader is a shortcut: it may refuse a text, and never reads another program."""
    text = mutated(problem(Kind(EASY + HARD, "train"), str(number)).reference, cuts)
    found = _by_line(text)
    if not cuts:
        assert found is not None
    if isinstance(found, Fault):
        assert found.kind == _by_parser(text).kind == "not_yaml"
    elif found is not None:
        assert found == _by_parser(text)


@given(st.integers(0, 10**6), st.integers(1, 400))
@settings(max_examples=100, deadline=None)
def test_a_trace_that_is_cut_short_is_no_trace_or_a_shorter_one(number: int, left: int) -> None:
    text = problem(Kind(EASY, "train"), str(number)).reference[:left]
    found, slow = read_program(text), _by_parser(text)
    assert found.kind == slow.kind if isinstance(found, Fault) else found == slow


HOSTILE = [
    "[" * 2900, "{" * 2900, "- " * 1400, "? " * 1400, "a: " * 900, "[{" * 1400, "'" * 2900, "- {a: [" * 400, "!" * 2900, "&a " * 900,
    "\n".join("  " * depth + "a:" for depth in range(70)), "- " * 7 + "[" * 7 + "x,", trace(*["{op: init, var: a, value: 1}"] * 60),
    trace("{op: init, var: a, value: 7}", *["{op: compute, compute_op: mul, args: [a, a], var: a}"] * 60),
    trace("{op: init, var: a, value: 1/3}", *["{op: compute, compute_op: pow, args: [a, 64], var: a}"] * 60),
    trace("{op: compute, compute_op: mul, args: [" + ", ".join(["9" * 30] * 16) + "], var: a}"),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_bounded(text: str) -> None:
    """What would nest, grow or repeat without end ends with a grade (benchmarks/traces.py says how soon)."""
    assert graded(text).reward in GRADES
