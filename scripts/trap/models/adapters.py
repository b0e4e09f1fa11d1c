"""LoRA adapters in the two formats that tools read, PEFT's and mlx_lm.lora's, and the way between them.

Both store two factors per matrix; a matrix W of shape (out, in) becomes W + scale * B A.

    PEFT     lora_A (r, in),  lora_B (out, r),  scale = lora_alpha / r (rslora: lora_alpha / sqrt(r))
    mlx-lm   lora_a (in, r),  lora_b (r, out),  scale written as it is

So a conversion transposes and moves bits. Nothing here imports torch or mlx.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trap.files import InputError, read_json
from trap.models.tensors import Tensor, read_tensors, write_tensors

PREFIX = "base_model.model."
PEFT_WEIGHTS, MLX_WEIGHTS = "adapter_model.safetensors", "adapters.safetensors"
LAYER = re.compile(r"(.*\.layers)\.(\d+)\.(.+)")
# What PEFT can add to plain LoRA, with the values that mean "not used"; a merge would leave it out.
UNUSED = {
    "use_dora": (False, None), "bias": ("none", None), "rank_pattern": ({}, None), "alpha_pattern": ({}, None),
    "modules_to_save": ([], None), "fan_in_fan_out": (False, None), "lora_bias": (False, None),
    "layer_replication": ([], None), "trainable_token_indices": ([], {}, None),
}  # fmt: skip


@dataclass(frozen=True)
class Adapter:
    """Factors a (r, in) and b (out, r) of each module, named from the model's root without `.weight`."""

    rank: int
    scale: float
    a: Mapping[str, Tensor]
    b: Mapping[str, Tensor]
    source: Path

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raises InputError unless every module is a matrix (out, in) of the base model."""
        for name in sorted(self.a):
            if name + ".weight" not in shapes:
                raise InputError(f"{self.source}: {name}: the base model has no such weight")
            if (self.b[name].shape[0], self.a[name].shape[1]) != tuple(shapes[name + ".weight"]):
                raise InputError(f"{self.source}: {name}: shape does not fit the base model")

    def change(self, module: str) -> np.ndarray:
        """scale * B A of a module, float32 (out, in)."""
        product = self.b[module].floats() @ self.a[module].floats()
        return (np.float32(self.scale) * product).astype(np.float32)


def read_adapter(folder: Path) -> Adapter:
    """An adapter in either format. Raises InputError naming the file and what is wrong with it."""
    settings = read_json(folder / "adapter_config.json", dict)
    if "peft_type" in settings:
        return _read_peft(folder, settings)
    if "lora_parameters" in settings or "fine_tune_type" in settings:
        return _read_mlx(folder, settings)
    raise InputError(f"{folder / 'adapter_config.json'}: neither a PEFT nor an mlx-lm adapter")


def _read_peft(folder: Path, settings: dict[str, Any]) -> Adapter:
    where = folder / "adapter_config.json"
    if settings["peft_type"] != "LORA":
        raise InputError(f"{where}: peft_type: {settings['peft_type']!r} is not LORA")
    for key, plain in UNUSED.items():
        if settings.get(key) not in plain:
            raise InputError(f"{where}: {key}: only plain LoRA adapters are supported")
    rank, alpha = _number(settings, "r", where), _number(settings, "lora_alpha", where)
    factors = _factors(folder / PEFT_WEIGHTS, ("lora_A.weight", "lora_B.weight"), PREFIX)
    scale = alpha / math.sqrt(rank) if settings.get("use_rslora") else alpha / rank
    return _adapter(folder / PEFT_WEIGHTS, int(rank), scale, *factors)


def _read_mlx(folder: Path, settings: dict[str, Any]) -> Adapter:
    where = folder / "adapter_config.json"
    if (kind := settings.get("fine_tune_type", "lora")) != "lora":
        raise InputError(f"{where}: fine_tune_type: {kind!r} is not lora")
    values = settings.get("lora_parameters")
    if not isinstance(values, dict):
        raise InputError(f"{where}: lora_parameters: missing")
    rank, scale = _number(values, "rank", where), _number(values, "scale", where)
    a, b = _factors(folder / MLX_WEIGHTS, ("lora_a", "lora_b"), "")
    a, b = ({name: tensor.T for name, tensor in side.items()} for side in (a, b))
    return _adapter(folder / MLX_WEIGHTS, int(rank), scale, a, b)


def _number(values: dict[str, Any], key: str, where: Path) -> float:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise InputError(f"{where}: {key}: {value!r} is not a positive number")
    return value


def _factors(path: Path, ends: tuple[str, str], prefix: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of each side by module. Anything else in the file would be lost, and is refused."""
    sides: tuple[dict[str, Tensor], dict[str, Tensor]] = ({}, {})
    for name, tensor in read_tensors(path).items():
        for side, end in zip(sides, ends, strict=True):
            if name.endswith("." + end) and len(tensor.shape) == 2:
                side[name.removesuffix("." + end).removeprefix(prefix)] = tensor
                break
        else:
            raise InputError(f"{path}: {name}: not a factor of a LoRA adapter")
    return sides


