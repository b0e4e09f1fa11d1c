"""Questions about a graph: one reachable option among near misses, or the published, ill-posed style.

Question `index` of a pool is a function of (graph, settings, seed, pool, index) alone: the same whatever
else is drawn, in whatever order. Randomness comes from a BLAKE2b digest, not from a generator's state.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import permutations

from trap.files import InputError
from trap.studies.hops import distractors, wording
from trap.studies.hops.distractors import Menu
from trap.studies.hops.drawn import DrawnPools
from trap.studies.hops.draws import Draws
from trap.studies.hops.graph import Graph
from trap.studies.hops.opening import open_pools
from trap.studies.hops.pools import EASY_SHARES, hops_of
from trap.studies.hops.records import LETTERS, Edge, Path, Question, QuestionMeta, Reference
from trap.studies.hops.walks import Pair, members

_DIFFICULTY = {1: "easy", 2: "easy", 3: "medium"}  # as published; longer chains are "hard"

SHUFFLED = "eval_shuffled"
PERMUTED, RANDOM = "eval_leak_permuted", "eval_leak_random"
# pools whose questions are another pool's, changed
SOURCE_OF = {SHUFFLED: "eval_hard", PERMUTED: "eval_leak", RANDOM: "eval_leak"}
COPIED = 10_000  # entities up to which a list of all of them is made for each random trace
_LETTER_ORDERS = tuple(permutations(range(4)))
_ORDERS = tuple(permutations(range(3)))
_DERANGEMENTS = tuple(
    order for order in permutations(range(4)) if all(old != new for new, old in enumerate(order))
)


class _Prepared:
    """What all questions about one (start, chain) share."""

    __slots__ = ("chain", "menu", "phrases", "start", "text")

    def __init__(self, start: str, chain: list[str], phrases: list[str], menu: Menu | None) -> None:
        self.start = start
        self.chain = chain
        self.phrases = phrases
        self.text = wording.chain_question(start, phrases)
        self.menu = menu  # None in the published style


class QuestionMaker:
    """Makes the questions of one graph, style and seed.

    `questions(pool, count)` is what most callers want. `max_reachable` bounds how many entities a chain
    may reach; `easy_shares` are percentages of 1, 2 and 3 hops in the easy training pool. `pairs` says whether `all`
    pairs are enumerated or some are `drawn`; `auto` decides by the size of the graph (`opening.py`).
    """

    def __init__(
        self,
        graph: Graph,
        *,
        seed: int = 0,
        style: str = "well_posed",
        prompt_style: str = "minimal",
        max_reachable: int = 6,
        easy_shares: Sequence[int] = EASY_SHARES,
        source: str = "graph",
        pairs: str = "auto",
    ) -> None:
        if prompt_style not in wording.HEADERS:
            raise InputError(f"unknown prompt style {prompt_style!r}; use {' or '.join(wording.HEADERS)}")
        self.graph = graph
        self.seed = seed
        self.style = style
        self.prompt_style = prompt_style
        self.pools = open_pools(
            graph,
            pairs,
            seed=seed,
            style=style,
            max_reachable=max_reachable,
            easy_shares=easy_shares,
            source=source,
        )
        self._header = wording.HEADERS[prompt_style]
        self._phrase = wording.distinct(graph.phrases, source)
        self._edges: dict[tuple[int, int, int], Edge] = {}
        self._prepared: dict[tuple[int, tuple[int, ...]], _Prepared] = {}
        self._letters: tuple[tuple[str, int], tuple[int, ...]] = (("", -1), ())
        self._menus: dict[tuple[str, int], dict[tuple[int, tuple[int, ...]], Menu]] = {}

    def questions(self, pool: str, count: int, first: int = 0) -> Iterator[Question]:
        """Questions first … first + count - 1 of a pool. Raises InputError before the first if too many."""
        if count < 0:
            raise InputError(f"count must not be negative, got {count}")
        self.prepare(pool)
        if count and count > self.available(pool, first):
            source = self.pools.source
            raise InputError(
                f"pool {pool}: questions {first} to {first + count - 1} asked for, but it has only "
                f"{self.available(pool, 0)} different ones on {source} (seed {self.seed}, {self.style} "
                f"style, at most {self.pools.max_reachable} reachable)"
            )
        return (self.question(pool, index) for index in range(first, first + count))

    def available(self, pool: str, first: int = 0) -> int:
        """How many questions a pool has from index `first` on; training pools never run out.

        Raises InputError if the pool has no question at all, or none can have this index.
        """
        source = SOURCE_OF.get(pool, pool)
        self.pools.place(source, min(first, 0))  # complains of an empty pool and of a negative index
        return sys.maxsize if self.pools.cycles(source) else max(0, self.pools.size(source) - first)

    def prepare(self, pool: str) -> None:
        """Enumerate the pairs of a pool and weigh their options; questions do so when first needed."""
        source = SOURCE_OF.get(pool, pool)
        if isinstance(self.pools, DrawnPools):
            return
        for hops in hops_of(source):
            band = self.pools.band(source, hops)
            if self.style != "published" and (source, hops) not in self._menus:
                self._menus[source, hops] = distractors.menus(self.pools.walks, band)

    def _derived(self, pool: str, question: Question) -> Question:
        if pool == SHUFFLED:
            return shuffle_options(question, self.seed)
        if pool == PERMUTED:
            return _in_pool(permute_key(question, self.seed), pool)
        trace = random_trace(question, self.graph, self.seed)
        changed = _replaced(question, ref=Reference(trace=trace, style_rules=question.ref.style_rules))
        return _in_pool(changed, pool)

    def question(self, pool: str, index: int) -> Question:
        """Question `index` of a pool."""
        if pool in SOURCE_OF:
            return self._derived(pool, self.question(SOURCE_OF[pool], index))
        pair = self.pools.place(pool, index).pair
        draws = Draws(f"{self.seed}:{pool}:{index}")
        ready = self._prepared.get((pair.start, pair.chain)) or self._prepare(pool, pair)
        menu = ready.menu
        if menu is None:
            path = _nth_path(pair, draws)
            gold = path[-1]
            numbers, kind = self._random_distractors(gold, draws)
            text = wording.published_question(
                ready.start, ready.chain[0], ready.phrases[0], draws.below(1 << 16)
            )
        else:
            gold = menu.draw_gold(draws)
            numbers, kind = menu.wrong[self.pools.walks.kind(gold)].draw(draws)
            text = ready.text
            if any(map(pair.reaches, numbers)) or not pair.reaches(gold):
                raise AssertionError(f"{pool}_{index:06d}: not exactly one option is reachable")
            # The order of candidates must not show in the order of letters.
            numbers = [numbers[at] for at in _ORDERS[draws.below(6)]]
            ways = pair.paths[gold]
            path = ways[draws.below(len(ways))]
        place = self._place(pool, index)
        numbers.insert(place, gold)
        names = self.pools.walks.names
        a, b, c, d = (names[number] for number in numbers)
        letter = LETTERS[place]
        entities = [names[number] for number in path]
        hops = len(ready.chain)
        return Question(
            id=f"{pool}_{index:06d}",
            split="eval" if pool.startswith("eval") else "train",
            hop_len=hops,
            question=text,
            options={"A": a, "B": b, "C": c, "D": d},
            answer_star=letter,
            path_star=Path(entities=entities, edges=self._edges_along(path, pair.chain)),
            prompt=f"{self._header}Question: {text}\nA) {a}\nB) {b}\nC) {c}\nD) {d}\n",
            ref=Reference(
                trace=wording.trace_text(entities, ready.phrases, letter), style_rules=wording.STYLE_RULES
            ),
            meta=QuestionMeta(
                topic=ready.chain[0],
                difficulty=_DIFFICULTY.get(hops, "hard"),
                distractor_type=kind,
                style=self.style,
                prompt_style=self.prompt_style,
                start=ready.start,
                chain=ready.chain,
                pool=pool,
                index=index,
            ),
        )

    def _place(self, pool: str, index: int) -> int:
        """Where the right option stands: each letter once in every four questions, so that no letter pays."""
        block, position = divmod(index, 4)
        key = pool, block
        if self._letters[0] != key:
            order = _LETTER_ORDERS[Draws(f"{self.seed}:{pool}:letters:{block}").below(len(_LETTER_ORDERS))]
            self._letters = key, order
        return self._letters[1][position]

    def _prepare(self, pool: str, pair: Pair) -> _Prepared:
        walks = self.pools.walks
        chain = [walks.relations[step] for step in pair.chain]
        menu = None
        if isinstance(self.pools, DrawnPools):
            menu = self.pools.menu(pool, pair)
        elif self.style != "published":
            hops = len(chain)
            if (pool, hops) not in self._menus:
                self.prepare(pool)
            menu = self._menus[pool, hops][pair.start, pair.chain]
        ready = _Prepared(walks.names[pair.start], chain, [self._phrase[step] for step in chain], menu)
        self._prepared[pair.start, pair.chain] = ready
        return ready

    def _edges_along(self, path: tuple[int, ...], chain: tuple[int, ...]) -> list[Edge]:
        edges = self._edges
        found = []
        for key in zip(path, chain, path[1:], strict=False):
            edge = edges.get(key)
            if edge is None:
                walks = self.pools.walks
                src, rel, dst = key
                edge = Edge(src=walks.names[src], rel=walks.relations[rel], dst=walks.names[dst])
                edges[key] = edge
            found.append(edge)
        return found

    def _random_distractors(self, gold: int, draws: Draws) -> tuple[list[int], str]:
        """Three others of the type of the answer, as published: nobody looks whether they fit too."""
        everything = (1 << len(self.pools.walks.names)) - 1
        alike = self.pools.walks.type_mask[gold]
        room = members(alike & ~(1 << gold))
        kind = "same_type"
        if len(room) < 3:
            room, kind = members(everything & ~(1 << gold)), "any_type"
        return [room.pop(draws.below(len(room))) for _ in range(3)], kind


def _nth_path(pair: Pair, draws: Draws) -> tuple[int, ...]:
    """One of all simple paths of a pair, whatever its end: as the published questions were sampled."""
    at = draws.below(sum(len(ways) for ways in pair.paths.values()))
    for ways in pair.paths.values():
        if at < len(ways):
            return ways[at]
        at -= len(ways)
    raise AssertionError("drawn beyond the last path")


def _relettered(question: Question, letter: str) -> Reference:
    body, _, _ = question.ref.trace.rpartition("ANSWER:")
    return Reference(trace=f"{body}ANSWER: {letter}", style_rules=question.ref.style_rules)


def _replaced(question: Question, **changes: object) -> Question:
    fields = {name: getattr(question, name) for name in question.__struct_fields__}
    return Question(**{**fields, **changes})


def _in_pool(question: Question, pool: str) -> Question:
    fields = {name: getattr(question.meta, name) for name in question.meta.__struct_fields__}
    return _replaced(question, meta=QuestionMeta(**{**fields, "pool": pool}))


def shuffle_options(question: Question, seed: int) -> Question:
    """The same question (same id and words) with every option, the right one too, under another letter."""
    order = _DERANGEMENTS[Draws(f"{seed}:shuffle:{question.id}").below(len(_DERANGEMENTS))]
    options = {letter: question.options[LETTERS[old]] for letter, old in zip(LETTERS, order, strict=True)}
    answer = LETTERS[order.index(LETTERS.index(question.answer_star))]
    style = question.meta.prompt_style or (
        "full" if question.prompt.startswith(wording.FULL_HEADER) else "minimal"
    )
    changed = _replaced(
        question,
        options=options,
        answer_star=answer,
        prompt=wording.prompt_text(question.question, options, style),
        ref=_relettered(question, answer),
    )
    return _in_pool(changed, SHUFFLED)


def permute_key(question: Question, seed: int) -> Question:
    """The question with one of the three wrong letters as its key; options and path stay as they are."""
    wrong = [letter for letter in LETTERS if letter != question.answer_star]
    letter = wrong[Draws(f"{seed}:key:{question.id}").below(3)]
    return _replaced(question, answer_star=letter, ref=_relettered(question, letter))


def _some(entities: Sequence[str], count: int, draws: Draws, taken: set[str]) -> list[str]:
    """Different entities, none of them taken: drawn again where one is, which is rare among so many."""
    found: list[str] = []
    while len(found) < count:
        one = entities[draws.below(len(entities))]
        if one not in taken and one not in found:
            found.append(one)
    return found


def random_trace(question: Question, graph: Graph, seed: int) -> str:
    """A completion with the right letter whose trace is well formed but drawn at random.

    It starts at the question's start, uses the phrases of its chain and ends at the right option; the
    entities between are random and distinct. Raises InputError if the graph has too few entities.
    """
    chain = question.meta.chain or [edge.rel for edge in question.path_star.edges]
    start = question.meta.start or question.path_star.entities[0]
    gold = question.options[question.answer_star]
    draws = Draws(f"{seed}:trace:{question.id}")
    if len(graph.entities) > COPIED:
        inner = _some(graph.entities, len(chain) - 1, draws, {start, gold})
    else:
        room = [entity for entity in graph.entities if entity not in (start, gold)]
        if len(room) < len(chain) - 1:
            raise InputError(f"{question.id}: the graph has too few entities for a random trace")
        inner = [room.pop(draws.below(len(room))) for _ in chain[1:]]
    chain_phrases = [graph.phrases.get(step) or wording.phrase_of(step) for step in chain]
    return wording.trace_text([start, *inner, gold], chain_phrases, question.answer_star)
