"""Layouts of the graph for pictures in the film and on the page.

`whole_graph` gives every entity a point, so that neighbours in the graph lie near each other. `ladder` shows one
question: column i holds entities that i steps along its chain reach, and row 0 is the question's own path.

Both are deterministic: they use no random numbers, and names break ties. `page/studies/hops/view/ladder.js` computes the
same ladder for questions that a visitor composes; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import shortest_path

from trap.studies.hops.graph import Graph

MOST_BRANCHES = 2  # entities beside the path that a column shows, of those that the chain also reaches
SEPARATION = 0.042  # smallest distance between two entities, in units of the map's height
DECIMALS = 4

Clause = tuple[str, str, str] | None


@dataclass(frozen=True)
class Place:
    """The place of one entity in a ladder, and its role: start, path, answer, option, branch or trace.

    Row 0 is the question's path. Branches have negative rows, above it. Options have positive rows, below it, and then
    come entities that only a trace names.
    """

    column: int
    row: int
    role: str


def ladder(
    graph: Graph, path: Sequence[str], chain: Sequence[str], options: Iterable[str]
) -> dict[str, Place]:
    """{entity: Place} of a question: its path, its options, and other entities that its chain reaches.

    path: the len(chain) + 1 entities of the sampled path. options: the entities of all letters, in order.
    """
    last = len(path) - 1
    places: dict[str, Place] = {}
    for column, entity in enumerate(path):
        role = "answer" if column == last else "path" if column else "start"
        places.setdefault(entity, Place(column, 0, role))
    row = 0
    for entity in options:
        if entity not in places:
            row += 1
            places[entity] = Place(last, row, "option")
    here = {path[0]}
    for column, relation in enumerate(chain, start=1):
        here = {dst for src in here for dst in graph.targets.get((src, relation), ())}
        reaches = {entity: path[last] in graph.reachable(entity, chain[column:]) for entity in here}
        others = sorted((e for e in here if e not in places), key=lambda e: (not reaches[e], e))
        for row, entity in enumerate(others[:MOST_BRANCHES], start=1):
            places[entity] = Place(min(column, last), -row, "branch")
    return places


def with_trace(places: dict[str, Place], clauses: Iterable[Clause]) -> dict[str, Place]:
    """The ladder with the entities that a trace adds: clause i goes from column i to column i + 1.

    Clauses beyond the last column stay in it. Entities that the ladder has keep their places, so a trace can be added
    clause by clause while it is written.
    """
    found = dict(places)
    last = max((place.column for place in places.values()), default=0)
    for number, clause in enumerate(clauses):
        if clause is None:
            continue
        for entity, column in ((clause[0], number), (clause[2], number + 1)):
            if entity in found:
                continue
            column = min(column, last)
            taken = {place.row for place in found.values() if place.column == column}
            row = next(row for row in range(1, len(taken) + 2) if row not in taken)
            found[entity] = Place(column, row, "trace")
    return found


def whole_graph(graph: Graph, aspect: float = 16 / 9) -> dict[str, tuple[float, float]]:
    """{entity: (x, y)} with 0 <= x <= aspect and 0 <= y <= 1; y grows downwards.

    Distances in the picture follow the lengths of shortest undirected paths: networkx minimises the stress of Kamada and
    Kawai from a classical scaling. Then pairs closer than SEPARATION are pushed apart. Deterministic up to rounding.
    """
    names = sorted(graph.entities)
    distances = _distances(graph, names)
    points = _relaxed(_scaled(distances), distances)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = SEPARATION
    room = np.array([aspect, 1.0]) - 2 * margin
    points = (points - low) / np.maximum(high - low, 1e-9) * room + margin
    points = _separated(points, np.array([aspect, 1.0]) - margin, margin)
    return {
        name: (round(float(x), DECIMALS), round(float(y), DECIMALS))
        for name, (x, y) in zip(names, points, strict=True)
    }


def _distances(graph: Graph, names: list[str]) -> np.ndarray:
    """(n, n) hops between entities, without directions; unconnected ones are one hop further apart than any others."""
    index = {name: i for i, name in enumerate(names)}
    links = np.zeros((len(names), len(names)))
    for src, _, dst in graph.edges:
        links[index[src], index[dst]] = 1
    steps = shortest_path(links, directed=False, unweighted=True)
    finite = steps[np.isfinite(steps)]
    return np.where(np.isfinite(steps), steps, finite.max() + 1)


def _scaled(distances: np.ndarray) -> np.ndarray:
    """(n, 2) classical multidimensional scaling. Signs are fixed, so that the picture is never mirrored."""
    n = len(distances)
    centre = np.eye(n) - 1 / n
    gram = -0.5 * centre @ distances**2 @ centre
    values, vectors = np.linalg.eigh(gram)
    first = np.argsort(values)[::-1][:2]
    points = np.zeros((n, 2))
    for axis, k in enumerate(first):
        vector = vectors[:, k]
        points[:, axis] = vector * np.sign(vector[np.argmax(np.abs(vector))]) * np.sqrt(max(values[k], 0))
    # small offsets, because entities with equal distances to all others would start on one point and stay there
    turn = np.arange(n) * 2.399963  # the golden angle, in radians
    return points + 1e-2 * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _relaxed(points: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """(n, 2) places of least stress (Kamada and Kawai, 1989), found from `points` by gradient descent."""
    n = len(points)
    wanted = {i: dict(enumerate(row)) for i, row in enumerate(distances.tolist())}
    found = nx.kamada_kawai_layout(nx.empty_graph(n), dist=wanted, pos=dict(enumerate(points)))
    return np.array([found[i] for i in range(n)])


def _separated(points: np.ndarray, high: np.ndarray, low: float) -> np.ndarray:
    """(n, 2) with close pairs pushed apart, inside [low, high]."""
    for _ in range(200):
        gap = points[:, None] - points[None]
        apart = np.linalg.norm(gap, axis=2)
        np.fill_diagonal(apart, np.inf)
        close = apart < SEPARATION
        if not close.any():
            break
        push = np.where(close, (SEPARATION - apart) / 2, 0)[..., None]
        points = points + 0.6 * (push * gap / np.maximum(apart, 1e-9)[..., None]).sum(axis=1)
        points = np.clip(points, low, high)
    return points
