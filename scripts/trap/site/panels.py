"""The tabs of a page: those of the shell, and those that a study adds in `page/studies/STUDY/panels.json`.

A study without that file has the shell's tabs. Paths in the file are relative to its folder:

    tabs     in the order of the page; a tab with a `module` is the study's own, one without is the shell's of that name
    answers  the tab with the answers of an arm to a question; charts and claims link to it
    store    a module whose class `Store` extends the shell's; default, the shell's store
    styles   more style sheets
    data     data files that the study's `page.py` makes
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from trap.files import InputError, read_json

FILE = "panels.json"
SHELL = {
    "distribution": ("Distribution", "tabs/distribution.js"),
    "answers": ("Answers", "tabs/answers.js"),
    "training": ("Training curves", "tabs/training.js"),
    "claims": ("Claims", "tabs/claims.js"),
    "about": ("About", ""),  # text that stands in index.html
}


class Tab(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tab: `name` stands in addresses, `module` draws it."""

    name: str
    title: str = ""
    module: str = ""


class Panels(Struct, kw_only=True, forbid_unknown_fields=True):
    """`panels.json`. `read_panels` makes its paths relative to `page/`."""

    tabs: list[Tab] = []
    answers: str = "answers"
    store: str = ""
    styles: list[str] = []
    data: list[str] = []


def read_panels(source: Path, study: str) -> Panels:
    """The tabs of a study's page, with paths relative to `source`, which is `page/`.

    Raises InputError naming file and key for a tab that stands twice, an unknown tab or a missing file.
    """
    own = f"studies/{study}"
    path = source / own / FILE
    found = read_json(path, Panels) if path.is_file() else Panels()
    tabs = [_placed(tab, own, path) for tab in found.tabs or [Tab(name=name) for name in SHELL]]
    names = [tab.name for tab in tabs]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: tabs: a name stands twice ({', '.join(names)})")
    if found.answers not in names:
        raise InputError(f"{path}: answers: no tab {found.answers!r} (there are {', '.join(names)})")
    placed = Panels(
        tabs=tabs,
        answers=found.answers,
        store=f"{own}/{found.store}" if found.store else "data.js",
        styles=[f"{own}/{name}" for name in found.styles],
        data=found.data,
    )
    for name in (*(tab.module for tab in tabs if tab.module), placed.store, *placed.styles):
        if not (source / name).is_file():
            raise InputError(f"{path}: {source / name}: no such file")
    return placed


def _placed(tab: Tab, own: str, path: Path) -> Tab:
    """The tab with its title filled in and its module relative to `page/`."""
    if tab.module:
        return Tab(name=tab.name, title=tab.title or tab.name.capitalize(), module=f"{own}/{tab.module}")
    if tab.name not in SHELL:
        raise InputError(f"{path}: tabs: {tab.name!r} has no module and is none of {', '.join(SHELL)}")
    title, module = SHELL[tab.name]
    return Tab(name=tab.name, title=tab.title or title, module=module)
