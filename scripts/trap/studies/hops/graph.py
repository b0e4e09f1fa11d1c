"""The knowledge graph: loading, checking, walking (`kg.json`, published format)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from trap.files import InputError, read_json
from trap.studies.hops.records import Edge, GraphFile
from trap.studies.hops.wording import phrase_of

# Beyond these numbers a graph is not small: enumerating its chains would take half a minute and more.
ENTITIES, EDGES = 5_000, 50_000
WALKS, HOPS = 500_000, 5  # walks of the longest chains that a pool trains on
ENTITY_TYPES = ("symptom", "cause", "diagnostic", "fix", "tool")


class Graph:
    """A checked, immutable knowledge graph with the look-ups that questions and graders need."""

    def __init__(self, file: GraphFile, source: str = "graph") -> None:
        check_graph(file, source)
        self.file = file
        self.entities: tuple[str, ...] = tuple(entity.id for entity in file.entities)
        self.type_of: dict[str, str] = {entity.id: entity.type for entity in file.entities}
        self.label_of: dict[str, str] = {entity.id: entity.label for entity in file.entities}
        self.relations: tuple[str, ...] = tuple(relation.id for relation in file.relations)
        self.relation_label: dict[str, str] = {
            relation.id: relation.label or relation.id.replace("_", " ") for relation in file.relations
        }
        self.phrase_given = {relation.id: relation.phrase for relation in file.relations if relation.phrase}
        self.edges: frozenset[tuple[str, str, str]] = frozenset((e.src, e.rel, e.dst) for e in file.edges)

    @cached_property
    def phrases(self) -> dict[str, str]:
        """Relation id -> the verb phrase between two entities. Raises InputError for an empty label."""
        return {
            relation: self.phrase_given.get(relation) or phrase_of(relation, label)
            for relation, label in self.relation_label.items()
        }

    @cached_property
    def targets(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """(src, rel) -> sorted destinations."""
        table: dict[tuple[str, str], list[str]] = defaultdict(list)
        for src, rel, dst in self.edges:
            table[src, rel].append(dst)
        return {key: tuple(sorted(value)) for key, value in table.items()}

    @cached_property
    def out(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """src -> sorted (rel, dst) pairs."""
        table: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for src, rel, dst in self.edges:
            table[src].append((rel, dst))
        return {key: tuple(sorted(value)) for key, value in table.items()}

    @cached_property
    def small(self) -> bool:
        """Whether all chains from all starts can be looked at in seconds; else they are drawn."""
        from trap.studies.hops.arrays import arrays_of  # numpy, which no grader needs

        if len(self.entities) > ENTITIES or len(self.edges) > EDGES:
            return False
        return arrays_of(self).walks(HOPS) <= WALKS

    def reachable(self, start: str, chain: Sequence[str]) -> frozenset[str]:
        """Entities at the end of any walk from `start` along the relation chain (all multi-valued steps)."""
        here: Iterable[str] = (start,)
        for relation in chain:
            here = {dst for src in here for dst in self.targets.get((src, relation), ())}
        return frozenset(here)


def check_graph(file: GraphFile, source: str) -> None:
    """Raise InputError at the first thing wrong: empty, duplicate, dangling, unknown, self-loop."""
    if not file.entities:
        raise InputError(f"{source}: entities: the graph has no entities")
    if not file.edges:
        raise InputError(f"{source}: edges: the graph has no edges")
    known: set[str] = set()
    for number, entity in enumerate(file.entities):
        if not entity.id.strip():
            raise InputError(f"{source}: entities[{number}].id: empty id")
        if entity.id in known:
            raise InputError(f"{source}: entities[{number}].id: duplicate entity id {entity.id!r}")
        known.add(entity.id)
    relations: set[str] = set()
    for number, relation in enumerate(file.relations):
        if relation.id in relations:
            raise InputError(f"{source}: relations[{number}].id: duplicate relation id {relation.id!r}")
        relations.add(relation.id)
    seen: set[Edge] = set()
    for number, edge in enumerate(file.edges):
        where = f"{source}: edges[{number}]"
        if edge.src not in known:
            raise InputError(f"{where}.src: dangling edge: no entity {edge.src!r}")
        if edge.dst not in known:
            raise InputError(f"{where}.dst: dangling edge: no entity {edge.dst!r}")
        if edge.rel not in relations:
            raise InputError(f"{where}.rel: unknown relation {edge.rel!r}")
        if edge.src == edge.dst:
            raise InputError(f"{where}: self-loop on {edge.src!r}")
        if edge in seen:
            raise InputError(f"{where}: duplicate edge {edge.src} {edge.rel} {edge.dst}")
        seen.add(edge)


def canonical(file: GraphFile) -> GraphFile:
    """The same graph in one fixed order (by id; edges by source, relation, target), whoever wrote it."""
    return GraphFile(
        version=file.version,
        domain=file.domain,
        entities=sorted(file.entities, key=lambda entity: entity.id),
        relations=sorted(file.relations, key=lambda relation: relation.id),
        edges=sorted(file.edges, key=lambda edge: (edge.src, edge.rel, edge.dst)),
    )


def check_types(file: GraphFile, source: str) -> None:
    """Raise InputError at the first entity whose type the format does not know."""
    for number, entity in enumerate(file.entities):
        if entity.type not in ENTITY_TYPES:
            raise InputError(
                f"{source}: entities[{number}].type: unknown entity type {entity.type!r} of {entity.id}"
                f" (known: {', '.join(ENTITY_TYPES)})"
            )


def load_graph(path: Path | str) -> Graph:
    """Read and check a `kg.json`, also one that names tables. Raises InputError naming the file and the key."""
    file = read_json(path, GraphFile)
    if not file.tables:
        return Graph(file, str(path))
    from trap.studies.hops.arrays import read_tables

    return read_tables(file, Path(path))  # type: ignore[return-value]
