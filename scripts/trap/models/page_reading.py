"""Read a model file of the page back (`trap.models.page_model` writes it), to run here what a browser runs there."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models

from trap.files import InputError, read_json
from trap.models.page_header import MAGIC, read_header
from trap.platforms.torch import TorchModel
from trap.platforms.torch.decoder import DecoderConfig


def read_page_model(path: Path, tokenizer: Path) -> TorchModel:
    """The model of a file, with float16 weights as float32. Raises InputError where a file is not what it says it is."""
    header, data = read_header(path), path.read_bytes()
    payload = data[len(MAGIC) + 4 + struct.unpack("<I", data[len(MAGIC) : len(MAGIC) + 4])[0] :]
    if hashlib.sha256(payload).hexdigest() != header.get("sha256"):
        raise InputError(f"{path}: sha256: the weights are not those that the header names")
    held = tokenizer.read_bytes() if tokenizer.is_file() else b""
    if hashlib.sha256(held).hexdigest() != header["tokenizer"]["sha256"]:
        raise InputError(f"{tokenizer}: not the tokenizer of {path.name}")
    weights = {}
    for tensor in header["tensors"]:
        values = np.frombuffer(payload, "<f2", int(np.prod(tensor["shape"])), tensor["offset"])
        weights[tensor["name"]] = torch.from_numpy(values.astype(np.float32).reshape(tensor["shape"]))
    config = DecoderConfig.from_json(header["config"], str(path))
    return TorchModel(config, weights, read_page_tokenizer(tokenizer), torch.device("cpu"))


def read_page_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a compact file. Raises InputError where it is none."""
    told = read_json(path, dict[str, Any])
    scores = [score for score, count in told["scores"] for _ in range(count)]
    if len(scores) != len(told["pieces"]):
        raise InputError(f"{path}: scores: {len(scores)} for {len(told['pieces'])} pieces")
    made = Tokenizer(
        models.Unigram(list(zip(told["pieces"], scores, strict=True)), told["unk"], byte_fallback=True)
    )
    made.add_special_tokens([told["pieces"][token] for token in told["special"]])
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return made
