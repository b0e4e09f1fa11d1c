"""The record of `metrics.json`: the published keys, with ours beside them."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class PhaseMetrics(Struct, kw_only=True):
    """One phase (arm) on one split (pool): means over its questions."""

    accuracy: float
    avg_path_coverage: float
    avg_total_reward: float
    n_examples: int
    # ours: shares of questions, and mean hops of the written traces
    faithful: float | None = None
    valid: float | None = None
    format: float | None = None
    hops_used: float | None = None


class Metrics(Struct, kw_only=True):
    """`metrics.json`: split -> phase -> means; seconds that the evaluation took."""

    splits: dict[str, dict[str, PhaseMetrics]]
    curves: dict[str, Any] = field(default_factory=dict)  # published files have one; ours log to log.jsonl
    run_id: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
