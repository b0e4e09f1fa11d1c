"""Opening the evidence of a study's experiment as its settings say: the one way from names to what figures draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.figures.estimates import Evidence
from trap.figures.settings import FigureSettings, load_settings
from trap.files import InputError
from trap.studies.base import study_class
from trap.workflow.config import Config, load_config
from trap.workflow.opening import study_settings
from trap.workflow.sheet import Arm, load_arms

SETTINGS = "figures.yaml"


def settings_file(config: Path | str, study: str, given: Path | None = None) -> Path | None:
    """Where a study says what its figures show: the given file, or `STUDY/figures.yaml` beside the settings, or none.

    Settings that the workflow wrote (`.snakemake/settings`) lie beside no study, so config/STUDY is looked at last.
    """
    if given is not None:
        return given
    found = (Path(config).parent / study / SETTINGS, Path("config", study, SETTINGS))
    return next((path for path in found if path.is_file()), None)


def figure_settings(config: Path | str, study: str, given: Path | None = None) -> FigureSettings:
    """What the figures of a study show. Raises InputError naming file and key."""
    return load_settings(settings_file(config, study, given))


def sheet_of(config: Config, study: str, experiment: str | None) -> dict[str, Arm]:
    """The arms of an experiment's sheet, or of the study's own one, by name.

    Raises InputError where the study has no such experiment.
    """
    settings = study_settings(config, study)
    if experiment is None:
        return load_arms(settings.sheet)
    if experiment not in settings.experiments:
        known = ", ".join(settings.experiments)
        raise InputError(f"study {study}: no experiment `{experiment}` (there are {known})")
    return load_arms(settings.experiments[experiment].sheet or settings.sheet)


def model_titles(config: Config) -> dict[str, str]:
    """What each model is called, in the order of the settings."""
    return {name: model.title or name.rsplit("/", 1)[-1] for name, model in config.models.items()}


def open_evidence(
    config: Path | str, study: str, experiment: str | None, claims: Path, tables: Path, settings: Path | None = None
) -> Evidence:  # fmt: skip
    """Tables and claims with everything that is declared about them.

    config: the settings file. settings: another file than the study's `figures.yaml`. Raises InputError for a study, an
    experiment or a key that is not there.
    """
    loaded = load_config(config)
    kind: Any = study_class(study)
    return Evidence(
        claims, tables, settings=figure_settings(config, study, settings), sheet=sheet_of(loaded, study, experiment),
        titles=model_titles(loaded), pools=kind.pools, level_name=kind.level_name,
    )  # fmt: skip
