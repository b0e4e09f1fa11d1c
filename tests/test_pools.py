"""Pools: disjoint by construction, balanced over hop counts, clear when they run out."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trap.files import InputError
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.pools import EASY_SPACE, HARD_SPACE, POOLS, Pools, hops_of, pool_of
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation
from trap.studies.hops.source import read_source
from trap.studies.hops.walks import Walks, members


@pytest.fixture(scope="module")
def shipped(root: Path) -> Graph:
    return Graph(read_source(root / "config" / "hops" / "graph"))


@pytest.fixture(scope="module")
def pools(shipped: Graph) -> Pools:
    return Pools(shipped)


def graph_of(edges: list[tuple[str, str, str]], types: dict[str, str] | None = None) -> Graph:
    """A graph from (src, rel, dst) triples; entities have one type unless told."""
    names = sorted({end for src, _, dst in edges for end in (src, dst)})
    relations = sorted({rel for _, rel, _ in edges})
    return Graph(
        GraphFile(
            entities=[Entity(id=name, type=(types or {}).get(name, "thing")) for name in names],
            relations=[Relation(id=rel, label=rel.replace("_", " ")) for rel in relations],
            edges=[Edge(src=src, rel=rel, dst=dst) for src, rel, dst in edges],
        )
    )


def asked(pools: Pools, pool: str) -> list[tuple[int, tuple[int, ...]]]:
    return [(pair.start, pair.chain) for hops in hops_of(pool) for pair in pools.band(pool, hops)]


def slow_pairs(graph: Graph, hops: int) -> set[tuple[str, tuple[str, ...]]]:
    """Every (start, chain) with a simple path, the plain way."""
    found = set()

    def walk(path: tuple[str, ...], chain: tuple[str, ...]) -> None:
        if len(chain) == hops:
            found.add((path[0], chain))
            return
        for rel, dst in graph.out.get(path[-1], ()):
            if dst not in path:
                walk((*path, dst), (*chain, rel))

    for entity in graph.entities:
        walk((entity,), ())
    return found


small_graphs = (
    st.sets(
        st.tuples(st.integers(0, 7), st.sampled_from(["r", "s", "t"]), st.integers(0, 7)).filter(
            lambda edge: edge[0] != edge[2]
        ),
        min_size=1,
        max_size=24,
    )
    .map(lambda edges: [(f"E{src}", rel, f"E{dst}") for src, rel, dst in sorted(edges)])
    .map(graph_of)
)


@given(small_graphs, st.integers(1, 4))
def test_pairs_are_all_chains_with_a_simple_path(graph: Graph, hops: int) -> None:
    walks = Walks(graph)
    pairs = list(walks.pairs(hops))
    named = [(walks.names[pair.start], tuple(walks.relations[step] for step in pair.chain)) for pair in pairs]
    assert len(set(named)) == len(named)
    assert set(named) == slow_pairs(graph, hops)
    for pair, (start, chain) in zip(pairs, named, strict=True):
        assert {walks.names[number] for number in members(pair.reached)} == graph.reachable(start, chain)
        for end, paths in pair.paths.items():
            assert len(set(paths)) == len(paths)
            for path in paths:
                assert path[0] == pair.start and path[-1] == end and len(set(path)) == hops + 1
                for src, rel, dst in zip(path, chain, path[1:], strict=False):
                    assert (walks.names[src], rel, walks.names[dst]) in graph.edges


def test_pools_are_disjoint_and_complete(pools: Pools) -> None:
    every = {pool: asked(pools, pool) for pool in POOLS}
    for pool, pairs in every.items():
        assert len(set(pairs)) == len(pairs), pool
    for one, other in combinations(POOLS, 2):
        assert not set(every[one]) & set(every[other]), (one, other)


@pytest.mark.parametrize("space", [EASY_SPACE, HARD_SPACE])
def test_pools_have_their_share_of_the_pairs(pools: Pools, space: dict[str, int]) -> None:
    assert sum(space.values()) == 100
    total = sum(pools.size(pool) for pool in space)
    for pool, share in space.items():
        assert abs(pools.size(pool) / total - share / 100) < 0.03, pool


def test_pool_of_says_where_a_pair_is(pools: Pools, shipped: Graph) -> None:
    walks = pools.walks
    for pool in POOLS:
        for start, chain in asked(pools, pool)[:50]:
            names = [walks.relations[step] for step in chain]
            assert pool_of(walks.names[start], names) == pool
    assert pool_of(shipped.entities[0], ["leads_to"] * 7) == "eval_hop7"


def test_both_styles_and_any_bound_put_a_pair_into_the_same_pool(shipped: Graph, pools: Pools) -> None:
    others = (Pools(shipped, style="published"), Pools(shipped, max_reachable=2))
    for pool in ("easy", "eval_easy", "hard", "eval_hard"):
        mine = set(asked(pools, pool))
        foreign = {pair for other in POOLS if other != pool for pair in asked(pools, other)}
        for other in others:
            theirs = set(asked(other, pool))
            assert theirs & mine and not theirs & foreign


def test_another_seed_asks_the_same_pairs_in_another_order(shipped: Graph, pools: Pools) -> None:
    """So what one seed keeps for evaluation, no other trains on."""
    other = Pools(shipped, seed=1)
    for pool in POOLS:
        assert set(asked(other, pool)) == set(asked(pools, pool))
        assert asked(other, pool) != asked(pools, pool)


def test_every_pair_reaches_few_and_leaves_three(pools: Pools) -> None:
    for pool in POOLS:
        for hops in hops_of(pool):
            for pair in pools.band(pool, hops):
                assert 1 <= pair.reached.bit_count() <= 6
                for gold in pair.paths:
                    left = pools.walks.type_mask[gold] & ~pair.reached & ~(1 << pair.start)
                    assert left.bit_count() >= 3


@pytest.mark.parametrize("pool", ["eval_easy", "eval_hard", "valid_easy"])
def test_evaluation_pools_never_repeat_and_take_hop_counts_in_turn(pools: Pools, pool: str) -> None:
    size = pools.size(pool)
    pairs = [pools.place(pool, index).pair for index in range(size)]
    assert len({(pair.start, pair.chain) for pair in pairs}) == size
    for n in (30, 90):
        counts = Counter(len(pair.chain) for pair in pairs[:n])
        assert max(counts.values()) - min(counts[hops] for hops in hops_of(pool)) <= 1
    with pytest.raises(InputError, match=f"pool {pool} has {size} different questions"):
        pools.place(pool, size)


def test_training_pools_start_over_with_a_new_variation(pools: Pools) -> None:
    seen = Counter()
    for index in range(12_000):
        place = pools.place("easy", index)
        key = place.pair.start, place.pair.chain
        assert place.variation == seen[key]
        seen[key] += 1
    assert Counter(len(pools.place("easy", i).pair.chain) for i in range(100)) == {1: 20, 2: 35, 3: 45}
    assert Counter(len(pools.place("hard", i).pair.chain) for i in range(100)) == {4: 50, 5: 50}


def test_easy_shares_are_settings(shipped: Graph) -> None:
    pools = Pools(shipped, easy_shares=(0, 30, 70))
    assert Counter(len(pools.place("easy", i).pair.chain) for i in range(100)) == {2: 30, 3: 70}
    with pytest.raises(InputError, match="three percentages"):
        Pools(shipped, easy_shares=(50, 50, 50))


def test_longer_chains_are_all_for_evaluation(pools: Pools) -> None:
    assert hops_of("eval_hop6") == (6,)
    assert len(pools.place("eval_hop6", 3).pair.chain) == 6


@pytest.mark.parametrize("pool", ["", "train", "Easy", "eval_hop5", "eval_hop99", "eval_hop", "eval_hop-6"])
def test_unknown_pool_is_one_line_that_names_the_pools(pools: Pools, pool: str) -> None:
    with pytest.raises(InputError, match="unknown pool") as error:
        pools.place(pool, 0)
    assert "eval_hard" in str(error.value) and "\n" not in str(error.value)


def test_negative_index_and_unknown_style(pools: Pools, shipped: Graph) -> None:
    with pytest.raises(InputError, match="must not be negative"):
        pools.place("easy", -1)
    with pytest.raises(InputError, match="unknown style"):
        Pools(shipped, style="tidy")
    with pytest.raises(InputError, match="at least 1"):
        Pools(shipped, max_reachable=0)


def test_too_small_a_graph_says_so() -> None:
    graph = graph_of([("A", "leads_to", "B"), ("B", "leads_to", "C")])
    for pool in POOLS:
        with pytest.raises(InputError, match=r"tiny\.json: too small for well-posed questions of pool"):
            Pools(graph, source="tiny.json").place(pool, 0)


def test_a_rare_type_borrows_distractors() -> None:
    edges = [(f"S{i}", "uses_tool", "Hammer") for i in range(6)]
    edges += [("S0", "leads_to", "S1"), ("S0", "leads_to", "S2")]
    graph = graph_of(edges, {"Hammer": "tool"})
    pools = Pools(graph)
    golds = {
        pools.walks.names[gold] for pool in EASY_SPACE for pair in pools.band(pool, 1) for gold in pair.paths
    }
    assert "Hammer" in golds


def test_published_graph_has_pools_too(published: Path) -> None:
    pools = Pools(load_graph(published / "hops" / "kg.json"))
    for pool in POOLS:
        assert pools.size(pool) >= 100, pool
