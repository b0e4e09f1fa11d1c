"""Group relative policy optimisation (GRPO, DeepSeekMath, arXiv 2402.03300, section 4.1) and its relatives.

A rollout batch: for every prompt K completions are sampled from the policy itself and rewarded by the
study; a completion's advantage A is its reward less a baseline, divided by a scale. Then come the
gradient steps on that batch. With r_t = pi(t) / pi_old(t) for token t, a step ascends the mean of

    min(r_t A, clip(r_t, 1 - epsilon, 1 + epsilon_high) A) - beta * k3_t + entropy_coeff * H_t,
    k3 = pi_ref / pi - log(pi_ref / pi) - 1

where H_t is the entropy of pi over the vocabulary at token t, in nats (Williams and Peng, "Function optimization using
connectionist reinforcement learning algorithms", 1991; verl's `entropy_coeff`), pi_ref is the policy that the arm starts from and k3 the estimator of Schulman ("Approximating KL
divergence", 2020; DeepSeekMath, equation 4). The settings (`trap.workflow.config.Grpo`) name the published variants:

    GRPO       baseline group, scale_rewards group, importance_sampling_level token, loss_type grpo (equation 3: each
               completion's tokens are averaged, then the completions)
    Dr. GRPO   scale_rewards none, loss_type dr_grpo (arXiv 2503.20783, section 3.2: no division by the standard
               deviation, none by the completion's own length, but by max_completion_length)
    DAPO       loss_type bnpo (all tokens of a step alike), epsilon_high 0.28 (arXiv 2503.14476, sections 3.1 and
               3.3; TRL's loss_type dapo is the same where a step is one batch, as here)
    GSPO       importance_sampling_level sequence (arXiv 2507.18071, section 4.1: r is the geometric mean over the
               completion)
    REINFORCE  num_iterations 1, steps_per_generation 1: pi_old is pi, every r is 1, nothing is clipped and the
               gradient is that of A log pi (Williams 1992); baseline running, batch or none

Departures. Standard deviations are those of the population and 1e-4 is added, so that a group of equal
rewards gives zero and not 0 / 0 (the paper says only "std"). pi_ref is never renewed (the paper's outer
iterations renew it). The rate rises and falls as for the other methods here, where the papers hold it.
DAPO's dynamic sampling (its section 3.2) is not done: a group of equal rewards takes part with zero
advantage, and the log says how many did (`frac_reward_zero_std`); nor is its soft punishment of length (section 3.4) part
of the loss, it is a reward of the study. The platform samples texts: a completion is encoded again as for a fit, and both
policies of a ratio are computed from those tokens by the same code, at the temperature of sampling. A
completion that reached the length limit is trained without an end token, since none was sampled.

An interrupted run goes on where its last checkpoint was written, and ends in the same bytes.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from trap.files import InputError, write_jsonl
from trap.methods import Job
from trap.methods.rsft import sampling_key
from trap.models.batching import learning_rate
from trap.platforms import Example
from trap.studies.base import BaseStudy, Score, reward_parts, score_item
from trap.training.checkpoint import loaded_code, read_checkpoint, remove_checkpoint, write_checkpoint
from trap.training.curriculum import staged_prompts
from trap.training.policy_gradient import Learner, Objective, Rollout, advantages
from trap.training.rollouts import Counts, measure_means
from trap.workflow.registry import load_member

CHECKPOINT_SECONDS = 20.0  # least time between two checkpoints
RECORDED = 4  # prompts per rollout batch whose completions go into rollouts.jsonl ...
KEPT = 10  # ... for about this many batches of a run, spread evenly
MEMORY = 0.9  # share of the running baseline that a rollout batch leaves
LOGGED = 50  # approximate number of rows in a run's log
MEASURED = 64  # completions over which a row of the log measures entropy and divergence
PROBED = 8  # prompts whose log-probabilities identify the starting model

Parts = Mapping[str, float]


def schedule(count: int, per_batch: int, batches: int, parts: int, seed: int) -> list[list[tuple[int, int]]]:
    """The prompts of each rollout batch, as (index, pass). Each pass over the items is shuffled anew.

    With several parts (a curriculum), the items are split evenly in the order written, and each part
    gives its share of the batches.
    """
    plan: list[list[tuple[int, int]]] = []
    for part in range(parts):
        own = range(part * count // parts, (part + 1) * count // parts)
        wanted = (part + 1) * batches // parts - part * batches // parts
        queue: list[tuple[int, int]] = []
        turn = 0
        while len(queue) < wanted * per_batch:
            indices = list(own)
            random.Random(f"grpo:{seed}:{part}:{turn}").shuffle(indices)
            queue += [(i, turn) for i in indices]
            turn += 1
        plan += [queue[b * per_batch : (b + 1) * per_batch] for b in range(wanted)]
    return plan


def minibatches(prompts: int, k: int, parts: int, epochs: int, name: str) -> list[list[int]]:
    """Indices of the rollouts of each gradient step: whole groups, dealt anew in each epoch if there are several parts."""
    steps = []
    for epoch in range(epochs):
        order = list(range(prompts))
        if parts > 1:
            random.Random(f"grpo:{name}:{epoch}").shuffle(order)
        size = prompts // parts
        for part in range(parts):
            groups = sorted(order[part * size : (part + 1) * size])
            steps.append([group * k + i for group in groups for i in range(k)])
    return steps


class Totals:
    """Collects means over the rollout batches since the last row of the log."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def row(self) -> dict[str, float]:
        """The rounded means since the last row; starts a new window."""
        means = {name: round(total / self.counts[name], 6) for name, total in self.sums.items()}
        self.__init__()
        return means


