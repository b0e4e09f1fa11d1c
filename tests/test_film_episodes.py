"""The episodes that the film shows are what it says they are, and the same every time."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import film_evidence
from film_evidence import CUES
from trap.film.cues import load_sheet
from trap.film.facts import Facts, Sources, scene_facts


def test_episodes_are_what_the_film_says_they_are(sources: Sources, all_facts: list[Facts]):
    data = {facts.scene: facts.data for facts in all_facts}
    edges = sources.graph.edges
    relation = {phrase: name for name, phrase in _phrases(sources).items()}
    for clause in data["walk"]["path"]:
        assert (clause["src"], relation[clause["phrase"]], clause["dst"]) in edges
    path, broken, walked = data["traces"]["path"], *data["traces"]["traces"].values()
    assert len(broken["clauses"]) < len(path) and not broken["faithful"]
    assert walked["faithful"] and walked["clauses"] == path and walked["letter"] == data["traces"]["right"]
    shown_answer = data["reward"]["trace"]
    assert shown_answer["correct"] and not all(clause["true"] for clause in shown_answer["clauses"])
    for clause in shown_answer["clauses"]:
        assert clause["true"] == ((clause["src"], relation[clause["phrase"]], clause["dst"]) in edges)
    parts = data["reward"]["parts"]
    assert parts["total"] == pytest.approx(parts["letter"] + parts["names"] + parts["spam"])
    assert any(data["sample"]["book"]) and not all(data["sample"]["book"])


def test_one_question_is_followed_through_the_film(sources: Sources, all_facts: list[Facts]):
    """It is walked truly, claimed by a walk that leaves the graph, answered from both starts, and walked again."""
    data = {facts.scene: facts.data for facts in all_facts}
    path = data["walk"]["path"]
    for scene in ("reward", "sample", "traces", "ruler", "way", "home"):
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


def test_every_judging_line_has_an_undecided_case():
    judged = [cue for scene in load_sheet(CUES).scenes for cue in scene.cues if cue.verdict]
    assert judged
    for cue in judged:
        assert set(cue.line) == {"reproduced", "not reproduced", "inconclusive"}, cue.id


def _phrases(sources: Sources) -> dict[str, str]:
    from trap.studies.hops.wording import phrase_of

    return {name: phrase_of(name, sources.graph.relation_label[name]) for name in sources.graph.relations}


def test_facts_are_the_same_every_time(film_folder: Path, all_facts: list[Facts]):
    sheet = load_sheet(CUES)
    again = film_evidence.opened(film_folder)
    for facts in all_facts:
        assert scene_facts(sheet, facts.scene, again) == facts
