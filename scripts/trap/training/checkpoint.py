"""Checkpoints: one file with named arrays and facts, replaced atomically, from which interrupted training goes on.

The file is a `.npz` archive without pickled objects. A checkpoint has an identity: a hash of settings, data, code and
starting weights. A file with another identity is not read.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from collections.abc import Mapping
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
