"""Small puzzles of clues made by hand, as items, and rows of the table of answers to them."""

from __future__ import annotations

from typing import Any

import msgspec

from trap.studies.base import Item, load_study
from trap.studies.clues import compact, sentences
from trap.studies.clues.deductions import board_of, deductions, line_texts
from trap.studies.clues.published import Puzzle, Scene

LITTLE = Puzzle(
    Scene(suspects=("Green", "Plum"), weapons=("Rope", "Knife"), rooms=("Hall", "Study"), columns=2),
    (("at", "s0", 1, 0), ("same", "w1", "s0", 0), ("beside", "b", "west", "w1", 0)),
    (("killer",), ("room",)),
)
TWICE = Puzzle(  # Green walks from the hall to the study; Mr. Boddy dies in the hall at ten, where Plum has the rope
    Scene(("Green", "Plum"), ("Rope", "Knife"), ("Hall", "Study"), 2, times=("nine", "ten")),
    (("move", "s0", 0, 1, 1), ("at", "s1", 0, 1), ("time", 1), ("at", "w0", 0, 1), ("at", "w1", 1, 1), ("at", "b", 0, 1), ("at", "s1", 1, 0)),
    (("killer",), ("room",)),
)  # fmt: skip
WHY = Puzzle(
    Scene(("Green", "Plum"), ("Rope", "Knife"), ("Hall", "Study"), 2, motives=("Fear", "Greed"), holders=(1, 1)),
    (("motive", "s0", 0), ("at", "m0", 1, 0), ("same", "w1", "s0", 0), ("beside", "b", "west", "w1", 0)),
    (("killer",), ("why",)),
)  # fmt: skip
NAMES = Scene(("Mr. Green", "Professor Plum"), ("Rope", "Lead Pipe"), ("Hall", "Cloak Room"), 2)


def item_of(puzzle: Puzzle, published: bool = False, index: int = 0) -> Item:
    board = board_of(puzzle)
    lines = line_texts(board, deductions(board) or [])
    told = [names[key] for names, key in zip(_names(puzzle), board.key, strict=True)]
    return Item(
        id=f"eval_easy-{index}", answer=told, level=len(puzzle.clues), cluster=str(index),
        prompt=sentences.published_text(puzzle) if published else compact.prompt(puzzle),
        reference="\n".join([*lines, *(f"{chr(65 + at)} {name}" for at, name in enumerate(told))]),
        info={"puzzle": msgspec.to_builtins(puzzle), "lines": len(lines), "space": 2.0},
    )  # fmt: skip


def _names(puzzle: Puzzle) -> list[tuple[str, ...]]:
    scene = puzzle.scene
    of = {"killer": scene.suspects, "room": scene.rooms, "weapon": scene.weapons, "why": scene.motives}
    return [of[asked[0]] for asked in puzzle.questions]


def row_of(item: Item, text: str, arm: str = "sft") -> dict[str, Any]:
    """A row of the table of answers, as collecting writes it."""
    score = load_study("clues", {}, "nowhere", 0).score(item, text)
    grade = {name: getattr(score, name) for name in ("correct", "format", "faithful", "value")}
    shared = {"model": "nano", "arm": arm, "seed": 1, "kind": "eval", "pool": "eval_easy", "id": item.id}
    return {**shared, "completion": text, **grade, **score.measures}
