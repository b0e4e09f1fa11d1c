"""The study clues: making puzzles small and published-size, grading completions of every quality, and the slowest of
hostile texts. One process.

    python benchmarks/run.py clues --seconds 10

Seconds are those of the processor, so that a busy machine measures the same work.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from importlib.util import find_spec
from random import Random
from typing import Any

from traces import hostile, rate
from workload import Row, Workload, compared

SMALL, PUBLISHED, GRADED = (
    50,
    2,
    10_000,
)  # puzzles of 3 clues, puzzles of the published size, completions a second
FUZZED = 5_000
SAMPLE = 8  # puzzles of the published size; the same ones for both ways


def completions(reference: str, draw: random.Random) -> Iterator[str]:
    """The reference; a name changed; a line lost; lines in another order; answers alone; a line said twice; cut short."""
    lines = reference.split("\n")
    yield reference
    yield reference.replace(" in ", " not in ", 1)
    yield "\n".join(lines[1:])
    yield "\n".join(draw.sample(lines, len(lines)))
    yield "\n".join(line for line in lines if line[:1].isupper())
    yield "\n".join([*lines[:2], *lines])
    yield reference[: len(reference) // 2]


def published() -> list[Row]:
    """Published-size puzzles a second, each proved unique by CP-SAT; and without learning kept between the questions."""
    if not (find_spec("ortools") and find_spec("pysat")):
        return []
    from trap.studies.clues import cpsat, dropping
    from trap.studies.clues.draw import candidates
    from trap.studies.clues.making import published_puzzle

    started = time.process_time()
    cases = [published_puzzle(0, number)[1] for number in range(SAMPLE)]
    made = SAMPLE / (time.process_time() - started)
    clues = [[one.clue for one in candidates(Random(number), case)] for number, case in enumerate(cases)]

    def seconds(solver: Any) -> float:
        begun = time.process_time()
        for case, found in zip(cases, clues, strict=True):
            dropping.needed(case, found, solver)
        return time.process_time() - begun

    new, kept = SAMPLE / seconds(cpsat.Solver), SAMPLE / seconds(dropping.Keeping)
    return [
        Row("puzzles of the published size", made, "puzzles/s", f"≥ {PUBLISHED}", made >= PUBLISHED),
        compared("needless clues dropped", kept, "puzzles/s", "a new CP-SAT search each time", new, None),
    ]


def measure(work: Workload) -> list[Row]:
    from trap.studies.base import load_study
    from trap.studies.clues.making import make_puzzle

    draw = Random(0)
    made = rate(lambda: sum(make_puzzle(draw, 3, 4) is not None for _ in range(200)), work.seconds / 4)
    study: Any = load_study("clues", {}, work.folder)
    items = [item for pool in ("easy", "hard") for item in study.items(pool, 150)]
    pairs = [(item, text) for item in items for text in completions(item.reference, draw)]

    def body() -> int:
        for item, text in pairs:
            study.score(item, text)
        return len(pairs)

    graded = rate(body, work.seconds / 4)
    texts, slowest = [item.reference for item in items], 0.0
    for _ in range(FUZZED):
        text = hostile(draw, texts)
        begun = time.process_time()
        study.score(items[0], text)
        slowest = max(slowest, time.process_time() - begun)
    return [
        Row("puzzles of 3 clues", made, "puzzles/s", f"≥ {SMALL}", made >= SMALL),
        *published(),
        Row("completions graded", graded, "completions/s", f"≥ {GRADED}", graded >= GRADED),
        Row(f"slowest of {FUZZED} hostile texts", 1000 * slowest, "ms"),
    ]
