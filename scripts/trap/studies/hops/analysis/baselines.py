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

import numpy as np
from scipy.sparse import csr_array

from trap.files import InputError
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS, Question

REMEMBERED = 20_000_000  # numbers of walks that are kept at a time
BASELINES = ("chance", "constant", "most_paths", "first_relation", "ceiling")


class _Counts:
    """Numbers of walks from a start, counted with the adjacency matrix (parallel relations count)."""

    def __init__(self, graph: Graph) -> None:
        self.index = {entity: number for number, entity in enumerate(graph.entities)}
        ends = np.array([(self.index[src], self.index[dst]) for src, _, dst in graph.edges]).T
        size = len(self.index)
        self.step = csr_array(
            (np.ones(ends.shape[1]), tuple(ends)), shape=(size, size)
        )  # adds up what stands twice
        self.within = lru_cache(maxsize=1 + REMEMBERED // size)(self._within)

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


def baselines(graph: Graph, questions: Sequence[Question]) -> dict[str, list[float]]:
    """Expected correctness (0..1) of every baseline on every question of one pool.

    Raises InputError for a question whose start or option is not in the graph.
    """
    counts = _Counts(graph)
    letters = Counter(question.answer_star for question in questions)
    constant = min(letters, key=lambda letter: (-letters[letter], letter)) if letters else "A"
    rows = [_score(graph, counts, question, constant) for question in questions]
    return {name: [row[number] for row in rows] for number, name in enumerate(BASELINES)}


def _score(graph: Graph, counts: _Counts, question: Question, constant: str) -> tuple[float, ...]:
    start, chain = question.start, question.chain
    letters = [letter for letter in LETTERS if letter in question.options]
    for entity in (start, *question.options.values()):
        if entity not in counts.index:
            raise InputError(f"{question.id}: no entity {entity!r} in the graph")
    place = [counts.index[question.options[letter]] for letter in letters]
    gold = letters.index(question.answer_star)

    walks = counts.within(start, question.hop_len)[place]
    after_first = counts.exactly(graph.targets.get((start, chain[0]), ()), question.hop_len - 1)[place] > 0
    reached = graph.reachable(start, chain)
    along = np.array([question.options[letter] in reached for letter in letters])
    return (
        1 / len(letters),
        float(question.answer_star == constant),
        float(int(np.argmax(walks)) == gold),
        _guess(after_first, gold),
        _guess(along, gold),
    )


def _guess(possible: np.ndarray, gold: int) -> float:
    """Expected correctness of a uniform guess among the possible options (among all, if none is)."""
    if not possible.any():
        return 1 / len(possible)
    return float(possible[gold]) / float(possible.sum())
