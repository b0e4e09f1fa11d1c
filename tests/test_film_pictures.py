"""The pictures of the film: every scene in both cuts, its texts, times, key frames, and films as files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from skips import lacking, reason

if missing := lacking("film"):
    pytest.skip(missing, allow_module_level=True)

from PIL import Image

from trap.files import InputError, read_json
from trap.film import CUTS
from trap.film.cues import load_sheet, scenes_of
from trap.film.facts import Facts, scene_facts
from trap.film.ledger import ledger
from trap.film.look import FORMATS, QUALITIES, SMALLEST, Format, Quality
from trap.film.media import check_film, describe, glances, join
from trap.film.render import rehearse, render_clip, scene_class
from trap.film.stage import Stage

ROOT = Path(__file__).resolve().parent.parent
FROZEN = ROOT / "tests/data/film"  # facts of an earlier run, and what was drawn from them
SHEET = load_sheet(ROOT / "video/hops/cues.yaml")
SCENES = [scene.scene for scene in SHEET.scenes]
TEST = QUALITIES["test"]


@pytest.fixture(scope="module")
def facts(request: pytest.FixtureRequest) -> dict[str, Facts]:
    """Facts of every scene, from the released evidence; without it, the frozen ones."""
    if lacking("results"):
        return {path.stem: read_json(path, Facts) for path in FROZEN.glob("*.json")}
    sources = request.getfixturevalue("sources")
    return {name: scene_facts(SHEET, name, sources) for name in [*SCENES, "poster"]}


def wanted(facts: dict[str, Facts], scene: str) -> Facts:
    if scene not in facts:
        pytest.skip(reason("results"))
    return facts[scene]


def frozen(scene: str) -> Facts:
    return read_json(FROZEN / f"{scene}.json", Facts)


def numerals(text: str) -> set[str]:
    return set(re.findall(r"\d[\d.\u202f]*\d|\d", text))


@pytest.mark.parametrize(("scene", "cut"), [(scene, cut) for cut in CUTS for scene in scenes_of(SHEET, cut)])
def test_every_scene(facts: dict[str, Facts], scene: str, cut: str):
    """Texts in the frame, large enough, uncovered; times kept to the frame; no number but those of the facts."""
    given = wanted(facts, scene)
    stage = rehearse(given, FORMATS[cut], TEST)
    assert stage.findings == []
    assert stage.frames == round(sum(cue.seconds for cue in given.cues[cut]) * TEST.fps)
    captions = {line for cue in given.cues[cut] for line in cue.text.split("\n")}
    assert captions <= stage.texts_seen
    known = {number for text in [*given.words.values(), given.title] for number in numerals(text)}
    known |= {number for cue in given.cues[cut] for number in numerals(cue.text)}
    known |= {str(int(asked)) for line in given.data.get("lines", {}).get("nano", []) for asked in line[:1]}
    known |= {number for entry in given.data.get("tries", []) for number in numerals(entry["total"])}
    for text in stage.texts_seen - captions:
        assert numerals(text) <= known, text


@pytest.mark.parametrize("scene", SCENES)
def test_every_cue_has_its_method(scene: str):
    sheet = next(entry for entry in load_sheet(ROOT / "video/hops/cues.yaml").scenes if entry.scene == scene)
    methods = {
        name.removeprefix("cue_") for name in vars(scene_class("hops", scene)) if name.startswith("cue_")
    }
    assert methods == {cue.id for cue in sheet.cues}


@pytest.mark.parametrize("name", sorted(path.stem for path in FROZEN.glob("*.png")))
def test_key_frames_are_those_that_were_looked_at(name: str):
    """The picture at the end of a cue, from frozen facts, against one that a person looked at.

    After a change of the look: python tests/data/film/draw_key_frames.py, then look at the pictures.
    """
    scene, cut, cue = name.split(".")
    stage = rehearse(frozen(scene), FORMATS[cut], TEST, photographed=True)
    expected = np.asarray(Image.open(FROZEN / f"{name}.png").convert("RGB"), dtype=np.float32)
    drawn = stage.album[cue].astype(np.float32)
    assert drawn.shape == expected.shape
    assert np.abs(drawn - expected).mean() < 2.0  # of 255; a missing line of text changes about 4


def test_a_film_is_the_same_twice_and_what_it_should_be(tmp_path: Path):
    """Two clips, rendered and joined twice: every decoded frame is the same, and the film passes its check."""
    scenes = [frozen("claim"), frozen("leak")]
    made, told = [], []
    for name in ("a", "b"):
        clips = [tmp_path / f"{name}_{given.scene}.mp4" for given in scenes]
        for given, clip in zip(scenes, clips, strict=True):
            render_clip(given, FORMATS["short"], TEST, clip, lambda *counts: told.append(counts))
        join(clips, tmp_path / f"{name}.mp4", "Title")
        made.append(glances(tmp_path / f"{name}.mp4", every=0))
    assert made[0] == made[1]
    frames = [round(sum(cue.seconds for cue in given.cues["short"]) * TEST.fps) for given in scenes]
    assert [drawn for drawn, total in told if drawn == total] == 2 * frames  # to the last frame, both times
    assert len(told) == 2 * sum(len(given.cues["short"]) for given in scenes)
    seconds = sum(cue.seconds for given in scenes for cue in given.cues["short"])
    assert len(made[0]) == round(seconds * TEST.fps) and len({glance.sha256 for glance in made[0]}) > 50
    size = TEST.pixels(FORMATS["short"])
    assert check_film(tmp_path / "a.mp4", size, TEST.fps, seconds, made[0]) == []
    written = [
        ledger(tmp_path / f"{name}.mp4", describe(tmp_path / "a.mp4"), seen, scenes, "short")
        for name, seen in zip("ab", made, strict=True)
    ]
    assert written[0].scenes == written[1].scenes and len(written[0].scenes) == 2
    assert written[0].scenes[1].end == pytest.approx(seconds)


def test_a_clip_is_kept_while_nothing_it_shows_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import trap.film.render as render

    drawn = []

    def draw(facts: Facts, shape: Format, quality: Quality, output: Path, watch: object = None) -> None:
        drawn.append(output.write_bytes(b"clip"))

    monkeypatch.setattr(render, "render_clip", draw)
    (tmp_path / "kept").mkdir()

    def kept(given: Facts, cut: str = "wide") -> bool:
        taken = render.kept_clip(given, FORMATS[cut], TEST, tmp_path / "a.mp4", tmp_path / "kept")
        assert (tmp_path / "a.mp4").read_bytes() == b"clip"
        return taken

    given = frozen("claim")
    assert [kept(given), kept(given), kept(given, "short")] == [False, True, False]
    given.words["sft"] = "38 %"
    assert [kept(given), kept(given)] == [False, True]
    (tmp_path / "kept/test_wide_claim.mp4").unlink()
    assert not kept(given)
    assert len(drawn) == 4


@pytest.mark.parametrize("cut", CUTS)
def test_the_first_frame_shows_the_scores(cut: str):
    given = frozen("claim")
    given.cues[cut] = []
    stage = rehearse(given, FORMATS[cut], TEST, photographed=True)
    assert {given.words[entry["name"]] for entry in given.data["bars"]} <= stage.texts_seen
    assert (stage.album["start"].max(axis=2) > 120).mean() > 0.05  # bars, not only lines


@pytest.mark.parametrize("scene", ["way"])
def test_a_part_of_the_map_shows_all_that_it_is_drawn_around(scene: str):
    from trap.film.parts import GraphMap

    data = frozen(scene).data
    path = [end for clause in data["path"] for end in (clause["src"], clause["dst"])]
    for shape in FORMATS.values():
        whole, part = (GraphMap(data, shape.content, around) for around in ((), path))
        assert set(path) <= set(part.places) < set(whole.places) == set(data["entities"])
        for x, y, _ in part.places.values():
            box = shape.content.inset(-0.02)
            assert box.left <= x <= box.right and box.bottom <= y <= box.top


def test_a_cue_that_is_too_short_is_refused():
    given = frozen("claim")
    given.cues["wide"][-1].seconds = 0.4
    with pytest.raises(InputError, match=r"claim.models: needs \d\.\d s more"):
        rehearse(given, FORMATS["wide"], TEST)


def test_an_unknown_cue_is_refused():
    given = frozen("claim")
    given.cues["wide"][0].id = "moon"
    with pytest.raises(InputError, match=r"claim\.moon: the scene has no such cue"):
        rehearse(given, FORMATS["wide"], TEST)


def test_the_audit_sees_what_is_on_stage():
    """Real objects of the stage, put wrongly, are found; the audit is not blind."""
    from trap.film.parts import line, panel, point

    class Bad(Stage):
        def cue_hook(self, seconds: float) -> None:
            self.add(line("far out", 40).move_to(point(9.4, 0)))
            self.add(line("tiny", SMALLEST - 4).move_to(point(0, 0)))
            self.add(line("one", 40).move_to(point(3, 0)), line("two", 40).move_to(point(3.2, 0.1)))
            self.add(
                line("hidden", 40).move_to(point(-4, 0)),
                panel(FORMATS["wide"].content.part(0.2, 0.4, 0.4, 0.6)),
            )
            self.hold(0.1)

    import trap.film.render as render

    given = frozen("claim")
    given.cues["wide"] = given.cues["wide"][:1]
    original = render.scene_class
    render.scene_class = lambda study, name: Bad
    try:
        findings = "\n".join(rehearse(given, FORMATS["wide"], TEST).findings)
    finally:
        render.scene_class = original
    for words in (
        "outside the safe area: 'far out'",
        "smaller than 28: 'tiny'",
        "'one' and 'two'",
        "by a shape: 'hidden'",
    ):
        assert words in findings
