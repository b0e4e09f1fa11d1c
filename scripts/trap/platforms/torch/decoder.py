"""A compact decoder for the Llama family in Hugging Face's format (llama, smollm3, qwen2).

Small models spend their time in the framework, not in the arithmetic; this forward pass has no
per-module overhead, skips what training does not need, and shares one prefix among samples. It reads
and writes the same `config.json` and `safetensors` as transformers, and `tests/test_torch_decoder.py`
holds it to transformers' logits. Architectures outside the family go through `generic.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from trap.files import InputError, read_json


class Unsupported(InputError):
    """A model folder that this decoder does not compute; `generic.py` may."""


FAMILY = ("llama", "smollm3", "qwen2")
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class DecoderConfig:
    """The keys of a Hugging Face `config.json` that change the arithmetic."""

    vocab_size: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    eps: float
    theta: float
    rope: tuple[bool, ...]  # rotary positions per layer; SmolLM3's `no_rope_layers` (1 = rotary)
    tied: bool
    raw: dict[str, Any] = field(hash=False, compare=False)

    @classmethod
    def from_json(cls, raw: dict[str, Any], source: str) -> DecoderConfig:
        """Raises Unsupported on an architecture or a setting that this decoder does not compute."""
        kind = raw.get("model_type")
        if kind not in FAMILY:
            raise Unsupported(f"{source}: model_type: {kind!r} is not one of {', '.join(FAMILY)}")
        rope = raw.get("rope_parameters") or {}
        scaling = raw.get("rope_scaling") or {}
        scheme = rope.get("rope_type", scaling.get("rope_type", scaling.get("type", "default")))
        if scheme != "default":
            raise Unsupported(f"{source}: rope_parameters: rope_type {scheme!r} is not supported")
        if raw.get("hidden_act", "silu") != "silu":
            raise Unsupported(f"{source}: hidden_act: {raw['hidden_act']!r} is not supported (silu is)")
        for key in ("use_sliding_window", "attention_bias", "mlp_bias"):
            if raw.get(key):
                raise Unsupported(f"{source}: {key}: {raw[key]!r} is not supported")
        try:
            return cls._of(raw, rope, smollm3=kind == "smollm3")
        except KeyError as error:
            raise InputError(f"{source}: {error.args[0]}: missing") from None

    @classmethod
    def _of(cls, raw: dict[str, Any], rope: dict[str, Any], smollm3: bool) -> DecoderConfig:
        heads, layers = raw["num_attention_heads"], raw["num_hidden_layers"]
        switched = raw.get("no_rope_layers") if smollm3 else [1] * layers
        if switched is None:  # SmolLM3's own default: every fourth layer has no positions
            every = raw.get("no_rope_layer_interval") or 4
            switched = [(index + 1) % every for index in range(layers)]
        # What transformers takes where a key is left out, which is how it writes its defaults.
        theta = 2000000.0 if smollm3 else 10000.0
        return cls(
            vocab_size=raw["vocab_size"],
            hidden=raw["hidden_size"],
            layers=layers,
            heads=heads,
            kv_heads=raw.get("num_key_value_heads") or heads,
            head_dim=raw.get("head_dim") or raw["hidden_size"] // heads,
            intermediate=raw["intermediate_size"],
            eps=raw.get("rms_norm_eps", 1e-6),
            theta=rope.get("rope_theta", raw.get("rope_theta", theta)),
            rope=tuple(bool(x) for x in switched),
            tied=raw.get("tie_word_embeddings", smollm3),
            raw=raw,
        )


def nano_config(
    *, vocab_size: int, hidden: int, layers: int, heads: int, kv_heads: int, intermediate: int,
    rope: list[int], theta: float, eos: int, pad: int,
) -> dict[str, Any]:  # fmt: skip
    """A `config.json` of the SmolLM3 architecture: Llama blocks, rotary positions where `rope` has a 1 (one a layer)."""
    return {
        "architectures": ["SmolLM3ForCausalLM"],
        "model_type": "smollm3",
        "vocab_size": vocab_size,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "hidden_act": "silu",
        "max_position_embeddings": 2048,
        "initializer_range": 0.02,
        "rms_norm_eps": 1e-6,
        "use_cache": True,
        "pad_token_id": pad,
        "bos_token_id": None,
        "eos_token_id": eos,
        "rope_theta": theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "no_rope_layers": rope,
        "no_rope_layer_interval": 4,
        "layer_types": ["full_attention"] * layers,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "mlp_bias": False,
        "use_sliding_window": False,
        "tie_word_embeddings": True,
        "dtype": "float32",
    }


def initial_weights(config: DecoderConfig, seed: int) -> dict[str, Tensor]:
    """Fresh weights from which a small model learns to look things up in its context within minutes.

    Outputs of attention and MLP start at zero, so that every layer first sees the tokens themselves; even
    layers attend evenly; in odd ones keys equal queries, so that a token attends to its like (mimetic
    initialisation, Trockman & Kolter 2023, arXiv 2305.09828). Without this, naming the option that a
    trace ends on stays at chance for longer than a paper on two cores can wait.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(rows: int, columns: int, std: float) -> Tensor:
        return torch.randn(rows, columns, generator=generator) * std

    d, inner, kv = config.hidden, config.heads * config.head_dim, config.kv_heads * config.head_dim
    weights = {"model.embed_tokens.weight": normal(config.vocab_size, d, 0.1)}
    for index in range(config.layers):
        at = f"model.layers.{index}."
        q, k = normal(inner, d, d**-0.5), normal(kv, d, d**-0.5)
        if index % 2 == 0:
            k = k * 0.1
        elif kv == inner:
            k = q.clone()
        weights |= {
            at + "self_attn.q_proj.weight": q,
            at + "self_attn.k_proj.weight": k,
            at + "self_attn.v_proj.weight": normal(kv, d, d**-0.5),
            at + "self_attn.o_proj.weight": torch.zeros(d, inner),
            at + "mlp.gate_proj.weight": normal(config.intermediate, d, d**-0.5),
            at + "mlp.up_proj.weight": normal(config.intermediate, d, d**-0.5),
            at + "mlp.down_proj.weight": torch.zeros(d, config.intermediate),
            at + "input_layernorm.weight": torch.ones(d),
            at + "post_attention_layernorm.weight": torch.ones(d),
        }
    weights["model.norm.weight"] = torch.ones(d)
    if not config.tied:
        weights["lm_head.weight"] = normal(config.vocab_size, d, 0.02)
    return weights


