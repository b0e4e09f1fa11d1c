"""Graphs in other people's formats: what is read as what, names that can be read again, and every refusal."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import build_graph
from refusals import refuse
from skips import needs
from trap.files import InputError
from trap.studies.hops.audit import audit_questions
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.questions import QuestionMaker
from trap.studies.hops.reading import columns, open_graph
from trap.studies.hops.reading.naming import words_of, written_names
from trap.studies.hops.reading.networks import read_graphml

EDGES = [
    ("Rain", "leads_to", "Flood"),
    ("Flood", "leads_to", "Wet floor"),
    ("Wet floor", "fixed_by", "Mop"),
    ("Rain", "fixed_by", "Umbrella"),
]
TSV = "".join("\t".join(edge) + "\n" for edge in EDGES)


def built(tmp_path: Path, name: str, content: str | bytes, *more: str) -> Graph:
    path, output = tmp_path / name, tmp_path / "kg.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert build_graph.main(["--graph", str(path), "--output", str(output), *more]) == 0
    return load_graph(output)


def node_link(directed: bool = True) -> dict:
    names = sorted({end for a, _, b in EDGES for end in (a, b)})
    return {
        "directed": directed, "multigraph": True, "graph": {"name": "weather"},
        "nodes": [{"id": name, "label": name.lower(), "type": "thing"} for name in names],
        "links": [{"source": a, "target": b, "relation": r} for a, r, b in EDGES],
    }  # fmt: skip


GRAPHML = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="r" for="edge" attr.name="relation" attr.type="string"/>
<graph edgedefault="directed">
{}{}
</graph></graphml>
""".format(
    "".join(f'<node id="{name}"/>' for name in sorted({end for a, _, b in EDGES for end in (a, b)})),
    "".join(f'<edge source="{a}" target="{b}"><data key="r">{r}</data></edge>' for a, r, b in EDGES),
)
CSV = "subject,predicate,object\n" + "".join(f'"{a}",{r},"{b}"\n' for a, r, b in EDGES)
FILES = {
    "t.tsv": TSV, "t.csv": CSV, "t.txt": "head\trelation\ttail\n" + TSV, "t.json": json.dumps(node_link()), "t.graphml": GRAPHML,
    "t.tsv.gz": gzip.compress(TSV.encode()), "t.csv.gz": gzip.compress(CSV.encode()), "t.graphml.gz": gzip.compress(GRAPHML.encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_each_format_gives_the_same_edges(name: str, tmp_path: Path) -> None:
    graph = built(tmp_path, name, FILES[name])
    assert graph.edges == frozenset(EDGES)
    assert graph.relation_label == {"fixed_by": "fixed by", "leads_to": "leads to"}


def test_parquet_with_columns_of_other_names_and_numbers_for_ids(tmp_path: Path) -> None:
    path, output = tmp_path / "t.parquet", tmp_path / "kg.json"
    pl.DataFrame({"a": [1, 2], "kind": ["leads_to", "leads_to"], "b": [2, 3]}).write_parquet(path)
    where = ["--graph", str(path), "--output", str(output)]
    assert build_graph.main([*where, "--columns", '{"src": "a", "rel": "kind", "dst": "b"}']) == 0
    assert load_graph(output).edges == {("1", "leads_to", "2"), ("2", "leads_to", "3")}
    assert build_graph.main(where) == 0  # three columns are taken in order
    assert load_graph(output).edges == {("1", "leads_to", "2"), ("2", "leads_to", "3")}


NTRIPLES = """\
<http://x.org/rain> <http://x.org/leadsTo> <http://x.org/flood> .
# a comment
<http://x.org/flood> <http://x.org/leadsTo> _:b .
<http://x.org/rain> <http://www.w3.org/2000/01/rdf-schema#label> "Regen"@de .
<http://x.org/rain> <http://www.w3.org/2000/01/rdf-schema#label> "rain"@en .
<http://x.org/rain> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x.org/WeatherEvent> .
<http://x.org/rain> <http://x.org/depth> "12" .
"""


@needs("oxigraph")
def test_n_triples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = built(tmp_path, "t.nt", NTRIPLES, "--names", "label")
    said = capsys.readouterr().out
    assert graph.edges == {
        ("rain", "http://x.org/leadsTo", "flood"),
        ("flood", "http://x.org/leadsTo", "_:b"),
    }
    assert graph.phrases == {"http://x.org/leadsTo": "leads to"}
    assert graph.type_of["rain"] == "weather event" and graph.label_of["rain"] == "http://x.org/rain"
    assert "texts and numbers, left out: 1" in said
    by_id = built(tmp_path, "u.nt", NTRIPLES)
    assert by_id.label_of["http://x.org/rain"] == "rain"


@needs("oxigraph")
def test_a_broken_statement_is_named_by_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.nt"
    path.write_text(NTRIPLES.replace("_:b .", "flood ."))
    assert "t.nt:3: no statement of N-Triples" in refuse(["--graph", str(path)], tmp_path / "kg.json", capsys)


def test_edges_without_direction_hold_both_ways(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = built(tmp_path, "t.json", json.dumps(node_link(directed=False)))
    assert graph.edges == {*EDGES, *((b, r, a) for a, r, b in EDGES)}
    assert "hold both ways" in capsys.readouterr().out
    assert graph.type_of["Rain"] == "thing" and graph.label_of["Wet floor"] == "wet floor"


def test_a_listed_graph_can_be_called_by_its_labels(tmp_path: Path) -> None:
    listed = {
        "entities": [{"id": name, "label": f"the {name}", "type": "cause"} for name in ("A", "B")],
        "relations": [{"id": "caused_by", "label": "caused by"}], "edges": [{"src": "A", "rel": "caused_by", "dst": "B"}],
    }  # fmt: skip
    graph = built(tmp_path, "t.json", json.dumps(listed), "--names", "label")
    assert graph.edges == {("the A", "caused_by", "the B")} and graph.label_of == {"the A": "A", "the B": "B"}
    assert built(tmp_path, "t.json", json.dumps(listed)).edges == {("A", "caused_by", "B")}


def test_an_edge_without_relation_is_called_related(tmp_path: Path) -> None:
    path = tmp_path / "t.graphml"
    path.write_text(re.sub(r'<data key="r">.*?</data>', "", GRAPHML, count=1))
    assert set(read_graphml(path, {}).rel) == {"related_to", "leads_to", "fixed_by"}


# --- names --------------------------------------------------------------------------------------------------------


def test_labels_phrases_and_types_by_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "names.csv"
    table.write_text(
        'id,label,type\nRain,"rain, and hail",weather\nFlood,water,event\nMop,water,tool\nNone,nothing,tool\n'
    )
    more = ["--entities", str(table), "--names", "label", "--phrases", '{"leads_to": "can lead to"}']
    graph = built(tmp_path, "t.tsv", TSV, *more)
    assert set(graph.entities) == {"rain and hail", "water (Flood)", "water (Mop)", "Wet floor", "Umbrella"}
    assert graph.label_of["rain and hail"] == "Rain" and graph.type_of["water (Mop)"] == "tool"
    assert graph.phrases == {"leads_to": "can lead to", "fixed_by": "is fixed by"}
    said = capsys.readouterr().out
    assert "no triple names, left out: 1" in said and "called by their ids: 2" in said


ODD = [
    "a b", "c, and d", "e.", ".f", "leads", "and", "A", "TRACE", "x leads to y", "東京 駅", 'say "hi"', "a/b:c#d", "ANSWER: B",
    "tab\tand\nline", "C++", "-", ";", "Ünïcode's", "is", "x then y", "2,4-D", "Diabetes, type 2", "Nausea and vomiting",
]  # fmt: skip


@pytest.mark.parametrize("pairs", ["all", "drawn"])
def test_names_of_any_text_are_read_again(pairs: str, tmp_path: Path) -> None:
    """Whatever an id is, questions about it are well posed and their references earn the full score."""
    size = len(ODD)
    rows = [
        (ODD[i], ("leads_to", "fixed_by")[(i + step) % 2], ODD[(i * step + 1) % size])
        for i in range(size)
        for step in (1, 2, 3)
    ]
    path, output = tmp_path / "t.parquet", tmp_path / "kg.json"
    pl.DataFrame(rows, schema=["src", "rel", "dst"], orient="row").write_parquet(path)
    assert build_graph.main(["--graph", str(path), "--output", str(output)]) == 0
    graph = load_graph(output)
    assert {" ".join(label.split()) for label in graph.label_of.values()} == {
        " ".join(name.split()) for name in ODD
    }
    maker = QuestionMaker(graph, pairs=pairs)
    for pool in ("easy", "hard"):
        audit = audit_questions(graph, list(maker.questions(pool, 60)), "t", pool)
        assert (audit.malformed, audit.ill_posed, audit.problems) == (0, 0, [])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12),
        min_size=2,
        max_size=8,
        unique=True,
    )
)
def test_written_names_are_all_different(ids: list[str]) -> None:
    series = pl.Series(ids, dtype=pl.String)
    names = written_names(series, series, ["leads to"]).to_list()
    assert len(set(names)) == len(ids)
    assert all(name and name == " ".join(name.split()) and ", and " not in name for name in names)


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("http://example.org/hasPart", "has part"),
        ("http://x.org/a#is_a", "is a"),
        ("part_of", "part of"),
        ("causesX", "causes x"),
        ("治療", "治療"),
    ],
)
def test_relations_are_worded_from_their_ids(identifier: str, words: str) -> None:
    assert words_of(identifier) == words


