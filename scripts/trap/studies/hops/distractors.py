"""Which wrong options stand beside a right one, and how often: near misses that give nothing away.

Two things make a distractor a near miss: what a slightly wrong reading of the question reaches (another
relation at one step, a step skipped, stopped short, one step too far, another chain of the same length
from the same start), and what the right chain reaches from another start. Candidates that are both come
first. None of them is reachable along the chain itself.

Near misses alone are not enough: an entity that is the right answer to most questions ending in "is fixed
by something that uses what?" can be guessed without following anything. So golds and distractors are drawn
with weights, fitted per hop count such that, given the last two relations of the chain, every entity is
the answer about once for every three times that it is a distractor, as far as the graph allows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from trap.studies.hops.draws import Draws
from trap.studies.hops.walks import Pair, Walks, members

NEAR, ALIKE, ANY = KINDS = ("near_miss", "same_type", "any_type")
SUFFIXES = (2, 3, 5)  # lengths of the ends of chains within which golds and distractors are balanced
ENOUGH = 6  # candidates after which farther tiers are left alone
ROUNDS = 40
GRAIN = 1 << 12  # inclusion probabilities are rounded to this, so that the last bits of floats cannot show
ORDERS = 8  # orders of the candidates among which a question draws
SMOOTH = 0.1
POWER = 0.25
BOUND = 1 << 10  # largest weight, and one over the smallest


class Choice:
    """The wrong options of one type for one pair: (entity, kind, width) rows, widths being integers."""

    __slots__ = ("_orders", "_rows")

    def __init__(self, rows: list[tuple[int, str, int]]) -> None:
        self._rows = rows
        self._orders: list[tuple[list[int], list[int], list[str]] | None] = [None] * ORDERS

    def draw(self, draws: Draws) -> tuple[list[int], str]:
        """Three different entities and the kind of the farthest.

        Systematic sampling: three equally spaced points on the line of all widths, so that an entity is
        taken with a probability exactly proportional to its width. The order on the line, which decides
        who can stand beside whom, is one of several.
        """
        which = draws.below(ORDERS)
        entities, sums, kinds = self._orders[which] or self._order(which)
        total = sums[-1]
        point = draws.below(total)
        first = bisect_right(sums, point // 3)
        second = bisect_right(sums, (point + total) // 3)
        third = bisect_right(sums, (point + 2 * total) // 3)
        kind = kinds[first]
        if not kind == kinds[second] == kinds[third]:
            kind = max((kind, kinds[second], kinds[third]), key=KINDS.index)
        return [entities[first], entities[second], entities[third]], kind

    def _order(self, which: int) -> tuple[list[int], list[int], list[str]]:
        draws = Draws(f"{which}:{self._rows}")
        rows = sorted(self._rows, key=lambda row: draws.below(1 << 16) if row else 0)
        made = ([row[0] for row in rows], list(accumulate(row[2] for row in rows)), [row[1] for row in rows])
        self._orders[which] = made
        return made


class Menu(NamedTuple):
    """All that is drawn from for questions about one pair."""

    golds: list[int]
    sums: list[int]
    wrong: dict[int, Choice]  # gold -> its distractors

    def draw_gold(self, draws: Draws) -> int:
        return self.golds[bisect_right(self.sums, draws.below(self.sums[-1]))]


def candidates(walks: Walks, pair: Pair, gold: int) -> list[tuple[int, float, str]]:
    """(entity, weight by nearness, kind) of the distractors for one answer, nearest first."""
    free = ((1 << len(walks.names)) - 1) & ~pair.reached & ~(1 << pair.start)
    alike = walks.type_mask[gold] & free
    chain = pair.chain
    misread = _misread(walks, pair) | walks.same_length(pair.start, len(chain))
    whole, suffix, last = (walks.range_of(chain[-n:]) for n in (len(chain), 2, 1))
    tiers = [
        (alike & whole & misread, 1.0, NEAR),
        (alike & whole, 0.25, NEAR),
        (alike & suffix & misread, 0.25, NEAR),
        (alike & suffix, 0.25, ALIKE),
        (alike & misread, 0.25, NEAR),
        (alike & last, 0.25, ALIKE),
        (alike, 0.25, ALIKE),
    ]
    if walks.type_mask[gold].bit_count() < 4:
        tiers.append((free, 0.25, ANY))
    found: list[tuple[int, float, str]] = []
    for mask, weight, kind in tiers:
        found += [(entity, weight, kind) for entity in members(mask & free)]
        if len(found) >= ENOUGH:
            break
        free &= ~mask
    return found


def _misread(walks: Walks, pair: Pair) -> int:
    """The mask of entities that a slightly wrong reading of the chain reaches."""
    chain, step = pair.chain, walks.step
    layers = [1 << pair.start]
    for relation in chain:
        layers.append(step(layers[-1], relation))
    reached = walks.step_any(layers[-1])  # one hop too many
    inner = 0
    for layer in layers[1:-1]:
        inner |= layer
    reached |= inner | step(inner | layers[0], chain[-1])  # stopped short; the last relation too early
    for position in range(len(chain)):
        wrong = walks.step_any(layers[position])  # another relation at this step
        skipped = layers[position]
        for relation in chain[position + 1 :]:
            wrong, skipped = step(wrong, relation), step(skipped, relation)
        reached |= wrong | skipped
    return reached


def menus(walks: Walks, pairs: Sequence[Pair]) -> dict[tuple[int, tuple[int, ...]], Menu]:
    """(start, chain) -> Menu for pairs of one hop count, weights fitted over all of them together."""
    # (end of chain, entity) -> number, for every length of end
    keys: list[dict[tuple[tuple[int, ...], int], int]] = [{} for _ in SUFFIXES]

    def key(pair: Pair, entity: int) -> list[int]:
        return [
            known.setdefault((pair.chain[-length:], entity), len(known))
            for length, known in zip(SUFFIXES, keys, strict=True)
        ]

    gold_pair, gold_row, gold_key = [], [], []
    wrong_row, wrong_key, wrong_near = [], [], []
    rows: list[list[tuple[int, float, str]]] = []
    row_of: list[dict[int, int]] = []  # pair -> type mask -> row
    for index, pair in enumerate(pairs):
        mine: dict[int, int] = {}
        for gold in pair.paths:
            kind = walks.type_mask[gold]
            if kind not in mine:
                mine[kind] = len(rows)
                rows.append(candidates(walks, pair, gold))
                for entity, weight, _ in rows[-1]:
                    wrong_row.append(mine[kind])
                    wrong_key.append(key(pair, entity))
                    wrong_near.append(weight)
            gold_pair.append(index)
            gold_row.append(mine[kind])
            gold_key.append(key(pair, gold))
        row_of.append(mine)
    if not pairs:
        return {}
    gold_share, included = _fit(
        np.array(gold_pair), np.array(gold_row), np.array(gold_key).T,
        np.array(wrong_row), np.array(wrong_key).T, np.array(wrong_near),
    )  # fmt: skip
    widths = np.maximum(np.rint(included * GRAIN), 1).astype(int).tolist()
    shares = np.maximum(np.rint(gold_share * GRAIN), 1).astype(int).tolist()
    choices, at = [], 0
    for row in rows:
        choices.append(_choice(row, widths[at : at + len(row)]))
        at += len(row)
    table, at = {}, 0
    for pair, mine in zip(pairs, row_of, strict=True):
        golds = list(pair.paths)
        sums = list(accumulate(shares[at : at + len(golds)]))
        at += len(golds)
        wrong = {gold: choices[mine[walks.type_mask[gold]]] for gold in golds}
        table[pair.start, pair.chain] = Menu(golds, sums, wrong)
    return table


def _fit(
    gold_pair: np.ndarray,
    gold_row: np.ndarray,
    gold_key: np.ndarray,
    wrong_row: np.ndarray,
    wrong_key: np.ndarray,
    wrong_near: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each gold within its pair, and of each candidate being among its row's three.

    Multiplicative updates: an entity that is the answer too often (for its suffix) becomes a likelier
    distractor and a less likely answer, by the same factor.
    """
    weights = [np.ones(1 + max(a.max(), b.max())) for a, b in zip(gold_key, wrong_key, strict=True)]
    lifted = np.ones(gold_row.max() + 1)
    for _ in range(ROUNDS):
        gold, raw = np.ones(len(gold_row)), wrong_near
        for weight, of_gold, of_wrong in zip(weights, gold_key, wrong_key, strict=True):
            gold = gold / weight[of_gold]
            raw = raw * weight[of_wrong]
        gold /= np.bincount(gold_pair, gold)[gold_pair]
        raw /= np.bincount(wrong_row, raw)[wrong_row]
        row_share = np.bincount(gold_row, gold)
        included = np.minimum(1.0, 3.0 * raw * lifted[wrong_row])
        for _ in range(4):
            lifted *= 3.0 / np.bincount(wrong_row, included)
            included = np.minimum(1.0, 3.0 * raw * lifted[wrong_row])
        for weight, of_gold, of_wrong in zip(weights, gold_key, wrong_key, strict=True):
            asked = np.bincount(of_gold, gold, len(weight))
            shown = np.bincount(of_wrong, included * row_share[wrong_row], len(weight))
            weight *= ((3.0 * asked + SMOOTH) / (shown + SMOOTH)) ** POWER
            np.clip(weight, 1.0 / BOUND, BOUND, out=weight)
    return gold, included


def _choice(row: list[tuple[int, float, str]], widths: list[int]) -> Choice:
    # Three equally spaced points must fall into three intervals: none may be wider than the spacing.
    while max(widths) * 3 > sum(widths):
        widest = sum(widths) // 3
        widths = [min(width, widest) for width in widths]
    return Choice([(entity, kind, width) for (entity, _, kind), width in zip(row, widths, strict=True)])
