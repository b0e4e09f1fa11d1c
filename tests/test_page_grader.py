"""The page's grader in JavaScript says what the grader in Python says, on any text."""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page_engine import EngineError, Node
from skips import needs
from trap.files import read_json
from trap.methods import rsft
from trap.studies.hops.completions import MAX_CHARS, lenient_letter, parse_completion
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.records import (
    LETTERS,
    Edge,
    Entity,
    GraphFile,
    Question,
    QuestionMeta,
    Reference,
    Relation,
)
from trap.studies.hops.records import Path as Walk
from trap.studies.hops.reward import Grade, Grader, relation_phrases, selection_key
from trap.studies.hops.study import Study
from trap.studies.hops.wording import phrase_of

pytestmark = needs("node")
FIELDS = (*Grade.__struct_fields__, "faithful", "hops_used", "correctness")

# Ids that are not words, that contain each other, and that would be markup or patterns where somebody forgot.
ODD_NAMES = [
    "502 Error",
    "Error",
    "C++",
    "C++ tool",
    '<script>alert("x")</script>',
    "O'Neil & Co",
    "$&",
    "Größe",
    "数据 库",
]
ODD_RELATIONS = {"caused_by": "Caused By", "blocks": "blocked by", "depends_on": "", "İs_uSed": "ſeen in"}
PLAIN_NAMES = ["SlowQuery", "TableLock", "SSLError", "MySSLErrorHandler", "Größe", "A", "constructor"]
PLAIN_RELATIONS = {"caused_by": "caused by", "uses_tool": "uses tool", "leads_to": "leads to"}


def make_graph(names: list[str], relations: dict[str, str]) -> Graph:
    """Every third possible edge of the names, one relation after the other."""
    pairs = [(a, b) for a in names for b in names if a != b][::2]
    return Graph(
        GraphFile(
            entities=[Entity(id=name, label=f"the {name}", type="tool") for name in names],
            relations=[Relation(id=id, label=label) for id, label in relations.items()],
            edges=[Edge(src=a, rel=list(relations)[i % len(relations)], dst=b) for i, (a, b) in enumerate(pairs)],
        )
    )  # fmt: skip


def make_question(graph: Graph, hops: int, seed: int, meta: bool = True) -> Question:
    """A question about a random walk; other options are entities of the graph."""
    rng = random.Random(seed)
    here = rng.choice([edge.src for edge in graph.file.edges])
    entities, edges = [here], []
    for _ in range(hops):
        if not graph.out.get(entities[-1]):
            break
        relation, target = rng.choice(graph.out[entities[-1]])
        edges.append(Edge(src=entities[-1], rel=relation, dst=target))
        entities.append(target)
    gold = rng.choice(LETTERS)
    others = rng.sample([name for name in graph.entities if name != entities[-1]], 4)
    options = {letter: entities[-1] if letter == gold else others[i] for i, letter in enumerate(LETTERS)}
    kept = QuestionMeta(start=here, chain=[edge.rel for edge in edges]) if meta else QuestionMeta()
    return Question(
        id=f"q{seed}", split="eval", hop_len=hops, question="?", options=options, answer_star=gold,
        path_star=Walk(entities=entities, edges=edges), prompt="?", ref=Reference(trace=""), meta=kept,
    )  # fmt: skip


GRAPHS = {
    "plain": make_graph(PLAIN_NAMES, PLAIN_RELATIONS),
    "odd": make_graph(ODD_NAMES, ODD_RELATIONS),
}
QUESTIONS = {
    name: [make_question(graph, 1 + seed % 4, seed, meta=seed % 3 > 0) for seed in range(12)]
    for name, graph in GRAPHS.items()
}
GRADERS = {name: Grader(graph) for name, graph in GRAPHS.items()}
CHARACTERS = st.characters(exclude_categories=("Cs", "Cn"))  # what is unassigned depends on Unicode's version


