"""Near misses of pairs that were drawn: as `distractors.candidates`, with samples in the place of whole sets.

What the right chain reaches from other starts is looked for among the other pairs of the block; what a wrong reading
reaches is followed along some of the edges of an entity with many; of all entities of a type a few are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trap.studies.hops.arrays import Arrays
from trap.studies.hops.distractors import ENOUGH
from trap.studies.hops.draws import Draws

EDGES = 16  # of an entity that are followed where any relation will do
MOST = 48  # entities that a wrong reading is followed through
ENDS = 48  # ends of other pairs that are remembered for an end of a chain
STRANGERS = 8  # entities of a type that are drawn where near misses are few
TRIES = 64


class Block:
    """The pairs among which distractors are weighed, and where their chains end."""

    def __init__(self, arrays: Arrays, pairs: Sequence[Any]) -> None:
        self.arrays = arrays
        self._ends: dict[tuple[int, ...], dict[int, None]] = {}
        for pair in pairs:
            for length in {len(pair.chain), 2, 1}:
                known = self._ends.setdefault((length, *pair.chain[-length:]), {})
                if len(known) < ENDS:
                    known.update(dict.fromkeys(sorted(pair.reached)))

    def candidates(self, walks: Any, pair: Any, kind: int) -> tuple[list[int], list[int]]:
        """Distractors for answers of one type and the tier of each, nearest first (`distractors.TIERS`)."""
        kinds = self.arrays.kinds
        used = {pair.start, *pair.reached}
        misread = self._misread(pair)
        whole, end, last = (
            self._ends[(n, *pair.chain[-n:])] for n in (len(pair.chain), min(2, len(pair.chain)), 1)
        )
        entities: list[int] = []
        tiers: list[int] = []

        def take(tier: int, found: Iterable[int]) -> bool:
            for one in found:
                if one not in used:
                    used.add(one)
                    entities.append(one)
                    tiers.append(tier)
            return len(entities) >= ENOUGH

        def alike(found: Iterable[int]) -> list[int]:
            return sorted(one for one in found if kinds[one] == kind)

        if (
            take(0, alike(one for one in whole if one in misread))
            or take(1, alike(whole))
            or take(2, alike(one for one in end if one in misread))
            or take(3, alike(end))
            or take(4, alike(misread))
            or take(5, alike(last))
        ):
            return entities, tiers
        low, high = self.arrays.kind_starts[kind], self.arrays.kind_starts[kind + 1]
        if take(6, self._strangers(pair, low, high, used)):
            return entities, tiers
        if high - low < 4:  # such a type can never give three: other types help out
            take(7, self._strangers(pair, 0, self.arrays.size, used))
        return entities, tiers

    def _strangers(self, pair: Any, low: int, high: int, used: set[int]) -> list[int]:
        """A few entities of by_kind[low:high] that are free; all of them where there are few."""
        order = self.arrays.by_kind
        if high - low <= TRIES:
            return [one for one in order[low:high] if one not in used]
        found: dict[int, None] = {}
        for turn in range(TRIES):
            if turn % STRANGERS == 0:  # a digest has the bits of so many draws
                draws = Draws(f"strangers:{pair.start}:{pair.chain}:{low}:{turn}")
            one = order[low + draws.below(high - low)]
            if one not in used:
                found[one] = None
            if len(found) == STRANGERS:
                break
        return list(found)

    def _misread(self, pair: Any) -> set[int]:
        """Entities that a slightly wrong reading of the chain reaches (`distractors._misread`)."""
        layers = [[pair.start]]
        for relation in pair.chain:
            layers.append(self._step(layers[-1], relation))
        reached = set(self._any(layers[-1]))  # one hop too many
        inner = [one for layer in layers[1:-1] for one in layer][:MOST]
        reached.update(inner, self._step([pair.start, *inner], pair.chain[-1]))
        for position in range(len(pair.chain)):
            # Another relation at this step, or the step left out, and the rest as it should be.
            strayed = list(dict.fromkeys([*self._any(layers[position]), *layers[position]]))
            for relation in pair.chain[position + 1 :]:
                strayed = self._step(strayed, relation)
            reached.update(strayed)
        return reached

    def _step(self, here: Sequence[int], relation: int) -> list[int]:
        """Some of the entities one step along a relation."""
        group, dst = self.arrays.group, self.arrays.dst
        found: dict[int, None] = {}
        for src in here:
            low, high = group(src, relation)
            if low < high:
                found.update(dict.fromkeys(dst[low : min(high, low + EDGES)]))
                if len(found) >= MOST:
                    break
        return list(found)[:MOST]

    def _any(self, here: Sequence[int]) -> list[int]:
        """Some of the entities one step along any relation, spread over all of them."""
        starts, dst = self.arrays.starts, self.arrays.dst
        found: dict[int, None] = {}
        for src in here[: MOST // EDGES]:
            low, high = starts[src], starts[src + 1]
            found.update(dict.fromkeys(dst[low : high : max(1, (high - low) // EDGES)]))
        return list(found)[:MOST]