def read_model(folder: Path) -> tuple[DecoderConfig, dict[str, Tensor]]:
    """Config and weights of a Hugging Face model folder. Raises InputError naming what is missing."""
    config = DecoderConfig.from_json(read_json(folder / "config.json", dict), str(folder / "config.json"))
    index = folder / "model.safetensors.index.json"
    files = (
        sorted(set(read_json(index, dict)["weight_map"].values()))
        if index.is_file()
        else ["model.safetensors"]
    )
    weights: dict[str, Tensor] = {}
    for name in files:
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: missing weights")
        try:
            weights |= load_file(folder / name)
        except Exception as error:  # safetensors raises its own type for a damaged file
            raise InputError(f"{folder / name}: not a readable safetensors file: {error}") from None
    if config.tied:
        weights.pop("lm_head.weight", None)  # some files hold the embedding twice
    try:
        rows = Decoder(config, weights).embedding.shape[0]
    except KeyError as error:
        raise InputError(f"{folder}: weights: {error.args[0]} is missing") from None
    if rows != config.vocab_size:
        raise InputError(
            f"{folder}: embedding has {rows} rows but config.json says vocab_size {config.vocab_size}"
        )
    return config, weights


def write_model(folder: Path, config: DecoderConfig, weights: dict[str, Tensor]) -> None:
    """Write `config.json` and `model.safetensors` as transformers would."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config.raw, indent=2) + "\n")
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )


def rotary(positions: Tensor, config: DecoderConfig) -> tuple[Tensor, Tensor]:
    """cos and sin, shape positions.shape + (head_dim,), in float32 (half-split layout, as in Llama)."""
    inverse = config.theta ** (
        -torch.arange(0, config.head_dim, 2, device=positions.device).float() / config.head_dim
    )
    angles = positions.float()[..., None] * inverse
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply rotary positions to x of shape (..., head_dim)."""
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-right, left), dim=-1) * sin


