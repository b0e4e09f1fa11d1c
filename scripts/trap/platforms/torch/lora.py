"""LoRA (arXiv 2106.09685) over the decoder's weights, in PEFT's adapter format.

The low-rank product is added to the weight once a step instead of run beside it for every token: the
same function, and cheaper when the batch has more tokens than the weight has rows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from trap.files import InputError, read_json
from trap.platforms.torch.decoder import PROJECTIONS

PREFIX = "base_model.model."


@dataclass
class Lora:
    """Factors a (r, in) and b (out, r) per target weight, named as the weight."""

    r: int
    alpha: int
    a: dict[str, Tensor]
    b: dict[str, Tensor]

    @classmethod
    def fresh(
        cls, weights: dict[str, Tensor], r: int, alpha: int, seed: int, learns: Callable[[str], bool] = bool
    ) -> Lora:
        """PEFT's start: a is Kaiming-uniform, b is zero, so that the adapter begins as the identity.

        learns: whether a weight of this name gets factors; every projection does unless it says no.
        """
        generator = torch.Generator().manual_seed(seed)
        a, b = {}, {}
        for name, weight in weights.items():
            if name.removesuffix(".weight").rsplit(".", 1)[-1] not in PROJECTIONS or not learns(name):
                continue
            rows, columns = weight.shape
            bound = 1 / math.sqrt(columns)
            start = torch.rand(r, columns, generator=generator) * 2 * bound - bound
            a[name] = start.to(weight.device, weight.dtype)
            b[name] = torch.zeros(rows, r, device=weight.device, dtype=weight.dtype)
        return cls(r, alpha, a, b)

    def parameters(self) -> dict[str, Tensor]:
        """What is trained: both factors of every matrix, by the matrix's name and `.a` or `.b`."""
        return {f"{n}.a": t for n, t in self.a.items()} | {f"{n}.b": t for n, t in self.b.items()}

    def merged(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """weight + alpha / r * b a, differentiable in a and b."""
        scale = self.alpha / self.r
        return weights | {
            name: torch.addmm(
                weights[name],
                self.b[name].to(weights[name].dtype),
                self.a[name].to(weights[name].dtype),
                alpha=scale,
            )
            for name in self.a
        }

    def save(self, folder: Path, base: str) -> None:
        """`adapter_config.json` and `adapter_model.safetensors`, loadable by `PeftModel.from_pretrained`."""
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": self.r,
            "lora_alpha": self.alpha, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False,
            "inference_mode": True, "target_modules": sorted({n.split(".")[-2] for n in self.a}),
        }  # fmt: skip
        held = sorted({int(part) for n in self.a for part in n.split(".") if part.isdigit()})
        if held and held[0] > 0:  # PEFT would put factors on every layer
            settings["layers_to_transform"] = held
        (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
        tensors = {}
        for name in self.a:
            module = PREFIX + name.removesuffix(".weight")
            tensors[f"{module}.lora_A.weight"] = self.a[name].contiguous()
            tensors[f"{module}.lora_B.weight"] = self.b[name].contiguous()
        save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})


def load_lora(folder: Path, weights: dict[str, Tensor]) -> Lora:
    """Read a PEFT adapter. Raises InputError when it was made for another base."""
    settings = read_json(folder / "adapter_config.json", dict)
    if settings.get("peft_type") != "LORA" or settings.get("use_dora") or settings.get("use_rslora"):
        raise InputError(f"{folder / 'adapter_config.json'}: only plain LoRA adapters are supported")
    a, b = {}, {}
    if not (folder / "adapter_model.safetensors").is_file():
        raise InputError(f"{folder / 'adapter_model.safetensors'}: missing weights")
    try:
        tensors = load_file(folder / "adapter_model.safetensors")
    except Exception as error:  # safetensors raises its own type for a damaged file
        raise InputError(
            f"{folder / 'adapter_model.safetensors'}: not a readable safetensors file: {error}"
        ) from None
    for key, tensor in tensors.items():
        module, _, which = key.removeprefix(PREFIX).removesuffix(".weight").rpartition(".")
        name = module + ".weight"
        if name not in weights or which not in ("lora_A", "lora_B"):
            raise InputError(
                f"{folder / 'adapter_model.safetensors'}: {key}: the base model has no such weight"
            )
        (a if which == "lora_A" else b)[name] = tensor
    for name in a | b:
        if (
            name not in a
            or name not in b
            or (b[name].shape[0], a[name].shape[1]) != tuple(weights[name].shape)
        ):
            raise InputError(
                f"{folder / 'adapter_model.safetensors'}: {name}: shape does not fit the base model"
            )
    return Lora(settings["r"], settings["lora_alpha"], a, b)
