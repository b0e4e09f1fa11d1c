"""Rejection-sampling fine-tuning (RFT, arXiv 2308.01825; STaR, arXiv 2203.14465; RAFT, arXiv 2504.11343).

For every prompt K completions are sampled and graded; the best are kept if they reach the minimum
reward, and the model is trained on what was kept. The reference answer is never a candidate: only
sampled text is trained on. With several rounds, each samples from the model of the round before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from trap.files import write_jsonl
from trap.methods import Job, draw, read_lines, read_prompts
from trap.platforms import Example


def sampling_key(seed: int, round_number: int, identity: str) -> int:
    """The random stream of one prompt: a function of the seed, the round and the question's id alone."""
    digest = hashlib.blake2b(f"{seed}:{round_number}:{identity}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def select(study: Any, graded: Sequence[tuple[str, Any]], arm: Any, hyper: Any) -> list[int]:
    """Indices of the completions to keep for one prompt, best first; ties go to the earlier sample.

    `best` keeps the highest reward; `faithful` asks in addition that the answer is right and the trace
    a true path. Equal texts count once.
    """
    order = sorted(range(len(graded)), key=lambda i: study.key(graded[i][1], arm.reward), reverse=True)
    kept: list[int] = []
    for i in order:
        text, grade = graded[i]
        reward = study.key(grade, arm.reward)[0]
        if hyper.min_reward is not None and reward < hyper.min_reward:
            continue
        if arm.selection == "faithful" and not grade.faithful:
            continue
        if any(graded[j][0] == text for j in kept):
            continue
        kept.append(i)
        if len(kept) == hyper.top:
            break
    return kept


def collect(
    job: Job, study: Any, sampler: Any, items: Sequence[Any], round_number: int
) -> tuple[list[Example], list[Any], dict]:
    """Sample, grade and select: training examples, episodes (winners marked), and counts."""
    hyper, arm = job.hyper, job.arm
    drawn = sampler.sample(
        [item.prompt for item in items], k=hyper.k, temperature=hyper.temperature, max_new_tokens=hyper.max_new_tokens,
        keys=[sampling_key(job.seed, round_number, item.id) for item in items],
    )  # fmt: skip
    examples, episodes = [], []
    winners, correct, faithful, hops, hit = 0, 0, 0, 0, 0
    for item, completions in zip(items, drawn, strict=True):
        graded = [(text, study.grade(item, text)) for text in completions]
        kept = select(study, graded, arm, hyper)
        hit += any(grade.correct for _, grade in graded)
        for i, (text, grade) in enumerate(graded):
            episodes.append(study.episode(item, text, grade, phase="rsft", step=round_number, kept=i in kept))
        for i in kept:
            grade = graded[i][1]
            examples.append(Example(item.prompt, graded[i][0]))
            winners += 1
            correct += grade.correct
            faithful += grade.faithful
            hops += grade.hops_used
    counts = {
        "sampled": len(items) * hyper.k, "prompts": len(items), "winners": winners, "winner_correct": correct,
        "winner_faithful": faithful, "leaked_letter_rate": hit / len(items), "mean_winner_hops": hops / max(1, winners),
    }  # fmt: skip
    return examples, episodes, counts


def replay(job: Job, examples: list[Example]) -> list[Example]:
    """The examples with references of easy questions mixed in, `hyper.replay` of what a fit sees.

    There are as many different references as the fit has room for, and the examples are repeated to keep
    their share: a handful of winners is then learned beside the skill, not instead of it.
    """
    share = job.hyper.replay
    if not share or not examples:
        return examples
    lines = read_lines(job.data / "easy.jsonl")
    lines = draw(lines, min(len(lines), round(job.hyper.steps * job.hyper.batch * share)), held_back=False)
    times = max(1, round(len(lines) * (1 - share) / share / len(examples)))
    return [*examples * times, *(line.example for line in lines)]


def train(job: Job) -> dict[str, Any]:
    """Rounds of sample, select, fit; a round that keeps nothing trains nothing.

    `curriculum` in the arm's selection splits its mixture into one pool per round, in the order written.
    """
    study = job.study()
    items = read_prompts(job, study.read)
    rounds = job.arm.rounds
    per_round = [items] * rounds
    if job.arm.selection == "curriculum":
        size = len(items) // rounds
        per_round = [items[i * size : (i + 1) * size if i < rounds - 1 else None] for i in range(rounds)]
    settings = job.fit_settings()
    sampler, history, episodes, done = job.sampler(), [], [], 0
    for number, prompts in enumerate(per_round):
        examples, rows, counts = collect(job, study, sampler, prompts, number)
        history.append(counts)
        episodes += rows
        job.log({"kind": "rollouts", "step": done, **counts})
        if not examples:
            continue
        job.fit(replay(job, examples), settings, job.seed * 1000 + number, done)
        done += settings.steps
        sampler = job.model
    write_jsonl(job.output / "rollouts.jsonl", episodes)
    last = history[-1]
    return {"n_train": last["winners"], "steps": done, "rollouts": last, "rounds": history}
