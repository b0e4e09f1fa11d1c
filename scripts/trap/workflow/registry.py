"""What can be named in the settings: every study, platform and method is a module in its folder.

A list of names would be code that all results depend on; a folder is not, so that a new member makes
no result of another stale.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from trap.files import InputError

HERE = Path(__file__).resolve().parents[1]
FOLDERS = {"study": "studies", "platform": "platforms", "method": "methods"}


def members(kind: str) -> tuple[str, ...]:
    """Names of a kind ("study", "platform", "method"), sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(HERE / FOLDERS[kind])])))


def load_member(kind: str, name: str, module: str = "") -> ModuleType:
    """A member (or a module of it), imported only now. Raises InputError if there is none of that name."""
    if name not in members(kind):
        raise InputError(f"{kind}: unknown {kind} {name!r} (known: {', '.join(members(kind))})")
    return importlib.import_module(".".join(["trap", FOLDERS[kind], name, *([module] if module else [])]))
