"""One file from which interrupted training goes on: named arrays and facts, replaced atomically.

A `.npz` archive without pickled objects. A checkpoint belongs to an identity (settings, data, code,
starting weights); one of another identity is no checkpoint.
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
    """Replace the checkpoint; a process killed while it writes leaves the one before."""
    if FACTS in arrays:
        raise ValueError(f"{FACTS} is not free as a name of an array")
    encoded = msgspec.json.encode({"identity": identity, "facts": facts})
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez(stream, **{FACTS: np.frombuffer(encoded, np.uint8)}, **arrays)


def read_checkpoint(path: Path, identity: str) -> tuple[dict[str, np.ndarray], Any] | None:
    """(arrays, facts), or None where there is no readable checkpoint of this identity."""
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
    """Remove a checkpoint and what writers killed halfway have left beside it."""
    path.unlink(missing_ok=True)
    for folder in path.parent.glob(f".{path.name}.*"):
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
