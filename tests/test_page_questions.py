"""Questions composed on the page are worded and posed as those of the pools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from page_engine import Node
from skips import needs
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import Question
from trap.studies.hops.reward import Grader

pytestmark = needs("node")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    engine = Node()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def graph(hops_data: Path) -> Graph:
    return load_graph(hops_data / "kg.json")


@pytest.fixture(scope="module")
def questions(graph: Graph) -> list[Question]:
    maker = QuestionMaker(graph, seed=0)
    return [question for pool in ("easy", "hard") for question in maker.questions(pool, 120)]


def test_prompts_are_those_of_the_pools(node: Node, graph: Graph, questions: list[Question]) -> None:
    assert node.ask("prompts", graph=graph.file, questions=questions) == [q.prompt for q in questions]


def test_walks_are_those_of_the_graph(node: Node, graph: Graph, questions: list[Question]) -> None:
    answers = node.ask("paths", graph=graph.file, questions=questions)
    for question, (paths, reached, following) in zip(questions, answers, strict=True):
        chain = question.meta.chain
        assert question.path_star.entities in paths
        assert set(reached) == graph.reachable(question.meta.start, chain)
        for path in paths:
            assert len(set(path)) == len(path) == len(chain) + 1
            assert all((a, rel, b) in graph.edges for a, rel, b in zip(path, chain, path[1:], strict=False))
        for relation, offered in zip(chain, following, strict=True):
            assert relation in offered and offered == sorted(set(offered))


def test_composed_questions_are_well_posed(node: Node, graph: Graph, questions: list[Question]) -> None:
    asked = [{"start": q.meta.start, "chain": q.meta.chain, "seed": seed} for seed, q in enumerate(questions)]
    made = node.ask("compose", graph=graph.file, asked=asked)
    assert node.ask("compose", graph=graph.file, asked=asked) == made
    grader, near = Grader(graph), 0
    for row, how in zip(made, asked, strict=True):
        question = msgspec.convert(row, Question)
        reached = graph.reachable(how["start"], how["chain"])
        gold = question.options[question.answer_star]
        assert [option for option in question.options.values() if option in reached] == [gold]
        assert len(set(question.options.values())) == 4 and how["start"] not in question.options.values()
        assert grader.grade(question, question.ref.trace).faithful
        assert node.ask("prompts", graph=graph.file, questions=[question]) == [question.prompt]
        near += sum(graph.type_of[option] == graph.type_of[gold] for option in question.options.values())
    assert near > 3.5 * len(made)
    assert len({row["answer_star"] for row in made}) == 4
    again = node.ask("compose", graph=graph.file, asked=[how | {"seed": how["seed"] + 1} for how in asked])
    assert sum(a["options"] != b["options"] for a, b in zip(made, again, strict=True)) > len(made) / 2


def test_what_cannot_be_asked_says_why(node: Node, graph: Graph) -> None:
    start, relations = graph.entities[0], graph.relations
    absent = next(rel for rel in relations if not graph.targets.get((start, rel)))
    asked = [{"start": start, "chain": []}, {"start": start, "chain": [absent]}, {"start": start, "chain": [absent] * 7},
             {"start": "<nobody>", "chain": [absent]}]  # fmt: skip
    assert node.ask("compose", graph=graph.file, asked=asked) == [
        "a question needs at least one relation",
        f"nothing can be reached from {start} along these relations",
        "a question has at most 6 relations",
        "nothing can be reached from <nobody> along these relations",
    ]
