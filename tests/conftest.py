"""Shared fixtures: repository root, published data (when it lies beside the checkout), what the film is drawn from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hops_data import write_graph

if TYPE_CHECKING:
    from trap.film.facts import Sources

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def published() -> Path:
    """The published data; it is not part of the project, so tests that need it skip without it."""
    folder = ROOT.parent / "shared" / "published"
    if not folder.is_dir():
        pytest.skip("published data not found at ../shared/published")
    return folder


@pytest.fixture(scope="session")
def hops_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the hops study, with its graph alone."""
    return write_graph(tmp_path_factory.mktemp("hops_data"))


@pytest.fixture(scope="session")
def sources() -> Sources:
    """The committed evidence, as the film reads it."""
    from trap.film.facts import Sources

    if not (ROOT / "results/tables/episodes.parquet").is_file():
        pytest.skip("no committed results/tables/episodes.parquet")
    return Sources(ROOT / "results/claims.json", ROOT / "results/tables", ROOT / "results/hops/data/kg.json")
