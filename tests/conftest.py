"""Shared fixtures: repository root, published data (when it lies beside the checkout)."""

from __future__ import annotations

from pathlib import Path

import pytest

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
