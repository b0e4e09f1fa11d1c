"""Supervised fine-tuning on a few demonstrations, mixed with what the model has learned before.

Demonstrations come from the front of the pool and prompts of later methods from its end, so that no arm is asked
what it was shown. `replay` is the share of earlier SFT references in what the fit sees. It keeps the skill that the
model has while a handful of hard traces is learned.
"""

from __future__ import annotations

from typing import Any

from trap.files import InputError
from trap.methods import Job, draw, examples_of, read_pool
from trap.methods.rsft import replay


def train(job: Job) -> dict[str, Any]:
    """Fit the references of the first `hyper.prompts` questions; returns their number and the steps.

    Raises InputError for a mixture (demonstrations are of one pool) and for a pool that is too small.
    """
    if job.arm.mixture:
        raise InputError(f"arms: arm `{job.arm.arm}`: mixture: demonstrations come from one pool")
    items = read_pool(job, job.arm.pool)
    try:
        items = draw(items, job.hyper.prompts or len(items), held_back=False)
    except InputError as error:
        raise InputError(f"{job.data / job.arm.pool}.jsonl: {error} (arm `{job.arm.arm}`)") from None
    settings = job.fit_settings()
    job.fit(replay(job, examples_of(job, items)), settings, job.seed)
    return {"n_train": len(items), "steps": settings.max_steps}
