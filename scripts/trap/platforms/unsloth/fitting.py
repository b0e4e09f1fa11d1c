"""Fitting with TRL's SFTTrainer: our order, masks, optimizer and rates in its loop.

`tests/test_unsloth.py` holds it to the reference trajectory of losses, on a processor and without Unsloth.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import SequentialSampler
from transformers import PreTrainedTokenizerFast, TrainerCallback
from trl import SFTConfig, SFTTrainer

from trap.models.batching import Tokens, learning_rate
from trap.platforms import Fit, Probe
from trap.platforms.torch.optimizers import Optimizer, Optimizers
from trap.platforms.unsloth.arguments import trainer_arguments
from trap.platforms.unsloth.rows import collated, in_order


class Together(torch.optim.Optimizer):
    """Several optimizers as one, for a trainer that knows one: Muon for matrices, AdamW for the rest."""

    def __init__(self, parts: Sequence[Optimizer]) -> None:
        super().__init__([p for part in parts for group in part.param_groups for p in group["params"]], {})
        self.parts = list(parts)
        self.param_groups = [group for part in parts for group in part.param_groups]

    def step(self, closure: None = None) -> None:
        """A step of each part, at the rates of today."""
        groups = iter(self.param_groups)  # accelerate replaces them, so that rates are carried over
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = next(groups)["lr"]
            part.step()


class Told(TrainerCallback):
    """Calls the probe after its steps."""

    def __init__(self, settings: Fit, probe: Probe) -> None:
        self.settings, self.probe = settings, probe

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Call the probe if one is due."""
        if self.probe and self.settings.probe_at(state.global_step):
            self.probe(state.global_step)


class Trainer(SFTTrainer):
    """TRL's trainer, with examples in the order they are given and losses kept unrounded."""

    ours: Callable[[dict], None]
    losses: list[float]

    def _get_train_sampler(self, *args: Any, **more: Any) -> SequentialSampler:
        return SequentialSampler(self.train_dataset)

    def training_step(self, *args: Any, **more: Any) -> torch.Tensor:
        """TRL's step. Raises FloatingPointError when the loss is not finite."""
        loss = super().training_step(*args, **more)
        if not math.isfinite(value := float(loss)):
            raise FloatingPointError(f"loss is {value} at step {self.state.global_step}")
        self.losses.append(value)
        return loss

    def log(self, logs: dict[str, float], *args: Any, **more: Any) -> None:
        """Our rows in place of its own; the norm is that before clipping."""
        if "loss" in logs or ("train_runtime" in logs and self.losses):
            row = {"kind": "train", "step": self.state.global_step}
            row["loss"] = round(sum(self.losses) / len(self.losses), 6)
            if "grad_norm" in logs:
                row["grad_norm"] = round(float(logs["grad_norm"]), 4)
            self.losses.clear()
            self.ours(row)


def fit_with_trl(
    model: Any, pairs: Sequence[Tokens], settings: Fit, *, tokenizer: PreTrainedTokenizerFast, pad: int, seed: int,
    log: Callable[[dict], None], probe: Probe = None, half: str | None = None,
) -> None:  # fmt: skip
    """Train what the model declares trainable, in place, on (prompt, completion) tokens.

    Raises InputError where there is nothing to learn, FloatingPointError when the loss is not finite.
    """
    disable_progress_bars()
    rows = in_order(pairs, settings, seed)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    optimizer = Together([part for part, _ in Optimizers(trained, settings).all])
    rates = LambdaLR(optimizer, lambda step: learning_rate(step, settings.max_steps, settings.warmup_ratio))

    def batch(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        return {name: torch.tensor(values) for name, values in collated(examples, pad).items()}

    with tempfile.TemporaryDirectory() as folder:
        cpu = next(iter(trained.values())).device.type == "cpu"
        trainer = Trainer(
            model=model, processing_class=tokenizer, train_dataset=Dataset.from_list(rows), data_collator=batch,
            args=SFTConfig(**trainer_arguments(settings, seed, Path(folder), half=half, cpu=cpu)),
            optimizers=(optimizer, rates), callbacks=[Told(settings, probe)],
        )  # fmt: skip
        trainer.ours, trainer.losses = log, []
        trainer.train()
