"""Supervised fine-tuning on reference completions."""

from __future__ import annotations

from typing import Any

from trap.methods import Job, read_lines, read_prompts


def train(job: Job) -> dict[str, Any]:
    """Fit the references of the arm's pool; returns the number of examples and steps."""
    lines = read_prompts(job, read_lines)
    settings = job.fit_settings()
    job.fit([line.example for line in lines], settings, job.seed)
    return {"n_train": len(lines), "steps": settings.steps}