def pieces(name: str) -> list[str]:
    graph = GRAPHS[name]
    spaces = [" ", "  ", "\t", "\x1c", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\u200b", "\r\n"]
    marks = [
        ", and ",
        ", ",
        ". ",
        "; ",
        " and ",
        " then ",
        ", then ",
        ",",
        ".",
        ")",
        "(",
        "\n",
        "\0",
        '"',
        "*",
    ]
    said = [
        "TRACE:",
        "ANSWER:",
        "\nANSWER: ",
        "TRACE: ",
        "Answer ıſ",
        "OPTION: ",
        "choice = ",
        "often",
        "Also",
    ]
    return [*graph.entities, *relation_phrases(graph), *spaces, *marks, *said, *LETTERS, "é", "𝒜", "ß"]


def texts(name: str) -> st.SearchStrategy[str]:
    graph = GRAPHS[name]
    clause = st.tuples(
        st.sampled_from(graph.entities), st.sampled_from(list(relation_phrases(graph))), st.sampled_from(graph.entities)
    ).map(" ".join)  # fmt: skip
    edges = st.sampled_from([f"{e.src} {phrase} {e.dst}" for e in graph.file.edges
                             for phrase, relation in relation_phrases(graph).items() if relation == e.rel])  # fmt: skip
    trace = st.lists(st.one_of(edges, clause), max_size=5).map(", and ".join)
    whole = st.tuples(trace, st.sampled_from([*LETTERS, "E", "", " B \t"])).map(
        lambda p: f"TRACE: {p[0]}\nANSWER: {p[1]}"
    )
    broken = st.tuples(whole, st.text(CHARACTERS, max_size=8), st.integers(0, 200)).map(
        lambda p: p[0][: p[2]] + p[1] + p[0][p[2] :]
    )
    some = st.sampled_from(pieces(name))
    return st.one_of(
        whole, broken, st.text(CHARACTERS, max_size=120), st.lists(some, max_size=30).map("".join),
        st.lists(some, max_size=20).map(lambda parts: "TRACE: " + " ".join(parts) + "\nANSWER: C"),
    )  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn, name: str) -> tuple[Question, str]:
    """A question and any text, often one that says the question's own path or most of it."""
    question = draw(st.sampled_from(QUESTIONS[name]))
    if draw(st.booleans()):
        return question, draw(texts(name))
    phrases = {relation: phrase for phrase, relation in relation_phrases(GRAPHS[name]).items()}
    trace = draw(st.sampled_from([", and ", ". ", ", then ", " and "])).join(
        f"{e.src} {phrases[e.rel]} {e.dst}" for e in question.path_star.edges
    )
    more = draw(st.one_of(st.just(""), st.sampled_from(pieces(name))))
    at = draw(st.integers(0, len(trace)))
    letter = draw(st.sampled_from([question.answer_star, question.answer_star, *LETTERS]))
    return question, f"TRACE: {trace[:at]}{more}{trace[at:]}\nANSWER: {letter}"


def plain(grade: Grade) -> dict[str, Any]:
    """A grade as JSON gives it back."""
    return json.loads(json.dumps({field: msgspec.to_builtins(getattr(grade, field)) for field in FIELDS}))


@pytest.fixture(scope="module")
def node(root: Path) -> Iterator[Node]:
    engine = Node()
    for name, graph in GRAPHS.items():
        engine.ask("graph", name=name, graph=graph.file)
    yield engine
    engine.close()


@pytest.mark.parametrize("name", GRAPHS)
def test_relations_are_worded_alike(node: Node, name: str) -> None:
    assert dict(node.ask("graph", name=name, graph=GRAPHS[name].file)) == relation_phrases(GRAPHS[name])


@pytest.mark.parametrize("text", [
    "Answer is B", "ANSWER İS B", "anſwer ıs: (C)", "optıon=*D*", "choıce A", "ChoiKe A", "Answer: A or B", "Answer: A orb", "answer B/C",
    "Answer Bé", "(A) (B)", "A) x", "x\u2028A) y", "x\rA. y", "x\n \tB: y", "…B?", "𝒜B", "é A", "A" + " " * 39, "A" + " " * 40,
    "so 502 Error", "it is C++", "it is C++ tool", "MyError", "Error\n", "\x1cError\x1c",
])  # fmt: skip
def test_a_lenient_reading_finds_the_same_letter(node: Node, text: str) -> None:
    options = {"A": "502 Error", "B": "Error", "C": "C++", "D": "C++ tool"}
    assert node.ask("lenient", texts=[text], options=options) == [lenient_letter(text, options)]


def test_a_relation_without_words_is_refused(node: Node) -> None:
    graph = msgspec.to_builtins(GRAPHS["plain"].file) | {"relations": [{"id": "_", "label": " "}]}
    with pytest.raises(EngineError, match='relation "_" has an empty label'):
        node.ask("graph", name="empty", graph=graph)


@pytest.mark.parametrize("name", GRAPHS)
def test_any_text_has_the_same_grade(node: Node, name: str) -> None:
    seen = set()

    @settings(max_examples=400, deadline=None)
    @given(st.lists(pairs(name), min_size=1, max_size=5))
    def compare(pairs: list[tuple[Question, str]]) -> None:
        ours = [plain(GRADERS[name].grade(question, text)) for question, text in pairs]
        assert node.ask("grade", name=name, pairs=pairs) == ours
        assert node.ask("lenient", texts=[t for _, t in pairs], options=pairs[0][0].options) == [
            lenient_letter(t, pairs[0][0].options) for _, t in pairs
        ]
        for reward in ("v1", "v2"):
            keys = [list(selection_key(GRADERS[name].grade(q, t), reward)) for q, t in pairs]
            assert node.ask("keys", name=name, pairs=pairs, reward=reward) == keys
        seen.update((g["valid_format"], g["correct"], g["valid"], g["spam_penalty"] > 0) for g in ours)

    compare()
    assert len(seen) >= 6  # the texts reach right and wrong, true and false, spam and no format


