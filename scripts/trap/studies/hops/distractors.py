"""Which wrong options stand beside a right one, and how often: near misses that give nothing away.

Two things make a distractor a near miss: what a slightly wrong reading of the question reaches (another
relation at one step, a step skipped, stopped short, one step too far, another chain of the same length
from the same start), and what the right chain reaches from another start. Candidates that are both come
first. None of them is reachable along the chain itself.

Near misses alone are not enough: an entity that is the right answer to most questions ending in "is fixed
by something that uses what?" can be guessed without following anything (on the published graph, knowing
only how often an option was right after the same last two relations gave three answers in four). So golds
and distractors are drawn with weights, fitted per pool and hop count such that, given the last two or three
relations or the whole chain, every entity is the answer about once for every three times that it is a
distractor, as far as the graph allows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np

from trap.studies.hops.draws import Draws
from trap.studies.hops.walks import Pair, Walks, members

KINDS = ("near_miss", "same_type", "any_type")  # from near to far
NEAR, ALIKE, ANY = range(len(KINDS))
# Weight and kind of each tier of candidates, nearest first; `candidates` says what is in them.
TIERS = (
    (1.0, NEAR),
    (0.25, NEAR),
    (0.25, NEAR),
    (0.25, ALIKE),
    (0.25, NEAR),
    (0.25, ALIKE),
    (0.25, ALIKE),
    (0.25, ANY),
)
ENOUGH = 6  # candidates after which farther tiers are left alone
ENDS = (2, 3, 5)  # lengths of the ends of chains within which golds and distractors are balanced
ROUNDS = 40
SMOOTH = 0.1  # added to counts, in questions, so that rare entities do not swing
BOUND = 1 << 10  # largest weight, and one over the smallest
GRAIN = 1 << 12  # probabilities are rounded to this, so that the last bits of floats cannot show
SPREAD = (7919, 20011, 44497, 58111)  # each gives another order of candidates


class Choice:
    """The wrong options of one type for one pair, with integer widths in proportion to probabilities."""

    __slots__ = ("_entities", "_orders", "_tiers", "_widths")

    def __init__(self, entities: list[int], tiers: list[int], widths: list[int]) -> None:
        self._entities = entities
        self._tiers = tiers
        self._widths = widths
        self._orders: list[tuple[list[int], list[int], list[int]] | None] = [None] * len(SPREAD)

    def draw(self, draws: Draws) -> tuple[list[int], str]:
        """Three different entities and the kind of the farthest.

        Systematic sampling: three equally spaced points on the line of all widths, so that an entity is
        taken with a probability exactly proportional to its width. The order on the line, which decides
        who can stand beside whom, is one of several.
        """
        which = draws.below(len(SPREAD))
        entities, sums, kinds = self._orders[which] or self._order(which)
        total = sums[-1]
        point = draws.below(total)
        first = bisect_right(sums, point // 3)
        second = bisect_right(sums, (point + total) // 3)
        third = bisect_right(sums, (point + 2 * total) // 3)
        kind = max(kinds[first], kinds[second], kinds[third])
        return [entities[first], entities[second], entities[third]], KINDS[kind]

    def _order(self, which: int) -> tuple[list[int], list[int], list[int]]:
        widths = self._widths
        # Three equally spaced points must fall into three intervals: none may be wider than the spacing.
        while max(widths) * 3 > sum(widths):
            widest = sum(widths) // 3
            widths = self._widths = [min(width, widest) for width in widths]
        factor = SPREAD[which]
        rows = sorted(
            [
                ((entity + 1) * factor % 65537, entity, width, tier)
                for entity, width, tier in zip(self._entities, widths, self._tiers, strict=True)
            ]
        )
        made = self._orders[which] = (
            [row[1] for row in rows],
            list(accumulate([row[2] for row in rows])),
            [TIERS[row[3]][1] for row in rows],
        )
        return made


class Menu(NamedTuple):
    """All that is drawn from for questions about one pair."""

    golds: list[int]
    sums: list[int]  # running sum of the widths of golds
    wrong: dict[int, Choice]  # type of a gold (`Walks.kind`) -> its distractors

    def draw_gold(self, draws: Draws) -> int:
        return self.golds[bisect_right(self.sums, draws.below(self.sums[-1]))]


def candidates(walks: Walks, pair: Pair, alike: int) -> tuple[list[int], list[int]]:
    """Distractors for answers of one type (mask `alike`) and the tier of each, nearest first."""
    everything = (1 << len(walks.names)) - 1
    free = everything & ~pair.reached & ~(1 << pair.start)
    misread = _misread(walks, pair) | walks.same_length(pair.start, len(pair.chain))
    whole, end, last = (walks.range_of(pair.chain[-length:]) for length in (len(pair.chain), 2, 1))
    small = alike.bit_count() < 4  # such a type can never give three: other types help out
    entities: list[int] = []
    tiers: list[int] = []
    for tier, mask in enumerate(
        (
            alike & whole & misread,
            alike & whole,  # the right chain from another start
            alike & end & misread,
            alike & end,
            alike & misread,
            alike & last,
            alike,
            everything if small else 0,
        )
    ):
        found = members(mask & free)
        entities += found
        tiers += [tier] * len(found)
        if len(entities) >= ENOUGH:
            break
        free &= ~mask
    return entities, tiers


def _misread(walks: Walks, pair: Pair) -> int:
    """The mask of entities that a slightly wrong reading of the chain reaches."""
    step = walks.step
    layers = [1 << pair.start]
    for relation in pair.chain:
        layers.append(step(layers[-1], relation))
    reached = walks.step_any(layers[-1])  # one hop too many
    inner = 0
    for layer in layers[1:-1]:
        inner |= layer
    reached |= inner | step(inner | layers[0], pair.chain[-1])  # stopped short; the last relation too early
    for position in range(len(pair.chain)):
        # Another relation at this step, or the step left out, and the rest as it should be.
        strayed = walks.step_any(layers[position]) | layers[position]
        for relation in pair.chain[position + 1 :]:
            strayed = step(strayed, relation)
        reached |= strayed
    return reached


# (walks, pair, type of an answer) -> distractors and the tier of each
Near = Callable[[Any, Any, int], tuple[list[int], list[int]]]


def menus(
    walks: Walks, pairs: Sequence[Pair], near: Near = candidates
) -> dict[tuple[int, tuple[int, ...]], Menu]:
    """(start, chain) -> Menu for pairs of one hop count, weights fitted over all of them together."""
    if not pairs:
        return {}
    rows: list[tuple[list[int], list[int]]] = []  # one per pair and type of answer
    wrong: list[dict[int, int]] = []  # pair -> type (`Walks.kind`) -> row
    row_pair: list[int] = []
    gold_entity: list[int] = []
    gold_row: list[int] = []
    for index, pair in enumerate(pairs):
        mine: dict[int, int] = {}
        for gold in pair.paths:
            alike = walks.kind(gold)
            if alike not in mine:
                mine[alike] = len(rows)
                rows.append(near(walks, pair, alike))
                row_pair.append(index)
            gold_entity.append(gold)
            gold_row.append(mine[alike])
        wrong.append(mine)
    lengths = [len(entities) for entities, _ in rows]
    layout = _Layout(
        chains=[pair.chain for pair in pairs],
        row_pair=np.array(row_pair),
        gold_row=np.array(gold_row),
        gold_entity=np.array(gold_entity),
        wrong_row=np.repeat(np.arange(len(rows)), lengths),
        wrong_entity=np.fromiter(chain.from_iterable(entities for entities, _ in rows), dtype=np.int64),
        wrong_tier=np.fromiter(chain.from_iterable(tiers for _, tiers in rows), dtype=np.int64),
    )
    gold_share, included = _fit(layout)
    widths = np.maximum(np.rint(included * GRAIN), 1).astype(int).tolist()
    shares = np.maximum(np.rint(gold_share * GRAIN), 1).astype(int).tolist()
    ends = list(accumulate(lengths))
    choices = [
        Choice(entities, tiers, widths[end - len(entities) : end])
        for (entities, tiers), end in zip(rows, ends, strict=True)
    ]
    table, at = {}, 0
    for pair, mine in zip(pairs, wrong, strict=True):
        golds = list(pair.paths)
        sums = list(accumulate(shares[at : at + len(golds)]))
        at += len(golds)
        table[pair.start, pair.chain] = Menu(
            golds, sums, {alike: choices[row] for alike, row in mine.items()}
        )
    return table


class _Layout(NamedTuple):
    """Golds and candidates of all pairs as flat arrays; a row is a pair and a type of answer."""

    chains: list[tuple[int, ...]]  # of each pair
    row_pair: np.ndarray
    gold_row: np.ndarray
    gold_entity: np.ndarray
    wrong_row: np.ndarray
    wrong_entity: np.ndarray
    wrong_tier: np.ndarray

    def keys(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Number of the (end of chain, entity) of every gold and of every candidate."""
        known: dict[tuple[int, ...], int] = {}
        end = np.array([known.setdefault(steps[-length:], len(known)) for steps in self.chains])[
            self.row_pair
        ]
        size = 1 + max(self.gold_entity.max(), self.wrong_entity.max())
        gold = end[self.gold_row] * size + self.gold_entity
        wrong = end[self.wrong_row] * size + self.wrong_entity
        _, number = np.unique(np.concatenate([gold, wrong]), return_inverse=True)
        return number[: len(gold)], number[len(gold) :]


