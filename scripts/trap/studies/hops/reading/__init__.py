"""Graphs as other people keep them: tables of triples, N-Triples, node-link JSON, GraphML.

`open_graph` reads any of them and gives a checked `Columns`: entities in order of their names, edges as numbers, sorted.
docs/graphs.md says what is read as what. Large graphs stay in arrays from the first byte to the last question.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trap.files import InputError, read_json
from trap.studies.hops.graph import canonical, check_graph, check_types
from trap.studies.hops.reading.columns import Columns, Triples, assemble, named
from trap.studies.hops.reading.naming import NAMED_BY
from trap.studies.hops.records import GraphFile

TABLES = (".tsv", ".csv", ".txt", ".parquet")
NTRIPLES = (".nt", ".ntriples")
GRAPHML = (".graphml", ".graphmlz", ".xml")
KNOWN = (*TABLES, *NTRIPLES, *GRAPHML, ".json")


def ending(path: Path) -> str:
    """How a file's name ends, in small letters and without `.gz`."""
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def open_graph(
    path: Path,
    *,
    entities: Path | None = None,
    columns: Mapping[str, str] | None = None,
    names: str = "id",
    phrases: Mapping[str, str] | None = None,
) -> Columns:
    """The graph of a file.

    entities: a table of ids, labels and types. columns: which column of a table, or attribute of an edge or node, is
    `src`, `rel`, `dst`, `id`, `label` or `type`, where it has another name. names: whether questions call entities by
    `id` or by `label`. phrases: verb phrases by relation id. Raises InputError naming the file and the line, key or row.
    """
    if names not in NAMED_BY:
        raise InputError(f"names: {' or '.join(NAMED_BY)}, not {names!r}")
    triples = _read(path, columns or {})
    if entities is not None:
        from trap.studies.hops.reading.tables import read_entities

        triples.entities = read_entities(entities, columns or {})
    return assemble(triples, str(path), names, phrases or {})


def open_published(path: Path, phrases: Mapping[str, str] | None = None) -> GraphFile:
    """A `kg.json` in the published format, checked and in canonical order; its odd ids are worded as elsewhere."""
    file = read_json(path, GraphFile)
    check_graph(file, str(path))
    check_types(file, str(path))
    return canonical(named(file, str(path), phrases or {}))


def is_published(path: Path) -> bool:
    """Whether a file is a `kg.json`, and not node-link JSON. Raises InputError for a file that is no JSON."""
    if ending(path) != ".json":
        return False
    keys = read_json(path)
    return not (isinstance(keys, dict) and "nodes" in keys)


def _read(path: Path, columns: Mapping[str, str]) -> Triples:
    kind = ending(path)
    if not path.exists():
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        raise InputError(f"{path}: is a directory, not a file")
    if kind in TABLES:
        from trap.studies.hops.reading.tables import read_table

        return read_table(path, columns)
    if kind in NTRIPLES:
        from trap.studies.hops.reading.ntriples import read_ntriples

        return read_ntriples(path)
    if is_published(path):
        return _listed(path)
    if kind in (*GRAPHML, ".json"):
        from trap.studies.hops.reading.networks import read_graphml, read_node_link

        return (read_node_link if kind == ".json" else read_graphml)(path, columns)
    raise InputError(
        f"{path}: what format is it? It is read by its ending: {', '.join(KNOWN)}, also with .gz"
    )


def _listed(path: Path) -> Triples:
    """A kg.json as triples, to be named by its labels or those of a table."""
    import polars as pl

    file = read_json(path, GraphFile)
    check_graph(file, str(path))
    rows = {name: [getattr(edge, name) for edge in file.edges] for name in ("src", "rel", "dst")}
    told = {name: [getattr(one, name) for one in file.entities] for name in ("id", "label", "type")}
    return Triples(
        *(pl.Series(name, column, dtype=pl.String) for name, column in rows.items()),
        at=lambda row: f"{path}: edges[{row}]",
        entities=pl.DataFrame(told, schema=dict.fromkeys(told, pl.String)),
        relation_labels={one.id: one.label for one in file.relations if one.label},
        domain=file.domain,
    )


__all__ = ["Columns", "is_published", "open_graph", "open_published"]
