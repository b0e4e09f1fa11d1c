"""The film of traces: its facts from the released evidence, its pictures, and scenes that lack their example."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

from skips import lacking, needs
from trap.film import CUTS
from trap.film.cues import load_sheet, scenes_of
from trap.film.facts import POSTER, Facts, Sources, gathered, scene_facts
from trap.film.opening import open_film

if missing := lacking("results"):
    pytest.skip(missing, allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent
CLAIMS, RELEASED = ROOT / "docs/traces/story/claims.json", ROOT / "results/released/traces/story"
SHEET = load_sheet(ROOT / "video/traces/cues.yaml")
SCENES = scenes_of(SHEET, "wide")


def opened(claims: Path = CLAIMS, collected: Path = RELEASED) -> Sources:
    return open_film(
        ROOT / "config/config.yaml", "traces", "story", claims, collected / "no_tables", collected, beside={}
    )


@pytest.fixture(scope="module")
def facts() -> dict[str, Facts]:
    sources = opened()
    return {name: scene_facts(SHEET, name, sources) for name in [*SCENES, POSTER]}


def test_programs_are_run_as_they_are_written(facts: dict[str, Facts]):
    data = facts["executed"].data
    assert data["taught"]["right"] and not data["longer"]["right"]
    for program in data.values():
        assert all(re.fullmatch(r"-?\d[\d./]*", one["value"]) for one in program["lines"])
        assert program["lines"][-1]["step"].startswith("query")
        assert program["lines"][-1]["value"] in [one["value"] for one in program["lines"][:-1]]


def test_bars_are_the_claims(facts: dict[str, Facts]):
    claims = {claim["id"]: claim for claim in json.loads(CLAIMS.read_text(encoding="utf-8"))}
    for entry in facts["learned"].data["bars"]:
        assert entry["value"] == claims[entry["name"]]["value"]


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        (pl.col("pool") != "eval_hard", "no program of nano sft on eval_hard runs to a wrong answer"),
        (pl.col("arm") != "sft", "no program of nano sft on eval_easy runs to a right answer"),
    ],
)
def test_a_film_without_its_example_leaves_the_scene_out(tmp_path: Path, kept: pl.Expr, missing: str):
    pl.read_parquet(RELEASED / "episodes.parquet").filter(kept).write_parquet(tmp_path / "episodes.parquet")
    sources = opened(collected=tmp_path)
    absent = {name: gathered(SHEET, name, sources).absent for name in SCENES}
    assert {name for name, why in absent.items() if why} == {"executed"}
    assert missing in absent["executed"]


@pytest.mark.parametrize("name", ["learned", "families", "longer"])
def test_a_claim_without_a_value_takes_its_scenes_along(tmp_path: Path, name: str):
    rows = json.loads(CLAIMS.read_text(encoding="utf-8"))
    rows = [
        row | {"value": None, "published": None, "also": None} if row["id"] == name else row for row in rows
    ]
    (tmp_path / "claims.json").write_text(json.dumps(rows), encoding="utf-8")
    sources = opened(tmp_path / "claims.json")
    resting = {scene.scene for scene in SHEET.scenes for cue in scene.cues if name in cue.claims}
    assert resting
    for scene in SCENES:
        assert bool(gathered(SHEET, scene, sources).absent) == (scene in resting), scene


@needs("film")
@pytest.mark.parametrize(("scene", "cut"), [(scene, cut) for cut in CUTS for scene in SCENES])
def test_every_scene(facts: dict[str, Facts], scene: str, cut: str):
    from trap.film.look import FORMATS, QUALITIES
    from trap.film.render import rehearse

    given, quality = facts[scene], QUALITIES["test"]
    stage = rehearse(given, FORMATS[cut], quality)
    assert stage.findings == []
    assert stage.frames == round(sum(cue.seconds for cue in given.cues[cut]) * quality.fps)
    known = set(re.findall(r"\d+", json.dumps([given.words, given.data], ensure_ascii=False)))
    captions = {line for cue in given.cues[cut] for line in cue.text.split("\n")}
    for text in stage.texts_seen - captions:
        assert set(re.findall(r"\d+", text)) <= known, text
