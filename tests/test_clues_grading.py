"""Answers and reasons of the study clues: what a person would accept, what follows, and that every text gets a grade."""

from __future__ import annotations

import time
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trap.studies.base import Item, load_study
from trap.studies.clues import reading
from trap.studies.clues.compact import fact_text, prompt
from trap.studies.clues.deductions import MOST_CITED, MOST_LINES, board_of, deductions, line_texts
from trap.studies.clues.lessons import draw_lesson, lesson
from trap.studies.clues.logic import Shape
from trap.studies.clues.published import Puzzle, Scene
from trap.studies.clues.study import Study, puzzle_of

some = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("clues", {}, "nowhere", 0)


@pytest.fixture(scope="module")
def items(study: Study) -> list[Item]:
    return [item for pool in ("easy", "hard", "eval_longer") for item in study.items(pool, 12)]


@pytest.fixture
def little() -> Puzzle:
    """Plum stands with the rope in the hall, where Mr. Boddy is; Green and the knife are in the study."""
    scene = Scene(suspects=("Green", "Plum"), weapons=("Rope", "Knife"), rooms=("Hall", "Study"), columns=2)
    clues = (("at", "s0", 1, 0), ("same", "w1", "s0", 0), ("beside", "b", "west", "w1", 0))
    return Puzzle(scene, clues, (("killer",), ("room",)))


# --- answers --------------------------------------------------------------------------------------------------------

NAMES = ["Colonel Mustard", "Mrs. White", "Mr. Green"]
TIMES = ["11:45 PM", "12:00 AM", "12:15 AM"]


@pytest.mark.parametrize(
    "line",
    [
        "A. Mrs. White", "**A. Mrs. White**", "A. **Mrs. White**", "A: Mrs. White", "A) mrs white", "A. Mrs. White.", "A White",
        "(A) Mrs. White", "- A. Mrs White, who was alone", "Answer A: White", "A = `Mrs. White`", "A. Mrs. White (see clue 3)",
        "A. Mr. Green\nA. Mrs. White", "# A. Mrs. White",
    ],
)  # fmt: skip
def test_what_a_person_would_accept_is_accepted(line: str) -> None:
    assert reading.answers(line, [reading.forms(NAMES)])[0] == [1]


@pytest.mark.parametrize(
    "line",
    ["", "A.", "A. Nobody", "Mrs. White", "A suspect was there", "B. Mrs. White", "A. Mrs. White Mr. Green"],
)
def test_what_names_nothing_possible_is_no_answer(line: str) -> None:
    assert reading.answers(line, [reading.forms(NAMES)])[0] == [None]


@pytest.mark.parametrize("text", ["11:45 PM", "11:45pm", "at 11:45 p.m.", "**11:45 PM**"])
def test_times_are_read(text: str) -> None:
    assert reading.answers(f"A. {text}", [reading.forms(TIMES)])[0] == [0]
    assert reading.answers(
        f"A. {text.replace('11:45', '12:00').replace('P', 'A').replace('p', 'a')}", [reading.forms(TIMES)]
    )[0] == [1]


def test_a_surname_that_two_have_names_nobody() -> None:
    assert reading.answers("A. Room", [reading.forms(["Dining Room", "Cloak Room"])])[0] == [None]


def test_the_published_grader_reads_no_times_and_little_else() -> None:
    assert reading.published_score({"A": "11:45 PM"}, "A. 11:45 PM") == 0
    for line, score in (
        ("**B. Rope**", 1), ("B. Rope", 1), ("b. rope\nB. ROPE", 1), ("B. **Rope**", 0), ("B: Rope", 0), ("B. Rope.", 0),
    ):  # fmt: skip
        assert reading.published_score({"B": "Rope"}, line) == score, line
        assert reading.answers(line, [{}, reading.forms(["Rope", "Knife"])])[0][1] == 0, line


