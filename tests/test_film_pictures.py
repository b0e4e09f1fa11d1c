"""The pictures of the film: every scene in both cuts, its texts, times, key frames, and films as files."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("manim", reason="Manim is not installed: make film installs it where cairo and pango are")
pytest.importorskip("av", reason="PyAV is not installed: make film installs it")

import av
from PIL import Image

from trap.files import InputError, read_json
from trap.film import CUTS
from trap.film.cues import load_sheet
from trap.film.facts import Facts, Sources, scene_facts
from trap.film.look import FORMATS, QUALITIES, SMALLEST
from trap.film.media import animated, check_film, contact_sheet, describe, faults, frames, join
from trap.film.render import rehearse, render_clip, scene_class
from trap.film.stage import Stage

ROOT = Path(__file__).resolve().parent.parent
FROZEN = ROOT / "tests/data/film"  # facts of an earlier run, and what was drawn from them
SCENES = [scene.scene for scene in load_sheet(ROOT / "video/cues.yaml").scenes]
TEST = QUALITIES["test"]


@pytest.fixture(scope="module")
def facts() -> dict[str, Facts]:
    """Facts of every scene, from the committed evidence; without episodes, the frozen ones."""
    if not (ROOT / "results/tables/episodes.parquet").is_file():
        return {path.stem: read_json(path, Facts) for path in FROZEN.glob("*.json")}
    sheet = load_sheet(ROOT / "video/cues.yaml")
    sources = Sources(
        ROOT / "results/claims.json", ROOT / "results/tables", ROOT / "results/hops/data/kg.json"
    )
    return {name: scene_facts(sheet, name, sources) for name in [*SCENES, "poster"]}


def wanted(facts: dict[str, Facts], scene: str, cut: str) -> Facts:
    if scene not in facts:
        pytest.skip(f"no facts of {scene}: no committed results/tables/episodes.parquet")
    if not facts[scene].cues[cut]:
        pytest.skip(f"{scene} is not in the {cut} cut")
    return facts[scene]


def frozen(scene: str) -> Facts:
    return read_json(FROZEN / f"{scene}.json", Facts)


def numerals(text: str) -> set[str]:
    return set(re.findall(r"\d[\d.\u202f]*\d|\d", text))


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene(facts: dict[str, Facts], scene: str, cut: str):
    """Texts in the frame, large enough, uncovered; times kept to the frame; no number but those of the facts."""
    given = wanted(facts, scene, cut)
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
    sheet = next(entry for entry in load_sheet(ROOT / "video/cues.yaml").scenes if entry.scene == scene)
    methods = {name.removeprefix("cue_") for name in vars(scene_class(scene)) if name.startswith("cue_")}
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


@pytest.mark.slow
def test_a_clip_is_the_same_twice_and_what_it_should_be(tmp_path: Path):
    given = frozen("leak")
    for name in ("a", "b"):
        render_clip(given, FORMATS["short"], TEST, tmp_path / f"{name}.mp4")
    first, second = ([picture for _, picture in frames(tmp_path / f"{name}.mp4")] for name in ("a", "b"))
    assert len(first) == len(second)
    assert all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))
    seconds = sum(cue.seconds for cue in given.cues["short"])
    assert check_film(tmp_path / "a.mp4", TEST.pixels(FORMATS["short"]), TEST.fps, seconds) == []


def test_a_cue_that_is_too_short_is_refused():
    given = frozen("claim")
    given.cues["wide"][-1].seconds = 0.4
    with pytest.raises(InputError, match=r"claim.doubt: needs \d\.\d s more"):
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
    render.scene_class = lambda name: Bad
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


# --- films as files -------------------------------------------------------------------------------


def film(path: Path, pictures: list[np.ndarray], fps: int = 10) -> Path:
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = pictures[0].shape[1], pictures[0].shape[0], "yuv420p"
        for picture in pictures:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        target.mux(stream.encode())
    return path


def moving(count: int, size: tuple[int, int] = (36, 64)) -> list[np.ndarray]:
    pictures = []
    for number in range(count):
        picture = np.full((*size, 3), 40, np.uint8)
        picture[:, (3 * number) % size[1] :][:, :8] = 230
        pictures.append(picture)
    return pictures


def test_joining_keeps_every_frame(tmp_path: Path):
    clips = [film(tmp_path / "a.mp4", moving(17)), film(tmp_path / "b.mp4", moving(30))]
    join(clips, tmp_path / "both.mp4", "Title")
    picture = describe(tmp_path / "both.mp4")
    assert (picture.width, picture.height, picture.fps, picture.frames) == (64, 36, Fraction(10), 47)
    assert picture.seconds == pytest.approx(4.7)
    parts = [f for clip in clips for _, f in frames(clip)]
    assert all(np.array_equal(x, y) for x, (_, y) in zip(parts, frames(tmp_path / "both.mp4"), strict=True))


def test_clips_that_differ_are_not_joined(tmp_path: Path):
    clips = [film(tmp_path / "a.mp4", moving(5)), film(tmp_path / "b.mp4", moving(5, (48, 64)))]
    with pytest.raises(InputError, match=r"b\.mp4"):
        join(clips, tmp_path / "both.mp4")
    assert not (tmp_path / "both.mp4").exists()


def test_black_and_standing_pictures_are_found(tmp_path: Path):
    black = film(tmp_path / "black.mp4", [*moving(10), *[np.zeros((36, 64, 3), np.uint8)] * 10])
    assert any("black at 1.0 s" in fault for fault in faults(black, longest_still=5))
    still = film(tmp_path / "still.mp4", [*moving(10), *[moving(1)[0]] * 60])
    assert any("nothing moves" in fault for fault in faults(still, longest_still=4))
    assert faults(film(tmp_path / "good.mp4", moving(70)), longest_still=1) == []
    assert check_film(tmp_path / "good.mp4", (64, 36), 10, 7.0) == []
    wrong = check_film(tmp_path / "good.mp4", (64, 38), 20, 8.0)
    assert len(wrong) == 3


def test_pictures_of_a_film(tmp_path: Path):
    clip = film(tmp_path / "a.mp4", moving(40))
    contact_sheet(clip, tmp_path / "sheet.png", every=1.0, columns=2, width=64)
    assert Image.open(tmp_path / "sheet.png").size == (2 * 70 + 6, 2 * 42 + 6)
    animated(clip, tmp_path / "a.webp", width=32, fps=5)
    with Image.open(tmp_path / "a.webp") as picture:
        assert picture.is_animated and picture.n_frames > 10 and picture.width == 32


def test_what_is_no_film_is_refused(tmp_path: Path):
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(InputError, match="not a film"):
        describe(tmp_path / "text.mp4")
    with pytest.raises(InputError, match="no such file"):
        describe(tmp_path / "none.mp4")
