"""Where entities stand in a picture of the graph: computed here once, for the film, the page and figures alike.

Two layouts. `whole_graph` gives every entity a point, near entities near each other: a backdrop, or a map
on which a path is lit. `ladder` is for reading one question: column i holds what i steps along its chain can
reach, the question's own path is row 0, so that few labels stand in a row and none on another.

Both are deterministic: no random numbers, ties broken by name. `page/studies/hops/view/ladder.js` computes the same ladder
for questions that a visitor composes; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from trap.studies.hops.graph import Graph

MOST_BRANCHES = 2  # other entities that a column shows of those the chain also reaches
SWEEPS = 300  # of stress majorisation; positions move by less than 1e-3 after about 200
SEPARATION = 0.042  # smallest distance between two entities, in units of the map's height
DECIMALS = 4

Clause = tuple[str, str, str] | None


@dataclass(frozen=True)
class Place:
    """Where one entity stands in a ladder, and why it is there.

    Rows: 0 the question's path, negative above it (branches), positive below it (options, then what a
    trace strayed to). Roles: start, path, answer, option, branch, trace.
    """

    column: int
    row: int
    role: str


def ladder(
    graph: Graph, path: Sequence[str], chain: Sequence[str], options: Iterable[str]
) -> dict[str, Place]:
    """entity -> Place of a question: its path, its options, and other true ways along its chain.

    `path` are the len(chain) + 1 entities of the sampled path, `options` the entities of all letters in order.
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
    """The ladder and what the clauses of a trace name besides: clause i goes from column i to column i + 1.

    Clauses beyond the last column stay in it. What stood before keeps its place, so a trace can be added
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
    """entity -> (x, y) with 0 <= x <= aspect and 0 <= y <= 1; y grows downwards.

    Stress majorisation (Gansner, Koren and North, 2004) on the shortest undirected paths, from a classical
    scaling of them; then pairs closer than SEPARATION are pushed apart. Deterministic up to rounding.
    """
    names = sorted(graph.entities)
    distances = _distances(graph, names)
    points = _majorised(_scaled(distances), distances)
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
    """(n, n) hops between entities, directions ignored; unconnected ones are one hop further than any."""
    index = {name: i for i, name in enumerate(names)}
    n = len(names)
    steps = np.full((n, n), np.inf)
    np.fill_diagonal(steps, 0)
    for src, _, dst in graph.edges:
        steps[index[src], index[dst]] = steps[index[dst], index[src]] = 1
    for middle in range(n):  # Floyd and Warshall
        steps = np.minimum(steps, steps[:, middle, None] + steps[None, middle, :])
    finite = steps[np.isfinite(steps)]
    return np.where(np.isfinite(steps), steps, finite.max() + 1)


def _scaled(distances: np.ndarray) -> np.ndarray:
    """(n, 2) classical multidimensional scaling; signs are fixed, so that the picture is."""
    n = len(distances)
    centre = np.eye(n) - 1 / n
    gram = -0.5 * centre @ distances**2 @ centre
    values, vectors = np.linalg.eigh(gram)
    first = np.argsort(values)[::-1][:2]
    points = np.zeros((n, 2))
    for axis, k in enumerate(first):
        vector = vectors[:, k]
        points[:, axis] = vector * np.sign(vector[np.argmax(np.abs(vector))]) * np.sqrt(max(values[k], 0))
    # entities with equal distances to all others start on one point, where no force could part them
    turn = np.arange(n) * 2.399963  # the golden angle, in radians
    return points + 1e-2 * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _majorised(points: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """(n, 2) after SWEEPS Guttman transforms with weights 1 / distance²."""
    n = len(points)
    if n < 2:
        return points
    wanted = np.where(distances > 0, distances, 1.0)
    weights = np.where(distances > 0, wanted**-2.0, 0.0)
    laplacian = np.diag(weights.sum(axis=1)) - weights
    inverse = np.linalg.pinv(laplacian)
    for _ in range(SWEEPS):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        ratio = -weights * wanted / np.where(apart > 1e-9, apart, 1e-9)
        np.fill_diagonal(ratio, 0)
        np.fill_diagonal(ratio, -ratio.sum(axis=1))
        points = inverse @ (ratio @ points)
    return points


def _separated(points: np.ndarray, high: np.ndarray, low: float) -> np.ndarray:
    """(n, 2) with close pairs pushed apart, inside the frame."""
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
