"""Programs of the study traces: a trace explained, published solutions compiled."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compile_solutions
import run_trace
from trap.studies.traces import annotations
from trap.studies.traces.annotations import compile_solution, gold_as_published, gold_of, parse
from trap.studies.traces.ceiling import audit, read_solutions
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import run
from trap.studies.traces.stories.problems import EASY, HARD, Kind, problem

ROOT = Path(__file__).resolve().parent.parent
TRACE = "expert: arithmetic\ntrace:\n- {op: init, var: a, value: 12}\n- {op: compute, compute_op: div, args: [a, 5], var: r}\n- {op: query, var: r}\n"


# --- a trace explained --------------------------------------------------------------------------------------


def explained(capsys, monkeypatch, text: str, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    status = run_trace.main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_each_step_is_shown_with_the_state(capsys, monkeypatch) -> None:
    status, said = explained(capsys, monkeypatch, TRACE)
    assert status == 0
    assert [line.strip() for line in said.splitlines()] == [
        "format v1", "expert arithmetic", "1  {op: init, var: a, value: 12}", "a = 12",
        "2  {op: compute, compute_op: div, args: [a, 5], var: r}", "a = 12, r = 2.4", "3  {op: query, var: r}", "asks: 2.4",
        "answer: 2.4",
    ]  # fmt: skip


def test_from_a_file_in_a_fence(capsys, tmp_path: Path) -> None:
    path = tmp_path / "said.txt"
    path.write_text(f"Here you are:\n```yaml\n{TRACE}```\nDone.")
    assert run_trace.main([str(path)]) == 0
    assert "fence" in capsys.readouterr().out


def test_what_it_earns(capsys, monkeypatch) -> None:
    question = ("--question", "12 pens for 5 people")
    status, said = explained(capsys, monkeypatch, TRACE, *question, "--answer", "2.4")
    assert (status, said.splitlines()[-2:]) == (0, ["sound: yes", "earns 1"])
    status, said = explained(capsys, monkeypatch, TRACE, *question, "--answer", "3")
    assert (status, said.splitlines()[-1]) == (2, "earns 0.7 (the answer is 3)")
    status, said = explained(
        capsys, monkeypatch, TRACE, *question, "--answer", "2.4", "--expert", "comparison"
    )
    assert status == 2 and "earns 0.3" in said
    status, said = explained(capsys, monkeypatch, TRACE, "--question", "9 pens", "--answer", "2.4")
    assert status == 0 and "sound: no (strange number, number left out)" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "not a trace: the list of parts is empty"),
        (TRACE.replace("[a, 5]", "[b, 5]"), "stops: step 2: a variable has no value yet (b)"),
        (
            TRACE.replace("op: query", "op: ask"),
            "stops: step 3: a step names no operation that there is (ask)",
        ),
        (TRACE.replace("arithmetic", "magic"), "stops: there is no such expert (magic)"),
        (TRACE.replace("- {op: query, var: r}\n", ""), "stops: nothing is asked for"),
    ],
)
def test_what_stops_it_is_named(capsys, monkeypatch, text: str, said: str) -> None:
    status, lines = explained(capsys, monkeypatch, text)
    assert status == 2 and said in lines


def test_bad_input_is_one_line(capsys, monkeypatch, tmp_path: Path) -> None:
    assert explained(capsys, monkeypatch, "") == (1, "error: standard input: no text\n")
    assert explained(capsys, monkeypatch, TRACE, "--answer", "many") == (
        1,
        "error: --answer: 'many' is no number\n",
    )
    status, said = explained(capsys, monkeypatch, "", str(tmp_path / "none"))
    assert status == 1 and said.count("\n") == 1 and "none" in said


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.text(max_size=60))
def test_every_problem_and_every_text_is_explained(number: int, text: str) -> None:
    from trap.studies.traces.explaining import explain
    from trap.studies.traces.quantities import written

    made = problem(Kind(EASY + HARD, "train"), str(number))
    lines, right = explain(made.reference, made.question, written(made.answer), made.experts)
    assert right and "sound: yes" in lines and lines[-1] == "earns 1"
    lines, ran = explain(text)
    assert lines and not ran


# --- published solutions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("16-3-4", ("sub", ("sub", 16, 3), 4)), ("80000*1.5", ("mul", 80000, Fraction(3, 2))), (".5*8", ("mul", Fraction(1, 2), 8)),
        ("2*(3+4)", ("mul", 2, ("add", 3, 4))), ("2(3+4)", ("mul", 2, ("add", 3, 4))), ("20%*50", ("mul", Fraction(1, 5), 50)),
        ("-5+3", ("add", -5, 3)), ("2^3", ("pow", 2, 3)), ("1,200/4", ("div", 1200, 4)),
        ("2x3", None), ("", None), ("(2", None), ("2+", None), ("__import__('os')", None), ("(" * 200 + "1" + ")" * 200, None),
    ],
)  # fmt: skip
def test_arithmetic_is_parsed_and_never_evaluated(text: str, tree) -> None:
    assert parse(text) == tree


@settings(deadline=None)
@given(st.text(alphabet="0123456789.+-*/()^%, x", max_size=60))
def test_no_annotation_raises(text: str) -> None:
    parse(text)
    compile_solution("1 and 2", f"<<{text}=3>>3\n#### 3")


@pytest.mark.parametrize(
    ("text", "gold", "published"),
    [("#### 2,125", 2125, 2), ("#### 18", 18, 18), ("#### $5,600", 5600, None), ("#### 2/3", Fraction(2, 3), 2),
     ("#### -4", -4, -4), ("#### 1,234,567.5", Fraction(2469135, 2), 1), ("no mark", None, None)],
)  # fmt: skip
def test_gold_is_read_whole(text: str, gold, published) -> None:
    assert gold_of(text) == gold
    assert gold_as_published(text) == published


def test_a_solution_becomes_a_trace() -> None:
    question = "Ducks lay 16 eggs. She eats three and bakes with four. She sells the rest for $2 each."
    made = compile_solution(question, "16 - 3 - 4 = <<16-3-4=9>>9.\n9 * 2 = $<<9*2=18>>18.\n#### 18")
    assert made.sound and made.steps == 3 and made.gold == 18
    found = run(read_program(made.trace))
    assert found.answer == 18 and made.trace.count("op: init") == 4


def test_what_has_no_trace_says_why() -> None:
    for solution, reason in (
        ("It is 3.\n#### 3", annotations.NONE),
        ("<<x+2=3>>3\n#### 3", annotations.UNREAD),
        ("<<1+2=3>>3\n#### 4", annotations.OTHER),
        ("<<5*5=3>>3\n#### 3", annotations.STOPPED),
    ):
        assert compile_solution("5 and 1 and 2", solution).reason == reason


def test_two_dozen_is_one_number() -> None:
    made = compile_solution("She has two dozen eggs and eats 4.", "She has <<24-4=20>>20.\n#### 20")
    assert made.sound
    assert "value: 24" in made.trace


def test_the_committed_ceiling_is_that_of_the_published_solutions(
    published: Path, tmp_path: Path, capsys
) -> None:
    folder = published / "gsm8k"
    assert compile_solutions.main([str(folder), "--output", str(tmp_path / "ceiling.json")]) == 0
    made = json.loads((tmp_path / "ceiling.json").read_text())
    held = json.loads((ROOT / "results/released/traces/published/ceiling.json").read_text())
    assert made == held
    found = {row["id"]: row for row in made["findings"]}
    assert made["n"] == 400 and found["misread"]["count"] == 4
    assert found["compiled"]["count"] + sum(found["compiled"]["detail"]["left_out"].values()) == 400
    for row in read_solutions(folder / "test_first400.jsonl"):
        made_trace = compile_solution(row["question"], row["answer"])
        if made_trace.trace:
            assert abs(run(read_program(made_trace.trace)).answer - made_trace.gold) <= Fraction(1, 100)


def test_the_committed_ceiling_holds_no_text_of_a_question() -> None:
    text = (ROOT / "results/released/traces/published/ceiling.json").read_text()
    assert "<<" not in text and "?" not in text and len(text) < 4000


def test_an_audit_counts_all(tmp_path: Path, capsys) -> None:
    rows = [
        {"question": "3 and 4", "answer": "<<3+4=7>>7\n#### 7"},
        {"question": "9", "answer": "#### 9,000"},
    ]
    found = {row["id"]: row["count"] for row in audit(rows, "made up")["findings"]}
    assert found == {"compiled": 1, "sound": 1, "easy": 1, "long": 0, "misread": 1}
    path = tmp_path / "rows.jsonl"
    path.write_text('{"question": "3"}\n')
    assert compile_solutions.main([str(path)]) == 1
    assert capsys.readouterr().err == f"error: {path}:1: answer: missing\n"
