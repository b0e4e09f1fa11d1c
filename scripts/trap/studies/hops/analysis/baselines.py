"""What can be scored without any model: the floor and the ceiling that every accuracy stands between.

chance          1 / number of options
constant        always the letter that is right most often in this pool (chosen on the pool: an upper bound)
most_paths      the option with the most walks of at most `hop_len` edges from the start; ties by letter
first_relation  an oracle that knows the graph, the number of hops and the first relation, and guesses
                among the options that are left
ceiling         an oracle that follows the whole chain of relations and guesses among the options that it
                reaches; below 1 only where a question is ill posed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from trap.files import InputError, read_jsonl
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS, Question

BASELINES = ("chance", "constant", "most_paths", "first_relation", "ceiling")


class _Counts:
    """Numbers of walks from a start, counted with the adjacency matrix (parallel relations count)."""

    def __init__(self, graph: Graph) -> None:
        self.index = {entity: number for number, entity in enumerate(graph.entities)}
        self.step = np.zeros((len(self.index), len(self.index)))
        for src, _, dst in graph.edges:
            self.step[self.index[src], self.index[dst]] += 1
        self.within = lru_cache(maxsize=None)(self._within)

    def _within(self, start: str, hops: int) -> np.ndarray:
        """Walks of 1..hops edges from `start` to every entity."""
        here = np.zeros(len(self.index))
        here[self.index[start]] = 1
        total = np.zeros_like(here)
        for _ in range(hops):
            here = here @ self.step
            total += here
        return total

    def exactly(self, starts: Sequence[str], hops: int) -> np.ndarray:
        """Walks of exactly `hops` edges from any of `starts` to every entity."""
        here = np.zeros(len(self.index))
        here[[self.index[start] for start in starts]] = 1
        for _ in range(hops):
            here = here @ self.step
        return here


def baseline_items(graph: Graph, pools: dict[str, list[Question]]) -> pl.DataFrame:
    """Expected correctness (0..1) of every baseline on every question.

    Columns: pool id hops start chance constant most_paths first_relation ceiling gold. Raises
    InputError for a question whose start or option is not in the graph.
    """
    counts = _Counts(graph)
    rows = []
    for pool, questions in sorted(pools.items()):
        letters = Counter(question.answer_star for question in questions)
        constant = min(letters, key=lambda letter: (-letters[letter], letter)) if letters else "A"
        for question in questions:
            rows.append(_score(graph, counts, pool, question, constant))
    return pl.DataFrame(
        rows,
        schema={
            "pool": pl.String,
            "id": pl.String,
            "hops": pl.Int8,
            "start": pl.String,
            **dict.fromkeys(BASELINES, pl.Float64),
            "gold": pl.String,
        },
        orient="row",
    ).sort("pool", "id")


def baseline_table(items: pl.DataFrame) -> pl.DataFrame:
    """Means by pool and hop count: pool, hops (0 for all), baseline, value, n, detail (the letter)."""
    rows = []
    for (pool,), of_pool in items.partition_by("pool", as_dict=True, maintain_order=True).items():
        best = of_pool.filter(pl.col("constant") == 1)["gold"]
        for hops in [0, *of_pool["hops"].unique().sort().to_list()]:
            part = of_pool if hops == 0 else of_pool.filter(pl.col("hops") == hops)
            for name in BASELINES:
                detail = best[0] if name == "constant" and len(best) else ""
                rows.append((pool, hops, name, round(float(part[name].mean()), 6), part.height, detail))
    schema = {
        "pool": pl.String,
        "hops": pl.Int8,
        "baseline": pl.String,
        "value": pl.Float64,
        "n": pl.Int64,
        "detail": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def read_pools(paths: Sequence[Path | str]) -> dict[str, list[Question]]:
    """Question files by pool; a pool is named after its file (`eval_hard.jsonl`)."""
    pools: dict[str, list[Question]] = {}
    for path in paths:
        name = Path(path).stem
        if name in pools:
            raise InputError(f"{path}: a second file for the pool {name!r}")
        pools[name] = read_jsonl(path, Question)
    return pools


def _score(graph: Graph, counts: _Counts, pool: str, question: Question, constant: str) -> tuple:
    start = question.meta.start or question.path_star.entities[0]
    chain = question.meta.chain or [edge.rel for edge in question.path_star.edges]
    letters = [letter for letter in LETTERS if letter in question.options]
    for entity in (start, *question.options.values()):
        if entity not in counts.index:
            raise InputError(f"{pool}: {question.id}: no entity {entity!r} in the graph")
    place = [counts.index[question.options[letter]] for letter in letters]
    gold = letters.index(question.answer_star)

    walks = counts.within(start, question.hop_len)[place]
    after_first = counts.exactly(graph.targets.get((start, chain[0]), ()), question.hop_len - 1)[place] > 0
    reached = graph.reachable(start, chain)
    along = np.array([question.options[letter] in reached for letter in letters])
    return (
        pool,
        question.id,
        question.hop_len,
        start,
        1 / len(letters),
        float(question.answer_star == constant),
        float(int(np.argmax(walks)) == gold),
        _guess(after_first, gold),
        _guess(along, gold),
        question.answer_star,
    )


def _guess(possible: np.ndarray, gold: int) -> float:
    """Expected correctness of a uniform guess among the possible options (among all, if none is)."""
    if not possible.any():
        return 1 / len(possible)
    return float(possible[gold]) / float(possible.sum())
