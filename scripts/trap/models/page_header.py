"""The header of a page's model file (`trap.models.page_model` writes it), without anything that loads a model."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from trap.files import InputError

MAGIC = b"TRAPNN01"


def read_header(path: Path) -> dict[str, Any]:
    """The header of a model file. Raises InputError where the file is not one."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(MAGIC) + 4)
            if start[: len(MAGIC)] != MAGIC or len(start) != len(MAGIC) + 4:
                raise InputError(f"{path}: not a model file of the page")
            header = json.loads(stream.read(struct.unpack("<I", start[len(MAGIC) :])[0]))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: the header is damaged") from None
    if not isinstance(header, dict):
        raise InputError(f"{path}: the header is damaged")
    return header
