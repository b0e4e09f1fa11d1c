"""The published accuracies as points with exact intervals, as config/hops/figures.yaml declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trap.figures.published import published_points as declared_points
from trap.figures.settings import load_settings
from trap.workflow.config import study_folder


def published_points(claims: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """{name: {value, n, low, high}} of the published points that the claims, by id, quote."""
    return declared_points(claims, load_settings(study_folder("hops") / "figures.yaml").published)
