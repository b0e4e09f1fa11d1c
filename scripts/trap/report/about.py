"""What a post tells about a study besides results: title, pools, gates, an example and the list of figures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from trap.figures.catalogue import figure_names, load_figure
from trap.figures.estimates import Evidence
from trap.figures.opening import module_of
from trap.files import read_json
from trap.studies.base import study_class
from trap.workflow.config import Config
from trap.workflow.opening import data_folder, open_study, study_settings
from trap.workflow.registry import load_member

EXAMPLE_LETTERS = 2000  # of a prompt or a completion that is shown


def own_context(module: str, tables: Path) -> dict[str, Any]:
    """The names that the study's own `post.py` adds to its template, from `context(tables)`; {} without `post.py`."""
    package = load_member("study", module)
    if importlib.util.find_spec(f"{package.__name__}.post") is None:
        return {}
    return dict(load_member("study", module, "post").context(tables))


def about(
    config: Config, study: str, experiment: str | None, evidence: Evidence, data: Path | None
) -> dict[str, Any]:
    """The names `study`, `pools`, `gates`, `example` and `figures` of a template.

    data: the study's folder of shared files, by default results/STUDY/data. Missing files leave their names empty.
    """
    settings = study_settings(config, study)
    module = module_of(settings, study)
    kind, folder = study_class(module), data or data_folder(study)
    gates = read_json(folder / "gates.json", dict[str, Any]) if (folder / "gates.json").is_file() else {}
    chosen = settings.experiments[experiment].title if experiment in settings.experiments else ""
    return {
        "study": {
            "name": study, "title": settings.title or study.replace("_", " "), "experiment": chosen or experiment or "",
            "level_name": evidence.level_name, "reasons": kind.answers_with_reasons,
        },
        "pools": _pools(kind, settings.counts, gates),
        "gates": gates,
        "example": _example(config, study, evidence.pool, folder),
        "figures": _figures(module, evidence),
    }  # fmt: skip


def _pools(kind: Any, counts: dict[str, int], gates: dict[str, Any]) -> list[dict[str, Any]]:
    """The study's pools with their sizes and gates: those that the settings or the gates count."""
    checked = {row["pool"]: row for row in gates.get("pools", [])}
    return [
        {
            "name": pool.name, "role": pool.role, "level": pool.level, "derived_from": pool.derived_from,
            "trainable": pool.trainable, "size": checked.get(pool.name, {}).get("items") or counts.get(pool.name),
            "gates": checked.get(pool.name),
        }
        for pool in kind.pools
        if pool.name in counts or pool.name in checked
    ]  # fmt: skip


def _example(config: Config, study: str, pool: str, folder: Path) -> dict[str, str] | None:
    """Prompt and reference of a pool's first item; None without the pool's file."""
    if not (folder / f"{pool}.jsonl").is_file():
        return None
    opened = open_study(config, study, folder)
    item = next(iter(opened.read(folder / f"{pool}.jsonl")), None)
    if item is None:
        return None
    return {"prompt": item.prompt[:EXAMPLE_LETTERS], "reference": opened.reference(item)[:EXAMPLE_LETTERS]}


def _figures(module: str, evidence: Evidence) -> list[dict[str, str]]:
    """Name, title and description of every figure that the study can have, whether drawn or not."""
    found = []
    for name in figure_names(module):
        figure = load_figure(module, name)
        declared = getattr(evidence.settings, name, None)
        words = (declared and declared.alt) or figure.ALT
        found.append({"name": name, "title": figure.TITLE, "alt": evidence.text(words)})
    return found
