"""Open the sources of a study's film."""

from __future__ import annotations

from pathlib import Path

from trap.figures.opening import module_of, open_evidence
from trap.files import InputError
from trap.film.facts import Sources
from trap.workflow.config import load_config
from trap.workflow.opening import data_folder, study_settings
from trap.workflow.registry import load_member


def open_film(
    config: Path | str, study: str, experiment: str | None, claims: Path, tables: Path, collected: Path | None = None,
    data: Path | None = None,
) -> Sources:  # fmt: skip
    """The sources of a study's film.

    data: the study's folder of shared files, by default results/STUDY/data. The other arguments are those of
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
    return own.FilmSources(evidence, module, data or data_folder(study))