# --- reasons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "sound", "first", "settled"),
    [
        (["1 Green in Study", "2 Knife in Study", "3 Boddy in Hall", "rule killer Plum"], 4, -1, True),
        (["3 Boddy in Hall"], 1, -1, False),  # clue 3 alone says where: west of something
        (["1 2 Knife in Study"], 1, -1, False),
        (["2 Knife in Study"], 0, 0, False),  # clue 1 is needed and not named
        (["1 Green in Hall"], 0, 0, False),
        (["1 Green not in Hall", "rule killer Plum"], 1, 1, False),
        (["rule killer Plum"], 0, 0, False),
        (["9 Green in Study"], 0, 0, False),
        (["0 Green in Study"], 0, 0, False),
        (["1 2 3 killer Plum"], 0, 0, False),  # more clues than a line may name
        (["Green in Study"], 0, 0, False),
        (["\u0661 Green in Study"], 0, 0, False),  # a one of another script
        (["1 Green in Study "], 0, 0, False),
        (["1 Green in Study", "2 Green in Study so Knife in Study"], 2, -1, False),
        (["2 Green in Study so Knife in Study"], 0, 0, False),  # what it builds on was not said before
        (["1 Green in Study", "2 Green in Hall so Knife in Study"], 1, 1, False),
        (["1 Green in Study", "2 Green in Study and so Knife in Study"], 1, 1, False),
        (["1 Green in Study", "2 so Knife in Study"], 1, 1, False),
        (["1 Green in Study", "2 Green in Study so Green in Study so Knife in Study"], 1, 1, False),
        (["1 Green in Study", "3 Green in Study so Boddy in Hall", "rule Boddy in Hall and Green in Study so killer Plum"], 3, -1, True),
        # a clue may be said again, if it is the one that is named, and what lies beside what, if it does
        (["1 Green in Study", "2 Knife with Green given Green in Study so Knife in Study"], 2, -1, False),
        (["1 Green in Study", "2 Knife with Plum given Green in Study so Knife in Study"], 1, 1, False),
        (["1 Green in Study", "1 Knife with Green given Green in Study so Knife in Study"], 1, 1, False),
        (["1 2 Knife with Green given Green in Study so Knife in Study"], 0, 0, False),
        (["2 Knife with Green given Green in Study so Knife in Study"], 0, 0, False),  # not said before
        (["3 Boddy west of Knife so Boddy in Hall"], 1, -1, False),
        (["3 Boddy west of Knife given west of Study in Hall so Boddy in Hall"], 1, -1, False),
        (["3 Boddy west of Knife given east of Study in Hall so Boddy in Hall"], 0, 0, False),
        (["3 Boddy west of Knife given so Boddy in Hall"], 0, 0, False),
        (["rule Boddy west of Knife given west of Study in Hall so Boddy in Hall"], 0, 0, False),
        ([], 0, -1, False),
    ],
)  # fmt: skip
def test_a_line_is_sound_where_it_follows(
    little: Puzzle, lines: list[str], sound: int, first: int, settled: bool
) -> None:
    board = board_of(little)
    checked = board.check(lines)
    assert (checked.sound, checked.first, board.settled(checked.left)) == (sound, first, settled)


def test_the_solver_says_again_the_clue_that_it_takes_and_what_lies_beside_what(little: Puzzle) -> None:
    board = board_of(little)
    lines = deductions(board)
    assert line_texts(board, lines)[:2] == [
        "1 Green in Study", "3 Boddy west of Knife given west of Study in Hall so Boddy in Hall",
    ]  # fmt: skip
    assert line_texts(board, lines, quoted=False)[1] == "3 Boddy in Hall"


def test_an_idle_line_is_sound_and_finds_out_nothing(little: Puzzle) -> None:
    board = board_of(little)
    once, twice = (
        board.check(["1 Green in Study"]),
        board.check(["1 Green in Study", "rule Green in Study"]),
    )
    assert twice.idle == 1 and board.progress(once.left) == board.progress(twice.left) > 0


def test_the_solver_writes_lines_that_follow(study: Study, items: list[Item]) -> None:
    for item in items:
        board = board_of(puzzle_of(item))
        lines = deductions(board)
        checked = board.check(line_texts(board, lines))
        assert (checked.sound, checked.first) == (len(lines), -1) and board.settled(checked.left)
        assert all(len(line.cited) <= MOST_CITED for line in lines)


