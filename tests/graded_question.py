"""A small graph with one question on it, and traces in its words: what the tests of the grader grade."""

from __future__ import annotations

from trap.studies.hops.graph import Graph
from trap.studies.hops.records import (
    LETTERS,
    Edge,
    Entity,
    GraphFile,
    Path,
    Question,
    QuestionMeta,
    Reference,
    Relation,
)
from trap.studies.hops.reward import Grader

RELATIONS = {
    "caused_by": "caused by",
    "leads_to": "leads to",
    "fixed_by": "fixed by",
    "diagnosed_by": "diagnosed by",
    "uses_tool": "uses tool",
    "related_to": "related to",
}
EDGES = [
    ("SlowQuery", "caused_by", "TableLock"),
    ("SlowQuery", "caused_by", "MissingIndex"),
    ("TableLock", "leads_to", "ConnectionError"),
    ("MissingIndex", "leads_to", "ConnectionError"),
    ("MissingIndex", "leads_to", "HighLoad"),
    ("ConnectionError", "diagnosed_by", "CheckPool"),
    ("CheckPool", "uses_tool", "PoolTool"),
    ("HighLoad", "fixed_by", "AddReplica"),
    ("SSLError", "fixed_by", "RenewCert"),
]
NAMES = sorted(
    {e[0] for e in EDGES} | {e[2] for e in EDGES} | {"DigTool", "SsTool", "CurlTool", "MySSLErrorHandler"}
)


def make_graph(names=NAMES, edges=EDGES) -> Graph:
    return Graph(
        GraphFile(
            entities=[Entity(id=name, label=name, type="thing") for name in names],
            relations=[Relation(id=id, label=label) for id, label in RELATIONS.items()],
            edges=[Edge(src=s, rel=r, dst=d) for s, r, d in edges],
        )
    )


GRAPH = make_graph()
GRADER = Grader(GRAPH)
PATH = ["SlowQuery", "TableLock", "ConnectionError", "CheckPool", "PoolTool"]
WALK = [EDGES[0], EDGES[2], EDGES[5], EDGES[6]]
OURS = {
    "caused_by": "is caused by",
    "leads_to": "leads to",
    "fixed_by": "is fixed by",
    "diagnosed_by": "is diagnosed by",
    "uses_tool": "uses",
    "related_to": "is related to",
}


def trace_of(edges, published=False) -> str:
    return ", and ".join(
        f"{s} is {RELATIONS[r]} {d}" if published else f"{s} {OURS[r]} {d}" for s, r, d in edges
    )


def make_question(edges=WALK, gold="C", meta=True) -> Question:
    entities = [edges[0][0], *(dst for _, _, dst in edges)]
    others = iter(name for name in ("DigTool", "SsTool", "CurlTool") if name != entities[-1])
    options = {letter: entities[-1] if letter == gold else next(others) for letter in LETTERS}
    return Question(
        id="q",
        split="eval",
        hop_len=len(edges),
        question="?",
        options=options,
        answer_star=gold,
        path_star=Path(entities=entities, edges=[Edge(src=s, rel=r, dst=d) for s, r, d in edges]),
        prompt="?",
        ref=Reference(trace=f"TRACE: {trace_of(edges)}\nANSWER: {gold}"),
        meta=QuestionMeta(start=entities[0], chain=[r for _, r, _ in edges]) if meta else QuestionMeta(),
    )


QUESTION = make_question()


def grade(trace: str, answer: str = "C", question: Question = QUESTION):
    return GRADER.grade(question, f"TRACE: {trace}\nANSWER: {answer}")
