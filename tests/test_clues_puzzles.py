"""Puzzles of the study clues: one solution, no clue too many, the same in every process, no puzzle in two pools."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skips import needs
from trap.files import InputError
from trap.studies.base import Item, load_study
from trap.studies.clues import compact, cpsat, dropping, sentences
from trap.studies.clues.canonical import canonical, puzzle_hash
from trap.studies.clues.draw import candidates, draw_case, published_shape
from trap.studies.clues.logic import Shape, Truth, as_clue, is_true, meaning
from trap.studies.clues.making import MOVING, STILL, make_puzzle, published_puzzle
from trap.studies.clues.published import read_puzzle
from trap.studies.clues.reduce import is_irredundant, reduced
from trap.studies.clues.study import LEVELS, Study, puzzle_of
from trap.studies.clues.worlds import Worlds, worlds_of

ROOT = Path(__file__).resolve().parent.parent
ALL_SHAPES = sorted({shape for shapes in MOVING.values() for shape in shapes})
SMALL = [shape for shape in ALL_SHAPES if worlds_of(shape).size < 3000]
some = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 10**6)


def a_case(rng: Random, shape: Shape, unique: bool = True):
    while (case := draw_case(rng, shape, unique)) is None:
        pass
    return case


# --- worlds and cases ------------------------------------------------------------------------------------------


@some
@given(seeds, st.sampled_from(ALL_SHAPES))
def test_what_is_drawn_can_happen_and_is_one_of_the_worlds(seed: int, shape: Shape) -> None:
    case = a_case(Random(seed), shape)
    worlds = worlds_of(case.shape)
    assert Truth(case).breaks_a_rule == ""
    true = [worlds.atoms[atom] for atom in worlds.atoms if is_true(atom, case)]
    assert worlds.both(*true).bit_count() == 1


@some
@given(seeds, st.sampled_from(SMALL))
def test_every_world_can_happen(seed: int, shape: Shape) -> None:
    worlds = worlds_of(shape)
    assert Truth(worlds.case(seed % worlds.size)).breaks_a_rule == ""


def test_a_rule_that_is_broken_is_named() -> None:
    case = worlds_of(Shape(2, 2, 2, 2, 2)).case(0)
    elsewhere = {**case.rooms, case.weapon: tuple(1 - room for room in case.rooms[case.weapon])}
    assert "weapon" in Truth(case._replace(rooms=elsewhere)).breaks_a_rule
    other = next(name for name in case.shape.suspect_names if name != case.killer)
    assert "alone" in Truth(case._replace(killer=other)).breaks_a_rule


def test_worlds_are_counted_by_hand() -> None:
    """Two of each: a suspect beside Mr. Boddy (2), the other one elsewhere, a room (2); weapons: one there, or both."""
    assert worlds_of(Shape(2, 2, 2, 2)).size == 2 * 2 * (1 + 1 + 2)


def test_too_many_worlds_are_refused() -> None:
    with pytest.raises(InputError, match="too many"):
        Worlds(Shape(6, 6, 6, 3, 3))


@some
@given(seeds, st.sampled_from(SMALL))
def test_a_clue_means_the_same_to_worlds_and_to_a_case(seed: int, shape: Shape) -> None:
    rng = Random(seed)
    clues = [one.clue for one in candidates(rng, a_case(rng, shape))]
    worlds = worlds_of(shape)
    for number in rng.sample(range(worlds.size), 3):
        case = worlds.case(number)
        for clue in clues:
            assert is_true(clue, case) == bool(worlds.where(clue) >> number & 1), clue


def test_or_means_one_or_the_other_and_inclusively_one_or_both() -> None:
    worlds = worlds_of(Shape(2, 2, 2, 2))
    one, other = ("at", "s0", 0, 0), ("at", "w0", 0, 0)
    a, b = worlds.where(one), worlds.where(other)
    assert worlds.where(("xor", one, other)) == a ^ b
    assert worlds.where(("xor", one, other), True) == a | b
    with pytest.raises(ValueError, match="no such clue"):
        meaning(("perhaps", 1), worlds)


# --- puzzles -----------------------------------------------------------------------------------------------------


@some
@given(seeds, st.sampled_from(sorted(MOVING)))
def test_a_puzzle_has_one_solution_and_no_clue_too_many(seed: int, level: int) -> None:
    rng = Random(seed)
    made = next(filter(None, (make_puzzle(rng, level, 4, moving=True) for _ in range(500))))
    clues = list(made.puzzle.clues)
    assert len(clues) == level
    assert is_irredundant(worlds_of(made.case.shape), clues)
    assert all(is_true(clue, made.case) for clue in clues)
    assert 1 <= len(made.puzzle.questions) <= 4


def test_without_moving_there_is_one_time_and_the_larger_shapes_hold_the_smaller_ones() -> None:
    for level, shapes in STILL.items():
        assert {shape.times for shape in shapes} == {1}
        assert set(shapes) <= set(MOVING[level])
    made = next(filter(None, (make_puzzle(Random(number), 5, 4) for number in range(500))))
    assert "Times" not in compact.prompt(made.puzzle)


@some
@given(seeds, st.sampled_from(ALL_SHAPES))
def test_the_prompt_says_which_room_lies_beside_which(seed: int, shape: Shape) -> None:
    scene = compact.draw_scene(Random(seed), shape)
    told = {tuple(line.split(" of ")) for line in compact.beside_texts(scene)}
    beside = {
        (direction, f"{scene.rooms[room]} in {scene.rooms[other]}")
        for room in range(shape.rooms)
        for direction in ("north", "south", "east", "west")
        if (other := shape.beside(room, direction)) is not None
    }
    assert told == beside


def test_all_kinds_of_clues_are_candidates() -> None:
    rng, drawn = Random(0), set()
    for shape in ALL_SHAPES * 3:
        case = draw_case(rng, shape, early=True)
        drawn |= {one.clue[0] for one in candidates(rng, case)} if case else set()
    assert drawn == {
        "at", "xor", "iff", "same", "met", "beside", "move", "carry", "killer", "weapon", "room", "time", "motive", "why",
    }  # fmt: skip


def test_with_two_times_no_published_weapon_is_ever_carried() -> None:
    rng = Random(0)
    for early in (False, True):
        moved = False
        for _ in range(60):
            case = draw_case(rng, Shape(3, 2, 2, 2, 2), early=early)
            moved |= case is not None and any(
                len(set(case.rooms[name])) > 1 for name in case.shape.weapon_names
            )
        assert moved == early


@needs("ortools", "pysat")
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seeds, st.sampled_from(SMALL))
def test_the_solvers_and_all_worlds_agree(seed: int, shape: Shape) -> None:
    rng = Random(seed)
    case = a_case(rng, shape)
    clues = [one.clue for one in candidates(rng, case)]
    kept = reduced(worlds_of(case.shape), clues)
    assert dropping.needed(case, clues) == kept
    if kept:
        assert cpsat.solutions(case.shape, kept) == [case]
        assert len(cpsat.solutions(case.shape, kept[1:])) == 2
        assert cpsat.conflicts(case, kept) == cpsat.conflicts(case, kept) >= 0
        with pytest.raises(InputError, match="has another"):
            cpsat.conflicts(case, kept[1:])


@needs("ortools", "pysat")
def test_the_published_distribution() -> None:
    """Each puzzle is unique, irredundant, repeats, and is read back from its text; its counts keep to the limits."""
    for index in range(6):
        puzzle, case = published_puzzle(0, index)
        shape, clues = case.shape, list(puzzle.clues)
        assert (puzzle, case) == published_puzzle(0, index)
        assert cpsat.solutions(shape, clues) == [case]
        assert dropping.needed(case, clues) == clues
        assert read_puzzle(sentences.published_text(puzzle)) == puzzle
        assert read_puzzle(sentences.published_text(puzzle, plain_or=True)) == puzzle


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seeds)
def test_published_shapes_keep_to_the_limits(seed: int) -> None:
    shape, unique = published_shape(Random(seed))
    assert 2 <= shape.suspects <= 10 and 2 <= shape.weapons <= 8 and 2 <= shape.rooms <= 17
    assert shape.suspects >= min(shape.weapons, 10) or shape.suspects == 10
    assert 1 <= shape.times <= 12 and 1 <= len(shape.motives) <= shape.suspects
    assert not unique or len(shape.motives) == shape.suspects
    case = draw_case(Random(seed), shape, unique)
    assert case is None or Truth(case).breaks_a_rule == ""


# --- one form for all renamings ---------------------------------------------------------------------------------------


@some
@given(seeds, st.sampled_from((3, 4, 5, 6)))
def test_renamed_puzzles_are_one_puzzle(seed: int, level: int) -> None:
    rng = Random(seed)
    made = next(filter(None, (make_puzzle(rng, level, 4, moving=True) for _ in range(500))))
    shape, clues = made.puzzle.scene.shape, list(made.puzzle.clues)
    order = rng.choice(list(permutations(range(shape.suspects))))
    text = msgspec.json.encode(clues).decode()
    for at, to in enumerate(order):
        text = text.replace(f'"s{at}"', f'"S{to}"')
    renamed = [as_clue(clue) for clue in msgspec.json.decode(text.replace('"S', '"s'))]
    rng.shuffle(renamed)
    assert puzzle_hash(shape, renamed) == puzzle_hash(shape, clues)
    assert canonical(shape, clues[1:]) != canonical(shape, clues)


def test_the_same_said_in_two_ways_is_one_puzzle() -> None:
    shape = Shape(2, 2, 2, 2)
    one = [("beside", "s0", "west", "w0", 0), ("same", "s1", "b", 0)]
    other = [("same", "b", "s1", 0), ("beside", "w0", "east", "s0", 0)]
    assert puzzle_hash(shape, one) == puzzle_hash(shape, other)
    turned = [("beside", "s0", "east", "w0", 0), ("same", "s1", "b", 0)]
    assert puzzle_hash(shape, one) != puzzle_hash(shape, turned)


# --- pools ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study("clues", {}, "nowhere", 0)


def test_pools_share_no_puzzle_whatever_the_seed(study: Study) -> None:
    held: dict[str, set[str]] = {}
    for seed in (0, 1):
        one = load_study("clues", {}, "nowhere", seed)
        for pool in study.pools:
            if pool.honest:
                role = "leak" if pool.role == "evaluation" and pool.trainable else pool.role
                held.setdefault(role, set()).update(item.cluster for item in one.items(pool.name, 12))
    roles = sorted(held)
    assert roles == ["evaluation", "leak", "train", "validation"]
    assert all(not held[a] & held[b] for a in roles for b in roles if a < b)


def test_levels_are_numbers_of_clues(study: Study) -> None:
    for pool in study.pools:
        items = list(study.items(pool.name, 6))
        assert {item.level for item in items} == set(LEVELS[pool.level])
        assert all(item.level == len(puzzle_of(item).clues) for item in items)


def test_an_item_depends_on_its_index_alone(study: Study) -> None:
    for pool in study.pools:
        made = [msgspec.json.encode(study.make_item(pool, index)) for index in range(5)]
        again = load_study("clues", {}, "elsewhere", 0)
        assert [msgspec.json.encode(again.make_item(pool, index)) for index in reversed(range(5))] == made[
            ::-1
        ]


def test_the_hash_seed_of_a_process_changes_nothing(study: Study) -> None:
    code = (
        "import msgspec; from trap.studies.base import load_study; s = load_study('clues', {}, 'nowhere', 0)\n"
        "print(*[msgspec.json.encode(i).decode() for i in s.items('hard', 3)], sep='\\n')"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "PYTHONHASHSEED": str(number)},
        ).stdout
        for number in (1, 2)
    }  # fmt: skip
    expected = "".join(msgspec.json.encode(item).decode() + "\n" for item in study.items("hard", 3))
    assert told == {expected}


def test_an_item_reads_back_as_its_puzzle(study: Study) -> None:
    item = next(study.items("hard", 1))
    again = msgspec.json.decode(msgspec.json.encode(item), type=Item)
    assert puzzle_of(again) == puzzle_of(item)
    assert compact.prompt(puzzle_of(again)) == item.prompt
    with pytest.raises(InputError, match="holds no puzzle"):
        puzzle_of(Item(id="x", prompt="y"))


def test_published_wording_is_an_option() -> None:
    study = load_study("clues", {"wording": "published"}, "nowhere", 0)
    for item in study.items("easy", 4):
        assert read_puzzle(item.prompt) == puzzle_of(item)
        score = study.score(item, item.reference)
        assert (score.value, score.faithful) == (1, True)


def test_options_that_make_no_sense_are_refused() -> None:
    for options in ({"questions": 9}, {"lines": 0}, {"wording": "long"}, {"other": 1}):
        with pytest.raises(InputError):
            load_study("clues", options, "nowhere", 0)
