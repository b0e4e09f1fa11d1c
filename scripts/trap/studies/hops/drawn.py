"""Pools of a graph that is too large to enumerate: its (start, chain) pairs are drawn, one after the other.

`Pools` looks at every chain from every start, which a graph of a few hundred entities allows. Here random walks are
drawn instead, a stream of them for each number of hops, and each pair that a walk shows for the first time goes to the
pool that its hash names. Walk k of a stream depends on (graph, seed, hops, k) alone, so question `index` of a pool is
the same whatever else was asked, in whatever order and by however many processes.

A pair counts under the same conditions as in `Pools`, and under one more: no step of its chain may lead to more than
`WIDEST` entities. Distractors are weighed in blocks of `BLOCK` pairs of a pool and hop count.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from trap.files import InputError
from trap.studies.hops.arrays import Arrays
from trap.studies.hops.distractors import Menu, menus
from trap.studies.hops.draws import Draws
from trap.studies.hops.near import Block
from trap.studies.hops.pools import EASY_SHARES, HARD_SHARES, Place, hops_of, pool_of, schedule
from trap.studies.hops.walks import PATHS_KEPT

WIDEST = 256
BLOCK = 1024
BATCH = 512  # walks drawn at a time
PATIENCE = 8  # batches without a new pair after which a stream counts as dry
STEPS = 5  # of a walk that one digest decides
# Why a walk gave no pair, in words.
LOST = {
    "ended": "came to an entity that nothing leaves",
    "back": "came back to where they had been",
    "wide": f"lead to more than {WIDEST} entities on their way",
    "many": "reach more entities than `max_reachable` ({max_reachable})",
    "few": "leave no three distractors of the answer's type",
}


class DrawnPair(NamedTuple):
    """As `Pair`, with what it reaches as a set, and its place among the pairs of its pool and hop count."""

    start: int
    chain: tuple[int, ...]
    reached: frozenset[int]
    paths: dict[int, list[tuple[int, ...]]]
    place: int

    def reaches(self, entity: int) -> bool:
        """Whether a walk along the chain can end there."""
        return entity in self.reached


class DrawnWalks:
    """What `Walks` tells of entities and relations, from arrays."""

    def __init__(self, graph: Any, arrays: Arrays) -> None:
        self.graph, self.arrays = graph, arrays
        self.names: Sequence[str] = graph.entities
        self.relations: tuple[str, ...] = graph.relations

    def kind(self, entity: int) -> int:
        """What entities of one type share, and others do not."""
        return self.arrays.kinds[entity]


class Stream:
    """The pairs of one number of hops, by pool, in the order in which they are drawn."""

    def __init__(self, walks: DrawnWalks, seed: int, hops: int, max_reachable: int) -> None:
        self.walks, self.seed, self.hops, self.max_reachable = walks, seed, hops, max_reachable
        self.bands: dict[str, list[DrawnPair]] = {}
        self.lost: Counter[str] = Counter()
        self.drawn = 0
        self._seen: set[tuple[int, tuple[int, ...]]] = set()
        self._idle = 0
        self._starts = memoryview(np.flatnonzero(walks.arrays.onward(hops)))

    @property
    def dry(self) -> bool:
        """Whether no more pairs are to be expected."""
        return not len(self._starts) or self._idle >= PATIENCE

    def upto(self, pool: str, place: int) -> list[DrawnPair]:
        """The band of a pool, drawn as far as this place or to its end."""
        band = self.bands.setdefault(pool, [])
        while len(band) <= place and not self.dry:
            before = len(self._seen)
            for k in range(self.drawn, self.drawn + BATCH):
                self._draw(k)
            self.drawn += BATCH
            self._idle = 0 if len(self._seen) > before else self._idle + 1
        return band

    def _draw(self, k: int) -> None:
        arrays = self.walks.arrays
        draws = Draws(f"{self.seed}:walk:{self.hops}:{k}")
        here = self._starts[draws.below(len(self._starts))]
        path, chain = [here], []
        for step in range(self.hops):
            if step and step % STEPS == 0:
                draws = Draws(f"{self.seed}:walk:{self.hops}:{k}:{step}")
            groups = arrays.groups(here)
            if not groups:
                self.lost["ended"] += 1
                return
            relation, low, high = groups[draws.below(len(groups))]
            here = arrays.dst[low + draws.below(high - low)]
            if here in path:
                self.lost["back"] += 1
                return
            path.append(here)
            chain.append(relation)
        key = path[0], tuple(chain)
        if key in self._seen:
            return
        found = self._pair(*key)
        if isinstance(found, str):
            self.lost[found] += 1
            return
        self._seen.add(key)
        walks = self.walks
        pool = pool_of(walks.names[path[0]], [walks.relations[one] for one in chain])
        band = self.bands.setdefault(pool, [])
        band.append(DrawnPair(*key, *found, len(band)))

    def _pair(
        self, start: int, chain: tuple[int, ...]
    ) -> tuple[frozenset[int], dict[int, list[tuple[int, ...]]]] | str:
        """What the chain reaches, and its simple paths by last entity; or why it is no question."""
        arrays = self.walks.arrays
        here = {start}
        for relation in chain:
            there: set[int] = set()
            for src in here:
                low, high = arrays.group(src, relation)
                if high - low > WIDEST:
                    return "wide"
                there.update(arrays.dst[low:high])
            if len(there) > WIDEST:
                return "wide"
            here = there
        if len(here) > self.max_reachable:
            return "many"
        paths: list[tuple[int, ...]] = [(start,)]
        for relation in chain:
            paths = [
                (*path, dst)
                for path in paths
                for dst in arrays.targets(path[-1], relation)
                if dst not in path
            ]
            if len(paths) > PATHS_KEPT:
                paths = paths[:: -(-len(paths) // PATHS_KEPT)]
        ends: dict[int, list[tuple[int, ...]]] = {}
        taken = here | {start}
        for path in paths:
            if path[-1] in ends or self._room(path[-1], taken):
                ends.setdefault(path[-1], []).append(path)
        return (frozenset(here), ends) if ends else "few"

    def _room(self, gold: int, taken: set[int]) -> bool:
        """Whether three distractors are left; a type with fewer than four entities is helped out by others."""
        arrays = self.walks.arrays
        kind = arrays.kinds[gold]
        size = arrays.kind_starts[kind + 1] - arrays.kind_starts[kind]
        if size < 4:
            return arrays.size - len(taken) >= 3
        return size - sum(arrays.kinds[one] == kind for one in taken) >= 3


class DrawnPools:
    """As `Pools`, for a graph in arrays and the well-posed style."""

    def __init__(
        self,
        graph: Any,
        arrays: Arrays,
        *,
        seed: int = 0,
        max_reachable: int = 6,
        easy_shares: Sequence[int] = EASY_SHARES,
        source: str = "graph",
    ) -> None:
        self.walks = DrawnWalks(graph, arrays)
        self.seed, self.max_reachable, self.source = seed, max_reachable, source
        self.style = "well_posed"
        self._shares = {"easy": tuple(easy_shares), "hard": HARD_SHARES}
        self._streams: dict[int, Stream] = {}
        self._orders: dict[str, list[DrawnPair]] = {}
        self._rounds: dict[str, int] = {}
        self._slots: dict[str, list[tuple[int, int, int]]] = {}
        self._menus: dict[tuple[str, int, int], dict[tuple[int, tuple[int, ...]], Menu]] = {}

    def stream(self, hops: int) -> Stream:
        if hops not in self._streams:
            self._streams[hops] = Stream(self.walks, self.seed, hops, self.max_reachable)
        return self._streams[hops]

    def size(self, pool: str) -> int:
        """How many different pairs a pool has; sys.maxsize where no end was found yet."""
        streams = [self.stream(hops) for hops in hops_of(pool)]
        held = [len(stream.upto(pool, 0)) for stream in streams]
        return sum(held) if all(stream.dry for stream in streams) else sys.maxsize

    def cycles(self, pool: str) -> bool:
        """As `Pools.cycles`."""
        return pool in self._shares

    def place(self, pool: str, index: int) -> Place:
        """As `Pools.place`."""
        if index < 0:
            raise InputError(f"pool {pool}: index must not be negative, got {index}")
        if self.cycles(pool):
            return self._cycled(pool, index)
        order = self._orders.setdefault(pool, [])
        while len(order) <= index:
            turn = self._rounds.get(pool, 0)
            bands = [self.stream(hops).upto(pool, turn) for hops in hops_of(pool)]
            found = [band[turn] for band in bands if turn < len(band)]
            if not found:
                self._require(pool)
                raise InputError(
                    f"pool {pool} has {len(order)} different questions on {self.source} "
                    f"(seed {self.seed}, at most {self.max_reachable} reachable): there is no question {index}"
                )
            order += found
            self._rounds[pool] = turn + 1
        return Place(order[index], 0)  # type: ignore[arg-type]

    def _cycled(self, pool: str, index: int) -> Place:
        slots = self._slots.get(pool)
        if slots is None:
            self._require(pool)
            hops = hops_of(pool)
            held = [bool(self.stream(hop).upto(pool, 0)) for hop in hops]
            present = [share if some else 0 for some, share in zip(held, self._shares[pool], strict=True)]
            slots = self._slots[pool] = schedule(hops, present)
        cycle, slot = divmod(index, len(slots))
        hop, before, per_cycle = slots[slot]
        place = cycle * per_cycle + before
        band = self.stream(hop).upto(pool, place)
        variation, at = divmod(place, len(band)) if place >= len(band) else (0, place)
        return Place(band[at], variation)  # type: ignore[arg-type]

    def menu(self, pool: str, pair: DrawnPair) -> Menu:
        """What is drawn from for questions about a pair of this pool."""
        hops, number = len(pair.chain), pair.place // BLOCK
        key = pool, hops, number
        if key not in self._menus:
            band = self.stream(hops).upto(pool, (number + 1) * BLOCK - 1)
            pairs = band[number * BLOCK : (number + 1) * BLOCK]
            near: Callable[..., Any] = Block(self.walks.arrays, pairs).candidates
            self._menus[key] = menus(self.walks, pairs, near)  # type: ignore[arg-type]
        return self._menus[key][pair.start, pair.chain]

    def _require(self, pool: str) -> None:
        if not self.size(pool):
            raise InputError(self._nothing(pool))

    def _nothing(self, pool: str) -> str:
        """Why a pool has no question, in one line."""
        hops = hops_of(pool)
        span = str(hops[0]) if len(hops) == 1 else f"{hops[0]} to {hops[-1]}"
        streams = [self.stream(hop) for hop in hops]
        said = f"{self.source}: too small for well-posed questions of pool {pool}: "
        lost = sum((stream.lost for stream in streams), Counter())
        if not lost:
            longest = 0
            while longest < hops[0] and self.walks.arrays.onward(longest + 1).any():
                longest += 1
            return f"{said}it has no chain of {span} relations (the longest walk has {longest})"
        why = "; ".join(
            f"{count} {LOST[name].format(max_reachable=self.max_reachable)}"
            for name, count in lost.most_common()
        )
        return f"{said}of {sum(stream.drawn for stream in streams)} walks of {span} relations, {why}"
