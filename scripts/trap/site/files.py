"""The source files of a page. The rules ask for them before anything runs, so only `page/` is read here."""

from __future__ import annotations

import os
import re
from pathlib import Path

from trap.site.panels import Panels, read_panels

TEMPLATE = "index.html.j2"
_IMPORT = re.compile(r'^import [^;]*? from "(\.[^"]+)";$', re.MULTILINE)
_WORKER = re.compile(r'new URL\("(\.[^"]+\.js)", import\.meta\.url\)')


def modules(source: Path, panels: Panels, *, whole: bool = False) -> list[str]:
    """JavaScript modules of a page, relative to `source`: `main.js`, the store, the first tab, and all that they import.

    whole: with every tab, and with the workers that they start.
    """
    tabs = [tab.module for tab in panels.tabs if tab.module]
    found = list(dict.fromkeys(["main.js", panels.store, *(tabs if whole else tabs[:1])]))
    for name in found:  # the loop appends to the list that it walks
        text = (source / name).read_text(encoding="utf-8")
        for target in [*_IMPORT.findall(text), *(_WORKER.findall(text) if whole else ())]:
            path = Path(os.path.normpath(Path(name).parent / target)).as_posix()
            if path not in found:
                found.append(path)
    return found


def source_files(source: Path, study: str) -> list[Path]:
    """Files of `page/` that a study's page needs, as sorted paths relative to `page/`."""
    panels = read_panels(source, study)
    pictures = (path.relative_to(source).as_posix() for path in source.glob("*.svg"))
    named = {*modules(source, panels, whole=True), "style.css", *panels.styles, *pictures}
    return [Path(name) for name in sorted(named)]
