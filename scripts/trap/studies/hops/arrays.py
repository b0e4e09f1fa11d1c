"""The edges of a graph as sorted arrays, and a large graph that lives in them.

Entities and relations are numbers. The edges of an entity lie side by side, in order of relation and target, so that a
step along a relation is a slice. Looking up goes through memoryviews, which give plain integers quickly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trap.files import InputError
from trap.studies.hops.records import GraphFile
from trap.studies.hops.wording import phrase_of

if TYPE_CHECKING:
    import polars as pl


class Arrays:
    """Edges by source: those of entity i are rel[starts[i]:starts[i + 1]] and the same of dst."""

    def __init__(
        self, entities: int, src: np.ndarray, rel: np.ndarray, dst: np.ndarray, kinds: np.ndarray
    ) -> None:
        """src, rel, dst: the edges, sorted by all three. kinds: the number of each entity's type."""
        self.size = entities
        self._src, self._dst = src, dst
        self.starts = memoryview(np.searchsorted(src, np.arange(entities + 1)).astype(np.int64))
        self.rel = memoryview(np.ascontiguousarray(rel, dtype=np.int32))
        self.dst = memoryview(np.ascontiguousarray(dst, dtype=np.int32))
        self.kinds = memoryview(np.ascontiguousarray(kinds, dtype=np.int32))
        order = np.argsort(kinds, kind="stable").astype(np.int32)
        self.by_kind = memoryview(order)  # entities, type after type
        self.kind_starts = memoryview(
            np.searchsorted(kinds[order], np.arange(int(kinds.max()) + 2)).astype(np.int64)
        )
        self._onward: list[np.ndarray] = [np.ones(entities, bool)]

    def group(self, src: int, rel: int) -> tuple[int, int]:
        """Where the edges of an entity along a relation begin and end; twice the same for none."""
        low, high = self.starts[src], self.starts[src + 1]
        low = bisect_left(self.rel, rel, low, high)
        return low, bisect_right(self.rel, rel, low, high)

    def groups(self, src: int) -> list[tuple[int, int, int]]:
        """(relation, begin, end) of each relation that leaves an entity."""
        at, high = self.starts[src], self.starts[src + 1]
        found = []
        while at < high:
            rel = self.rel[at]
            end = bisect_right(self.rel, rel, at, high)
            found.append((rel, at, end))
            at = end
        return found

    def targets(self, src: int, rel: int) -> list[int]:
        """Targets of an entity along a relation, ascending."""
        low, high = self.group(src, rel)
        return self.dst[low:high].tolist()

    def degree(self, src: int) -> int:
        return self.starts[src + 1] - self.starts[src]

    def has(self, src: int, rel: int, dst: int) -> bool:
        low, high = self.group(src, rel)
        at = bisect_left(self.dst, dst, low, high)
        return at < high and self.dst[at] == dst

    def onward(self, hops: int) -> np.ndarray:
        """By entity, whether any walk of this many steps leaves it."""
        while len(self._onward) <= hops:
            more = np.zeros(self.size, bool)
            more[self._src[self._onward[-1][self._dst]]] = True
            self._onward.append(more)
        return self._onward[hops]

    def walks(self, hops: int) -> float:
        """How many walks of this many steps there are, from all entities together."""
        count = np.ones(self.size)
        for _ in range(hops):
            count = np.bincount(self._src, count[self._dst], self.size)
        return float(count.sum())


class TableGraph:
    """What `Graph` is, for a graph of millions of edges: the same names for the same things, looked up in arrays."""

    def __init__(
        self, file: GraphFile, names: pl.Series, labels: pl.Series, types: pl.Series, arrays: Arrays
    ) -> None:
        self.file = file
        self._names, self._labels, self._types = names, labels, types
        self.arrays = arrays
        self.relations = tuple(relation.id for relation in file.relations)
        self.relation_label = {one.id: one.label or one.id.replace("_", " ") for one in file.relations}
        self.phrases = {one.id: one.phrase or phrase_of(one.id, one.label) for one in file.relations}
        self._relation = {relation: at for at, relation in enumerate(self.relations)}
        self.small = False
        self.edges = _Edges(self)
        self.targets = _Targets(self)
        self.out = _Out(self)
        self.type_of = _Told(self, types)
        self.label_of = _Told(self, labels)

    @cached_property
    def entities(self) -> list[str]:
        return self._names.to_list()

    @cached_property
    def number(self) -> dict[str, int]:
        """Entity -> its number."""
        return dict(zip(self.entities, range(len(self.entities)), strict=True))

    def triple(self, src: Any, rel: Any, dst: Any) -> tuple[int, int, int] | None:
        """The numbers of a triple of names; None if one of them names nothing."""
        found = self.number.get(src), self._relation.get(rel), self.number.get(dst)
        return None if None in found else found  # type: ignore[return-value]

    def steps(self, src: Any, rel: Any) -> list[int]:
        start, step = self.number.get(src), self._relation.get(rel)
        return [] if start is None or step is None else self.arrays.targets(start, step)

    def reachable(self, start: str, chain: Sequence[str]) -> frozenset[str]:
        """As `Graph.reachable`."""
        here: Iterable[int] = [self.number[start]] if start in self.number else ()
        for relation in chain:
            step = self._relation.get(relation)
            here = () if step is None else {dst for src in here for dst in self.arrays.targets(src, step)}
        names = self.entities
        return frozenset(names[one] for one in here)


