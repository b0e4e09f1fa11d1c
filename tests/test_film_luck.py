"""Dice and darts of the film: what they show is what was thrown, on every machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import film_evidence
from film_evidence import CUES
from trap.files import InputError
from trap.film.cues import load_sheet
from trap.film.facts import Sources, gathered, scene_facts
from trap.studies.hops.film.luck import rolls, rounds


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.floats(0.2, 0.8), st.data())
def test_rolls_end_with_the_score_and_with_no_roll_before_it(n: int, chance: float, data: st.DataObject):
    right = data.draw(st.integers(int(n * chance), min(n, int(n * chance) + 2)))
    thrown = rolls(chance, n, right, set(range(1, 50)))
    assert sum(thrown.faces[thrown.count]) == right and max(thrown.faces) == thrown.count
    assert all(sum(dice) != right for number, dice in thrown.faces.items() if number < thrown.count)
    assert all(len(dice) == n for dice in thrown.faces.values())
    assert rolls(chance, n, right, set()).count == thrown.count  # the same throws, however many are watched


def test_a_score_out_of_reach_is_refused():
    with pytest.raises(InputError, match="30 of 30 do not appear in 20000 rolls"):
        rolls(0.1, 30, 30, set())
    with pytest.raises(InputError, match="no example of 11 hits"):
        rounds("ABCD", 8, 10, 11)


@pytest.mark.parametrize("hits", [7, 9, 10])
def test_rounds_of_darts_hit_as_often_as_they_are_asked_to(hits: int):
    thrown = rounds("ABCD", 8, 10, hits)
    assert sum(one.right in one.darts for one in thrown) == hits == sum(one.hit for one in thrown)
    assert all(len(one.darts) == 8 and set(one.darts) <= set("ABCD") for one in thrown)
    assert 1 <= thrown[0].darts.count(thrown[0].right) <= 3 and rounds("ABCD", 8, 10, hits) == thrown


def test_the_dice_end_with_the_published_scores(sources: Sources):
    facts = scene_facts(load_sheet(CUES), "dice", sources)
    for column in facts.data["columns"]:
        published = sources.numbers.number(f"published.{column['name']}")
        faces = column["faces"][str(column["last"])]
        assert len(faces) == published.n and sum(faces) / len(faces) == pytest.approx(
            published.value, abs=1e-3
        )
        assert facts.words[f"{column['name']}.{column['last']}"] == facts.words[column["name"]]
        assert set(map(int, column["faces"])) == {
            roll for roll in facts.data["rolls"] if roll <= column["last"]
        }


def test_dice_that_cannot_make_a_score_take_their_scene_along(
    tmp_path: Path, film_folder: Path, sources: Sources
):
    """Other evidence: a model that is never right never rolls the published scores."""
    rows = json.loads((film_folder / "claims.json").read_text(encoding="utf-8"))
    rows = [row | {"value": 0.0} if row["id"] == "accuracy_nano_able_sft" else row for row in rows]
    (tmp_path / "claims.json").write_text(json.dumps(rows), encoding="utf-8")
    for name in ("tables", "data"):
        (tmp_path / name).symlink_to(film_folder / name)
    given = film_evidence.opened(tmp_path)
    given.__dict__["episodes"] = sources.episodes
    assert "do not appear" in gathered(load_sheet(CUES), "dice", given).absent
