"""Checkpoints: one file with named arrays and facts, replaced atomically, from which interrupted training goes on.

The file is a `.npz` archive without pickled objects. A checkpoint has an identity: a hash of settings, data, code and
starting weights. A file with another identity is not read.
"""

from __future__ import annotations

import hashlib
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from trap.files import replacing

FACTS = "facts"


def loaded_code() -> str:
    """SHA-256 over every module of this project that the process has imported."""
    digest = hashlib.sha256()
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if (name == "trap" or name.startswith("trap.")) and file and Path(file).is_file():
            digest.update(name.encode() + b"\0" + Path(file).read_bytes() + b"\0")
    return digest.hexdigest()


def write_checkpoint(path: Path, identity: str, arrays: Mapping[str, np.ndarray], facts: Any) -> None:
    """Replace the checkpoint. A process that is killed while it writes leaves the previous one."""
    if FACTS in arrays:
        raise ValueError(f"{FACTS} is not free as a name of an array")
    encoded = msgspec.json.encode({"identity": identity, "facts": facts})
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **{FACTS: np.frombuffer(encoded, np.uint8)}, **arrays)


def read_checkpoint(path: Path, identity: str) -> tuple[dict[str, np.ndarray], Any] | None:
    """(arrays, facts) of the checkpoint; None if there is no readable one with this identity."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            held = {name: archive[name] for name in archive.files}
        document = msgspec.json.decode(held.pop(FACTS).tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.DecodeError):
        return None
    if not isinstance(document, dict) or document.get("identity") != identity:
        return None
    return held, document["facts"]


def remove_checkpoint(path: Path) -> None:
    """Remove a checkpoint, and partial files of writers that were killed."""
    path.unlink(missing_ok=True)
    for folder in path.parent.glob(f".{path.name}.*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


class Keeper:
    """Keeps the state of a long fit in a checkpoint every few minutes, so that a killed process goes on from there.

    told: gives what the process has logged and observed so far (JSON); it is stored as well. recall: takes it back.
    salt: whatever else the result depends on, such as the hash of weights that the fit leaves alone. A fit writes its identity first (`identify`): settings, examples, starting weights and code. With another identity
    nothing is read, so that a resumed fit ends in the bytes of one that was never killed.
    """

    def __init__(
        self,
        path: Path,
        told: Callable[[], Any],
        recall: Callable[[Any], None],
        salt: Any = "",
        seconds: float = 240.0,
    ) -> None:
        self.path, self.told, self.recall, self.salt, self.seconds = path, told, recall, salt, seconds
        self.identity, self.written = "", time.monotonic()

    def identify(self, facts: Any, weights: Iterator[np.ndarray]) -> None:
        """Fix what a checkpoint must belong to. weights: those that the fit starts from, in a fixed order."""
        digest = hashlib.sha256(msgspec.json.encode([loaded_code(), self.salt, facts]))
        for array in weights:
            digest.update(np.ascontiguousarray(array).data)
        self.identity = digest.hexdigest()

    def read(self) -> tuple[dict[str, np.ndarray], Any] | None:
        """(arrays, facts of the fit) of the checkpoint of this fit, after `recall`; None if there is none."""
        if (found := read_checkpoint(self.path, self.identity)) is None:
            return None
        arrays, facts = found
        self.recall(facts["told"])
        return arrays, facts["fit"]

    def due(self) -> bool:
        """Whether the last checkpoint is old enough for another."""
        return time.monotonic() - self.written >= self.seconds

    def write(self, arrays: Mapping[str, np.ndarray], facts: Any) -> None:
        """Replace the checkpoint."""
        write_checkpoint(self.path, self.identity, arrays, {"fit": facts, "told": self.told()})
        self.written = time.monotonic()

    def done(self) -> None:
        """The fit is through: its checkpoint goes."""
        remove_checkpoint(self.path)