def test_every_line_of_a_clue_finds_something_out_and_rules_are_asked_first(items: list[Item]) -> None:
    for item in items:
        board = board_of(puzzle_of(item))
        left, stated = board.worlds.all, set()
        for line in deductions(board):
            where = board.worlds.where(line.fact)
            where = board.worlds.all & ~where if line.negative else where
            assert bool(line.cited) == bool(left & ~where), (
                "a clue is named where it is needed, and only there"
            )
            if line.cited:
                places = [fact for fact in board.facts if fact[0] in ("killer", "weapon")]
                known = {fact for fact in places if not left & ~board.worlds.where(fact)}
                assert known <= stated, "what the rules show was not said before the next clue"
            left &= where
            stated |= set() if line.negative else {line.fact}


def test_the_solver_takes_the_smallest_step_first(little: Puzzle) -> None:
    """Clues that show something alone come before those that build on what is known."""
    board = board_of(little)
    texts = line_texts(board, deductions(board))
    assert texts[0].startswith("1 ") and len(set(texts)) == len(texts)


def test_lessons_are_sound_and_no_puzzles() -> None:
    for number in range(60):
        board, lines = draw_lesson(Random(number), (3, 4, 5), 12)
        text = lesson(Random(number), (3, 4, 5), 12)
        assert text.completion.split("\n") == line_texts(board, lines)
        assert text.prompt == prompt(board.puzzle) and not board.puzzle.questions
        checked = board.check(text.completion.split("\n"))
        assert checked.sound == checked.lines == len(lines) <= 12
        assert board.solution.bit_count() > 1


def test_every_fact_has_a_sentence_of_its_own(items: list[Item]) -> None:
    for item in items:
        board = board_of(puzzle_of(item))
        assert len(board.sentences) == 2 * len(set(board.facts))


@some
@given(st.randoms(use_true_random=False), st.integers(0, 35))
def test_sound_lines_are_true_and_change_of_order_never_makes_false_ones_sound(
    rng: Random, number: int
) -> None:
    study = load_study("clues", {}, "nowhere", 0)
    item = ITEMS.setdefault(number, study.make_item(study.pool("hard" if number % 2 else "easy"), number))
    board = board_of(puzzle_of(item))
    texts = [f"{rng.randrange(1, 8)} {sentence}" for sentence in rng.sample(sorted(board.sentences), 12)]
    left = board.worlds.all
    for text in texts:
        after = board.check([text])
        if after.sound:
            assert board.sentences[text.split(" ", 1)[1]] & board.solution
        left &= after.left
    assert left & board.solution == board.solution


ITEMS: dict[int, Item] = {}


# --- scores -----------------------------------------------------------------------------------------------------------


def test_full_half_and_nothing(study: Study, items: list[Item]) -> None:
    for item in items:
        lines, answers = (
            item.reference.split("\n")[: item.info["lines"]],
            item.reference.split("\n")[item.info["lines"] :],
        )
        full = study.score(item, item.reference)
        assert (full.value, full.correct, full.faithful, full.format) == (1, True, True, True)
        assert (full.measures["sound"], full.measures["stated"]) == (1, len(lines))
        bare = study.score(item, "\n".join(answers))
        assert (bare.value, bare.correct, bare.faithful) == (1, True, False)
        part = study.score(item, "\n".join([*lines, *answers[1:]]))
        assert (part.correct, part.faithful, part.format) == (False, False, False)
        assert part.value == pytest.approx(1 - 1 / len(answers))
        nothing = study.score(item, "")
        assert (nothing.value, nothing.correct, nothing.faithful, nothing.format) == (0, False, False, False)


def test_right_for_a_wrong_or_missing_reason_is_not_faithful(study: Study, items: list[Item]) -> None:
    for item in items:
        lines, answers = (
            item.reference.split("\n")[: item.info["lines"]],
            item.reference.split("\n")[item.info["lines"] :],
        )
        for reasons in (["so it is plain"], [*lines, "Elementary"], lines[1:]):
            score = study.score(item, "\n".join([*reasons, *answers]))
            board = board_of(puzzle_of(item))
            if (
                reasons == lines[1:]
                and (checked := board.check(reasons)).first < 0
                and board.settled(checked.left)
            ):
                continue  # a first line that only restates
            assert score.correct and not score.faithful, reasons


