"""Walks along chains of relations, with sets of entities as bit masks.

Entities and relations are numbered once; a set of entities is an int whose bit i stands for entity i.
A step along a relation is a memoised OR, so that every chain of five relations from every entity of a
200-entity graph is enumerated in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from trap.studies.hops.graph import Graph

# Simple paths remembered per (start, chain). Up to five hops on graphs of the shipped size this is never
# reached; on denser graphs or longer chains it bounds the work, at the price of some unused paths.
PATHS_KEPT = 512


class Pair(NamedTuple):
    """A start and a chain of relations that at least one simple path follows."""

    start: int  # entity number
    chain: tuple[int, ...]  # relation numbers
    reached: int  # mask of the entities at the end of any walk along the chain
    paths: dict[int, list[tuple[int, ...]]]  # last entity -> simple paths (hops + 1 entity numbers)

    def reaches(self, entity: int) -> bool:
        """Whether a walk along the chain can end there."""
        return bool(self.reached >> entity & 1)


class Walks:
    """A graph with numbered entities and relations."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names = graph.entities
        self.number = {entity: index for index, entity in enumerate(self.names)}
        self.relations = graph.relations
        self.next: list[list[tuple[int, ...]]] = []  # relation -> entity -> destinations
        self._masks: list[list[int]] = []
        for relation in self.relations:
            rows = [
                tuple(self.number[dst] for dst in graph.targets.get((entity, relation), ()))
                for entity in self.names
            ]
            self.next.append(rows)
            self._masks.append([_mask(row) for row in rows])
        self._memo: dict[tuple[int, int], int] = {}
        self._any = [_union(masks) for masks in zip(*self._masks, strict=True)]
        self._any_memo: dict[int, int] = {}
        self._ranges: dict[tuple[int, ...], int] = {}
        self._lengths: dict[tuple[int, int], int] = {}

    @cached_property
    def type_mask(self) -> list[int]:
        """Entity -> mask of all entities of its type, itself included."""
        of_type: dict[str, int] = {}
        for index, entity in enumerate(self.names):
            kind = self.graph.type_of[entity]
            of_type[kind] = of_type.get(kind, 0) | 1 << index
        return [of_type[self.graph.type_of[entity]] for entity in self.names]

    def kind(self, entity: int) -> int:
        """What entities of one type share, and others do not."""
        return self.type_mask[entity]

    def range_of(self, chain: tuple[int, ...]) -> int:
        """The mask of entities at the end of any walk along the chain, from anywhere."""
        found = self._ranges.get(chain)
        if found is None:
            before = self.range_of(chain[:-1]) if len(chain) > 1 else (1 << len(self.names)) - 1
            found = self._ranges[chain] = self.step(before, chain[-1])
        return found

    def same_length(self, start: int, hops: int) -> int:
        """The mask of entities at the end of any walk of `hops` steps from `start`, whatever the relations."""
        key = (start, hops)
        found = self._lengths.get(key)
        if found is None:
            before = self.same_length(start, hops - 1) if hops > 1 else 1 << start
            found = self._lengths[key] = self.step_any(before)
        return found

    def step(self, here: int, relation: int) -> int:
        """The mask of entities one step along `relation` from any entity of the mask `here`."""
        key = (here, relation)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = _gather(self._masks[relation], here)
        return found

    def step_any(self, here: int) -> int:
        """The mask of entities one step along any relation from any entity of the mask `here`."""
        found = self._any_memo.get(here)
        if found is None:
            found = self._any_memo[here] = _gather(self._any, here)
        return found

    def pairs(self, hops: int) -> Iterator[Pair]:
        """Every (start, chain of `hops` relations) with a simple path, in a fixed order."""
        relations = range(len(self.relations))

        def extend(chain: tuple[int, ...], here: int, paths: list[tuple[int, ...]]) -> Iterator[Pair]:
            for relation in relations:
                row = self.next[relation]
                longer = [(*path, dst) for path in paths for dst in row[path[-1]] if dst not in path]
                if not longer:
                    continue
                if len(longer) > PATHS_KEPT:
                    longer = longer[:: -(-len(longer) // PATHS_KEPT)]
                whole = (*chain, relation)
                there = self.step(here, relation)
                if len(whole) < hops:
                    yield from extend(whole, there, longer)
                    continue
                ends: dict[int, list[tuple[int, ...]]] = {}
                for path in longer:
                    ends.setdefault(path[-1], []).append(path)
                yield Pair(longer[0][0], whole, there, ends)

        for start in range(len(self.names)):
            yield from extend((), 1 << start, [(start,)])


def members(mask: int) -> list[int]:
    """The entity numbers in a mask, ascending."""
    found = []
    while mask:
        lowest = mask & -mask
        found.append(lowest.bit_length() - 1)
        mask ^= lowest
    return found


def _mask(indices: tuple[int, ...]) -> int:
    mask = 0
    for index in indices:
        mask |= 1 << index
    return mask


def _union(masks: list[int] | tuple[int, ...]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _gather(masks: list[int], here: int) -> int:
    union = 0
    while here:
        lowest = here & -here
        union |= masks[lowest.bit_length() - 1]
        here ^= lowest
    return union
