"""The readable source of the graph: what it says, and every refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

import build_graph
from refusals import refuse
from trap.files import InputError
from trap.studies.hops.source import read_source

HEADER = """\
version: "1.0"
domain: test
types: [symptom, cause, tool]
relations:
  caused_by: {label: caused by, from: [symptom], to: [cause]}
  related_to: {label: related to, from: [symptom, cause], to: [symptom, cause], symmetric: true}
"""
TOPIC = """\
topic: fire
entities:
  Smoke:
    type: symptom
    label: smoke
    caused_by: [Fire]
"""
OTHER = """\
topic: more
entities:
  Fire:
    type: cause
    label: fire
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "graph"
    folder.mkdir()
    (folder / "graph.yaml").write_text(HEADER)
    (folder / "a.yaml").write_text(TOPIC)
    (folder / "b.yaml").write_text(OTHER)
    return folder


# Each case: the file to change, what to replace, by what, and what the one line must say.
SOURCE_ERRORS = {
    "syntax": ("a.yaml", "[Fire]", "[Fire", "a.yaml:7: not YAML: expected ',' or ']'"),
    "tab": ("a.yaml", "    label: smoke", "\tlabel: smoke", "a.yaml:5: not YAML"),
    "control character": (
        "a.yaml",
        "label: smoke",
        "label: smo\x00ke",
        "a.yaml: not YAML: unacceptable character",
    ),
    "not a mapping": ("a.yaml", TOPIC, "- Smoke\n", "a.yaml:1: top level: expected a mapping, found a list"),
    "entity not a mapping": (
        "b.yaml",
        OTHER,
        "entities: {Fire: cause}",
        "b.yaml:1: entities.Fire: expected a mapping",
    ),
    "entities missing": (
        "b.yaml",
        OTHER,
        "entities:",
        "b.yaml:1: entities: expected a mapping, found nothing",
    ),
    "empty file": ("b.yaml", OTHER, "", "b.yaml: empty file"),
    "comment only": ("b.yaml", OTHER, "# nothing yet\n", "b.yaml: empty file"),
    "duplicate in a file": (
        "a.yaml",
        "[Fire]\n",
        "[Fire]\n  Smoke: {}\n",
        "a.yaml:7: entities: 'Smoke' is written",
    ),
    "duplicate across files": (
        "b.yaml",
        "  Fire:",
        "  Smoke:",
        "b.yaml:3: entities.Smoke: duplicate entity id, first",
    ),
    "duplicate key": (
        "a.yaml",
        "[Fire]\n",
        "[Fire]\n    label: x\n",
        "a.yaml:7: entities.Smoke: 'label' is written",
    ),
    "dangling": (
        "a.yaml",
        "[Fire]",
        "[Fire, Water]",
        "a.yaml:6: entities.Smoke.caused_by: dangling edge: no entity 'W",
    ),
    "unknown relation": (
        "a.yaml",
        "caused_by",
        "made_by",
        "a.yaml:6: entities.Smoke: unknown relation 'made_by'",
    ),
    "unknown type": (
        "a.yaml",
        "symptom",
        "omen",
        "a.yaml:4: entities.Smoke.type: unknown entity type 'omen'",
    ),
    "self-loop": (
        "a.yaml",
        "[Fire]",
        "[Fire, Smoke]",
        "a.yaml:6: entities.Smoke.caused_by: self-loop on 'Smoke'",
    ),
    "wrong types": (
        "b.yaml",
        "label: fire",
        "label: f\n    caused_by: [Smoke]",
        "b.yaml:6: entities.Fire.caused_by: ",
    ),
    "repeated edge": (
        "a.yaml",
        "[Fire]",
        "[Fire, Fire]",
        "a.yaml:6: entities.Smoke.caused_by: duplicate edge to 'Fire'",
    ),
    "missing label": ("a.yaml", "    label: smoke\n", "", "a.yaml:3: entities.Smoke.label: missing"),
    "missing type": ("a.yaml", "    type: symptom\n", "", "a.yaml:3: entities.Smoke.type: missing"),
    "ill-formed id": (
        "a.yaml",
        "Smoke",
        "smoke_signal",
        "a.yaml:3: entities.smoke_signal: an id is CamelCase",
    ),
    "number as text": (
        "a.yaml",
        "label: smoke",
        "label: 502",
        "a.yaml:5: entities.Smoke.label: expected text, found '502'",
    ),
    "word as list": ("a.yaml", "[Fire]", "Fire", "a.yaml:6: entities.Smoke.caused_by: expected a list"),
    "list in list": (
        "a.yaml",
        "[Fire]",
        "[[Fire]]",
        "a.yaml:6: entities.Smoke.caused_by: expected text, found a list",
    ),
    "alone": (
        "b.yaml",
        "label: fire",
        "label: fire\n  Ash: {type: tool, label: ash}",
        "b.yaml:6: entities.Ash: no edge",
    ),
    "unknown key": ("a.yaml", "topic:", "theme:", "a.yaml:1: unknown key 'theme' (known: topic, entities)"),
    "header key": ("graph.yaml", "domain:", "field:", "graph.yaml:2: unknown key 'field'"),
    "header types": (
        "graph.yaml",
        "types: [symptom, cause, tool]\n",
        "",
        "graph.yaml: types: missing or empty",
    ),
    "relation types": (
        "graph.yaml",
        "to: [cause]",
        "to: [omen]",
        "graph.yaml: relations.caused_by: unknown entity type",
    ),
    "relation ends": (
        "graph.yaml",
        ", to: [cause]}",
        "}",
        "graph.yaml:5: relations.caused_by: needs `from` and `to`",
    ),
    "symmetric": (
        "graph.yaml",
        "symmetric: true",
        "symmetric: both",
        "relations.related_to.symmetric: expected true or",
    ),
    "relation key": (
        "graph.yaml",
        "symmetric: true",
        "mutual: true",
        "relations.related_to: unknown key 'mutual'",
    ),
}


