"""Add a narration to a finished film, from recordings or an offline speech engine. The films also work without sound.

A recording is a file `SCENE.CUE.EXT` and must not be longer than its cue. A cue without a recording is spoken by the
engine; without an engine it stays silent.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from trap.files import InputError, replacing
from trap.film.facts import Facts
from trap.film.subtitles import timeline

RATE = 48_000  # samples per second
KINDS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
PACES = (160, 190, 220, 260, 300, 340)  # words per minute; the engine takes the first at which a line fits
LEAD = 0.15  # seconds of silence before a line
BLOCK = 1024  # samples per AAC frame


def recordings(folder: Path, scenes: Sequence[Facts]) -> dict[str, Path]:
    """{`SCENE.CUE`: file}. Raises InputError for a file without a cue and for two files of one cue."""
    absent = {scene.scene for scene in scenes if scene.absent}
    known = {f"{scene.scene}.{cue.id}" for scene in scenes for cues in scene.cues.values() for cue in cues}
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.suffix.lower() not in KINDS:
            continue
        if path.stem.partition(".")[0] in absent:
            continue
        if path.stem in found:
            raise InputError(f"{path}: a second recording of {path.stem}, beside {found[path.stem].name}")
        if path.stem not in known:
            raise InputError(f"{path}: no cue {path.stem!r} in the cue sheet")
        found[path.stem] = path
    return found


def sound(path: Path) -> np.ndarray:
    """A recording as (n,) float32 samples, one channel at RATE. Raises InputError if the file has no sound."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise InputError(f"{path}: holds no sound")
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            pieces = [
                piece.to_ndarray().reshape(-1)
                for frame in [*container.decode(audio=0), None]
                for piece in resampler.resample(frame)
            ]
    except av.error.FFmpegError as error:
        raise InputError(f"{path}: not a recording: {error}") from None
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)


def speakable(text: str) -> str:
    """A caption for a speech engine: signs as words, no spaces inside numbers."""
    text = re.sub(r"(?<=\d)[\u202f\u00a0](?=\d)", "", text)
    text = re.sub(r"(?<=\d)–(?=\d)", " to ", text)
    return " ".join(text.replace("−", "minus ").replace("+", "plus ").split())


def spoken(text: str, engine: str, seconds: float) -> np.ndarray:
    """A line spoken by the engine at the slowest pace that fits, as (n,) float32 samples.

    Raises InputError if the line is too long at every pace, or if the engine fails.
    """
    with tempfile.TemporaryDirectory(prefix="trap-speech-") as folder:
        path = Path(folder) / "line.wav"
        for pace in PACES:
            command = [engine, "-v", "en-us", "-s", str(pace), "-w", str(path), "--stdin"]
            try:
                subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=60)
            except (OSError, subprocess.SubprocessError) as error:
                raise InputError(f"{engine}: {error}") from None
            said = sound(path)
            if len(said) <= seconds * RATE:
                return said
    raise InputError(f"{engine}: cannot say {text!r} in {seconds:.1f} s")


def track(scenes: Sequence[Facts], cut: str, folder: Path, engine: str = "") -> np.ndarray:
    """The sound of the whole film as (n,) float32 samples.

    folder: the recordings. engine: path of the speech engine, or "". Raises InputError for a recording that is longer
    than its cue, and if there are neither recordings nor an engine.
    """
    captions = timeline(scenes, cut)
    given = recordings(folder, scenes)
    if not given and not engine:
        raise InputError(f"{folder}: no recordings (SCENE.CUE.wav), and no speech engine: install espeak-ng")
    whole = np.zeros(round(captions[-1].end * RATE), np.float32)
    for caption in captions:
        room = caption.end - caption.start
        path = given.get(f"{caption.scene}.{caption.id}")
        if path is not None:
            said = sound(path)
            if len(said) > room * RATE:
                raise InputError(f"{path}: {len(said) / RATE:.1f} s, but its cue has {room:.1f} s")
        elif engine:
            said = spoken(speakable(caption.text), engine, room - LEAD)
        else:
            continue
        start = round((caption.start + min(LEAD, room - len(said) / RATE)) * RATE)
        whole[start : start + len(said)] += said
    return whole


def lay(film: Path, samples: np.ndarray, output: Path) -> None:
    """Write the film with this sound. The pictures are copied without encoding them again."""
    with (
        replacing(output) as partial,
        av.open(str(film)) as source,
        av.open(str(partial), "w", options={"movflags": "faststart"}) as target,
    ):
        target.metadata.update(source.metadata)
        video = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream("aac", rate=RATE, layout="mono")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        for start in range(0, len(samples), BLOCK):
            part = samples[start : start + BLOCK].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
