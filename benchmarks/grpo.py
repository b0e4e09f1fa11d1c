"""GRPO: completions sampled, rewarded and trained on a second, against TRL's GRPOTrainer.

Same trained nano model, hard prompts, K = 8, 64 completions a gradient step, one step on each rollout batch,
temperature 1, at most 64 new tokens, reward v2 by the same grader, no divergence, AdamW on all weights, same
precision and threads. TRL samples with `generate` of transformers; its progress bars, checkpoints and
gradient checkpointing are off, and its set-up and warm-up steps are not counted, nor are ours. The two sides
take turns, to share whatever else the machine does. Both train: the mean rewards of both are in the detail.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workload import Row, Workload, compared

K, BATCH, LONGEST, WARM_UP, RATE = 8, 64, 64, 2, 1e-4


def native(work: Workload, steps: int, platform: str = "torch") -> tuple[float, float]:
    """(seconds of `steps` steps, mean reward over them) of our method on a platform, everything but its set-up."""
    import msgspec

    from trap.files import write_jsonl
    from trap.methods import Job, grpo
    from trap.platforms import load_platform
    from trap.workflow.config import Grpo, Hyper
    from trap.workflow.sheet import Arm

    arm = Arm(
        arm="grpo", parent="sft", rollouts="", method="grpo", pool="hard", mixture="", reward="v2",
        selection="", rounds=1, hyper="grpo", contaminated=False, group="", label="", short="", role="",
    )  # fmt: skip
    hyper = Hyper(
        learning_rate=RATE, max_steps=WARM_UP + steps, batch_size=BATCH, num_generations=K, max_completion_length=LONGEST, tune="full", warmup_ratio=0.0, grpo=Grpo()
    )  # fmt: skip
    times: list[float] = []
    rewards: list[float] = []

    def log(row: dict[str, Any]) -> None:
        times.append(time.perf_counter())
        rewards.append(row["reward"])

    with tempfile.TemporaryDirectory() as folder:
        rows = [msgspec.to_builtins(question) for question in work.questions("hard", 1024)]
        write_jsonl(Path(folder) / "hard.jsonl", rows)
        job = Job(
            arm=arm, hyper=hyper, seed=1, model=load_platform(platform).load([work.trained_folder], work.device), sampler=lambda: None,
            study=work.study, data=Path(folder), output=Path(folder) / "run", log=log, platform=platform,
        )  # fmt: skip
        logged, grpo.LOGGED = grpo.LOGGED, hyper.max_steps  # a row for each step, to time it by
        try:
            grpo.train(job)
        finally:
            grpo.LOGGED = logged
    return times[-1] - times[WARM_UP - 1], sum(rewards[WARM_UP:]) / steps


def trl(work: Workload, steps: int) -> tuple[float, float]:
    """The same of TRL."""
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    disable_progress_bars()
    questions, study = work.questions("hard", 1024), work.study
    rewards: list[float] = []

    class Clock(TrainerCallback):
        started = ended = 0.0

        def on_step_end(self, args, state, control, **more):
            self.ended = time.perf_counter()
            if state.global_step == WARM_UP:
                self.started = self.ended

    def reward(prompts: list[str], completions: list[str], number: list[int], **more: Any) -> list[float]:
        found = [
            study.score(questions[i], text).detail.total_v2
            for i, text in zip(number, completions, strict=True)
        ]
        rewards.append(sum(found) / len(found))
        return found

    data = Dataset.from_list([{"prompt": q.prompt, "number": i} for i, q in enumerate(questions)])
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = GRPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(work.trained_folder, dtype=torch.float32),
            processing_class=AutoTokenizer.from_pretrained(work.model_folder),
            reward_funcs=reward,
            train_dataset=data,
            callbacks=[clock],
            args=GRPOConfig(
                output_dir=scratch, max_steps=WARM_UP + steps, per_device_train_batch_size=BATCH, num_generations=K,
                steps_per_generation=1, max_completion_length=LONGEST, temperature=1.0, beta=0.0, loss_type="grpo",
                scale_rewards="group", learning_rate=RATE, lr_scheduler_type="linear", adam_beta2=0.98,
                bf16=work.half, gradient_checkpointing=False, use_cpu=not work.on_card, save_strategy="no",
                report_to="none", disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False, seed=1,
            ),
        )  # fmt: skip
        trainer.train()
    return clock.ended - clock.started, sum(rewards[WARM_UP:]) / max(1, len(rewards[WARM_UP:]))


Side = Callable[[int], tuple[float, float]]  # (seconds of so many steps, mean reward over them)


def in_turns(ours: Side, peer: Side, seconds: float) -> tuple[float, float, dict[str, Any]]:
    """(seconds a step of ours, of the peer, detail), each measured twice for about half of `seconds`."""
    first, _ = ours(4)
    # The peer is slower, and is stopped at about the same seconds.
    steps = max(4, round(seconds / 2 / (first / 4)))
    counts = {"native": steps, "peer": max(4, steps // 3)}
    spent = {side: 0.0 for side in counts}
    rewards: dict[str, list[float]] = {side: [] for side in counts}
    for _ in range(2):
        for side, run in (("native", ours), ("peer", peer)):
            took, reward = run(counts[side])
            spent[side] += took
            rewards[side].append(round(reward, 3))
    each = {side: spent[side] / (2 * count) for side, count in counts.items()}
    detail = {
        "k": K, "batch": BATCH, "steps": {side: 2 * count for side, count in counts.items()},
        "seconds_per_step": {side: round(value, 4) for side, value in each.items()}, "mean_reward": rewards,
    }  # fmt: skip
    return each["native"], each["peer"], detail


def measure(work: Workload) -> list[Row]:
    ours, peer, detail = in_turns(
        lambda steps: native(work, steps), lambda steps: trl(work, steps), work.seconds
    )
    return [compared("GRPO", BATCH / ours, "completions/s", "TRL GRPOTrainer", BATCH / peer, 3, **detail)]
