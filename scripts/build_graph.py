"""Build `kg.json` from the readable source, or from a graph in another format (docs/graphs.md).

    python scripts/build_graph.py --source config/hops/graph --output kg.json
    python scripts/build_graph.py --graph triples.tsv --names label --entities names.tsv --output kg.json

Of a graph with very many edges, kg.json names two tables that are written beside it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import msgspec

from trap.cli import run_main
from trap.files import InputError, write_json
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.reading import is_published, open_graph, open_published
from trap.studies.hops.reading.naming import NAMED_BY
from trap.studies.hops.source import read_source

MOST_ENDS = 4  # a chain is well posed only if few entities can end it: with more, no near misses are left


MAPPING = "a JSON object of texts"


def mapping(name: str, text: str) -> dict[str, str]:
    """A JSON object of texts. Raises InputError naming the option."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise InputError(
            f'--{name}: {MAPPING}, please, such as {{"treats": "is used for"}}: {error}'
        ) from None


def build(args: argparse.Namespace) -> tuple[int, int]:
    """Write the graph; its numbers of entities and edges."""
    phrases, columns = mapping("phrases", args.phrases), mapping("columns", args.columns)
    if args.source is not None:
        file = read_source(args.source)
    elif is_published(args.graph) and not args.entities and args.names == "id":
        file = open_published(args.graph, phrases)
    else:
        found = open_graph(
            args.graph, entities=args.entities, columns=columns, names=args.names, phrases=phrases
        )
        found.write(args.output)
        for line in found.notes:
            print(f"{args.graph}: {line}")
        return len(found.names), len(found.src)
    write_json(args.output, file)
    return len(file.entities), len(file.edges)


def count_chains(graph: Graph, hops: int) -> int:
    """(start, relation chain) pairs of `hops` relations with a simple path and at most MOST_ENDS ends."""

    def walk(here: str, seen: tuple[str, ...], chain: tuple[str, ...]) -> None:
        if len(chain) == hops:
            found.add(chain)
            return
        for relation, target in graph.out.get(here, ()):
            if target not in seen:
                walk(target, (*seen, target), (*chain, relation))

    total = 0
    for start in graph.entities:
        found: set[tuple[str, ...]] = set()
        walk(start, (start,), ())
        total += sum(len(graph.reachable(start, chain)) <= MOST_ENDS for chain in found)
    return total


def describe(graph: Graph) -> str:
    """Counts, branching and usable chains, as lines for a person."""
    types = Counter(graph.type_of.values())
    relations = Counter(rel for _, rel, _ in graph.edges)
    branching = Counter(len(targets) for targets in graph.targets.values())
    groups = sum(branching.values())
    lines = [
        f"entities  {len(graph.entities)}  ({', '.join(f'{n} {t}' for t, n in sorted(types.items()))})",
        f"edges     {len(graph.edges)}  ({', '.join(f'{n} {r}' for r, n in sorted(relations.items()))})",
        f"branching {groups} (entity, relation) groups: "
        + ", ".join(f"{n / groups:.1%} with {k} target{'s' * (k > 1)}" for k, n in sorted(branching.items())),
    ]
    lines += [f"chains    {count_chains(graph, hops)} of {hops} relations" for hops in (1, 2, 3, 4, 5)]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--source", type=Path, help="folder of YAML files (config/hops/graph)")
    given.add_argument(
        "--graph", type=Path, help="kg.json, TSV, CSV, Parquet, N-Triples, node-link JSON or GraphML"
    )
    parser.add_argument("--entities", type=Path, help="a table of ids, labels and types")
    parser.add_argument("--columns", default="{}", help=f"what columns or attributes are called: {MAPPING}")
    parser.add_argument("--names", choices=NAMED_BY, default="id", help="what questions call an entity")
    parser.add_argument("--phrases", default="{}", help=f"verb phrases by relation: {MAPPING}")
    parser.add_argument("--output", type=Path, required=True, help="the kg.json to write")
    parser.add_argument("--statistics", action="store_true", help="print counts, branching and usable chains")
    args = parser.parse_args(argv)

    def body() -> None:
        entities, edges = build(args)
        print(f"{args.output}: {entities} entities, {edges} edges")
        if args.statistics:
            graph = load_graph(args.output)
            if not graph.small:
                raise InputError("--statistics: the graph is too large to count its chains")
            print(describe(graph))

    return run_main(body)


if __name__ == "__main__":
    raise SystemExit(main())
