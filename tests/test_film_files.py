"""Films as files: joined, decoded and checked; sheets and light animations of them; narration laid under them."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from skips import lacking, needs

if missing := lacking("film"):
    pytest.skip(missing, allow_module_level=True)

import av
from PIL import Image

from trap.files import InputError
from trap.film.facts import CueFacts, Facts
from trap.film.ledger import MARK, sheet_mark
from trap.film.media import animated, check_film, contact_sheet, describe, faults, frames, glances, join
from trap.film.narration import RATE, lay, sound, speakable, track


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
    assert any("black at 1.0 s" in fault for fault in faults(black, 5, glances(black)))
    still = film(tmp_path / "still.mp4", [*moving(10), *[moving(1)[0]] * 60])
    assert any("nothing moves" in fault for fault in faults(still, 4, glances(still)))
    good = film(tmp_path / "good.mp4", moving(70))
    seen = glances(good)
    assert faults(good, 1, seen) == [] and len(seen) == 14
    assert check_film(good, (64, 36), 10, 7.0, seen) == []
    assert len(check_film(good, (64, 38), 20, 8.0, seen)) == 3


def test_pictures_of_a_film(tmp_path: Path):
    clip = film(tmp_path / "a.mp4", moving(40))
    contact_sheet(
        clip, tmp_path / "sheet.png", every=1.0, columns=2, width=64, marks={MARK: "of these facts"}
    )
    assert Image.open(tmp_path / "sheet.png").size == (2 * 70 + 6, 2 * 42 + 6)
    assert sheet_mark(tmp_path / "sheet.png") == "of these facts"
    animated(clip, tmp_path / "a.webp", width=32, fps=5)
    with Image.open(tmp_path / "a.webp") as picture:
        assert picture.is_animated and picture.n_frames > 10 and picture.width == 32


def test_what_is_no_film_is_refused(tmp_path: Path):
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(InputError, match="not a film"):
        describe(tmp_path / "text.mp4")
    with pytest.raises(InputError, match="no such file"):
        describe(tmp_path / "none.mp4")


# --- narration ------------------------------------------------------------------------------------


def recording(path: Path, seconds: float, rate: int = 22_050) -> Path:
    """A tone of half the full loudness."""
    path.parent.mkdir(exist_ok=True)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes((32767 * tone).astype("<i2").tobytes())
    return path


def cues(*seconds: float) -> list[Facts]:
    rows = [CueFacts(f"c{number}", "words", length, []) for number, length in enumerate(seconds)]
    return [Facts("made", "Made up", {"wide": rows, "short": rows[:1]}, {}, {}, {})]


def test_a_recording_is_heard_in_its_cue_and_nowhere_else(tmp_path: Path):
    scenes = cues(1.0, 2.0, 1.0)
    recording(tmp_path / "voice/made.c1.wav", 1.5)
    samples = track(scenes, "wide", tmp_path / "voice")
    assert len(samples) == 4 * RATE
    heard = np.flatnonzero(np.abs(samples) > 0.05) / RATE
    assert 1.0 <= heard.min() < 1.3 and 2.5 < heard.max() <= 2.8
    assert not track(scenes, "short", tmp_path / "voice").any()  # the short cut has no such cue

    silent = film(tmp_path / "silent.mp4", moving(40))
    lay(silent, samples, tmp_path / "loud.mp4")
    assert describe(tmp_path / "loud.mp4") == describe(silent)
    assert [x.sha256 for x in glances(tmp_path / "loud.mp4", 0)] == [x.sha256 for x in glances(silent, 0)]
    played = sound(tmp_path / "loud.mp4")
    assert len(played) == pytest.approx(len(samples), abs=0.1 * RATE)
    loud = np.flatnonzero(np.abs(played) > 0.2) / RATE
    assert 1.0 <= loud.min() < 1.4 and 2.4 < loud.max() < 2.9


def test_recordings_that_cannot_be_used_are_refused(tmp_path: Path):
    scenes = cues(1.0)
    with pytest.raises(InputError, match=r"no recordings .*, and no speech engine"):
        track(scenes, "wide", tmp_path / "none")
    recording(tmp_path / "long/made.c0.wav", 1.2)
    with pytest.raises(InputError, match=r"made\.c0\.wav: 1\.2 s, but its cue has 1\.0 s"):
        track(scenes, "wide", tmp_path / "long")
    recording(tmp_path / "odd/made.c7.wav", 0.2)
    with pytest.raises(InputError, match=r"no cue 'made\.c7'"):
        track(scenes, "wide", tmp_path / "odd")
    (tmp_path / "text").mkdir()
    (tmp_path / "text/made.c0.wav").write_text("not a recording")
    with pytest.raises(InputError, match="not a recording"):
        track(scenes, "wide", tmp_path / "text")


def test_signs_are_read_as_words():
    assert speakable("Worth −0.5\u00a0points,\n+27.3 on 1\u202f000, links 4–5.") == (
        "Worth minus 0.5 points, plus 27.3 on 1000, links 4 to 5."
    )


@needs("speech")
def test_an_engine_speaks_the_lines_without_a_recording(tmp_path: Path):
    scenes = cues(2.0, 2.0)
    scenes[0].cues["wide"][0].text = "What has the\nmodel seen?"
    recording(tmp_path / "voice/made.c1.wav", 1.0)
    samples = track(scenes, "wide", tmp_path / "voice", "espeak-ng")
    assert np.abs(samples[: 2 * RATE]).max() > 0.05 and np.abs(samples[2 * RATE :]).max() > 0.05
    scenes[0].cues["wide"][0].text = "many words " * 20
    with pytest.raises(InputError, match=r"cannot say .* in 1\.9 s|cannot say .* in 1\.8 s"):
        track(scenes, "wide", tmp_path / "voice", "espeak-ng")
