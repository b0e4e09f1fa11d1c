"""Open the evidence of an experiment: from the names of a study and an experiment to `Evidence`."""

from __future__ import annotations

from pathlib import Path

from trap.figures.estimates import Evidence
from trap.figures.settings import load_settings
from trap.files import InputError
from trap.studies.base import study_class
from trap.workflow.config import Config, StudyConfig, load_config
from trap.workflow.opening import study_settings
from trap.workflow.sheet import load_arms


def module_of(settings: StudyConfig, study: str) -> str:
    """The name of the folder with a study's code."""
    return settings.module or study


def sheet_path(settings: StudyConfig, study: str, experiment: str | None) -> str:
    """The path of an experiment's sheet, by default the study's. Raises InputError for an unknown experiment."""
    if experiment is None:
        return settings.sheet
    if experiment not in settings.experiments:
        known = ", ".join(settings.experiments)
        raise InputError(f"study {study}: no experiment `{experiment}` (there are {known})")
    return settings.experiments[experiment].sheet or settings.sheet


def model_titles(config: Config) -> dict[str, str]:
    """{model: title}, in the order of the settings."""
    return {name: model.title or name.rsplit("/", 1)[-1] for name, model in config.models.items()}


def open_evidence(
    config: Config | Path | str, study: str, experiment: str | None, claims: Path | None, tables: Path,
    collected: Path | None = None,
) -> Evidence:  # fmt: skip
    """The evidence of an experiment, with its sheet and the settings of its figures.

    config: the settings, or their file. experiment: its sheet names the arms; None for the study's own sheet. claims,
    tables, collected: see `Evidence`. Raises InputError for an unknown study, experiment or key.
    """
    loaded = config if isinstance(config, Config) else load_config(config)
    settings = study_settings(loaded, study)
    kind = study_class(module_of(settings, study))
    return Evidence(
        claims, tables, collected=collected, settings=load_settings(settings.figures),
        sheet=load_arms(sheet_path(settings, study, experiment)), titles=model_titles(loaded), pools=kind.pools,
        level_name=kind.level_name,
    )  # fmt: skip