def test_completions_of_trained_models_have_the_same_grade(node: Node, root: Path, hops_data: Path) -> None:
    """Published completions, and references of our questions whole and with a part replaced."""
    graph = load_graph(hops_data / "kg.json")
    node.ask("graph", name="ours", graph=graph.file)
    told = read_json(root / "tests/data/rsft_easy_completions.json", dict)["completions"].values()
    rng, maker = random.Random(0), QuestionMaker(graph, seed=1)
    pairs: list[tuple[Question, str]] = []
    for pool in ("easy", "hard"):
        for question in maker.questions(pool, 150):
            words = question.ref.trace.split(" ")
            other = list(words)
            other[rng.randrange(1, len(words))] = rng.choice(graph.entities)
            swapped = question.ref.trace[:-1] + rng.choice(LETTERS)
            # true clauses with the right relations; where an entity has several targets they may not connect
            ends = [rng.choice(graph.targets[e.src, e.rel]) for e in question.path_star.edges[:-1]]
            steps = zip(question.path_star.edges, [*ends, question.path_star.entities[-1]], strict=True)
            torn = ", and ".join(f"{edge.src} {phrase_of(edge.rel)} {end}" for edge, end in steps)
            torn = f"TRACE: {torn}\nANSWER: {question.answer_star}"
            pairs += [
                (question, text)
                for text in (question.ref.trace, " ".join(other), swapped, torn, *rng.sample(sorted(told), 2))
            ]
    grader = Grader(graph)
    ours = [plain(grader.grade(question, text)) for question, text in pairs]
    assert node.ask("grade", name="ours", pairs=pairs) == ours
    assert any(grade["follows_chain"] and grade["validity"] == 1 and not grade["valid"] for grade in ours)
    assert 0 < sum(grade["faithful"] for grade in ours) < sum(grade["correct"] for grade in ours) < len(ours)


@pytest.mark.parametrize("kind", ["space", "word"])
def test_classes_of_characters_are_those_of_python(node: Node, kind: str) -> None:
    belongs = str.isspace if kind == "space" else lambda c: c.isalnum() or c == "_"
    theirs, assigned = (
        {point for first, last in node.ask("characters", kind=which) for point in range(first, last + 1)}
        for which in (kind, "assigned")
    )
    known = [
        p
        for p in range(sys.maxunicode + 1)
        if p in assigned and unicodedata.category(chr(p)) not in ("Cn", "Cs")
    ]
    assert len(known) > 100_000
    assert [hex(p) for p in known if belongs(chr(p)) != (p in theirs)] == []


@pytest.mark.parametrize("size", [MAX_CHARS - 1, MAX_CHARS, MAX_CHARS + 1, 3 * MAX_CHARS])
def test_only_the_first_characters_are_read(node: Node, size: int) -> None:
    """Characters, not UTF-16 units: a letter beyond the Basic Multilingual Plane counts once in both."""
    question = QUESTIONS["plain"][0]
    for filler in ("x", "𝒜"):
        answer = "\nANSWER: B"
        text = "TRACE: " + filler * (size - 7 - len(answer)) + answer
        expected = parse_completion(text)
        (found,) = node.ask("parse", texts=[text])
        assert (found and (found["trace"], found["answer"])) == expected
        assert node.ask("grade", name="plain", pairs=[(question, text)]) == [
            plain(GRADERS["plain"].grade(question, text))
        ]


@pytest.mark.parametrize("selection", ["best", "faithful"])
@pytest.mark.parametrize("reward", ["v1", "v2"])
@pytest.mark.parametrize("minimum", [0.0, None])
def test_the_same_samples_win(node: Node, selection: str, reward: str, minimum: float | None) -> None:
    study = object.__new__(Study)
    study.grader = GRADERS["plain"]
    rng, won = random.Random(3), 0
    phrases = relation_phrases(GRAPHS["plain"])
    for question in QUESTIONS["plain"]:
        clauses = [
            f"{e.src} {next(p for p, r in phrases.items() if r == e.rel)} {e.dst}"
            for e in question.path_star.edges
        ]
        parts = [", and ".join(clauses[: rng.randint(0, len(clauses))]) for _ in range(5)] + [
            ", and ".join(clauses)
        ] * 2
        drawn = [f"TRACE: {part}\nANSWER: {rng.choice([*LETTERS, question.answer_star])}" for part in parts]
        drawn += [*drawn[:2], "nothing"]
        for top in (1, 3):
            hyper, arm = (
                SimpleNamespace(min_reward=minimum, top=top),
                SimpleNamespace(reward=reward, selection=selection),
            )
            ours = rsft.select(
                study, question, [(text, study.score(question, text)) for text in drawn], arm, hyper
            )
            chosen = {"reward": reward, "selection": selection, "minReward": minimum, "top": top}
            assert node.ask("winners", name="plain", question=question, texts=drawn, settings=chosen) == ours
            won += len(ours)
    assert won > 0