def test_rewards(study: Study, items: list[Item]) -> None:
    for item in items:
        answers = "\n".join(item.reference.split("\n")[item.info["lines"] :])
        chant = "\n".join([item.reference.split("\n")[0]] * 30)

        def total(text: str, name: str, item: Item = item) -> float:
            return sum(study.rewards[name](item, study.score(item, text), text).values())

        assert [total(item.reference, name) for name in ("value", "correct", "faithful")] == [1, 1, 1]
        assert 1 < total(item.reference, "sound") <= 1.5
        assert [total(answers, name) for name in ("value", "sound", "faithful")] == [1, 1, 0]
        assert total(chant, "sound") < 0.5 * total(item.reference, "sound")
        assert total("1 nothing at all\n" * 5 + item.reference, "sound") < total(item.reference, "sound")


def test_a_wrong_key_is_right_for_nobody_who_reasons(study: Study) -> None:
    for item in study.items("eval_leak", 8):
        wrong = study.permuted(item, item)
        assert len(wrong.answer) == len(item.answer) and not any(
            a == b for a, b in zip(wrong.answer, item.answer, strict=True)
        )
        assert study.score(wrong, item.reference).value == 0
    for item in study.items("eval_leak_permuted", 8):
        score = study.score(item, item.reference)
        assert (score.value, score.faithful) == (1, False)


def test_answers_alone_are_the_references_of_the_direct_pools(study: Study) -> None:
    for item, source in zip(study.items("easy_direct", 5), study.items("easy", 5), strict=True):
        assert (item.prompt, item.answer) == (source.prompt, source.answer)
        assert source.reference.endswith("\n" + item.reference) and len(item.reference.split("\n")) == len(
            item.answer
        )


def test_baselines_are_shares_and_knowing_more_helps(study: Study, items: list[Item]) -> None:
    rows = study.baselines(items)
    assert rows.keys() == {"chance", "most frequent", "rules alone", "direct clues"}
    assert all(0 <= value <= 1 for row in rows.values() for value in row)
    means = {name: sum(row) / len(row) for name, row in rows.items()}
    assert means["chance"] < means["direct clues"] and means["rules alone"] < means["direct clues"] < 0.5


# --- any text gets a grade --------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "rule ",
        " so ",
        " and ",
        "A ",
        "A. ",
        "B: ",
        "1 ",
        "2 ",
        "999 ",
        "not ",
        "in ",
        "killer ",
        "\n",
        "**",
        "Hall",
        "٣",
        "\0",
        "A" * 400,
        "1 2 ",
    ]
)


@some
@given(st.lists(PIECES | st.text(max_size=12), max_size=40).map("".join), st.integers(0, 5))
def test_any_text_gets_a_grade(text: str, number: int) -> None:
    study = load_study("clues", {}, "nowhere", 0)
    item = ITEMS.setdefault(2 * number, study.make_item(study.pool("easy"), 2 * number))
    score = study.score(item, text)
    assert (
        0 <= score.value <= 1 and 0 <= score.measures["sound"] <= 1 and 0 <= score.measures["progress"] <= 1
    )
    msgspec.json.encode(score.measures)
    for reward in study.rewards.values():
        assert sum(reward(item, score, text).values()) >= 0


@pytest.mark.parametrize(
    "text", ["A" + ":" * 200_000, "A. " + "the " * 50_000, "1 " * 100_000, "\n" * 300_000, "rule killer x\n" * 50_000, "*_" * 200_000, "A 1" + "1" * 10**6]
)  # fmt: skip
def test_no_text_runs_long(study: Study, items: list[Item], text: str) -> None:
    """Work grows with the length of the text and no faster: a cap on lines and on characters of each."""
    started = time.process_time()
    score = study.score(items[0], text)
    assert score.value < 1 and not score.faithful
    assert time.process_time() - started < 30  # a guard against seconds that become hours, not a measure


def test_lines_beyond_the_cap_prove_nothing(little: Puzzle) -> None:
    board = board_of(little)
    text = fact_text(little.scene, ("at", "s0", 1, 0))
    checked = board.check([f"1 {text}"] * (MOST_LINES + 5))
    assert checked.sound == MOST_LINES and checked.first == MOST_LINES and checked.lines == MOST_LINES + 5


def test_shapes_know_their_neighbours() -> None:
    shape = Shape(2, 2, 5, 3)
    assert (
        shape.beside(0, "east") == 1 and shape.beside(2, "east") is None and shape.beside(2, "south") is None
    )
    assert shape.beside(0, "south") == 3 and sorted(shape.neighbours(4)) == [1, 3]
