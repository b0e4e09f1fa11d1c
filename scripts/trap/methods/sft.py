"""Supervised fine-tuning on reference completions."""

from __future__ import annotations

from typing import Any

from trap.methods import Job, examples_of, read_prompts


def train(job: Job) -> dict[str, Any]:
    """Fit the references of the arm's pool; returns the numbers of examples and of steps."""
    items = read_prompts(job)
    settings = job.fit_settings()
    job.fit(examples_of(job, items), settings, job.seed)
    return {"n_train": len(items), "steps": settings.max_steps}
