"""Open the sources of a study's film."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trap.figures.opening import module_of, open_evidence
from trap.files import InputError
from trap.film.facts import Sources
from trap.workflow.config import Config, load_config
from trap.workflow.opening import data_folder, study_settings
from trap.workflow.plan import Plan
from trap.workflow.registry import load_member


def open_film(
    config: Path | str, study: str, experiment: str | None, claims: Path, tables: Path, collected: Path | None = None,
    data: Path | None = None, beside: Mapping[str, Path] | None = None,
) -> Sources:  # fmt: skip
    """The sources of a study's film.

    data: the study's folder of shared files, by default results/STUDY/data. beside: see `Sources`; by default the
    released experiments that the settings name beside this one. The other arguments are those of
    `open_evidence`, whose errors this raises too. Raises InputError for a study without a film.
    """
    loaded = load_config(config)
    module = module_of(study_settings(loaded, study), study)
    try:
        own = load_member("study", module, "film.sources")
    except ModuleNotFoundError as error:
        if not str(error.name).endswith((".film", ".film.sources")):
            raise
        raise InputError(f"study {study}: it has no film (studies/{module}/film/sources.py)") from None
    evidence = open_evidence(loaded, study, experiment, claims, tables, collected)
    if beside is None:
        beside = released_beside(loaded, study, experiment)
    return own.FilmSources(evidence, module, data or data_folder(study), beside)


def released_beside(config: Config, study: str, experiment: str | None) -> dict[str, Path]:
    """{experiment: folder of its items} of the experiments beside this one whose items are released."""
    plan = Plan.of(config, study)
    if experiment is None:
        return {}
    named = plan.experiment(experiment).beside
    folders = {name: Path(plan.evidence(name)) for name in named}
    return {name: path for name, path in folders.items() if path == Path(plan.released_folder(name))}
