"""Opening a study as the settings say: the one way from a settings file and a name to items and scores."""

from __future__ import annotations

from pathlib import Path

from trap.files import InputError
from trap.studies.base import BaseStudy, load_study
from trap.workflow.config import Config, StudyConfig

RESULTS = "results"


def data_folder(study: str) -> Path:
    """Where the shared files of a study lie: its pools, its corpus, what its own rules make."""
    return Path(RESULTS, study, "data")


def study_settings(config: Config, name: str) -> StudyConfig:
    """The settings of a study. Raises InputError where the configuration has none of that name."""
    if name not in config.studies:
        raise InputError(f"config: no study `{name}` (there are {', '.join(config.studies)}) - at `studies`")
    return config.studies[name]


def open_study(config: Config, name: str, data: Path | str | None = None) -> BaseStudy:
    """The study with the options and the seed of its settings; `data` is another folder for its shared files."""
    settings = study_settings(config, name)
    return load_study(settings.module or name, settings.options, data or data_folder(name), settings.seed)
