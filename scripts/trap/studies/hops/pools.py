"""Which (start, chain of relations) belongs to which pool, and which one question `index` of a pool asks.

A hash of (start, chain) decides, which no seed moves. So pools are disjoint by construction, whatever the graph, the
number of questions, the order in which pools are drawn or the seeds: an evaluation question of any seed is new to a
model that was trained with any other. A seed decides in what order a pool asks.

A pair counts if a simple path follows the chain, if the entities reachable along it are few enough for a
trace to be learnable (`max_reachable`), and if the type of the answer has three distractors left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from itertools import zip_longest
from typing import NamedTuple

from trap.files import InputError
from trap.studies.hops.graph import Graph
from trap.studies.hops.walks import Pair, Walks

STYLES = ("well_posed", "published")
EASY_HOPS = (1, 2, 3)
HARD_HOPS = (4, 5)

# Percent of all easy and of all hard pairs that each pool owns.
EASY_SPACE: dict[str, int] = {"eval_easy": 30, "valid_easy": 10, "easy": 60}
HARD_SPACE: dict[str, int] = {"eval_hard": 25, "eval_leak": 8, "valid_hard": 7, "hard": 60}
POOLS = (*EASY_SPACE, *HARD_SPACE)
# Longer chains than any pool trains on, all of them for evaluation: eval_hop6, eval_hop8, ...
LONG_PREFIX = "eval_hop"
LONGEST = 10
# Questions by hop count in every hundred of a training pool; evaluation pools take hop counts in turn.
EASY_SHARES = (20, 35, 45)
HARD_SHARES = (50, 50)
SPLIT = 0  # stands in the place of a seed where a hash decides the pool


class Place(NamedTuple):
    """What question `index` of a pool asks: a pair, and how often the pool has asked it before."""

    pair: Pair
    variation: int


def hops_of(pool: str) -> tuple[int, ...]:
    """The hop counts of a pool. Raises InputError for a name that is no pool."""
    if pool in EASY_SPACE:
        return EASY_HOPS
    if pool in HARD_SPACE:
        return HARD_HOPS
    digits = pool.removeprefix(LONG_PREFIX)
    if pool.startswith(LONG_PREFIX) and digits.isdecimal() and max(HARD_HOPS) < int(digits) <= LONGEST:
        return (int(digits),)
    raise InputError(
        f"unknown pool {pool!r}; pools are {', '.join(POOLS)} and {LONG_PREFIX}6 to {LONG_PREFIX}{LONGEST}"
    )


def pair_hash(seed: int, start: str, chain: Sequence[str]) -> int:
    """64 bits that decide the place of a (start, chain) in its pool; those of `SPLIT` decide the pool."""
    key = "\0".join((str(seed), start, *chain)).encode()
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")


def pool_of(start: str, chain: Sequence[str]) -> str:
    """The one pool that may ask about this start and this chain of relation ids."""
    hops = len(chain)
    if hops > max(HARD_HOPS):
        return f"{LONG_PREFIX}{hops}"
    return _pool_at(pair_hash(SPLIT, start, chain), EASY_SPACE if hops in EASY_HOPS else HARD_SPACE)


def _pool_at(value: int, space: dict[str, int]) -> str:
    percent = value * 100 >> 64
    for pool, share in space.items():
        percent -= share
        if percent < 0:
            return pool
    raise AssertionError("pool shares must add up to 100")


def check_settings(style: str, max_reachable: int, easy_shares: Sequence[int]) -> None:
    """Raise InputError for an unknown style, no reachable entity, or shares that are none."""
    if style not in STYLES:
        raise InputError(f"unknown style {style!r}; use {' or '.join(STYLES)}")
    if max_reachable < 1:
        raise InputError(f"max_reachable must be at least 1, not {max_reachable}")
    if len(easy_shares) != len(EASY_HOPS) or sum(easy_shares) != 100 or min(easy_shares) < 0:
        raise InputError(f"easy shares must be three percentages that add up to 100, not {easy_shares}")


class Pools:
    """The pools of one graph: question numbers to (start, chain) pairs."""

    def __init__(
        self,
        graph: Graph,
        *,
        seed: int = 0,
        style: str = "well_posed",
        max_reachable: int = 6,
        easy_shares: Sequence[int] = EASY_SHARES,
        source: str = "graph",
    ) -> None:
        check_settings(style, max_reachable, easy_shares)
        self.walks = Walks(graph)
        self.seed = seed
        self.style = style
        self.max_reachable = max_reachable
        self.source = source
        self._shares = {"easy": tuple(easy_shares), "hard": HARD_SHARES}
        self._bands: dict[int, dict[str, list[Pair]]] = {}
        self._orders: dict[str, list[Pair]] = {}
        self._slots: dict[str, list[tuple[int, int, int]]] = {}

    def band(self, pool: str, hops: int) -> list[Pair]:
        """The pairs of a pool with this hop count, in an order that their hashes decide."""
        if hops not in self._bands:
            self._bands[hops] = self._enumerate(hops)
        return self._bands[hops].get(pool, [])

    def size(self, pool: str) -> int:
        """How many different (start, chain) pairs a pool has."""
        return sum(len(self.band(pool, hops)) for hops in hops_of(pool))

    def cycles(self, pool: str) -> bool:
        """Whether the pool starts over, with other options and paths, when all its pairs were asked."""
        return pool in self._shares

    def place(self, pool: str, index: int) -> Place:
        """What question `index` asks. Raises InputError where an evaluation pool has no such question.

        Training pools (`easy`, `hard`) start over when they run out of pairs, each time with another
        variation; the others ask every pair once.
        """
        if index < 0:
            raise InputError(f"pool {pool}: index must not be negative, got {index}")
        if self.cycles(pool):
            return self._cycled(pool, index)
        order = self._orders.get(pool)
        if order is None:
            bands = (self.band(pool, hops) for hops in hops_of(pool))
            # In turn, so that any first n questions are as balanced over hop counts as the pairs allow.
            order = [pair for row in zip_longest(*bands) for pair in row if pair is not None]
            self._orders[pool] = order
        if index >= len(order):
            self._require(pool)
            raise InputError(
                f"pool {pool} has {len(order)} different questions on {self.source} "
                f"(seed {self.seed}, at most {self.max_reachable} reachable): there is no question {index}"
            )
        return Place(order[index], 0)

    def _cycled(self, pool: str, index: int) -> Place:
        slots = self._slots.get(pool)
        if slots is None:
            self._require(pool)
            shares = self._shares[pool]
            hops = hops_of(pool)
            present = [share if self.band(pool, hop) else 0 for hop, share in zip(hops, shares, strict=True)]
            slots = self._slots[pool] = schedule(hops, present)
        cycle, slot = divmod(index, len(slots))
        hop, before, per_cycle = slots[slot]
        band = self.band(pool, hop)
        variation, position = divmod(cycle * per_cycle + before, len(band))
        return Place(band[position], variation)

    def _require(self, pool: str) -> None:
        if not self.size(pool):
            hops = "-".join(str(hop) for hop in sorted({min(hops_of(pool)), max(hops_of(pool))}))
            raise InputError(
                f"{self.source}: too small for {self.style.replace('_', '-')} questions of pool {pool}: "
                f"no start and chain of {hops} hops leaves three distractors"
            )

    def _enumerate(self, hops: int) -> dict[str, list[Pair]]:
        names, relations = self.walks.names, self.walks.relations
        found: dict[str, list[tuple[float, Pair]]] = {}
        for pair in self.walks.pairs(hops):
            kept = self._eligible(pair)
            if kept is None:
                continue
            start, chain = names[pair.start], [relations[step] for step in pair.chain]
            value = pair_hash(self.seed, start, chain)
            pool = pool_of(start, chain)
            place = float(value)
            if self.style == "published":
                # The published questions were random paths, so a chain with more paths came up more
                # often: weighted sampling without replacement, by exponential clocks.
                uniform = (value * 100 % 2**64 + 1) / 2**64  # the pool is decided by the digits before
                place = -math.log(uniform) / sum(len(ways) for ways in kept.paths.values())
            found.setdefault(pool, []).append((place, kept))
        return {
            pool: [pair for _, pair in sorted(rows, key=lambda row: (row[0], row[1].start, row[1].chain))]
            for pool, rows in found.items()
        }

    def _eligible(self, pair: Pair) -> Pair | None:
        """The pair with the answers that can be asked for, or None if there are none."""
        published = self.style == "published"
        if not published and pair.reached.bit_count() > self.max_reachable:
            return None
        everything = (1 << len(self.walks.names)) - 1
        paths = {}
        for gold, ways in pair.paths.items():
            # The published style checks nothing but that a distractor is not the answer itself.
            taken = 1 << gold if published else pair.reached | 1 << pair.start
            alike = self.walks.type_mask[gold]
            # A type with fewer than four entities can never give three: other types help out.
            room = alike if alike.bit_count() > 3 else everything
            if (room & ~taken).bit_count() >= 3:
                paths[gold] = ways
        return pair._replace(paths=paths) if paths else None


def schedule(hops: Sequence[int], shares: Sequence[int]) -> list[tuple[int, int, int]]:
    """A cycle of (hop count, how many of it came before, how many there are in all).

    Each next slot goes to the hop count that lags most behind its share.
    """
    total = sum(shares)
    counts = [0] * len(hops)
    slots = []
    for slot in range(1, total + 1):
        owed = [share * slot - count * total for share, count in zip(shares, counts, strict=True)]
        chosen = owed.index(max(owed))
        slots.append((hops[chosen], counts[chosen]))
        counts[chosen] += 1
    return [(hop, before, counts[hops.index(hop)]) for hop, before in slots]
