"""Our settings as the arguments of Unsloth and TRL. Nothing here imports either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.files import InputError
from trap.platforms import Fit

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PARTS = dict.fromkeys(TARGETS[:4], "self_attn")  # the part of a layer that holds it; the others are in `mlp`
LONGEST = 8192  # positions that tables are made for; the models' own contexts may be longer


def context_of(raw: dict[str, Any]) -> int:
    """Positions that a model is loaded with, from its `config.json`."""
    return min(LONGEST, raw.get("max_position_embeddings") or LONGEST)


def load_arguments(
    folder: Path, raw: dict[str, Any], *, four_bit: bool, full: bool = False
) -> dict[str, Any]:
    """For `FastLanguageModel.from_pretrained`. Raises InputError for all weights in 4 bits."""
    if four_bit and full:
        raise InputError(
            "hyper tune: full: weights of 4 bits cannot be trained (tune: lora, or platform unsloth)"
        )
    return {
        "model_name": str(folder), "max_seq_length": context_of(raw), "dtype": None, "load_in_4bit": four_bit,
        "load_in_8bit": False, "load_in_16bit": not four_bit and not full, "full_finetuning": full,
        "use_exact_model_name": True, "local_files_only": True, "trust_remote_code": False,
    }  # fmt: skip


def adapter_arguments(settings: Fit, seed: int, layers: int) -> dict[str, Any]:
    """For `FastLanguageModel.get_peft_model`: the same matrices as on the other platforms, no dropout."""
    targets = [
        name
        for name in TARGETS
        if settings.learns(f"layers.{layers}.{PARTS.get(name, 'mlp')}.{name}", layers)
    ]
    held = list(range(settings.frozen(layers), layers)) if settings.frozen(layers) else None
    return {
        "r": settings.lora_r, "lora_alpha": settings.lora_alpha, "target_modules": targets, "layers_to_transform": held,
        "lora_dropout": 0.0, "bias": "none", "use_rslora": False, "use_gradient_checkpointing": "unsloth",
        "random_state": seed,
    }  # fmt: skip


def trainer_arguments(
    settings: Fit, seed: int, folder: Path, *, half: str | None, cpu: bool
) -> dict[str, Any]:
    """For TRL's `SFTConfig`. Order, masks, optimizer and rates are ours, so what would make them is off.

    half: `bf16`, `fp16` or None for float32.
    """
    return {
        "output_dir": str(folder), "max_steps": settings.max_steps, "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": 1, "learning_rate": settings.learning_rate, "weight_decay": settings.weight_decay,
        "max_grad_norm": 1.0, "bf16": half == "bf16", "fp16": half == "fp16", "use_cpu": cpu,
        # rows are tokens and labels already; with a length TRL would cut them
        "max_length": None, "packing": False, "padding_free": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "gradient_checkpointing": False,  # Unsloth switches its own on
        "logging_strategy": "steps", "logging_steps": max(1, settings.max_steps // 50), "logging_first_step": False,
        "save_strategy": "no", "report_to": "none", "disable_tqdm": True, "dataloader_num_workers": 0,
        "dataloader_pin_memory": not cpu, "dataloader_drop_last": False, "seed": seed, "data_seed": seed,
    }  # fmt: skip