def _adapter(path: Path, rank: int, scale: float, a: dict[str, Tensor], b: dict[str, Tensor]) -> Adapter:
    if not a:
        raise InputError(f"{path}: no weights of an adapter in it")
    for name in sorted(a.keys() | b.keys()):
        if name not in a or name not in b:
            raise InputError(f"{path}: {name}: one of its two factors is missing")
        if a[name].shape[0] != rank or b[name].shape[1] != rank:
            raise InputError(
                f"{path}: {name}: its factors are not of rank {rank}, which adapter_config.json says"
            )
    return Adapter(rank, scale, a, b, path)


def alpha_of(rank: int, scale: float) -> float:
    """`lora_alpha` with alpha / rank == scale exactly. Raises InputError where no float has that quotient."""
    alpha = scale * rank
    for candidate in (round(alpha), alpha, math.nextafter(alpha, 0), math.nextafter(alpha, math.inf)):
        if candidate and candidate / rank == scale:
            return candidate
    raise InputError(
        f"scale {scale!r} is no quotient of a float by the rank {rank}: PEFT cannot say it exactly"
    )


def write_peft(folder: Path, adapter: Adapter, base: str = "") -> None:
    """`adapter_config.json` and `adapter_model.safetensors`, for `PeftModel.from_pretrained`."""
    folder.mkdir(parents=True, exist_ok=True)
    alpha = alpha_of(adapter.rank, adapter.scale)
    settings = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": adapter.rank,
        "lora_alpha": alpha, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False,
        "inference_mode": True, "target_modules": targets(adapter),
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    tensors = {f"{PREFIX}{name}.lora_A.weight": tensor for name, tensor in adapter.a.items()}
    tensors |= {f"{PREFIX}{name}.lora_B.weight": tensor for name, tensor in adapter.b.items()}
    write_tensors(folder / PEFT_WEIGHTS, tensors, {"format": "pt"})


def targets(adapter: Adapter) -> list[str]:
    """PEFT's `target_modules`: last names where those mean exactly these modules, else whole names."""
    layers: dict[str, set[int]] = {}
    for name in adapter.a:
        if (match := LAYER.fullmatch(name)) is None:
            return sorted(adapter.a)
        layers.setdefault(match[3], set()).add(int(match[2]))
    every = set(range(1 + max(max(held) for held in layers.values())))
    if any(held != every for held in layers.values()):
        return sorted(adapter.a)
    return sorted({key.rsplit(".", 1)[-1] for key in layers})


def write_mlx(folder: Path, adapter: Adapter, base: str = "", layers: int | None = None) -> None:
    """`adapter_config.json` and `adapters.safetensors`, for `mlx_lm.generate --adapter-path`.

    `layers`: layers of the base model; mlx-lm counts adapted layers from the last one. Without it, the
    deepest adapted layer is taken as the last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys: set[str] = set()
    held: set[int] = set()
    for name in adapter.a:
        if match := LAYER.fullmatch(name):
            keys.add(match[3])
            held.add(int(match[2]))
        else:
            keys.add(name)
    missing = [
        f"{index}.{key}"
        for key in keys
        for index in held
        if not any(name == key or name.endswith(f".layers.{index}.{key}") for name in adapter.a)
    ]
    deep = (max(held) + 1 if layers is None else layers) if held else 0
    if missing or held != set(range(min(held, default=0), deep)):
        raise InputError(
            f"{adapter.source}: mlx-lm adapts the same modules in each of the last layers, and this one does not"
        )
    settings = {
        "fine_tune_type": "lora", "model": base, "num_layers": len(held),
        "lora_parameters": {"rank": adapter.rank, "scale": adapter.scale, "dropout": 0.0, "keys": sorted(keys)},
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    tensors = {f"{name}.lora_a": tensor.T for name, tensor in adapter.a.items()}
    tensors |= {f"{name}.lora_b": tensor.T for name, tensor in adapter.b.items()}
    write_tensors(folder / MLX_WEIGHTS, tensors, {"format": "mlx"})
