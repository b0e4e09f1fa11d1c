"""The base corpus: facts and exercises, none of which composes two edges."""

from __future__ import annotations

import re

import pytest

from trap.models.tokenizer import build_tokenizer
from trap.studies.hops import facts
from trap.studies.hops.graph import load_graph


@pytest.fixture(scope="module")
def graph(hops_data):
    return load_graph(hops_data / "kg.json")


def test_every_fact_is_said_once_a_pass_and_is_true(graph):
    rows = list(facts.facts(graph, seed=0, passes=2))
    said = [text for row in rows for text in re.findall(r"[A-Z]\w+ [a-z ]+ \w+\.", row["completion"])]
    assert sorted(said) == sorted(facts.sentences(graph) * 2)


def test_letters_ask_for_the_letter_of_a_listed_name(graph):
    for row in facts.letters(graph, 3, 50, facts.ANSWERED):
        listed = dict(re.findall(r"([A-D])\) (\w+)", row["prompt"]))
        asked = re.search(r"Letter: (\w+)", row["prompt"])[1]
        assert len(set(listed.values())) == 4
        assert listed[row["completion"].strip()] == asked


def test_exactly_one_option_of_a_pick_completes_the_fact(graph):
    verbs = {graph.phrases[rel]: rel for rel in graph.relations}
    for row in facts.picks(graph, 3, 100):
        listed = dict(re.findall(r"([A-D])\) (\w+)", row["prompt"]))
        src, verb = re.search(r"Fact: (\w+) ([a-z ]+)$", row["prompt"]).groups()
        right = set(graph.targets[src, verbs[verb]]) & set(listed.values())
        name, letter = re.fullmatch(r" (\w+)\nANSWER: ([A-D])", row["completion"]).groups()
        assert right == {name} and listed[letter] == name


def test_no_text_says_two_edges_in_a_row(graph):
    rows = list(facts.corpus(graph, seed=0, scale=0.01))
    assert {row["stage"] for row in rows} == {0, 1, 2}
    assert not any("TRACE:" in row["prompt"] + row["completion"] for row in rows)
    assert not any("something that" in row["prompt"] + row["completion"] for row in rows)


def test_a_name_is_one_piece_wherever_it_stands(graph):
    tokenizer = build_tokenizer(facts.words(graph), facts.phrases(graph))
    for row in [*facts.letters(graph, 0, 20), *facts.picks(graph, 0, 20)]:
        text = row["prompt"] + row["completion"]
        pieces = tokenizer.encode(text, add_special_tokens=False).tokens
        assert "".join(pieces) == text
        assert not any(piece.startswith("<0x") for piece in pieces)
