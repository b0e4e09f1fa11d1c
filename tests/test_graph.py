"""The graph as a `kg.json`: every refusal, the canonical copy, and the numbers of the shipped graph."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

import build_graph
from refusals import refuse
from trap.studies.hops.graph import Graph, check_graph, load_graph
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation
from trap.studies.hops.source import read_source


@pytest.fixture(scope="module")
def shipped(root: Path) -> Graph:
    return Graph(read_source(root / "config/hops/graph"), "config/hops/graph")


def small() -> GraphFile:
    return GraphFile(
        domain="test",
        entities=[
            Entity(id="Smoke", label="smoke", type="symptom"),
            Entity(id="Fire", label="fire", type="cause"),
        ],
        relations=[Relation(id="caused_by", label="caused by"), Relation(id="leads_to")],
        edges=[Edge(src="Smoke", rel="caused_by", dst="Fire"), Edge(src="Fire", rel="leads_to", dst="Smoke")],
    )


# Each case: what to do to the document, and what the one line must say.
GRAPH_ERRORS = {
    "no entities": (lambda g: g.update(entities=[]), "entities: the graph has no entities"),
    "no edges": (lambda g: g.update(edges=[]), "edges: the graph has no edges"),
    "duplicate id": (
        lambda g: g["entities"].append(g["entities"][0]),
        "entities[2].id: duplicate entity id 'Smoke'",
    ),
    "empty id": (lambda g: g["entities"][1].update(id=" "), "entities[1].id: empty id"),
    "duplicate relation": (
        lambda g: g["relations"].append(g["relations"][1]),
        "relations[2].id: duplicate relation id 'leads_to'",
    ),
    "dangling source": (
        lambda g: g["edges"][0].update(src="Ash"),
        "edges[0].src: dangling edge: no entity 'Ash'",
    ),
    "dangling target": (
        lambda g: g["edges"][1].update(dst="Ash"),
        "edges[1].dst: dangling edge: no entity 'Ash'",
    ),
    "unknown relation": (
        lambda g: g["edges"][1].update(rel="smells_of"),
        "edges[1].rel: unknown relation 'smells_of'",
    ),
    "self-loop": (lambda g: g["edges"][1].update(dst="Fire"), "edges[1]: self-loop on 'Fire'"),
    "repeated edge": (
        lambda g: g["edges"].append(g["edges"][0]),
        "edges[2]: duplicate edge Smoke caused_by Fire",
    ),
    "unknown type": (
        lambda g: g["entities"][1].update(type="omen"),
        "entities[1].type: unknown entity type 'omen'",
    ),
    "missing key": (lambda g: g.pop("relations"), "missing required field `relations`"),
    "number for an id": (
        lambda g: g["edges"][0].update(dst=7),
        "Expected `str`, got `int` - at `$.edges[0].dst`",
    ),
}


@pytest.mark.parametrize("case", GRAPH_ERRORS)
def test_graph_error_is_one_line_with_file_and_key(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, expected = GRAPH_ERRORS[case]
    document = as_document(small())
    change(document)
    path = tmp_path / "other.json"
    path.write_text(json.dumps(document))
    line = refuse(["--graph", str(path)], tmp_path / "kg.json", capsys)
    assert expected in line
    assert str(path) in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not JSON"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"entities": [', "not JSON"),
        ('{"domain": "é"}'.encode("utf-16"), "other.json:1: not UTF-8"),
    ],
)
def test_not_a_graph_at_all(
    content: bytes, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    assert expected in refuse(["--graph", str(path)], tmp_path / "kg.json", capsys)


def as_document(file: GraphFile) -> dict:
    return {
        "version": file.version,
        "domain": file.domain,
        "entities": [{"id": e.id, "label": e.label, "type": e.type} for e in file.entities],
        "relations": [{"id": r.id, "label": r.label} for r in file.relations],
        "edges": [{"src": e.src, "rel": e.rel, "dst": e.dst} for e in file.edges],
    }


def test_canonical_copy_does_not_depend_on_the_order_given(shipped: Graph, tmp_path: Path) -> None:
    document = as_document(shipped.file)
    outputs = []
    for seed in range(2):
        for key in ("entities", "relations", "edges"):
            random.Random(seed).shuffle(document[key])
        path, output = tmp_path / f"in{seed}.json", tmp_path / f"out{seed}.json"
        path.write_text(json.dumps(document))
        assert build_graph.main(["--graph", str(path), "--output", str(output)]) == 0
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]
    again = tmp_path / "again.json"
    assert build_graph.main(["--graph", str(tmp_path / "out0.json"), "--output", str(again)]) == 0
    assert again.read_bytes() == outputs[0]


def test_published_graph_is_accepted_and_unchanged_in_content(published: Path, tmp_path: Path) -> None:
    path, output = published / "hops" / "kg.json", tmp_path / "kg.json"
    assert build_graph.main(["--graph", str(path), "--output", str(output)]) == 0
    before, after = json.loads(path.read_text()), json.loads(output.read_text())
    assert list(after) == ["version", "domain", "entities", "relations", "edges"]
    for key in ("version", "domain"):
        assert before[key] == after[key]
    for key in ("entities", "relations", "edges"):
        rows = [sorted(tuple(sorted(row.items())) for row in document[key]) for document in (before, after)]
        assert rows[0] == rows[1]


def test_our_edges_are_our_own(shipped: Graph, published: Path) -> None:
    theirs = load_graph(published / "hops" / "kg.json")
    assert len(shipped.edges & theirs.edges) <= 0.03 * len(shipped.edges)


def test_shipped_graph_is_what_its_source_gives(root: Path, tmp_path: Path, shipped: Graph) -> None:
    output = tmp_path / "kg.json"
    assert build_graph.main(["--source", str(root / "config/hops/graph"), "--output", str(output)]) == 0
    again = load_graph(output)
    assert (again.file.entities, again.edges) == (shipped.file.entities, shipped.edges)


def test_shipped_graph_has_the_promised_size_and_types(shipped: Graph) -> None:
    assert 190 <= len(shipped.entities) <= 215
    assert 590 <= len(shipped.edges) <= 640
    types = Counter(shipped.type_of.values())
    assert set(types) == {"symptom", "cause", "diagnostic", "fix", "tool"}
    assert 25 <= types["tool"] <= 32
    assert set(shipped.relations) == {
        "caused_by", "leads_to", "diagnosed_by", "fixed_by", "uses_tool", "related_to",
    }  # fmt: skip
    labels = [label.lower() for label in shipped.label_of.values()]
    assert len(set(labels)) == len(labels)


def test_shipped_graph_branches_little(shipped: Graph) -> None:
    branching = Counter(len(targets) for targets in shipped.targets.values())
    assert max(branching) <= 4
    assert 0.55 <= branching[1] / branching.total() <= 0.65
    assert (branching[1] + branching[2]) / branching.total() >= 0.95


def test_shipped_graph_has_long_simple_paths_from_every_symptom_and_cause(shipped: Graph) -> None:
    def reaches(here: str, seen: frozenset[str], hops: int) -> bool:
        if hops == 0:
            return True
        return any(
            reaches(target, seen | {target}, hops - 1)
            for _, target in shipped.out.get(here, ())
            if target not in seen
        )

    for name, kind in shipped.type_of.items():
        if kind in ("symptom", "cause"):
            assert reaches(name, frozenset({name}), 10), name


def test_shipped_graph_has_enough_hard_chains(shipped: Graph) -> None:
    assert build_graph.count_chains(shipped, 4) + build_graph.count_chains(shipped, 5) >= 6000


def test_shipped_graph_does_not_explain_anything_by_itself(shipped: Graph) -> None:
    """`caused_by` runs in no circle, and nothing leads to what it is (even indirectly) caused by."""
    explained: dict[str, set[str]] = {}

    def causes(name: str, above: tuple[str, ...] = ()) -> set[str]:
        assert name not in above, (*above, name)
        if name not in explained:
            direct = shipped.targets.get((name, "caused_by"), ())
            explained[name] = set(direct).union(*(causes(cause, (*above, name)) for cause in direct))
        return explained[name]

    for name in shipped.entities:
        causes(name)
    loops = [(s, d) for s, rel, d in shipped.edges if rel == "leads_to" and d in explained[s]]
    assert loops == []


def test_graph_looks_up_targets_and_ends(tmp_path: Path) -> None:
    file = small()
    file.entities.append(Entity(id="Spark", label="spark", type="cause"))
    file.edges.append(Edge(src="Smoke", rel="caused_by", dst="Spark"))
    check_graph(file, "small")
    graph = Graph(file)
    assert graph.targets["Smoke", "caused_by"] == ("Fire", "Spark")
    assert graph.out["Smoke"] == (("caused_by", "Fire"), ("caused_by", "Spark"))
    assert graph.reachable("Smoke", ["caused_by", "leads_to"]) == {"Smoke"}
    assert graph.reachable("Spark", ["leads_to"]) == frozenset()
    assert graph.relation_label["leads_to"] == "leads to"
