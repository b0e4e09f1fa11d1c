"""Where entities stand: on the map, and on the ladder of one question, in Python and in the page alike."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from page_engine import Node
from page_site import hostile_graph
from skips import needs
from trap.studies.hops.analysis.layout import SEPARATION, ladder, whole_graph, with_trace
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation
from trap.studies.hops.reward import Grader


@pytest.fixture(scope="module")
def graph(hops_data: Path) -> Graph:
    return load_graph(hops_data / "kg.json")


def test_the_map_keeps_entities_apart_and_inside(graph: Graph) -> None:
    places = whole_graph(graph)
    assert list(places) == sorted(graph.entities)
    points = np.array(list(places.values()))
    assert (points >= 0).all() and (points <= [16 / 9, 1]).all()
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(len(points), 1)]
    assert apart.min() > 0.9 * SEPARATION
    ends = [np.linalg.norm(np.subtract(places[src], places[dst])) for src, _, dst in graph.edges]
    assert np.mean(ends) < 0.7 * apart.mean()  # neighbours are near
    assert places == whole_graph(graph)


def test_the_map_of_a_graph_in_pieces_or_of_one_entity() -> None:
    def made(names: str, edges: str) -> Graph:
        found = [Edge(src=a, rel="r", dst=b) for a, b in edges.split()]
        return Graph(
            GraphFile(entities=[Entity(id=n) for n in names], relations=[Relation(id="r")], edges=found)
        )

    places = whole_graph(made("abcdef", "ab bc de"))
    assert len(set(places.values())) == 6 and np.isfinite(list(places.values())).all()
    assert all(np.isfinite(point).all() for point in whole_graph(made("ab", "ab")).values())


def test_a_ladder_shows_the_path_the_options_and_true_branches(graph: Graph) -> None:
    for question in QuestionMaker(graph, seed=0).questions("eval_hard", 60):
        path = question.path_star.entities
        places = ladder(graph, path, question.meta.chain, question.options.values())
        assert [places[entity].column for entity in path] == list(range(len(path)))
        assert {places[entity].row for entity in path} == {0}
        assert set(question.options.values()) <= set(places)
        assert len({(place.column, place.row) for place in places.values()}) == len(places)
        for entity, place in places.items():
            if place.role == "branch":
                assert entity in graph.reachable(path[0], question.meta.chain[: place.column])


def test_a_trace_moves_nothing_that_stood_before(graph: Graph) -> None:
    question = next(iter(QuestionMaker(graph, seed=0).questions("eval_hard", 1)))
    places = ladder(graph, question.path_star.entities, question.meta.chain, question.options.values())
    names = itertools.cycle(graph.entities)
    clauses = [(next(names), "leads_to", next(names)) for _ in range(9)]
    before = places
    for count in range(len(clauses) + 1):
        after = with_trace(places, [None, *clauses[:count]])
        assert before.items() <= after.items()
        assert len({(place.column, place.row) for place in after.values()}) == len(after)
        before = after


@needs("node")
@pytest.mark.parametrize("names", ["ours", "hostile"])
def test_the_page_computes_the_same_ladders(graph: Graph, names: str) -> None:
    file = graph.file if names == "ours" else hostile_graph(graph.file)
    graph = Graph(file)
    grader = Grader(graph)
    maker = QuestionMaker(graph, seed=1)
    asked, expected = [], []
    for question, other in itertools.pairwise(
        [*maker.questions("eval_hard", 80), *maker.questions("eval_easy", 40)]
    ):
        clauses = [clause for clause in grader.grade(question, other.ref.trace).clauses]
        places = ladder(graph, question.path_star.entities, question.meta.chain, question.options.values())
        asked.append([msgspec.to_builtins(question), clauses])
        expected.append([[name, p.column, p.row, p.role] for name, p in with_trace(places, clauses).items()])
    node = Node()
    try:
        assert node.ask("ladders", graph=file, asked=asked) == expected
    finally:
        node.close()