class Progress(msgspec.Struct):
    """The state of a run, all of which goes into its checkpoint."""

    batches: int = 0
    running: float | None = None  # the running baseline
    counts: Counts = msgspec.field(default_factory=Counts)
    rows: list[dict[str, Any]] = []
    episodes: list[str] = []  # JSON
    probed: list[dict[str, Any]] = []  # answers to validation questions so far


class Run:
    """One training run: checked settings, a schedule, a learner."""

    def __init__(self, job: Job) -> None:
        self.job, self.hyper, self.arm = job, job.hyper, job.arm
        self.how = settings_of(job)
        self.study = job.study
        self.items = staged_prompts(job)
        if len(self.items) < max(1, job.arm.rounds):
            raise InputError(f"arms: arm `{job.arm.arm}`: {len(self.items)} items are too few")
        self.per_batch = self.hyper.batch_size // self.hyper.num_generations * self.how.steps_per_generation
        self.updates = self.how.num_iterations * self.how.steps_per_generation
        self.steps = self.hyper.max_steps * self.arm.rounds
        self.plan = schedule(
            len(self.items), self.per_batch, -(-self.steps // self.updates), self.arm.rounds, job.seed
        )
        self.every = max(1, len(self.plan) // LOGGED)
        self.learner = learner_of(job)
        self.progress = Progress()
        self.totals = Totals()

    # --- one rollout batch ------------------------------------------------------------------------

    def batch(self, number: int, log: bool) -> None:
        hyper, how, progress = self.hyper, self.how, self.progress
        asked = [(self.items[i], turn) for i, turn in self.plan[number]]
        drawn = self.job.model.sample(
            [item.prompt for item, _ in asked], num_generations=hyper.num_generations, temperature=hyper.temperature, max_completion_length=hyper.max_completion_length,
            keys=[sampling_key(self.job.seed, turn, item.id) for item, turn in asked],
        )  # fmt: skip
        scores = [
            [score_item(self.study, item, text) for text in texts]
            for (item, _), texts in zip(asked, drawn, strict=True)
        ]
        parts = [
            [
                reward_parts(self.study, self.arm.reward, item, score, text)
                for score, text in zip(row, texts, strict=True)
            ]
            for (item, _), row, texts in zip(asked, scores, drawn, strict=True)
        ]
        rewards = np.array([[sum(values.values()) for values in row] for row in parts])
        gained = advantages(rewards, how.baseline, how.scale_rewards, progress.running)
        mean = float(rewards.mean())
        progress.running = (
            mean if progress.running is None else MEMORY * progress.running + (1 - MEMORY) * mean
        )
        lengths = self.job.model.lengths([text for texts in drawn for text in texts])
        cut = [length >= hyper.max_completion_length for length in lengths]
        texts = [(item.prompt, text) for (item, _), row in zip(asked, drawn, strict=True) for text in row]
        self.learner.observe(
            [
                Rollout(prompt, text, float(gain), was_cut)
                for (prompt, text), gain, was_cut in zip(texts, gained.reshape(-1), cut, strict=True)
            ],
            several=self.updates > 1,
        )  # fmt: skip
        self._record(number, asked, drawn, scores, gained)
        self.totals.add(summary(self.study, rewards, parts, scores, lengths, cut))
        if log:
            self.totals.add(self.learner.measure(MEASURED))

    def _record(self, number: int, asked: Any, drawn: Any, scores: Any, gained: np.ndarray) -> None:
        """Count for meta.json and keep completions of the first prompts. `kept` marks those that are made likelier."""
        for row, ((item, _), texts, scored) in enumerate(zip(asked, drawn, scores, strict=True)):
            winners = [score for score, gain in zip(scored, gained[row], strict=True) if gain > 0]
            self.progress.counts.add(self.study, scored, winners)
            if row < RECORDED and number % -(-len(self.plan) // KEPT) == 0:
                for text, score, gain in zip(texts, scored, gained[row], strict=True):
                    episode = self.study.episode(
                        item, text, score, phase="grpo", step=number, kept=bool(gain > 0)
                    )
                    self.progress.episodes.append(msgspec.json.encode(episode).decode())

    def update(self, number: int) -> int:
        """Take the gradient steps of a rollout batch; returns how many there were in all."""
        first = number * self.updates
        dealt = minibatches(
            self.per_batch,
            self.hyper.num_generations,
            self.how.steps_per_generation,
            self.how.num_iterations,
            f"{self.job.seed}:{number}",
        )
        for step, chosen in enumerate(dealt[: self.steps - first], start=first):
            factor = learning_rate(step, self.steps, self.hyper.warmup_ratio)
            self.totals.add(self.learner.step(chosen, factor))
        return min(self.steps, first + self.updates)

    # --- the whole run ----------------------------------------------------------------------------

    def train(self) -> None:
        path, identity = self.job.output / "checkpoint.npz", self.identity()
        if (found := read_checkpoint(path, identity)) is not None:
            self._resume(*found)
        written = time.monotonic()
        for number in range(self.progress.batches, len(self.plan)):
            log = (number + 1) % self.every == 0 or number + 1 == len(self.plan)
            self.learner.sync()
            self.batch(number, log)
            before, step = number * self.updates, self.update(number)
            self.progress.batches = number + 1
            if (
                self.job.probe
                and step * self.hyper.probes // self.steps > before * self.hyper.probes // self.steps
            ):
                self.learner.sync()
                self.job.probe(step)
            if log:
                row = {"kind": "train", "step": step, **self.totals.row()}
                self.progress.rows.append(row)
                self.job.log(row)
                if time.monotonic() - written >= CHECKPOINT_SECONDS and number + 1 < len(self.plan):
                    self.progress.probed = list(self._probed())
                    write_checkpoint(path, identity, self.learner.state(), msgspec.to_builtins(self.progress))
                    written = time.monotonic()
        self.learner.close()
        episodes = (msgspec.Raw(row.encode()) for row in self.progress.episodes)
        write_jsonl(self.job.output / "rollouts.jsonl", episodes)
        remove_checkpoint(path)

    def _probed(self) -> list[dict[str, Any]]:
        """The rows that the job's probe keeps, if it keeps any; train_adapter.py writes them."""
        return getattr(self.job.probe, "rows", [])

    def _resume(self, arrays: dict[str, np.ndarray], facts: Any) -> None:
        self.progress = msgspec.convert(facts, Progress)
        self.learner.restore(arrays)
        self._probed()[:] = self.progress.probed
        for row in self.progress.rows:
            self.job.log(row)

    def identity(self) -> str:
        """The identity of a checkpoint: a hash of settings, prompts, code and the weights at the start."""
        probe = [Example(item.prompt, item.prompt) for item in self.items[:PROBED]]
        facts = [
            self.job.platform, self.job.seed, msgspec.to_builtins(self.arm), msgspec.to_builtins(self.hyper),
            [[item.id, item.prompt] for item in self.items], self.job.model.logprobs(probe), loaded_code(),
        ]  # fmt: skip
        return hashlib.blake2b(msgspec.json.encode(facts), digest_size=16).hexdigest()


def train(job: Job) -> dict[str, Any]:
    """Train the policy; returns counts for meta.json. `winners` counts completions with a positive advantage."""
    run = Run(job)
    run.train()
    counts = run.progress.counts
    return {"n_train": counts.sampled, "steps": run.steps, "rollouts": counts.facts(job.study)}


def summary(
    study: BaseStudy, rewards: np.ndarray, parts: Sequence[Sequence[Parts]], scores: Sequence[Sequence[Score]],
    lengths: Sequence[int], cut: Sequence[bool],
) -> dict[str, float]:  # fmt: skip
    """Means over a rollout batch: reward and its parts, scores, the study's measures, tokens per completion."""
    flat = [score for row in scores for score in row]
    every = [values for row in parts for values in row]
    names = dict.fromkeys(name for values in every for name in values)
    faithful = {"faithful": sum(bool(score.faithful) for score in flat) / len(flat)}
    return {
        "reward": float(rewards.mean()),
        "reward_std": float(rewards.std(axis=1).mean()),
        "frac_reward_zero_std": float((np.ptp(rewards, axis=1) == 0).mean()),
        **{
            f"rewards/{name}/mean": sum(values.get(name, 0.0) for values in every) / len(every)
            for name in names
        },
        "value": sum(score.value for score in flat) / len(flat),
        "correct": sum(score.correct for score in flat) / len(flat),
        "format": sum(score.format for score in flat) / len(flat),
        **(faithful if study.answers_with_reasons else {}),
        **{f"measure_{name}": mean for name, mean in measure_means(study, flat).items()},
        "completions/mean_length": sum(lengths) / len(lengths),
        "completions/clipped_ratio": sum(cut) / len(cut),
    }


def settings_of(job: Job) -> Any:
    """The policy-gradient settings of the arm. Raises InputError for a row or set that this method cannot run."""
    arm, hyper = job.arm, job.hyper

    def refuse(reason: str) -> None:
        raise InputError(f"arms: arm `{arm.arm}`: {reason}")

    how = getattr(hyper, "grpo", None)
    if how is None:
        refuse(f"hyper `{arm.hyper}` has no `grpo` section, which the method grpo needs")
    if arm.rollouts not in ("", arm.parent):
        refuse("rollouts: grpo samples from the policy that it trains (leave it empty)")
    if not arm.reward:
        refuse("reward: grpo needs one")
    if arm.selection not in ("", "curriculum"):
        refuse(f"selection: grpo selects nothing, `{arm.selection}` has no meaning")
    if arm.rounds > 1 and arm.selection != "curriculum":
        refuse("rounds: only a curriculum has several, one per part of its mixture")
    if hyper.replay:
        refuse(f"hyper `{arm.hyper}`: replay is for rsft")
    if hyper.batch_size % hyper.num_generations:
        refuse(
            f"hyper `{arm.hyper}`: batch_size {hyper.batch_size} is not a whole number of groups of num_generations {hyper.num_generations}"
        )
    return how


def learner_of(job: Job) -> Learner:
    """The platform's learner. Raises InputError where the platform has none."""
    try:
        module = load_member("platform", job.platform, "grpo")
    except ModuleNotFoundError as error:
        if error.name != f"trap.platforms.{job.platform}.grpo":
            raise
        raise InputError(f"platform: `{job.platform}` has no policy gradient (method grpo)") from None
    how, hyper = job.hyper.grpo, job.hyper
    objective = Objective(
        epsilon=how.epsilon, epsilon_high=how.epsilon if how.epsilon_high is None else how.epsilon_high, beta=how.beta, entropy_coeff=how.entropy_coeff or 0.0, importance_sampling_level=how.importance_sampling_level,
        loss_type=how.loss_type, temperature=hyper.temperature, max_completion_length=hyper.max_completion_length,
    )  # fmt: skip
    return module.learner(job.model, job.fit_settings(), objective, job.seed)
