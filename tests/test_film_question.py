"""The question that the film follows: the same in every scene, and what each scene says of it is so."""

from __future__ import annotations

import itertools

import pytest

from film_evidence import CUES
from trap.film.cues import load_sheet
from trap.film.facts import Facts, Sources, scene_facts

SCENES = ("walk", "reward", "sample", "traces", "ruler", "way", "home")


@pytest.fixture(scope="module")
def all_facts(sources: Sources) -> list[Facts]:
    return [scene_facts(load_sheet(CUES), scene, sources) for scene in SCENES]


def test_one_question_is_followed_through_the_film(sources: Sources, all_facts: list[Facts]):
    """It is walked truly, claimed by a walk that leaves the graph, answered from both starts, and walked again."""
    data = {facts.scene: facts.data for facts in all_facts}
    path = data["walk"]["path"]
    for scene in SCENES:
        assert data[scene]["path"] == path, scene
    assert data["way"]["trace"]["clauses"] == path and data["way"]["trace"]["faithful"]
    joined = {frozenset((a, b)) for a, _, b in sources.graph.edges}
    claimed = data["reward"]["trace"]["clauses"]
    assert all(one["dst"] == then["src"] for one, then in itertools.pairwise(claimed))
    assert any(one["src"] != one["dst"] and {one["src"], one["dst"]} not in joined for one in claimed)


def test_the_ruler_points_where_the_model_looks(all_facts: list[Facts]):
    data = next(facts.data for facts in all_facts if facts.scene == "ruler")
    link, looked = data["link"], data["looked"]
    assert data["taught"].index(max(data["taught"])) + 1 == link != looked
    assert data["longer"].index(max(data["longer"])) + 1 == looked
    assert len(data["longer"]) == len(data["path"]) > len(data["taught"])
