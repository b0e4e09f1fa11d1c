"""Build `kg.json` from the readable source, or check another `kg.json` and write its canonical copy."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_json, write_json
from trap.studies.hops.graph import Graph, canonical, check_graph, check_types
from trap.studies.hops.records import GraphFile
from trap.studies.hops.source import read_source

MOST_ENDS = 4  # a chain is well posed only if few entities can end it: with more, no near misses are left


def read_graph(source: Path | None, graph: Path | None) -> GraphFile:
    """The graph of a source folder or of a `kg.json`, checked and in canonical order."""
    if graph is None:
        if source is None:
            raise InputError("give --source or --graph")
        return read_source(source)
    file = read_json(graph, GraphFile)
    check_graph(file, str(graph))
    check_types(file, str(graph))
    return canonical(file)


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
    parser = argparse.ArgumentParser(description=__doc__)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--source", type=Path, help="folder of YAML files (config/hops/graph)")
    given.add_argument("--graph", type=Path, help="any kg.json of the published format")
    parser.add_argument("--output", type=Path, required=True, help="the kg.json to write")
    parser.add_argument("--statistics", action="store_true", help="print counts, branching and usable chains")
    args = parser.parse_args(argv)

    def body() -> None:
        file = read_graph(args.source, args.graph)
        write_json(args.output, file)
        print(f"{args.output}: {len(file.entities)} entities, {len(file.edges)} edges")
        if args.statistics:
            print(describe(Graph(file, str(args.output))))

    return run_main(body)


if __name__ == "__main__":
    raise SystemExit(main())