class Block:
    """One layer's weights, its attention and MLP inputs fused into one product each."""

    def __init__(self, config: DecoderConfig, weights: dict[str, Tensor], index: int) -> None:
        at = f"model.layers.{index}."
        attention, mlp = at + "self_attn.", at + "mlp."
        self.config, self.rope = config, config.rope[index]
        self.norm_in = weights[at + "input_layernorm.weight"]
        self.norm_mid = weights[at + "post_attention_layernorm.weight"]
        self.qkv = torch.cat([weights[attention + name + "_proj.weight"] for name in "qkv"])
        biases = [weights.get(attention + name + "_proj.bias") for name in "qkv"]
        self.qkv_bias = torch.cat(biases) if biases[0] is not None else None
        self.o = weights[attention + "o_proj.weight"]
        self.gate_up = torch.cat([weights[mlp + "gate_proj.weight"], weights[mlp + "up_proj.weight"]])
        self.down = weights[mlp + "down_proj.weight"]

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normed input (B, T, d) -> q (B, H, T, D), k and v (B, Hkv, T, D), positions applied."""
        c = self.config
        h = F.rms_norm(x, (c.hidden,), self.norm_in, c.eps)
        fused = F.linear(h, self.qkv, self.qkv_bias)
        fused = fused.view(*x.shape[:2], c.heads + 2 * c.kv_heads, c.head_dim).transpose(1, 2)
        qk, v = fused[:, : c.heads + c.kv_heads], fused[:, c.heads + c.kv_heads :]
        if self.rope:
            qk = rotate(qk, cos, sin)
        return qk[:, : c.heads], qk[:, c.heads :], v

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        """Residual, output projection and MLP; attended is (B, T, H*D)."""
        c = self.config
        x = x + F.linear(attended, self.o)
        gate, up = F.linear(F.rms_norm(x, (c.hidden,), self.norm_mid, c.eps), self.gate_up).chunk(2, dim=-1)
        return x + F.linear(F.silu(gate) * up, self.down)


class Decoder:
    """The forward pass over a dictionary of weights named as Hugging Face names them."""

    def __init__(self, config: DecoderConfig, weights: dict[str, Tensor]) -> None:
        self.config = config
        self.embedding = weights["model.embed_tokens.weight"]
        self.norm = weights["model.norm.weight"]
        self.head = self.embedding if config.tied else weights["lm_head.weight"]
        self.blocks = [Block(config, weights, index) for index in range(config.layers)]

    def logits(self, x: Tensor) -> Tensor:
        """Final hidden states (..., d) -> logits (..., vocabulary)."""
        return F.linear(F.rms_norm(x, (self.config.hidden,), self.norm, self.config.eps), self.head)

    def hidden(self, tokens: Tensor, first: int = 0, cache: list | None = None) -> Tensor:
        """Hidden states of right-padded tokens (B, T) at positions first..T-1: (B, T - first, d).

        Causal attention keeps padding on the right out of every real position. The last layer computes
        only what is asked for. With `cache`, each layer's (k, v), both (B, Hkv, T, D), is appended to it.
        """
        c = self.config
        x = F.embedding(tokens, self.embedding)
        cos, sin = rotary(torch.arange(tokens.shape[1], device=tokens.device), c)
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        for number, block in enumerate(self.blocks):
            q, k, v = block.project(x, cos, sin)
            if cache is not None:
                cache.append((k, v))
            if first and number == len(self.blocks) - 1:
                x, q = x[:, first:], q[:, :, first:]
                mask = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool, device=x.device).tril(first)
                out = F.scaled_dot_product_attention(
                    q, k, v, attn_mask=mask, enable_gqa=c.heads != c.kv_heads
                )
            else:
                out = F.scaled_dot_product_attention(
                    q, k, v, is_causal=True, enable_gqa=c.heads != c.kv_heads
                )
            x = block.finish(x, out.transpose(1, 2).reshape(*x.shape[:2], c.heads * c.head_dim))
        return x if len(self.blocks) and first else x[:, first:]