class _Told(Mapping[str, str]):
    """Something said of each entity, by name."""

    def __init__(self, graph: TableGraph, column: pl.Series) -> None:
        self._graph, self._column = graph, column

    def __getitem__(self, entity: str) -> str:
        return self._column[self._graph.number[entity]]

    def __contains__(self, entity: object) -> bool:
        return entity in self._graph.number

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.entities)

    def values(self) -> Any:
        return self._column.to_list()


class _Edges:
    """All edges as triples of names."""

    def __init__(self, graph: TableGraph) -> None:
        self._graph = graph

    def __contains__(self, edge: Any) -> bool:
        found = None if edge is None else self._graph.triple(*edge)
        return found is not None and self._graph.arrays.has(*found)

    def __len__(self) -> int:
        return len(self._graph.arrays.dst)

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        graph = self._graph
        for src, name in enumerate(graph.entities):
            for rel, low, high in graph.arrays.groups(src):
                for dst in graph.arrays.dst[low:high]:
                    yield name, graph.relations[rel], graph.entities[dst]


class _Targets:
    """(src, rel) -> destinations."""

    def __init__(self, graph: TableGraph) -> None:
        self._graph = graph

    def get(self, key: tuple[str, str], default: Any = None) -> Any:
        found = self._graph.steps(*key)
        return tuple(self._graph.entities[dst] for dst in found) if found else default


class _Out:
    """src -> sorted (rel, dst) pairs."""

    def __init__(self, graph: TableGraph) -> None:
        self._graph = graph

    def get(self, src: str, default: Any = None) -> Any:
        graph = self._graph
        at = graph.number.get(src)
        if at is None or not graph.arrays.degree(at):
            return default
        return tuple(
            (graph.relations[rel], graph.entities[dst])
            for rel, low, high in graph.arrays.groups(at)
            for dst in graph.arrays.dst[low:high]
        )


def arrays_of(graph: Any) -> Arrays:
    """The arrays of a listed graph, its entities and relations numbered in its order."""
    number = {entity: at for at, entity in enumerate(graph.entities)}
    relation = {name: at for at, name in enumerate(graph.relations)}
    rows = np.array(
        sorted((number[s], relation[r], number[d]) for s, r, d in graph.edges), dtype=np.int64
    ).reshape(-1, 3)
    kinds: dict[str, int] = {}
    codes = np.array([kinds.setdefault(graph.type_of[entity], len(kinds)) for entity in graph.entities])
    return Arrays(len(number), rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2].copy(), codes)


def read_tables(file: GraphFile, path: Path) -> TableGraph:
    """The large graph of a `kg.json` that names tables. Raises InputError where they are missing or do not fit."""
    import polars as pl

    frames = {}
    for key in ("entities", "edges"):
        table = path.parent / getattr(file.tables, key)
        try:
            frames[key] = pl.read_parquet(table)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{path}: tables.{key}: {table}: {' '.join(str(error).split())[:160]}") from None
    entities, edges = frames["entities"], frames["edges"]
    if missing := {"id", "label", "type"} - {*entities.columns} | {"src", "rel", "dst"} - {*edges.columns}:
        raise InputError(f"{path}: tables: no column {', '.join(sorted(missing))}")
    ends = {"src": entities.height, "dst": entities.height, "rel": len(file.relations)}
    for name, most in ends.items():
        if edges.height and not 0 <= edges[name].min() <= edges[name].max() < most:
            raise InputError(f"{path}: tables.edges: {name}: a number beyond the {most} that there are")
    kinds = entities["type"].cast(pl.Enum(entities["type"].unique().sort())).to_physical().to_numpy()
    columns = (edges[name].to_numpy() for name in ("src", "rel", "dst"))
    arrays = Arrays(entities.height, *columns, kinds)
    return TableGraph(file, entities["id"], entities["label"], entities["type"], arrays)
