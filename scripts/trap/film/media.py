"""Join clips, read frames and check films, with PyAV and Pillow.

All clips of one quality have the same encoding, so joining copies packets and loses nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from trap.files import InputError, replacing

BLACK = 0.004  # mean brightness (0 to 1) of a black frame; the film's empty dark background has 0.06
LONGEST_STILL = 6.0  # seconds without change; a longer stretch counts as a fault
STILL = 1e-4  # mean change of brightness (0 to 1) up to which two frames count as equal


@dataclass(frozen=True)
class Picture:
    """Width and height in pixels, frame rate, and number of frames of a film file."""

    width: int
    height: int
    fps: Fraction
    frames: int

    @property
    def seconds(self) -> float:
        """Number of frames divided by the frame rate."""
        return float(self.frames / self.fps)


NO_PICTURE = Picture(0, 0, Fraction(1), 0)  # of a film without any scene


def _open(path: Path | str) -> av.container.InputContainer:
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        raise InputError(f"{path}: not a film: {error}") from None
    if not container.streams.video:
        raise InputError(f"{path}: holds no pictures")
    return container


def describe(path: Path | str) -> Picture:
    """Size, frame rate and number of frames of a film. Raises InputError if the file is no film."""
    with _open(path) as container:
        stream = container.streams.video[0]
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        return Picture(stream.width, stream.height, Fraction(stream.average_rate), frames)


def join(clips: Sequence[Path], output: Path, title: str = "") -> None:
    """Join clips by copying their packets. Raises InputError if codec, size or frame rate differ."""
    if not clips:
        raise InputError("film: no clips to join")
    kinds = {path: _kind(path) for path in clips}
    if len(set(kinds.values())) > 1:
        odd = next(path for path in clips if kinds[path] != kinds[clips[0]])
        raise InputError(f"{odd}: {kinds[odd]}, but {clips[0]}: {kinds[clips[0]]}")
    with (
        replacing(output) as partial,
        av.open(str(partial), "w", options={"movflags": "faststart"}) as target,
    ):
        if title:
            target.metadata["title"] = title
        stream = None
        offset = Fraction(0)
        for path in clips:
            with _open(path) as source:
                video = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(video)
                base, step = video.time_base, 1 / Fraction(video.average_rate)
                first = min(video.start_time or 0, 0)
                count = 0
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    shift = int(offset / base) - first
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    target.mux(packet)
                    count += 1
                offset += count * step


def _kind(path: Path) -> tuple[object, ...]:
    with _open(path) as container:
        video = container.streams.video[0]
        return video.codec_context.name, video.width, video.height, Fraction(video.average_rate)


def frames(path: Path | str, every: float = 0.0) -> Iterator[tuple[float, np.ndarray]]:
    """(seconds, (height, width, 3) uint8) of every frame, or of one frame per `every` seconds."""
    with _open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        step = max(1, round(every * stream.average_rate)) if every else 1
        for number, frame in enumerate(container.decode(stream)):
            if number % step == 0:
                yield float(number / stream.average_rate), frame.to_ndarray(format="rgb24")


@dataclass(frozen=True)
class Glance:
    """A decoded frame: SHA-256 of its pixels, mean brightness, and mean change since the last one, both 0 to 1."""

    seconds: float
    sha256: str
    brightness: float
    change: float


def glances(path: Path, every: float = 0.5) -> list[Glance]:
    """Decode a whole film and look at one frame per `every` seconds; 0 for every frame."""
    found: list[Glance] = []
    before = None
    for seconds, picture in frames(path, every):
        small = picture[::4, ::4].astype(np.float32) / 255
        change = 1.0 if before is None else float(np.abs(small - before).mean())
        digest = hashlib.sha256(picture.tobytes()).hexdigest()
        found.append(Glance(seconds, digest, float(small.mean()), change))
        before = small
    return found


def faults(path: Path, longest_still: float, seen: Sequence[Glance]) -> list[str]:
    """One line per black frame, and per stretch of more than `longest_still` seconds without movement."""
    found = []
    since = 0.0
    for glance in seen:
        if glance.brightness < BLACK:
            found.append(f"{path}: black at {glance.seconds:.1f} s")
        if glance.change > STILL:
            since = glance.seconds
        elif glance.seconds - since > longest_still:
            found.append(f"{path}: nothing moves from {since:.1f} to {glance.seconds:.1f} s")
            since = glance.seconds
    return found


def check_film(
    path: Path, size: tuple[int, int], fps: int, seconds: float, seen: Sequence[Glance]
) -> list[str]:
    """One line per fault of a finished film.

    size: (width, height) in pixels. seconds: the wanted length, which has to be met to the frame. seen: from `glances`.
    """
    picture = describe(path)
    problems = []
    if (picture.width, picture.height) != size:
        problems.append(f"{path}: {picture.width} x {picture.height}, not {size[0]} x {size[1]}")
    if picture.fps != fps:
        problems.append(f"{path}: {float(picture.fps):g} frames a second, not {fps}")
    if picture.frames != round(seconds * fps):
        problems.append(f"{path}: {picture.frames} frames, not {round(seconds * fps)} ({seconds:.1f} s)")
    return problems + faults(path, LONGEST_STILL, seen)


def contact_sheet(
    path: Path,
    output: Path,
    every: float = 4.0,
    columns: int = 6,
    width: int = 320,
    marks: dict[str, str] | None = None,
) -> None:
    """Write one PNG with a frame per `every` seconds of a film, in rows. marks: PNG texts to store in it."""
    tiles = []
    for _, picture in frames(path, every):
        image = Image.fromarray(picture)
        tiles.append(image.resize((width, round(width * image.height / image.width)), Image.LANCZOS))
    gap = 6
    height = tiles[0].height
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * (width + gap) + gap, rows * (height + gap) + gap), (60, 64, 70))
    for number, tile in enumerate(tiles):
        x, y = gap + (number % columns) * (width + gap), gap + (number // columns) * (height + gap)
        sheet.paste(tile, (x, y))
    text = PngInfo()
    for name, value in (marks or {}).items():
        text.add_text(name, value)
    # 256 colours suffice for flat pictures and give a file of a quarter of the size
    flat = sheet.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    with replacing(output) as partial:
        flat.save(partial, format="PNG", optimize=True, pnginfo=text)


def animated(path: Path, output: Path, width: int = 480, fps: int = 8) -> None:
    """Write a clip as an animated WebP, which pages and slides show without a player."""
    pictures = []
    for _, picture in frames(path, 1 / fps):
        image = Image.fromarray(picture)
        pictures.append(
            image.resize((width, 2 * round(width * image.height / image.width / 2)), Image.LANCZOS)
        )
    with replacing(output) as partial:
        pictures[0].save(
            partial, format="WEBP", save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0,
            quality=70, method=3,
        )  # fmt: skip
