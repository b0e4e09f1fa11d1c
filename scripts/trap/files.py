"""Reading and writing the project's files: typed, atomic, with one-line errors.

Everything that the workflow writes goes through here, so that a killed job never leaves a
half-written file under a final name and every complaint names the file and the key or line.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class InputError(Exception):
    """Bad input from a person or a model; the message is one line that names the file and the place."""


def _text(path: Path | str) -> str:
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, not a file") from None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}:{line}: not UTF-8 (byte {error.start})") from None


def read_text(path: Path | str) -> str:
    """The UTF-8 text of a file. Raises InputError naming the file (and line, for a bad byte)."""
    return _text(path)


def read_json(path: Path | str, type: type[T] = Any) -> T:
    """One JSON document decoded (and checked) as `type`. Raises InputError naming file and key."""
    try:
        return msgspec.json.decode(_text(path), type=type)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not JSON: {error}") from None


def iter_jsonl(path: Path | str, type: type[T] = Any) -> Iterator[T]:
    """Rows of a JSON-lines file, each checked as `type`. Raises InputError naming file and line."""
    decoder = msgspec.json.Decoder(type)
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield decoder.decode(line)
        except msgspec.ValidationError as error:
            raise InputError(f"{path}:{number}: {error}") from None
        except msgspec.DecodeError as error:
            raise InputError(f"{path}:{number}: not JSON: {error}") from None


def read_jsonl(path: Path | str, type: type[T] = Any) -> list[T]:
    """All rows of a JSON-lines file, each checked as `type`."""
    return list(iter_jsonl(path, type))


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary sibling of `path`, moved into place only if the block succeeds (files and folders)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        partial = folder / path.name
        yield partial
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text atomically."""
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path | str, value: Any) -> None:
    """Write one indented JSON document atomically; key order is kept, so equal values give equal bytes."""
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def write_jsonl(path: Path | str, rows: Iterable[Any]) -> None:
    """Write JSON lines atomically."""
    encoder = msgspec.json.Encoder()
    with replacing(path) as partial, partial.open("wb") as stream:
        for row in rows:
            stream.write(encoder.encode(row) + b"\n")
