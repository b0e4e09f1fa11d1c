"""Model folders of the Llama family (llama, smollm3, qwen2) as mlx-lm's models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.utils import tree_flatten
from mlx_lm.utils import load_model

from trap.files import InputError, read_json
from trap.models.tensors import Tensor

FAMILY = ("llama", "smollm3", "qwen2")
PROJECTIONS = (
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip


def arguments(raw: dict[str, Any], source: str) -> dict[str, Any]:
    """What mlx-lm must be told: keys that it defaults otherwise than transformers, which leaves them out.

    Raises InputError on an architecture or a setting that the platform does not compute.
    """
    kind = raw.get("model_type")
    if kind not in FAMILY:
        raise InputError(f"{source}: model_type: {kind!r} is not one of {', '.join(FAMILY)}")
    for key in ("use_sliding_window", "attention_bias", "mlp_bias", "quantization", "quantization_config"):
        if raw.get(key):
            raise InputError(f"{source}: {key}: {raw[key]!r} is not supported")
    if raw.get("hidden_act", "silu") != "silu":
        raise InputError(f"{source}: hidden_act: {raw['hidden_act']!r} is not supported (silu is)")
    rope = raw.get("rope_parameters") or {}
    scaling = raw.get("rope_scaling") or rope
    scheme = scaling.get("rope_type", scaling.get("type", "default"))
    smollm3 = kind == "smollm3"
    try:
        heads, hidden = raw["num_attention_heads"], raw["hidden_size"]
        layers = raw["num_hidden_layers"]
    except KeyError as error:
        raise InputError(f"{source}: {error.args[0]}: missing") from None
    if kind == "qwen2" and (raw.get("head_dim") or hidden // heads) != hidden // heads:
        raise InputError(f"{source}: head_dim: {raw['head_dim']!r} is not supported for qwen2")
    told = {
        "rope_theta": rope.get("rope_theta", raw.get("rope_theta", 2000000.0 if smollm3 else 10000.0)),
        "rope_scaling": None if scheme == "default" else scaling,
        "num_key_value_heads": raw.get("num_key_value_heads") or heads,
        "rms_norm_eps": raw.get("rms_norm_eps", 1e-6),
        "tie_word_embeddings": raw.get("tie_word_embeddings", smollm3),
        "layer_types": ["full_attention"] * layers,
    }
    if smollm3 and raw.get("no_rope_layers") is None:
        every = raw.get("no_rope_layer_interval") or 4
        told["no_rope_layers"] = [int((index + 1) % every != 0) for index in range(layers)]
    return told


def read_model(folder: Path) -> tuple[nn.Module, dict[str, Any]]:
    """mlx-lm's model of a folder, and its `config.json`. Raises InputError naming what is wrong.

    On a processor weights are float32; on a GPU they keep the type they are stored in.
    """
    raw = read_json(folder / "config.json", dict)
    told = arguments(raw, str(folder / "config.json"))
    if not any(folder.glob("model*.safetensors")):
        raise InputError(f"{folder / 'model.safetensors'}: missing weights")
    try:
        model, _ = load_model(folder, model_config=told)
    except Exception as error:  # mlx and mlx-lm raise many types
        raise InputError(f"{folder}: mlx-lm cannot load it: {first_lines(error)}") from None
    if mx.default_device().type == mx.DeviceType.cpu:
        model.set_dtype(mx.float32)
    rows = model.model.embed_tokens.weight.shape[0]
    if rows != raw["vocab_size"]:
        raise InputError(
            f"{folder}: embedding has {rows} rows but config.json says vocab_size {raw['vocab_size']}"
        )
    mx.eval(model.parameters())
    return model.eval(), raw


def first_lines(error: Exception) -> str:
    """An error's message on one line: its first two lines."""
    return " ".join((str(error).strip() or type(error).__name__).splitlines()[:2])


def tensor(array: mx.array) -> Tensor:
    """The bits of an array, to be written."""
    if array.dtype == mx.bfloat16:
        return Tensor("BF16", np.array(array.view(mx.uint16)))
    return Tensor.of(np.array(array))


def array(stored: Tensor) -> mx.array:
    """A tensor read from a file as an array."""
    if stored.dtype == "BF16":
        return mx.array(stored.bits).view(mx.bfloat16)
    return mx.array(stored.bits.view({"F16": np.float16, "F32": np.float32}[stored.dtype]))


def weights(model: nn.Module) -> dict[str, mx.array]:
    """Weights by Hugging Face's names, which mlx-lm keeps for these architectures."""
    return dict(tree_flatten(model.parameters()))
