"""GRPO on the platform mlx: completions sampled, rewarded and trained on a second, against mlx-lm-lora's trainer.

The work of `grpo.py`: trained nano model, hard prompts, K = 8, 64 completions a gradient step, temperature 1, at most
64 new tokens, reward v2 by the same grader, no divergence, AdamW on all weights, float32. mlx-lm-lora generates with
mlx-lm's batches, as many rows at a time as there are prompts, which is not ours to set. Set-up and warm-up steps are
not counted. Needs requirements/mlx.txt and benchmarks/mlx.txt: `make bench-mlx` installs both.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from pathlib import Path
from typing import Any

from grpo import BATCH, LONGEST, RATE, WARM_UP, K, in_turns, native
from workload import Row, Workload, compared


def mlx_lm_lora(work: Workload, steps: int) -> tuple[float, float]:
    """(seconds of `steps` steps, mean reward over them) of mlx-lm-lora."""
    from mlx.optimizers import AdamW
    from mlx_lm import load
    from mlx_lm_lora.trainer.grpo_trainer import GRPOTrainingArgs, train_grpo

    model, tokenizer = load(str(work.trained_folder))
    questions, study = work.questions("hard", 1024), work.study
    asked = {question.prompt: question for question in questions}
    rewards: list[float] = []
    times: list[float] = []

    def reward(
        prompts: list[str], completions: list[str], answer: list[str], types: Any = None
    ) -> list[float]:
        pairs = zip(prompts, completions, strict=True)
        found = [study.score(asked[prompt], text).detail.total_v2 for prompt, text in pairs]
        rewards.append(sum(found) / len(found))
        return found

    class Clock:
        def on_train_loss_report(self, facts: dict[str, Any]) -> None:
            times.append(time.perf_counter())

        def on_val_loss_report(self, facts: dict[str, Any]) -> None: ...

    # (prompt tokens, answer tokens, prompt, answer, type), as its GRPODataset gives them
    data = [
        (tokenizer.encode(q.prompt, add_special_tokens=False), [0], q.prompt, q.answer_star, None)
        for q in questions
    ]
    quiet = io.StringIO()
    bars = contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet)
    with tempfile.TemporaryDirectory() as scratch, bars[0], bars[1]:
        args = GRPOTrainingArgs(
            batch_size=BATCH // K, iters=WARM_UP + steps, group_size=K, beta=0.0, epsilon=0.2, temperature=1.0,
            top_p=1.0, top_k=0, max_completion_length=LONGEST, steps_per_report=1, steps_per_save=10**9,
            adapter_file=str(Path(scratch) / "adapters.safetensors"), grad_checkpoint=False,
        )  # fmt: skip
        train_grpo(
            model, None, tokenizer, AdamW(learning_rate=RATE, betas=[0.9, 0.98]), data, reward_funcs=[reward], args=args,
            training_callback=Clock(), end_answer_token="",
        )  # fmt: skip
    return times[-1] - times[WARM_UP - 1], sum(rewards[WARM_UP:]) / max(1, len(rewards[WARM_UP:]))


def measure(work: Workload) -> list[Row]:
    from mlx_platform import library

    ours, peer, detail = in_turns(
        lambda steps: native(work, steps, "mlx"), lambda steps: mlx_lm_lora(work, steps), work.seconds
    )
    name, unit = "GRPO on mlx", "completions/s"
    return [compared(name, BATCH / ours, unit, "mlx-lm-lora", BATCH / peer, 1, blas=library(), **detail)]
