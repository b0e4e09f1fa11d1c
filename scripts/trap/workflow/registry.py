"""Find studies, platforms and methods by name: each is a module in the folder of its kind.

There is no list of names. Such a list would be code that all results depend on, and a new member would make the
results of others stale. Studies are also found in `studies/` of the working directory, where users put their own.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from trap.files import InputError

HERE = Path(__file__).resolve().parents[1]
FOLDERS = {"study": "studies", "platform": "platforms", "method": "methods"}


def folders(kind: str) -> list[str]:
    """The folders that hold members of a kind, that of this package first."""
    here = str(HERE / FOLDERS[kind])
    own = Path.cwd() / "studies"
    return [here, str(own)] if kind == "study" and own.is_dir() else [here]


def members(kind: str) -> tuple[str, ...]:
    """Sorted names of a kind: "study", "platform" or "method". A study is a folder; the others may be a file."""
    found = pkgutil.iter_modules(folders(kind))
    if kind != "study":
        return tuple(sorted(module.name for module in found))
    return tuple(
        sorted({path.parent.name for folder in folders(kind) for path in Path(folder).glob("*/study.py")})
    )


def load_member(kind: str, name: str, module: str = "") -> ModuleType:
    """Import a member, or one module of it. Raises InputError if there is none of that name."""
    if name not in members(kind):
        raise InputError(f"{kind}: unknown {kind} {name!r} (known: {', '.join(members(kind))})")
    package = importlib.import_module(f"trap.{FOLDERS[kind]}")
    for folder in folders(kind):
        if folder not in package.__path__:
            package.__path__.append(folder)
    return importlib.import_module(".".join(["trap", FOLDERS[kind], name, *([module] if module else [])]))
