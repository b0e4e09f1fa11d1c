"""Supervised fine-tuning: non-padding tokens a second, against TRL's SFTTrainer.

Same model, questions, batch size, precision, threads and number of steps; full-parameter training with
AdamW. TRL's gradient checkpointing is off, since it would only slow it here; its warm-up steps,
tokenization and set-up are not counted. The two sides take turns, to share whatever else the machine does.
"""

from __future__ import annotations

import tempfile
import time

from workload import Row, Workload, compared, timed

BATCH, WARM_UP = 64, 3


def native(work: Workload, steps: int) -> tuple[float, float]:
    """(non-padding tokens, seconds) of our training loop."""
    from trap.models.batching import batches
    from trap.platforms import Fit
    from trap.platforms.torch import load

    model = load([work.model_folder], work.device)
    settings = {"batch_size": BATCH, "learning_rate": 1e-3, "tune": "full"}
    model.fit(work.examples, Fit(max_steps=WARM_UP, **settings), 0, lambda row: None)
    _, seconds = timed(
        lambda: model.fit(work.examples, Fit(max_steps=steps, **settings), 1, lambda row: None)
    )
    shown = batches(model.tokens(work.examples), BATCH, steps, 1)
    return sum(len(p) + len(c) for batch in shown for p, c in batch), seconds


def trl(work: Workload, steps: int, strategy: str) -> tuple[float, float]:
    """(non-padding tokens, seconds) of TRL; `strategy` is how its sampler orders examples."""
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    disable_progress_bars()

    class Clock(TrainerCallback):
        started = ended = 0.0

        def on_step_end(self, args, state, control, **more):
            if state.global_step == WARM_UP:
                self.started = time.perf_counter()
            self.ended = time.perf_counter()

    data = Dataset.from_list([{"prompt": e.prompt, "completion": e.completion} for e in work.examples])
    clock = Clock()
    with tempfile.TemporaryDirectory() as scratch:
        trainer = SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(work.model_folder, dtype=torch.float32),
            processing_class=AutoTokenizer.from_pretrained(work.model_folder),
            train_dataset=data,
            callbacks=[clock],
            args=SFTConfig(
                output_dir=scratch, max_steps=WARM_UP + steps, per_device_train_batch_size=BATCH, learning_rate=1e-3,
                bf16=work.half, gradient_checkpointing=False, use_cpu=not work.on_card, max_length=512,
                train_sampling_strategy=strategy, save_strategy="no", report_to="none", disable_tqdm=True,
                logging_strategy="no", dataloader_pin_memory=False, seed=1,
            ),
        )  # fmt: skip
        seen: list[int] = []
        collate = trainer.data_collator

        def counting(rows):
            batch = collate(rows)
            seen.append(int(batch["attention_mask"].sum()))
            return batch

        trainer.data_collator = counting
        trainer.train()
    # The loader is a batch ahead of the step, so tokens are counted by the mean batch.
    return sum(seen) / len(seen) * steps, clock.ended - clock.started


def measure(work: Workload) -> list[Row]:
    tokens, seconds = native(work, 4)
    steps = max(4, round(work.seconds / 2 / (seconds / 4)))
    totals = {"native": [0.0, 0.0], "random": [0.0, 0.0], "group_by_length": [0.0, 0.0]}
    for _ in range(2):
        for side in totals:
            # TRL is slower: as many steps take it longer, and it is stopped at about the same seconds.
            count = steps if side == "native" else max(4, steps // 2)
            tokens, seconds = native(work, count) if side == "native" else trl(work, count, side)
            totals[side][0] += tokens
            totals[side][1] += seconds
    speed = {side: tokens / seconds for side, (tokens, seconds) in totals.items()}
    detail = {"steps": 2 * steps, "batch": BATCH, "seconds": {k: round(v[1], 1) for k, v in totals.items()}}
    unit, ours = "non-pad tokens/s", speed["native"]
    return [
        compared("SFT", ours, unit, "TRL SFTTrainer", speed["random"], 3, **detail),
        compared("SFT", ours, unit, "TRL, grouped by length", speed["group_by_length"], None, **detail),
    ]
