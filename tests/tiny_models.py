"""Tiny models and texts for the tests of the torch platform: random weights, a few hundred parameters a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
from trap.platforms import Example
from trap.platforms.torch import TorchModel, create
from trap.platforms.torch.decoder import nano_config

COLOURS = ["red", "blue", "green", "grey", "brown", "amber", "violet", "teal"]
THINGS = ["apple", "boat", "cup", "drum", "egg", "fork", "glove", "hat"]


def texts() -> list[Example]:
    """64 small questions of different lengths with one answer each."""
    examples = []
    for i, thing in enumerate(THINGS):
        for j, colour in enumerate(COLOURS):
            filler = " very" * (i % 3)
            examples.append(Example(f"The {thing}, {colour}, is{filler}", f" {THINGS[j]} and {COLOURS[i]}."))
    return examples


def tokenizer() -> Any:
    examples = texts()
    return build_tokenizer([e.prompt + e.completion for e in examples], [f" {name}" for name in THINGS])


def config(rope: list[int], kv_heads: int = 1) -> dict[str, Any]:
    made = tokenizer()
    return nano_config(
        vocab_size=made.get_vocab_size(), hidden=32, layers=len(rope), heads=2, kv_heads=kv_heads, intermediate=48,
        rope=rope, theta=10000.0, eos=made.token_to_id(EOS), pad=made.token_to_id(PAD),
    )  # fmt: skip


def model(rope: list[int] | None = None, seed: int = 1) -> TorchModel:
    """A small model whose every weight matters, whatever fresh models start from."""
    made = create(config(rope or [1, 0]), tokenizer(), seed, "cpu")
    generator = torch.Generator().manual_seed(seed)
    for name, weight in made.weights.items():
        noise = torch.randn(weight.shape, generator=generator)
        scale = 0.2 if "embed" in name else weight.shape[-1] ** -0.5
        weight.copy_(noise * scale if weight.ndim > 1 else 1 + 0.1 * noise)
    return made


def save(made: TorchModel, folder: Path) -> Path:
    """The model's folder, as the base script writes it."""
    made.save(folder)
    write_tokenizer_config(folder)
    return folder


def foreign(folder: Path, made: Any) -> Path:
    """A model folder written by transformers itself, with the tests' tokenizer."""
    made.save_pretrained(str(folder))
    tokenizer().save(str(folder / "tokenizer.json"))
    write_tokenizer_config(folder)
    return folder


def randomized(made: Any, seed: int = 0) -> Any:
    """Every weight of a transformers model random and large enough to matter, biases and norms included."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in made.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(0.15 * noise if parameter.ndim > 1 else 1 + 0.3 * noise)
    return made.eval()


def ignore(row: dict) -> None:
    """A log that nobody reads."""