def _fit(layout: _Layout) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each gold within its pair, and of each candidate being among its row's three.

    Multiplicative updates: an entity that is the answer too often (for the end of the chain) becomes a
    likelier distractor and a less likely answer, by the same factor.
    """
    gold_row, wrong_row = layout.gold_row, layout.wrong_row
    gold_pair = layout.row_pair[gold_row]
    nearness = np.array([weight for weight, _ in TIERS])[layout.wrong_tier]
    keys = [layout.keys(length) for length in ENDS]
    weights = [np.ones(1 + max(gold.max(), wrong.max())) for gold, wrong in keys]
    lifted = np.ones(len(layout.row_pair))
    for _ in range(ROUNDS):
        gold, raw = np.ones(len(gold_row)), nearness
        for weight, (of_gold, of_wrong) in zip(weights, keys, strict=True):
            gold = gold / weight[of_gold]
            raw = raw * weight[of_wrong]
        gold /= np.bincount(gold_pair, gold)[gold_pair]
        raw /= np.bincount(wrong_row, raw)[wrong_row]
        asked_here = np.bincount(gold_row, gold)
        for _ in range(4):  # at most 1 each, 3 together
            included = np.minimum(1.0, 3.0 * raw * lifted[wrong_row])
            lifted *= 3.0 / np.bincount(wrong_row, included)
        shown_here = included * asked_here[wrong_row]
        for weight, (of_gold, of_wrong) in zip(weights, keys, strict=True):
            asked = np.bincount(of_gold, gold, len(weight))
            shown = np.bincount(of_wrong, shown_here, len(weight))
            weight *= np.sqrt(np.sqrt((3.0 * asked + SMOOTH) / (shown + SMOOTH)))
            np.clip(weight, 1.0 / BOUND, BOUND, out=weight)
    return gold, included
