"""Reading and writing the project's files: typed, atomic, with one-line errors.

Everything that the workflow writes goes through here, so that a killed job never leaves a
half-written file under a final name and every complaint names the file and the key or line.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

try:
    import fcntl
except ImportError:  # not a Unix
    fcntl = None

T = TypeVar("T")
# Of this machine, in names of temporary folders.
HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
HERE, SWAP = -100, 2  # AT_FDCWD, and RENAME_EXCHANGE of Linux, which is RENAME_SWAP of macOS
# What a person can mend, by error number.
TROUBLES = {
    errno.ENOSPC: "no space is left on the disk: make room, then start the same command again",
    errno.EDQUOT: "your quota on this disk is used up: make room, then start the same command again",
    errno.EACCES: "this user may not do that here: change owner or rights, or work in a folder of your own",
    errno.EPERM: "this user may not do that here: change owner or rights, or work in a folder of your own",
    errno.EROFS: "this disk can only be read: work in a folder that can be written",
}


class InputError(Exception):
    """Bad input from a person or a model; the message is one line that names the file and the place.

    What a library or an input puts into the message may hold ends of lines, so they become blanks.
    """

    def __init__(self, message: object) -> None:
        super().__init__(" ".join(filter(None, map(str.strip, str(message).splitlines()))) or "bad input")


def trouble(error: BaseException | None) -> str:
    """One line for an error of the machine that a person can mend, such as a full disk; "" for any other error.

    Libraries in other languages raise errors of their own, so the text of the error counts too.
    """
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        text = str(error)
        for known, advice in TROUBLES.items():
            if number == known or (number is None and os.strerror(known) in text):
                file = getattr(error, "filename", None)
                return f"{os.fsdecode(file) if isinstance(file, str | bytes) else 'a file'}: {advice}"
        error = error.__cause__
    return ""


def _text(path: Path | str) -> str:
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, not a file") from None
    except (OSError, ValueError) as error:  # no file can have such a name
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
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
    except (msgspec.DecodeError, RecursionError) as error:
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
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError(f"{path}:{number}: not JSON: {error}") from None


def read_jsonl(path: Path | str, type: type[T] = Any) -> list[T]:
    """All rows of a JSON-lines file, each checked as `type`."""
    return list(iter_jsonl(path, type))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder. The kernel frees it when this process ends in any way.

    Raises BlockingIOError where another process holds it, and OSError where there are no locks.
    """
    if fcntl is None:
        raise OSError("no locks here")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _sweep(path: Path) -> None:
    """Remove temporary siblings of `path` whose writers were killed on this machine.

    Another machine may not see a lock of this one, so folders of other machines stay.
    """
    for folder in path.parent.glob(f".{glob.escape(path.name)}.{HOST}.*"):
        with suppress(OSError), _held(folder):  # else its writer lives
            shutil.rmtree(folder, ignore_errors=True)


def _room(path: Path, stack: ExitStack) -> Path:
    """A new temporary folder beside `path`. The stack holds its lock, if this file system has locks, and removes it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{HOST}.", dir=path.parent))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            stack.enter_context(_held(folder))
        except (BlockingIOError, FileNotFoundError):
            continue  # another process took it for one that was left
        except OSError:
            return folder
        if folder.is_dir():
            return folder


def _exchange(first: Path, second: Path) -> bool:
    """Let two paths change places in one step. False where the system or the file system cannot."""
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None)
    names = os.fsencode(first), os.fsencode(second)
    if hasattr(library, "renameat2"):  # Linux
        return library.renameat2(HERE, names[0], HERE, names[1], SWAP) == 0
    if hasattr(library, "renamex_np"):  # macOS
        return library.renamex_np(*names, SWAP) == 0
    return False


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A temporary sibling of `path`, moved into place only if the block succeeds (files and folders).

    At every moment `path` is what it was or what it becomes, also if this process is killed. Only where a file system
    cannot exchange two folders, the old one is moved aside first, and for an instant there is none. What a killed
    writer left beside `path` is removed by the next one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    with ExitStack() as stack:
        folder = _room(path, stack)
        partial = folder / path.name
        try:
            yield partial
        except OSError as error:
            error.filename = error.filename or str(
                path
            )  # a full disk, for example, does not say of which file
            raise
        if path.is_dir() and not path.is_symlink():
            if _exchange(partial, path):
                return
            os.replace(path, folder / ".old")
        os.replace(partial, path)


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
