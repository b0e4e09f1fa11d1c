"""The readable source of the knowledge graph: a folder of YAML files that a person edits.

`graph.yaml` names the domain, the entity types and the relations (with the types each may join); every
other `*.yaml` holds one topic's entities with their outgoing edges. See `config/hops/graph/README.md`.
The files are read as YAML nodes, not as plain values, so that each complaint can name its line and so
that a key written twice is an error (a plain YAML load silently keeps the last one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from trap.files import InputError, read_text
from trap.studies.hops.graph import canonical, check_graph
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation

HEADER = "graph.yaml"
ENTITY_ID = re.compile(r"[A-Z][A-Za-z0-9]*")


@dataclass
class _Relation:
    label: str
    sources: list[str]
    targets: list[str]
    symmetric: bool


@dataclass
class _Header:
    version: str = "1.0"
    domain: str = ""
    types: list[str] = field(default_factory=list)
    relations: dict[str, _Relation] = field(default_factory=dict)


@dataclass
class _Draft:
    """An entity as written: where, what, and its (relation, target, place) triples."""

    where: str
    type: str
    label: str
    edges: list[tuple[str, str, str]] = field(default_factory=list)


class _File:
    """One YAML file as nodes; the readers below raise InputError with `file:line: key:`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        text = read_text(path)
        try:
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f":{mark.line + 1}" if mark else ""
            raise InputError(f"{path}{line}: not YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
        if self.root is None:
            raise InputError(f"{path}: empty file")

    def at(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def items(self, node: yaml.Node, key: str) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """(name, key node, value node) of a mapping, each name once."""
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{self.at(node)}: {key}: expected a mapping, found {_kind(node)}")
        seen: set[str] = set()
        for name_node, value in node.value:
            name = self.text(name_node, key)
            if name in seen:
                raise InputError(f"{self.at(name_node)}: {key}: {name!r} is written twice")
            seen.add(name)
            yield name, name_node, value

    def text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise InputError(f"{self.at(node)}: {key}: expected text, found {_kind(node)}")
        if node.tag != "tag:yaml.org,2002:str":
            found = repr(node.value) if node.value else "nothing"
            raise InputError(f"{self.at(node)}: {key}: expected text, found {found} (quote it to mean text)")
        if not node.value.strip():
            raise InputError(f"{self.at(node)}: {key}: empty text")
        return node.value.strip()

    def texts(self, node: yaml.Node, key: str) -> list[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.SequenceNode):
            found = _kind(node)
            raise InputError(
                f"{self.at(node)}: {key}: expected a list such as [First, Second], found {found}"
            )
        return [(self.text(item, key), item) for item in node.value]

    def switch(self, node: yaml.Node, key: str) -> bool:
        if node.tag != "tag:yaml.org,2002:bool":
            raise InputError(f"{self.at(node)}: {key}: expected true or false")
        return node.value.lower() in ("true", "yes", "on")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if node.tag == "tag:yaml.org,2002:null" else repr(node.value)


def read_source(folder: Path | str) -> GraphFile:
    """The whole checked graph of a source folder, in canonical order.

    Raises InputError (file, line, key) for a bad file, a duplicate or ill-formed id, an unknown type or
    relation, a dangling edge, a self-loop, a repeated edge, an edge between types that the relation does
    not join, an entity without edges, or a folder without entities.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    header = _read_header(folder / HEADER)
    drafts: dict[str, _Draft] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".yml":
            raise InputError(f"{path}: would be left out: name it {path.stem}.yaml")
        if path.suffix == ".yaml" and path.name != HEADER:
            _read_topic(path, header, drafts)
    if not drafts:
        raise InputError(f"{folder}: entities: the graph has no entities")
    edges = _edges(header, drafts)
    connected = {edge.src for edge in edges} | {edge.dst for edge in edges}
    if edges:  # a graph without any edge is reported as that, by check_graph
        for name, draft in drafts.items():
            if name not in connected:
                raise InputError(f"{draft.where}: entities.{name}: no edge leaves or reaches it")
    file = GraphFile(
        version=header.version,
        domain=header.domain,
        entities=[Entity(id=name, label=draft.label, type=draft.type) for name, draft in drafts.items()],
        relations=[Relation(id=name, label=relation.label) for name, relation in header.relations.items()],
        edges=edges,
    )
    check_graph(file, str(folder))
    return canonical(file)


def _read_header(path: Path) -> _Header:
    file = _File(path)
    header = _Header()
    for key, key_node, value in file.items(file.root, "top level"):
        if key == "version":
            header.version = file.text(value, key)
        elif key == "domain":
            header.domain = file.text(value, key)
        elif key == "types":
            header.types = [name for name, _ in file.texts(value, key)]
        elif key == "relations":
            for name, _, body in file.items(value, key):
                header.relations[name] = _read_relation(file, f"relations.{name}", body)
        else:
            known = "version, domain, types, relations"
            raise InputError(f"{file.at(key_node)}: unknown key {key!r} (known: {known})")
    for key in ("types", "relations"):
        if not getattr(header, key):
            raise InputError(f"{path}: {key}: missing or empty")
    for name, relation in header.relations.items():
        for kind in (*relation.sources, *relation.targets):
            if kind not in header.types:
                raise InputError(f"{path}: relations.{name}: unknown entity type {kind!r}")
    return header


def _read_relation(file: _File, where: str, body: yaml.Node) -> _Relation:
    label = where.rpartition(".")[2].replace("_", " ")
    relation = _Relation(label=label, sources=[], targets=[], symmetric=False)
    for key, key_node, value in file.items(body, where):
        if key == "label":
            relation.label = file.text(value, f"{where}.label")
        elif key == "from":
            relation.sources = [name for name, _ in file.texts(value, f"{where}.from")]
        elif key == "to":
            relation.targets = [name for name, _ in file.texts(value, f"{where}.to")]
        elif key == "symmetric":
            relation.symmetric = file.switch(value, f"{where}.symmetric")
        else:
            known = "label, from, to, symmetric"
            raise InputError(f"{file.at(key_node)}: {where}: unknown key {key!r} (known: {known})")
    if not relation.sources or not relation.targets:
        raise InputError(f"{file.at(body)}: {where}: needs `from` and `to`, lists of entity types")
    return relation


def _read_topic(path: Path, header: _Header, drafts: dict[str, _Draft]) -> None:
    file = _File(path)
    for key, key_node, value in file.items(file.root, "top level"):
        if key == "topic":
            file.text(value, key)
        elif key == "entities":
            for name, name_node, body in file.items(value, key):
                where = f"entities.{name}"
                if not ENTITY_ID.fullmatch(name):
                    raise InputError(f"{file.at(name_node)}: {where}: an id is CamelCase letters and digits")
                if name in drafts:
                    first = drafts[name].where
                    raise InputError(
                        f"{file.at(name_node)}: {where}: duplicate entity id, first written at {first}"
                    )
                drafts[name] = _read_entity(file, where, name_node, body, header)
        else:
            raise InputError(f"{file.at(key_node)}: unknown key {key!r} (known: topic, entities)")


def _read_entity(file: _File, where: str, name_node: yaml.Node, body: yaml.Node, header: _Header) -> _Draft:
    draft = _Draft(where=file.at(name_node), type="", label="")
    for key, key_node, value in file.items(body, where):
        if key == "type":
            draft.type = file.text(value, f"{where}.type")
            if draft.type not in header.types:
                known = ", ".join(header.types)
                place = f"{file.at(value)}: {where}.type"
                raise InputError(f"{place}: unknown entity type {draft.type!r} (known: {known})")
        elif key == "label":
            draft.label = file.text(value, f"{where}.label")
        elif key in header.relations:
            for target, node in file.texts(value, f"{where}.{key}"):
                draft.edges.append((key, target, f"{file.at(node)}: {where}.{key}"))
        else:
            known = ", ".join(header.relations)
            raise InputError(f"{file.at(key_node)}: {where}: unknown relation {key!r} (known: {known})")
    for key in ("type", "label"):
        if not getattr(draft, key):
            raise InputError(f"{draft.where}: {where}.{key}: missing")
    return draft


def _edges(header: _Header, drafts: dict[str, _Draft]) -> list[Edge]:
    written: dict[Edge, str] = {}
    for src, draft in drafts.items():
        for rel, dst, where in draft.edges:
            relation = header.relations[rel]
            if dst not in drafts:
                raise InputError(f"{where}: dangling edge: no entity {dst!r}")
            if dst == src:
                raise InputError(f"{where}: self-loop on {src!r}")
            if draft.type not in relation.sources or drafts[dst].type not in relation.targets:
                raise InputError(
                    f"{where}: {rel} does not join a {draft.type} to a {drafts[dst].type} ({dst})"
                )
            pairs = [(src, dst), (dst, src)] if relation.symmetric else [(src, dst)]
            for one, other in pairs:
                edge = Edge(src=one, rel=rel, dst=other)
                if edge in written:
                    raise InputError(f"{where}: duplicate edge to {dst!r}, first written at {written[edge]}")
                written[edge] = where
    return list(written)
