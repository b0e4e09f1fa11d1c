"""Rejection-sampling fine-tuning (RFT, arXiv 2308.01825; STaR, arXiv 2203.14465; RAFT, arXiv 2504.11343).

For every prompt K completions are sampled and scored; the best are kept if they reach the minimum
reward, and the model is trained on what was kept. The reference answer is never a candidate: only
sampled text is trained on. With several rounds, each samples from the model of the round before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from trap.files import InputError, write_jsonl
from trap.methods import Job, draw, examples_of, read_pool, read_prompts
from trap.platforms import Example
from trap.studies.base import BaseStudy, Score, rank_item, score_item
from trap.training.rollouts import Counts


def sampling_key(seed: int, round_number: int, identity: str) -> int:
    """The key of one prompt's random stream. It depends only on the seed, the round and the item's id."""
    digest = hashlib.blake2b(f"{seed}:{round_number}:{identity}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def select(
    study: BaseStudy, item: Any, scored: Sequence[tuple[str, Score]], arm: Any, hyper: Any
) -> list[int]:
    """Indices of the completions to keep for one prompt, best first. Ties go to the earlier sample.

    `best` keeps the highest rewards. `faithful` also asks that the completion is faithful. Equal texts count once.
    """
    keys = [rank_item(study, arm.reward, item, score, text) for text, score in scored]
    kept: list[int] = []
    for i in sorted(range(len(scored)), key=keys.__getitem__, reverse=True):
        text, score = scored[i]
        if hyper.min_reward is not None and keys[i][0] < hyper.min_reward:
            continue
        if arm.selection == "faithful" and not score.faithful:
            continue
        if any(scored[j][0] == text for j in kept):
            continue
        kept.append(i)
        if len(kept) == hyper.top:
            break
    return kept


def collect(
    job: Job, sampler: Any, items: Sequence[Any], round_number: int
) -> tuple[list[Example], list[Any], dict]:
    """Sample, score and select; returns training examples, episodes with winners marked, and counts.

    Raises InputError for a selection that the study cannot make, and naming an item whose grader raises.
    """
    hyper, arm, study = job.hyper, job.arm, job.study
    if arm.selection == "faithful" and not study.answers_with_reasons:
        raise InputError(
            f"arms: arm `{arm.arm}`: selection: study `{study.name}` asks for no reasons to check"
        )
    drawn = sampler.sample(
        [item.prompt for item in items], num_generations=hyper.num_generations, temperature=hyper.temperature, max_completion_length=hyper.max_completion_length,
        keys=[sampling_key(job.seed, round_number, item.id) for item in items],
    )  # fmt: skip
    examples, episodes, counts = [], [], Counts()
    for item, completions in zip(items, drawn, strict=True):
        scored = [(text, score_item(study, item, text)) for text in completions]
        kept = select(study, item, scored, arm, hyper)
        for i, (text, score) in enumerate(scored):
            episodes.append(study.episode(item, text, score, phase="rsft", step=round_number, kept=i in kept))
        examples += [Example(item.prompt, scored[i][0]) for i in kept]
        counts.add(study, [score for _, score in scored], [scored[i][1] for i in kept])
    return examples, episodes, counts.facts(study)


def replay(job: Job, examples: list[Example]) -> list[Example]:
    """The examples, mixed with references of `job.replay_pool`, which make up the share `hyper.replay`.

    The mixture has as many different references as the fit has room for. The examples are repeated to keep their
    share. So the model keeps its skill while it learns a handful of winners. Raises InputError where no SFT came before
    whose pool could be replayed.
    """
    share = job.hyper.replay
    if not share or not examples:
        return examples
    if not job.replay_pool:
        raise InputError(f"arms: arm `{job.arm.arm}`: replay: no SFT on a pool comes before it")
    items = read_pool(job, job.replay_pool)
    items = draw(
        items, min(len(items), round(job.hyper.max_steps * job.hyper.batch_size * share)), held_back=False
    )
    times = max(1, round(len(items) * (1 - share) / share / len(examples)))
    return [*examples * times, *examples_of(job, items)]


def train(job: Job) -> dict[str, Any]:
    """Rounds of sample, select, fit. A round that keeps nothing trains nothing.

    With the selection `curriculum`, each round takes one pool of the arm's mixture, in the order written.
    """
    items = read_prompts(job)
    rounds = job.arm.rounds
    per_round = [items] * rounds
    if job.arm.selection == "curriculum":
        size = len(items) // rounds
        per_round = [items[i * size : (i + 1) * size if i < rounds - 1 else None] for i in range(rounds)]
    settings = job.fit_settings()
    sampler, history, episodes, done = job.sampler(), [], [], 0
    for number, prompts in enumerate(per_round):
        examples, rows, counts = collect(job, sampler, prompts, number)
        history.append(counts)
        episodes += rows
        job.log({"kind": "rollouts", "step": done, **counts})
        if not examples:
            continue
        job.fit(replay(job, examples), settings, job.seed * 1000 + number, done)
        done += settings.max_steps
        sampler = job.model
    write_jsonl(job.output / "rollouts.jsonl", episodes)
    last = history[-1]
    return {"n_train": last["winners"], "steps": done, "rollouts": last, "rounds": history}
