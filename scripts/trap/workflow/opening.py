"""Open a study as the settings say. All programs get their items and scores this way."""

from __future__ import annotations

from pathlib import Path

from trap.files import InputError
from trap.studies.base import BaseStudy, load_study
from trap.workflow.config import Config, StudyConfig

RESULTS = "results"


def data_folder(study: str) -> Path:
    """The folder of a study's shared files: its pools, its corpus, and what its own rules make."""
    return Path(RESULTS, study, "data")


def study_settings(config: Config, name: str) -> StudyConfig:
    """The settings of a study. Raises InputError where the configuration has none of that name."""
    if name not in config.studies:
        raise InputError(f"config: no study `{name}` (there are {', '.join(config.studies)}) - at `studies`")
    return config.studies[name]


def open_study(config: Config, name: str, data: Path | str | None = None) -> BaseStudy:
    """The study, with the options and the seed of its settings. `data`: another folder for its shared files."""
    settings = study_settings(config, name)
    return load_study(settings.module or name, settings.options, data or data_folder(name), settings.seed)
