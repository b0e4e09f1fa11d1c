"""One trained model as one file that a browser reads, and its tokenizer as compact JSON.

The model file: `MAGIC` (8 bytes), the header's length (uint32, little-endian), the header (UTF-8 JSON, padded
with spaces so that the payload starts at a multiple of 8), the payload (float16 tensors, little-endian, each at
the offset that the header gives). Adapters are merged before they are rounded, so a browser needs no LoRA.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from trap.files import InputError, read_json, replacing
from trap.models.encoding import read_tokenizer
from trap.models.page_header import MAGIC
from trap.platforms import torch as platform
from trap.platforms.torch import TorchModel
from trap.workflow.running import folder_hash

ALIGNMENT = 8  # bytes; every tensor and the payload start at a multiple
_META = ("run_id", "model", "arm", "label", "seed", "contaminated")


def check_chain(chain: Sequence[Path]) -> dict[str, Any]:
    """The last run's `meta.json`. Raises InputError where an adapter was not trained on the folder before it.

    Shapes agree between any two runs of one model, so a wrong chain would load and be silently wrong: the
    hash of its parent that each run recorded decides.
    """
    meta: dict[str, Any] = {}
    for before, folder in pairwise([None, *chain]):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        path = folder.parent / "meta.json"
        meta = read_json(path, dict)
        hashes = meta.get("hashes") or {}
        if hashes.get("adapter") != folder_hash(folder):
            raise InputError(f"{path}: hashes.adapter: {folder} is not the adapter that this run wrote")
        if before is None:
            if not (folder / "config.json").is_file():
                raise InputError(f"{folder}: no config.json: a chain starts with a whole model")
        elif hashes.get("parent") != folder_hash(before):
            raise InputError(
                f"{path}: hashes.parent: trained on another run than {before}; name the whole chain"
            )
    for key in ("run_id", "arm"):
        if not meta.get(key):
            raise InputError(f"{chain[-1].parent / 'meta.json'}: {key}: missing")
    return meta


def half_precision(model: TorchModel, source: Path) -> dict[str, np.ndarray]:
    """The model's weights in float16, by name. Raises InputError where one does not fit the format."""
    rounded = {}
    for name, tensor in sorted(model.weights.items()):
        values = tensor.detach().cpu().numpy()
        with np.errstate(over="ignore"):
            half = values.astype("<f2")
        if not np.isfinite(half).all():
            raise InputError(f"{source}: {name}: holds a value that float16 cannot")
        rounded[name] = half
    return rounded


def decoder_settings(model: TorchModel) -> dict[str, Any]:
    """The settings that change the arithmetic, by `DecoderConfig`'s names."""
    c = model.config
    names = (
        "vocab_size",
        "hidden",
        "layers",
        "heads",
        "kv_heads",
        "head_dim",
        "intermediate",
        "eps",
        "theta",
    )
    return {name: getattr(c, name) for name in names} | {"rope": [int(r) for r in c.rope], "tied": c.tied}


def load_chain(chain: Sequence[Path]) -> TorchModel:
    """The merged model of a chain. Raises InputError for an architecture that the page does not compute."""
    model = platform.load(chain, "cpu")
    if not isinstance(model, TorchModel):
        raise InputError(
            f"{chain[0] / 'config.json'}: model_type: the page computes the Llama family only (llama, smollm3, qwen2)"
        )
    return model


def tokenizer_bytes(folder: Path) -> bytes:
    """The tokenizer of a model folder as compact JSON. Raises InputError for another kind of tokenizer.

    `pieces` by id; `scores` as runs [score, how many]; `special` are the ids that text cuts at and that
    decoding leaves out.
    """
    path = folder / "tokenizer.json"
    read_tokenizer(folder)  # one clear line when the file is missing or damaged
    raw = read_json(path, dict)
    model = raw["model"]
    decoders = (raw.get("decoder") or {}).get("decoders") or []
    wanted = {
        "model.type": (model.get("type"), "Unigram"),
        "model.byte_fallback": (model.get("byte_fallback"), True),
        "normalizer": (raw.get("normalizer"), None),
        "pre_tokenizer": (raw.get("pre_tokenizer"), None),
        "post_processor": (raw.get("post_processor"), None),
        "decoder": ([part.get("type") for part in decoders], ["ByteFallback", "Fuse"]),
    }
    for key, (found, needed) in wanted.items():
        if found != needed:
            raise InputError(f"{path}: {key}: {found!r} is not supported by the page ({needed!r} is)")
    pieces = [piece for piece, _ in model["vocab"]]
    if absent := [b for b in range(256) if f"<0x{b:02X}>" not in set(pieces)]:
        raise InputError(f"{path}: model.vocab: no piece for byte {absent[0]}")
    special = []
    for token in raw.get("added_tokens") or []:
        plain = not any(token[key] for key in ("single_word", "lstrip", "rstrip", "normalized"))
        if not (plain and token["special"] and pieces[token["id"]] == token["content"]):
            raise InputError(
                f"{path}: added_tokens: {token['content']!r} is of a kind that the page does not know"
            )
        special.append(token["id"])
    scores = [[score, len(list(run))] for score, run in groupby(score for _, score in model["vocab"])]
    made = {"format": 1, "unk": model["unk_id"], "special": special, "scores": scores, "pieces": pieces}
    return (json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def model_bytes(model: TorchModel, meta: dict[str, Any], tokenizer: bytes, source: Path) -> bytes:
    """The model file. Equal weights and `meta` give equal bytes."""
    tensors, parts, offset = [], [], 0
    for name, values in half_precision(model, source).items():
        data = values.tobytes()
        tensors.append({"name": name, "shape": list(values.shape), "offset": offset})
        data += bytes(-len(data) % ALIGNMENT)
        parts.append(data)
        offset += len(data)
    payload = b"".join(parts)
    header = {
        "format": 1,
        **{key: meta.get(key) for key in _META},
        "sha256": hashlib.sha256(payload).hexdigest(),
        "parameters": sum(int(np.prod(tensor["shape"])) for tensor in tensors),
        "dtype": "float16",
        "tokenizer": {"sha256": hashlib.sha256(tokenizer).hexdigest()},
        "eos": model.eos,
        "decoder": decoder_settings(model),
        "config": model.config.raw,
        "tensors": tensors,
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % ALIGNMENT)
    return MAGIC + struct.pack("<I", len(text)) + text + payload


def write_bytes(path: Path, data: bytes) -> None:
    """Write atomically."""
    with replacing(path) as partial:
        partial.write_bytes(data)
