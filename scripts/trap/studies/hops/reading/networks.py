"""Node-link JSON and GraphML, which networkx reads. Edges without a direction hold both ways."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import polars as pl

from trap.files import InputError, read_json
from trap.studies.hops.reading.columns import Triples
from trap.studies.hops.reading.tables import CALLED

# Where the relation of an edge stands, unless settings say it; then the key of a multigraph, then this word.
RELATION = ("rel", "relation", "predicate", "label", "type", "name", "edge")
LABEL = ("label", "name", "title")
PLAIN = "related_to"


def read_node_link(path: Path, columns: Mapping[str, str]) -> Triples:
    """Node-link JSON as networkx and D3 write it: `nodes`, and `links` or `edges`. Raises InputError naming the place."""
    import networkx as nx

    told = read_json(path, dict[str, Any])
    links = next((key for key in ("links", "edges") if key in told), None)
    if links is None:
        raise InputError(f"{path}: no `links` and no `edges`")
    for key in ("nodes", links):
        if not isinstance(told.get(key), list):
            raise InputError(f"{path}: {key}: expected a list")
        for number, row in enumerate(told[key]):
            wanted = ("id",) if key == "nodes" else ("source", "target")
            if not isinstance(row, dict) or any(not isinstance(row.get(name), str | int) for name in wanted):
                raise InputError(f"{path}: {key}[{number}]: expected an object with {' and '.join(wanted)}")
    ids = {node["id"] for node in told["nodes"]}
    for number, row in enumerate(told[links]):
        for name in ("source", "target"):
            if row[name] not in ids:
                raise InputError(f"{path}: {links}[{number}].{name}: dangling edge: no node {row[name]!r}")
    # several edges between two nodes are several relations, whatever the file calls itself
    graph = nx.node_link_graph({"directed": True, **told, "multigraph": True}, edges=links)
    return _triples(graph, path, columns)


def read_graphml(path: Path, columns: Mapping[str, str]) -> Triples:
    """GraphML, also compressed. Raises InputError for what is none, with the line where XML itself is broken."""
    import networkx as nx

    packed = path.suffix in (".gz", ".graphmlz")
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            graph = nx.read_graphml(stream, force_multigraph=True)
    except ParseError as error:
        raise InputError(f"{path}:{error.position[0]}: not XML: {str(error).split(':')[0]}") from None
    except (nx.NetworkXError, KeyError, ValueError, TypeError, OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: not GraphML: {' '.join(str(error).split()) or type(error).__name__}"
        ) from None
    return _triples(graph, path, columns)


def _triples(graph: Any, path: Path, columns: Mapping[str, str]) -> Triples:
    notes = []
    if not graph.is_directed():
        graph = graph.to_directed()
        notes.append("edges without a direction hold both ways")
    asked = columns.get("rel")
    src, rel, dst, plain = [], [], [], 0
    for start, end, key, said in graph.edges(keys=True, data=True):
        relation = next((said[name] for name in ((asked,) if asked else RELATION) if name in said), None)
        if relation is None and asked:
            raise InputError(f"{path}: edge {start} to {end}: no attribute {asked!r}")
        if relation is None and isinstance(key, str):
            relation = key
        plain += relation is None
        src.append(str(start))
        rel.append(PLAIN if relation is None else str(relation))
        dst.append(str(end))
    if plain:
        notes.append(f"edges that name no relation, read as {PLAIN!r}: {plain}")
    label = (columns["label"],) if "label" in columns else LABEL
    kind = (columns["type"],) if "type" in columns else CALLED["type"]
    nodes = [
        (
            str(node),
            *(next((str(said[name]) for name in names if name in said), None) for names in (label, kind)),
        )
        for node, said in graph.nodes(data=True)
    ]
    return Triples(
        *(pl.Series(name, column, dtype=pl.String) for name, column in zip(("src", "rel", "dst"), (src, rel, dst), strict=True)),
        at=lambda row: f"{path}: edge {src[row]} to {dst[row]}",
        entities=pl.DataFrame(nodes, schema={"id": pl.String, "label": pl.String, "type": pl.String}, orient="row"),
        domain=str(graph.graph.get("name", "")),
        notes=notes,
    )  # fmt: skip
