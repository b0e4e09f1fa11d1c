"""The published puzzles: all read, each has one solution, and every fault that was found in their system is one of these tests.

They lie beside the project and not in it: where they are missing, these tests are skipped. What needs no file is tested
on a puzzle of our own.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import msgspec
import pytest

from skips import KINDS, needs
from trap.files import InputError
from trap.studies.clues import audit_published, reading, sentences
from trap.studies.clues.answers import told
from trap.studies.clues.draw import candidates, draw_case
from trap.studies.clues.logic import Shape, is_true
from trap.studies.clues.making import published_scene
from trap.studies.clues.published import Puzzle, Scene, answer_kind, read_puzzle

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT.parent / "shared/published/clue/val.json"
beside = pytest.mark.skipif(not FILE.is_file(), reason=f"published: {KINDS['published'][1]}")


@pytest.fixture(scope="module")
def puzzles() -> list[audit_published.Published]:
    return audit_published.read_puzzles(FILE)


@pytest.fixture(scope="module")
def found(puzzles: list[audit_published.Published]) -> audit_published.Audit:
    return audit_published.audit(puzzles)


@beside
def test_all_puzzles_read_and_are_written_back_to_the_letter(
    puzzles: list[audit_published.Published],
) -> None:
    assert len(puzzles) == 64
    for one in puzzles:
        puzzle = read_puzzle(one.prompt)
        assert len(puzzle.clues) == one.num_clues
        assert sentences.published_text(puzzle, plain_or=True) == one.prompt
        assert read_puzzle(sentences.published_text(puzzle)) == puzzle


@beside
@needs("ortools")
def test_each_has_one_solution_and_it_is_the_gold_one(found: audit_published.Audit) -> None:
    assert (found.puzzles, found.clues, found.questions) == (64, 1756, 429)
    assert (found.one_solution, found.equal_to_gold) == (64, 64)


@beside
@needs("ortools")
def test_an_inclusive_or_makes_puzzles_ambiguous(found: audit_published.Audit) -> None:
    assert found.with_or == 51
    assert (found.several_cases, found.several_answers) == (10, 7)
    assert (found.several_answers_of_smallest, found.smallest) == (4, 11)


@beside
@needs("ortools")
def test_the_published_grader_never_gives_its_gold_answers_the_full_score(
    found: audit_published.Audit,
) -> None:
    assert round(100 * found.gold_published, 1) == 92.6 and found.gold_ours == 1
    assert (found.never_right, found.never_full) == (32, 32)
    assert (round(100 * found.guess_published, 1), round(100 * found.guess_ours, 1)) == (22.4, 25.0)


# --- without the file -----------------------------------------------------------------------------------------------------


def a_puzzle(seed: int) -> tuple[Puzzle, list[str]]:
    """A puzzle of every candidate clue of a case, and its answers."""
    rng = Random(seed)
    while (case := draw_case(rng, Shape(4, 3, 6, 3, 4, (1, 1, 1, 1)), seed % 2 == 0)) is None:
        pass
    clues = tuple(one.clue for one in candidates(rng, case))
    questions = (("killer",), ("weapon",), ("room",), ("time",), ("at", "s1", 2), ("at", "w0", 0))
    if case.shape.motives:
        questions += (("why",), ("motive", "s0"))
    puzzle = Puzzle(published_scene(rng, case.shape), clues, questions)
    assert all(is_true(clue, case) for clue in clues)
    return puzzle, told(puzzle, case)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_written_is_read_again(seed: int) -> None:
    puzzle, _ = a_puzzle(seed)
    for plain_or in (False, True):
        assert read_puzzle(sentences.published_text(puzzle, plain_or)) == puzzle
    assert "but not both" in sentences.published_text(puzzle)
    assert "but not both" not in sentences.published_text(puzzle, plain_or=True)


def test_gold_answers_of_ours_score_full_with_ours_and_not_with_theirs() -> None:
    puzzle, answers = a_puzzle(0)
    letters = [chr(65 + at) for at in range(len(answers))]
    text = "\n".join(f"{letter}. {value}" for letter, value in zip(letters, answers, strict=True))
    names = [
        [
            puzzle.scene.value(answer_kind(one), at)
            for at in range(len(getattr(puzzle.scene, f"{answer_kind(one)}s")))
        ]
        for one in puzzle.questions
    ]
    read, rest = reading.answers(text, [reading.forms(each) for each in names])
    assert [each[at] for each, at in zip(names, read, strict=True)] == answers and rest == []
    times = sum(answer_kind(one) == "time" for one in puzzle.questions)
    assert times == 1
    score = reading.published_score(dict(zip(letters, answers, strict=True)), text)
    assert score == pytest.approx(1 - times / len(answers))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Nothing of the kind", "lists suspects"),
        ("clue", "not a clue that is known: 'The Rope sang'"),
        ("question", "not a question that is known: 'Is it late\\?'"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    puzzle, _ = a_puzzle(1)
    whole = sentences.published_text(puzzle)
    if text == "clue":
        head, _, tail = whole.partition("follows:\n\n- ")[0], "", ""
        text = whole.replace(whole.split("clues are as follows:\n\n")[1].split("\n")[0], "- The Rope sang")
        assert head and not tail
    elif text == "question":
        text = whole.replace("Who murdered Mr. Boddy?", "Is it late?")
    with pytest.raises(InputError, match=says):
        read_puzzle(text)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "val.json"
    path.write_text('[{"prompt": 1}]', encoding="utf-8")
    with pytest.raises(InputError, match=r"val\.json: not a list of published puzzles"):
        audit_published.read_puzzles(path)
    puzzle, answers = a_puzzle(2)
    item = {"num_clues": 1, "prompt": sentences.published_text(puzzle), "solution": {"A": answers[0]}}
    path.write_text(json.dumps([item]), encoding="utf-8")
    with pytest.raises(InputError, match="puzzle 0: its clues or questions"):
        audit_published.audit(audit_published.read_puzzles(path))


@needs("ortools")
def test_the_program_writes_its_audit_or_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = Scene(
        suspects=("Mr. Green", "Mrs. White"), weapons=("Rope", "Knife"), rooms=("Hall", "Study"), columns=2
    )
    clues = (
        ("at", "s0", 1, 0),
        ("same", "w1", "s0", 0),
        ("beside", "b", "west", "w1", 0),
        ("same", "s1", "b", 0),
        ("weapon", "w0"),
    )
    puzzle = Puzzle(scene, clues, (("killer",), ("room",)))
    item = {
        "num_clues": 5,
        "prompt": sentences.published_text(puzzle),
        "solution": {"A": "Mrs. White", "B": "Hall"},
    }
    path, output = tmp_path / "val.json", tmp_path / "made/audit.json"
    path.write_text(json.dumps([item]), encoding="utf-8")
    assert audit_published.main(["--puzzles", str(path), "--output", str(output)]) == 0
    made = msgspec.json.decode(output.read_bytes(), type=audit_published.Audit)
    assert (made.puzzles, made.one_solution, made.equal_to_gold, made.with_or) == (1, 1, 1, 0)
    assert (made.gold_published, made.gold_ours, made.guess_ours) == (1, 1, 0.5)
    assert audit_published.main(["--puzzles", str(tmp_path / "no.json"), "--output", str(output)]) == 1
    assert "no.json" in capsys.readouterr().err.splitlines()[0]
