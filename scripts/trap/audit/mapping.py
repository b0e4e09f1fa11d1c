"""The mapping file: what a person says of the fields, where the guess was wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from trap.audit.answers import CONVENTIONS, READERS
from trap.audit.fields import OF_PART
from trap.files import InputError


def load_mapping(path: Path | str) -> dict[str, dict[str, Any]]:
    """part -> role -> path, from YAML with the sections train, eval, samples. Raises InputError naming the key."""
    path = Path(path)
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read: {type(error).__name__}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise InputError(
            f"{path}{line}: not YAML: {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    if not isinstance(loaded, dict):
        raise InputError(f"{path}: sections are wanted: train, eval, samples")
    for part, section in loaded.items():
        if part not in OF_PART:
            raise InputError(f"{path}: {part}: no such section (sections: train, eval, samples)")
        if not isinstance(section, dict):
            raise InputError(f"{path}: {part}: role: field is wanted")
        for role, value in section.items():
            _check_role(f"{path}: {part}.{role}", part, role, value)
    return loaded


def _check_role(place: str, part: str, role: Any, value: Any) -> None:
    texts = isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    if role == "where":
        if not isinstance(value, dict):
            raise InputError(f"{place}: field: value is wanted")
    elif role == "kind":
        if value not in READERS:
            raise InputError(f"{place}: one of {', '.join(READERS)} is wanted")
    elif role == "key":
        if value not in CONVENTIONS:
            raise InputError(f"{place}: one of {', '.join(CONVENTIONS)} is wanted")
    elif role not in OF_PART[part]:
        raise InputError(f"{place}: no such role (roles: {', '.join(OF_PART[part])}, where, kind, key)")
    elif not isinstance(value, str) and not (role in ("options", "run") and texts):
        raise InputError(f"{place}: the name of a field is wanted")
