"""Constraints for a solver: a small language that is read back as it was written, and programs of any text."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skips import needs
from trap.files import InputError
from trap.studies.base import load_study
from trap.studies.clues import compact, cpsat
from trap.studies.clues.answers import answer
from trap.studies.clues.constraints import Language, constraints, program, solve
from trap.studies.clues.deductions import Board, board_of
from trap.studies.clues.draw import candidates, draw_case
from trap.studies.clues.logic import Case, Clue, Shape
from trap.studies.clues.making import make_puzzle, published_scene
from trap.studies.clues.published import Puzzle, Reader, Scene
from trap.studies.clues.study import Study, puzzle_of

some = settings(max_examples=60, deadline=None, derandomize=True)
seeds = st.integers(0, 10**9)
SHAPES = (Shape(3, 2, 4, 2, 2, (1, 2)), Shape(2, 2, 3, 2, 1, ()), Shape(4, 3, 4, 2, 3, (1, 1, 1, 1)))


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("clues", {}, "nowhere", 0)


@pytest.fixture
def little() -> Board:
    """Plum stands with the rope in the hall, where Mr. Boddy is; Green and the knife are in the study."""
    scene = Scene(suspects=("Green", "Plum"), weapons=("Rope", "Knife"), rooms=("Hall", "Study"), columns=2)
    clues = (("at", "s0", 1, 0), ("same", "w1", "s0", 0), ("beside", "b", "west", "w1", 0))
    return Board(Puzzle(scene, clues, (("killer",), ("room",))))


def said(rng: Random, shape: Shape) -> tuple[Case, list[Clue]]:
    """A case of a shape, and what clues could say of it."""
    case = next(filter(None, (draw_case(rng, shape, early=True) for _ in range(200))))
    return case, [one.clue for one in candidates(rng, case)]


# --- the language -------------------------------------------------------------------------------------------------------


@some
@given(seeds, st.sampled_from(SHAPES), st.booleans())
def test_what_is_written_is_read_back(seed: int, shape: Shape, published: bool) -> None:
    rng = Random(seed)
    case, clues = said(rng, shape)
    scene = (published_scene if published else compact.draw_scene)(rng, case.shape)
    language = Language(scene)
    assert clues and [language.clue(compact.clue_text(scene, clue)) for clue in clues] == clues


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("killer Rope", "another kind of piece"),
        ("weapon Plum", "another kind of piece"),
        ("killer killer", "another kind of piece"),
        ("Plum from Hall to Study", "nothing moves before the first time"),
        ("Plum at nine in Hall", "not a clue"),
        ("Plum in Kitchen", "not a clue"),
        ("Plum not in Hall", "not a clue"),
        ("either Plum in Hall or Plum in Study", "not a clue"),
        ("", "not a clue"),
    ],
)
def test_what_is_no_constraint_is_named(little: Board, line: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        Language(little.puzzle.scene).clue(line)


def test_a_constraint_names_a_time_where_there_are_several() -> None:
    scene = compact.draw_scene(Random(0), Shape(2, 2, 2, 2, 2))
    fact = compact.clue_text(scene, ("at", "s0", 1, 1))
    assert Language(scene).clue(fact) == ("at", "s0", 1, 1)
    with pytest.raises(InputError):
        Language(scene).clue(fact.replace(f" at {scene.times[1]}", ""))


@pytest.mark.parametrize(
    "line", ["Mr. Boddy was murdered by the Rope", "Mr. Boddy was killed with Mr. Green"]
)
def test_published_sentences_of_another_kind_of_piece_are_no_clues(line: str) -> None:
    scene = Scene(suspects=("Mr. Green",), weapons=("Rope",), rooms=("Hall",), columns=1)
    with pytest.raises(InputError, match="another kind of piece"):
        Reader(scene).clue(line)


# --- programs -----------------------------------------------------------------------------------------------------------


def test_a_puzzle_is_a_program_that_gives_its_answers(study: Study) -> None:
    for pool, source in (
        ("easy_solver", "easy"),
        ("eval_easy_solver", "eval_easy"),
        ("eval_hard_solver", "eval_hard"),
    ):
        for item, asked in zip(study.items(pool, 8), study.items(source, 8), strict=True):
            assert (item.prompt, item.answer, item.cluster) == (asked.prompt, asked.answer, asked.cluster)
            score = study.score(item, item.reference)
            assert (score.value, score.correct, score.faithful, score.format) == (1, True, True, True)
            assert score.measures["sound"] == score.measures["progress"] == score.measures["answered"] == 1
            assert item.reference == program(board_of(puzzle_of(item)))
            # reasons are no program, and a program is no answer where reasons are asked for
            assert study.score(item, asked.reference).value == 0
            assert study.score(asked, item.reference).correct is False


PROGRAM = ["Green in Study", "Knife with Green", "Boddy west of Knife"]


@pytest.mark.parametrize(
    ("lines", "read", "sound", "first", "runs"),
    [
        (PROGRAM, [1, 0], 3, -1, True),
        (["2. Knife with Green.", "**Boddy west of Knife**", "- "], [1, 0], 2, -1, True),
        (["12 Boddy west of Knife", "", "3) Green in Study"], [1, 0], 2, -1, True),
        (PROGRAM[:1], [None, None], 1, -1, True),
        # one line that cannot be read, and nothing runs
        ([*PROGRAM, "so Plum did it"], [None, None], 3, 3, False),
        # what is false is run and marked; what contradicts itself fits no world
        (["Green in Hall", "Boddy in Hall"], [0, 0], 1, 0, True),
        ([*PROGRAM, "Green in Hall"], [None, None], 3, 3, True),
        # true, and not said by the puzzle
        (["killer Plum"], [1, None], 1, -1, True),
        ([], [None, None], 0, -1, False),
    ],
)
def test_what_a_program_gives(
    little: Board, lines: list[str], read, sound: int, first: int, runs: bool
) -> None:
    found, ran, checked = solve(little, "\n".join(lines))
    assert (found, checked.sound, checked.first, ran) == (read, sound, first, runs)
    assert checked.left & little.solution


@needs("ortools")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seeds)
def test_cp_sat_settles_the_same_questions(seed: int) -> None:
    rng = Random(seed)
    made = next(filter(None, (make_puzzle(rng, rng.choice((3, 4, 5)), 4) for _ in range(500))))
    puzzle, shape = made.puzzle, made.puzzle.scene.shape
    kept = rng.sample(puzzle.clues, rng.randint(1, len(puzzle.clues)))
    found = solve(Board(puzzle), "\n".join(compact.clue_text(puzzle.scene, clue) for clue in kept))
    cases = cpsat.solutions(shape, kept, most=100_000)
    told = [{answer(question, case) for case in cases} for question in puzzle.questions]
    assert found.read == [one.pop() if len(one) == 1 else None for one in told]


words = st.sampled_from(
    ["Green", "Plum", "Boddy", "killer", "weapon", "murder", "motive", "Rope", "Knife", "Hall", "Study", "in", "with", "once", "from", "to", "took", "of", "at", "has", "not", "north", "west", "either", "or", "but", "not", "both", "if", "and", "only", "1", "2.", "**", "nine", "Fear"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.text(), st.lists(words, max_size=14).map(" ".join), st.lists(st.lists(words, max_size=5).map(" ".join), max_size=6).map("\n".join)))  # fmt: skip
def test_any_text_is_a_program_or_none(text: str) -> None:
    scene = Scene(suspects=("Green", "Plum"), weapons=("Rope", "Knife"), rooms=("Hall", "Study"), columns=2)
    puzzle = Puzzle(
        scene, (("at", "s0", 1, 0), ("same", "w1", "s0", 0), ("beside", "b", "west", "w1", 0)), (("killer",),)
    )
    said = constraints(Board(puzzle), text)
    _, runs, checked = solve(Board(puzzle), text)
    assert checked.lines == len(said) and 0 <= checked.idle <= checked.sound <= checked.lines
    assert runs == (bool(said) and None not in said)
    assert (checked.first < 0) == (checked.sound == checked.lines)
