"""Expert iteration: rejection sampling in rounds, each on prompts of its own (STaR, arXiv 2203.14465; ReST-EM, arXiv 2312.06585).

It differs from rounds of rsft in three ways. No prompt is asked twice: a round's prompts are the next part of
the arm's mixture, so that a mixture written `easy@3 + hard@4 + hard@5` is a curriculum of levels. What
earlier rounds kept is trained on again in every round, so that no round unlearns it. And each round goes on
from the weights of the round before, where both papers start each round from the first model.
"""

from __future__ import annotations

from typing import Any

from trap.files import InputError, write_jsonl
from trap.methods import Job
from trap.methods.rsft import collect, replay
from trap.platforms import Example
from trap.training.curriculum import in_parts, staged_prompts


def train(job: Job) -> dict[str, Any]:
    """Rounds of sample, select, fit. As long as no completion was kept, nothing is trained.

    Returns counts for meta.json: those of the last round as `rollouts`, those of each round as `rounds`. Raises
    InputError where there are fewer prompts than rounds.
    """
    rounds = job.arm.rounds
    items = staged_prompts(job)
    if len(items) < rounds:
        raise InputError(f"arms: arm `{job.arm.arm}`: {len(items)} prompts for {rounds} rounds are too few")
    settings = job.fit_settings()
    sampler, won, history, episodes, done = job.sampler(), [], [], [], 0
    for number, prompts in enumerate(in_parts(items, rounds)):
        examples, rows, counts = collect(job, sampler, prompts, number)
        history.append(counts)
        episodes += rows
        won += _new(examples, won)
        job.log({"kind": "rollouts", "step": done, **counts})
        if not won:
            continue
        job.fit(replay(job, won), settings, job.seed * 1000 + number, done)
        done += settings.max_steps
        sampler = job.model
    write_jsonl(job.output / "rollouts.jsonl", episodes)
    return {"n_train": len(won), "steps": done, "rollouts": history[-1], "rounds": history}


def _new(examples: list[Example], won: list[Example]) -> list[Example]:
    known = {(example.prompt, example.completion) for example in won}
    return [example for example in examples if (example.prompt, example.completion) not in known]
