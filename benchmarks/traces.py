"""The study traces: grading traces of every quality, making problems, and the slowest of hostile texts. One process.

    python benchmarks/run.py traces --seconds 10

Seconds are those of the processor, so that a busy machine measures the same work.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from workload import Row, Workload

GRADED, MADE_IN = 20_000, 60  # traces a second; seconds for so many problems:
MADE = 25_000
FUZZED = 10_000


def rate(body: Callable[[], int], seconds: float) -> float:
    """Things a second of the processor; `body` runs once to warm up."""
    body()
    count, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds or not count:
        count += body()
    return count / spent


def hostile(draw: random.Random, texts: list[str]) -> str:
    """A trace with pieces moved, doubled and lost, or text that nests without end."""
    text = draw.choice(texts)
    for _ in range(draw.randrange(1, 6)):
        at, length = draw.randrange(len(text) + 1), draw.randrange(40)
        piece = draw.choice(
            [
                "",
                text[at : at + length] * draw.randrange(1, 60),
                draw.choice("[{-:&*!'\"?|#,") * draw.randrange(80),
            ]
        )
        text = text[:at] + piece + text[at + length :]
    return text[: draw.randrange(100, 4000)]


def measure(work: Workload) -> list[Row]:
    """Right traces, one number changed, one step lost, cut short, another expert, no trace: 4 000 texts of 1 to 8 steps."""
    from trap.studies.base import load_study

    study = load_study("traces", {}, work.folder)
    started = time.process_time()
    items = [item for pool in ("easy", "hard") for item in study.items(pool, 400)]
    made = len(items) / (time.process_time() - started)
    draw, pairs = random.Random(0), []
    for item in items:
        right = item.reference
        lines = right.split("\n")
        pairs += [
            (item, right),
            (item, right.replace("value: ", "value: 1", 1)),
            (item, right[: len(right) * 2 // 3]),
        ]
        pairs += [
            (item, "\n".join(lines[:3] + lines[4:])),
            (item, right.replace("arithmetic", "comparison", 1)),
        ]

    def body() -> int:
        for item, text in pairs:
            study.score(item, text)
        return len(pairs)

    graded = rate(body, work.seconds / 3)
    references = rate(
        lambda: sum(bool(study.score(item, item.reference)) for item in items), work.seconds / 3
    )
    texts, slowest, kinds = [item.reference for item in items], 0.0, set()
    for _ in range(FUZZED):
        text = hostile(draw, texts)
        begun = time.process_time()
        score = study.score(items[0], text)
        slowest = max(slowest, time.process_time() - begun)
        kinds.add(score.measures["fault"])
    return [
        Row("traces graded", graded, "traces/s", f"≥ {GRADED}", graded >= GRADED),
        Row("right traces graded", references, "traces/s"),
        Row("problems made", made, "problems/s", f"≥ {MADE // MADE_IN}", made >= MADE / MADE_IN),
        Row(f"slowest of {FUZZED} hostile texts", 1000 * slowest, "ms", detail={"faults": len(kinds)}),
    ]