def test_a_large_graph_is_the_same_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = built(tmp_path, "t.tsv", TSV)
    monkeypatch.setattr(columns, "LARGE", 1)
    large = built(tmp_path, "t.tsv", TSV)
    assert large.file.tables and not large.file.entities and (tmp_path / "kg.edges.parquet").is_file()
    assert frozenset(large.edges) == small.edges and len(large.edges) == len(small.edges)
    assert tuple(large.entities) == small.entities and dict(large.type_of) == small.type_of
    assert large.phrases == small.phrases
    for entity in (*small.entities, "nobody"):
        assert large.out.get(entity, ()) == small.out.get(entity, ())
        for relation in (*small.relations, "nothing"):
            assert large.targets.get((entity, relation), ()) == small.targets.get((entity, relation), ())
        for chain in (["leads_to"], ["leads_to", "leads_to", "fixed_by"], ["nothing"]):
            assert large.reachable(entity, chain) == (
                small.reachable(entity, chain) if entity in small.type_of else frozenset()
            )
    assert (
        ("Rain", "leads_to", "Flood") in large.edges
        and ("Rain", "leads_to", "Mop") not in large.edges
        and None not in large.edges
    )


# --- refusals -------------------------------------------------------------------------------------------------------

REFUSED = {
    "empty": ("t.tsv", "", [], "t.tsv: empty file"),
    "two columns": ("t.tsv", "a\tb\n", [], "t.tsv:1: three columns are needed"),
    "too wide": ("t.tsv", TSV + "a\tb\tc\td\n", [], "t.tsv:5: 4 columns, where the first line has 3"),
    "too narrow": ("t.tsv", TSV + "a\tb\n", [], "t.tsv:5: dst: empty"),
    "blank": ("t.csv", CSV + "a,,b\n", [], "t.csv:6: rel: empty"),
    "not UTF-8": ("t.tsv", TSV.encode() + b"\xff\tb\tc\n", [], "t.tsv:5: not UTF-8"),
    "not gzip": ("t.tsv.gz", TSV, [], "t.tsv.gz: "),
    "not Parquet": ("t.parquet", TSV, [], "t.parquet: "),
    "no such column": ("t.csv", CSV, ["--columns", '{"rel": "verb"}'], "t.csv: no column 'verb' for rel (there are subject"),
    "loops alone": ("t.tsv", "a\tr\ta\n", [], "t.tsv: edges: every triple leads from an entity to itself"),
    "worded alike": ("t.tsv", "a\tblocked_by\tb\nb\tBLOCKED_BY\tc\n", [], "both worded 'is blocked by': give one of them another"),
    "no relation": ("t.tsv", TSV, ["--phrases", '{"heals": "heals"}'], "phrases: no relation 'heals' in the graph (there are fixed_by, leads_to)"),
    "no phrase": ("t.tsv", TSV, ["--phrases", '{"leads_to": " "}'], "phrases: leads_to: words that can stand between"),
    "no mapping": ("t.tsv", TSV, ["--phrases", "[1]"], "--phrases: a JSON object of texts"),
    "unknown ending": ("t.xlsx", TSV, [], "t.xlsx: what format is it?"),
    "no links": ("t.json", '{"nodes": []}', [], "t.json: no `links` and no `edges`"),
    "no id": ("t.json", '{"nodes": [{}], "links": []}', [], "t.json: nodes[0]: expected an object with id"),
    "dangling": ("t.json", '{"nodes": [{"id": 1}], "links": [{"source": 1, "target": 2}]}', [], "links[0].target: dangling edge: no node 2"),
    "no edges": ("t.json", '{"nodes": [{"id": 1}], "links": []}', [], "edges: the graph has no edges"),
    "not XML": ("t.graphml", "<graphml>\n<graph>\n</graphml>", [], "t.graphml:3: not XML: mismatched tag"),
    "not GraphML": ("t.xml", "<a/>", [], "t.xml: not GraphML"),
    "names": ("t.tsv", TSV, ["--entities", "nowhere.tsv"], "nowhere.tsv: no such file"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_line_with_file_and_place(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, more, words = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert words in refuse(["--graph", str(path), *more], tmp_path / "kg.json", capsys)


def test_an_id_that_stands_twice_in_the_table_of_entities(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(TSV)
    (tmp_path / "e.tsv").write_text("id\tlabel\nRain\train\nRain\tagain\n")
    with pytest.raises(InputError, match="id: 'Rain' stands twice"):
        open_graph(tmp_path / "t.tsv", entities=tmp_path / "e.tsv")


def test_tables_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "LARGE", 1)
    built(tmp_path, "t.tsv", TSV)
    edges = tmp_path / "kg.edges.parquet"
    pl.read_parquet(edges).with_columns(pl.lit(99).alias("dst")).write_parquet(edges)
    with pytest.raises(InputError, match=r"kg\.json: tables\.edges: dst: a number beyond the 5"):
        load_graph(tmp_path / "kg.json")
    edges.unlink()
    with pytest.raises(InputError, match=r"tables\.edges: .*kg\.edges\.parquet"):
        load_graph(tmp_path / "kg.json")
