"""What two runs of the same code and settings must have in common: every file of results/, as bytes.

Logs and benchmarks are not results. A few files say how long something took; everything else in them must be the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

APART = ("logs", "benchmarks")  # folders of results/ that hold no results
SECONDS = "seconds"  # of a JSON object: how long something took; also a whole file
# The post says how long a run took.
TIMES = re.compile(
    rb"((?:training|evaluation|total)\b[^0-9]{1,40})\d[\d.,]*(?: |\xc2\xa0|&nbsp;)(?:s|min|h)\b(?:[^<|\n]* min)?"
)


def _lean(value: Any) -> Any:
    """A JSON value without how long something took."""
    if isinstance(value, dict):
        return {key: _lean(part) for key, part in value.items() if key != SECONDS}
    return [_lean(part) for part in value] if isinstance(value, list) else value


def _digest(path: Path) -> str:
    data = path.read_bytes()
    if path.suffix == ".json" and SECONDS.encode() in path.name.encode() + data:
        with suppress(ValueError):  # half a file: its bytes differ from those of a whole one
            value = json.loads(data)
            data = repr(sorted(value) if path.stem == SECONDS else _lean(value)).encode()
    elif path.suffix in (".md", ".html"):
        data = TIMES.sub(rb"\1", data)
    return hashlib.sha256(data).hexdigest()


def fingerprints(project: Path) -> dict[str, str]:
    """SHA-256 of every result by its path, without hidden files."""
    results, found = project / "results", {}
    for path in sorted(results.rglob("*")):
        parts = path.relative_to(results).parts
        if path.is_file() and parts[0] not in APART and not any(part.startswith(".") for part in parts):
            found["/".join(parts)] = _digest(path)
    return found


def left_behind(project: Path) -> list[str]:
    """Temporary files among the results: those of a writer that was killed."""
    hidden = (project / "results").rglob(".*")
    return sorted(
        path.relative_to(project).as_posix()
        for path in hidden
        if not re.fullmatch(r"\.snakemake_timestamp|\.gitkeep", path.name)
    )


def differences(expected: dict[str, str], found: dict[str, str], whole: bool = True) -> list[str]:
    """What is wrong with files that were found, a line each. whole: whether all expected files must be there."""
    lines = [f"{path} differs" for path in found if path in expected and found[path] != expected[path]]
    lines += [f"{path} should not be there" for path in found if path not in expected]
    return lines + [f"{path} is missing" for path in expected if whole and path not in found]