@pytest.mark.parametrize("case", SOURCE_ERRORS)
def test_source_error_is_one_line_with_file_line_and_key(
    case: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, old, new, expected = SOURCE_ERRORS[case]
    path = source / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    line = refuse(["--source", str(source)], tmp_path / "kg.json", capsys)
    assert expected in line
    assert str(source) in line


def test_source_wrong_encoding(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (source / "a.yaml").write_bytes(TOPIC.replace("label: smoke", "label: fumée").encode("latin-1"))
    assert "a.yaml:5: not UTF-8" in refuse(["--source", str(source)], tmp_path / "kg.json", capsys)


def test_source_without_header_entities_or_edges(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "kg.json"
    (source / "a.yaml").write_text(TOPIC.replace("    caused_by: [Fire]\n", ""))
    assert "edges: the graph has no edges" in refuse(["--source", str(source)], output, capsys)
    (source / "a.yaml").unlink()
    (source / "b.yaml").unlink()
    assert "entities: the graph has no entities" in refuse(["--source", str(source)], output, capsys)
    (source / "graph.yaml").unlink()
    assert "graph.yaml: no such file" in refuse(["--source", str(source)], output, capsys)
    assert "no such folder" in refuse(["--source", str(tmp_path / "elsewhere")], output, capsys)


def test_source_does_not_leave_out_a_yml_file(source: Path) -> None:
    (source / "b.yaml").rename(source / "b.yml")
    with pytest.raises(InputError, match=r"b\.yml: would be left out: name it b\.yaml"):
        read_source(source)


def test_symmetric_relation_is_written_once_and_holds_both_ways(source: Path) -> None:
    (source / "b.yaml").write_text(OTHER + "    related_to: [Smoke]\n")
    edges = {(edge.src, edge.rel, edge.dst) for edge in read_source(source).edges}
    assert edges == {
        ("Smoke", "caused_by", "Fire"),
        ("Fire", "related_to", "Smoke"),
        ("Smoke", "related_to", "Fire"),
    }
    (source / "a.yaml").write_text(TOPIC + "    related_to: [Fire]\n")
    with pytest.raises(
        InputError, match=r"b\.yaml:6: .*duplicate edge to 'Smoke', first written at .*a\.yaml:7"
    ):
        read_source(source)


def test_same_bytes_whatever_the_layout_of_the_source(source: Path, tmp_path: Path) -> None:
    outputs = [tmp_path / "one.json", tmp_path / "two.json"]
    assert build_graph.main(["--source", str(source), "--output", str(outputs[0])]) == 0
    (source / "b.yaml").unlink()
    fire = OTHER.partition("entities:\n")[2]
    (source / "a.yaml").write_text("entities:\n" + fire + TOPIC.partition("entities:\n")[2])
    assert build_graph.main(["--source", str(source), "--output", str(outputs[1])]) == 0
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_statistics_are_printed(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--source", str(source), "--output", str(tmp_path / "kg.json"), "--statistics"]
    assert build_graph.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "2 entities, 1 edges" in printed
    assert "chains    1 of 1 relations" in printed
