"""What can be named in the settings: every study, platform and method is a module in its folder.

A list of names would be code that all results depend on; a folder is not, so that a new member makes no result of
another stale. Studies are also found in `studies/` of the working directory: a study of one's own touches nothing here.
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
    """Where members of a kind lie, this package's folder first."""
    here = str(HERE / FOLDERS[kind])
    own = Path.cwd() / "studies"
    return [here, str(own)] if kind == "study" and own.is_dir() else [here]


def members(kind: str) -> tuple[str, ...]:
    """Names of a kind ("study", "platform", "method"), sorted. A study is a folder, the others may be a file."""
    found = pkgutil.iter_modules(folders(kind))
    if kind != "study":
        return tuple(sorted(module.name for module in found))
    return tuple(
        sorted({path.parent.name for folder in folders(kind) for path in Path(folder).glob("*/study.py")})
    )


def load_member(kind: str, name: str, module: str = "") -> ModuleType:
    """A member (or a module of it), imported only now. Raises InputError if there is none of that name."""
    if name not in members(kind):
        raise InputError(f"{kind}: unknown {kind} {name!r} (known: {', '.join(members(kind))})")
    package = importlib.import_module(f"trap.{FOLDERS[kind]}")
    for folder in folders(kind):
        if folder not in package.__path__:
            package.__path__.append(folder)
    return importlib.import_module(".".join(["trap", FOLDERS[kind], name, *([module] if module else [])]))
