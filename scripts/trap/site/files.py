"""Which files a page consists of. Nothing is read but folder listings: the rules ask this before anything runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

TEMPLATE = "index.html.j2"
COPIED = (".js", ".css", ".svg")
SHARED_DATA = ("site", "claims", "graph", "questions")
MODEL_DATA = ("episodes", "curves")
_IMPORT = re.compile(r'^import [^;]*? from "(\.[^"]+)";$', re.MULTILINE)


def source_files(source: Path) -> list[Path]:
    """Files of `page/` that are copied as they are, relative to it, sorted."""
    found = (path.relative_to(source) for path in source.rglob("*") if path.suffix in COPIED)
    return sorted(found, key=lambda path: path.as_posix())


def modules(source: Path, first: str = "main.js") -> list[str]:
    """The module and all that it imports, relative to `source`, in the order in which they are met."""
    found = [first]
    for name in found:  # grows while it is read
        text = (source / name).read_text(encoding="utf-8")
        for target in _IMPORT.findall(text):
            path = os.path.normpath(Path(name).parent / target)
            if path not in found:
                found.append(Path(path).as_posix())
    return found


def data_files(models: Iterable[str]) -> list[str]:
    """Data files relative to the page, models of a browser aside."""
    own = [f"data/{name}.{model}.json" for model in models for name in MODEL_DATA]
    return [*(f"data/{name}.json" for name in SHARED_DATA), *own]


def page_files(folder: str, source: Path, models: Iterable[str]) -> list[str]:
    """Everything that scripts/build_page.py writes into `folder`, `index.html` first."""
    copied = [path.as_posix() for path in source_files(source)]
    return [f"{folder}/{name}" for name in ("index.html", "theme.css", *copied, *data_files(models))]


def tokenizer_of(model: Path) -> Path:
    """The tokenizer file of a model file."""
    return model.with_suffix(".tokenizer.json")
