"""Which files a page consists of. Nothing is read but `page/`: the rules ask this before anything runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

from trap.site.panels import Panels, read_panels

TEMPLATE = "index.html.j2"
_IMPORT = re.compile(r'^import [^;]*? from "(\.[^"]+)";$', re.MULTILINE)
_WORKER = re.compile(r'new URL\("(\.[^"]+\.js)", import\.meta\.url\)')


def modules(source: Path, panels: Panels, *, whole: bool = False) -> list[str]:
    """`main.js`, the store, the first tab and what they import, relative to `source`, in the order in which they are met.

    `whole`: every tab instead of the first, and what is started as a worker.
    """
    tabs = [tab.module for tab in panels.tabs if tab.module]
    found = list(dict.fromkeys(["main.js", panels.store, *(tabs if whole else tabs[:1])]))
    for name in found:  # grows while it is read
        text = (source / name).read_text(encoding="utf-8")
        for target in [*_IMPORT.findall(text), *(_WORKER.findall(text) if whole else ())]:
            path = Path(os.path.normpath(Path(name).parent / target)).as_posix()
            if path not in found:
                found.append(path)
    return found


def source_files(source: Path, study: str) -> list[Path]:
    """Files of `page/` that the page of a study needs, relative to it, sorted."""
    panels = read_panels(source, study)
    pictures = (path.relative_to(source).as_posix() for path in source.glob("*.svg"))
    named = {*modules(source, panels, whole=True), "style.css", *panels.styles, *pictures}
    return [Path(name) for name in sorted(named)]


def tokenizer_of(model: Path) -> Path:
    """The tokenizer file of a model file."""
    return model.with_suffix(".tokenizer.json")
