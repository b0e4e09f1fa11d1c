"""Adapters added to the weights of their base model, file by file, in float32, rounded once.

Nothing here imports torch or mlx; a model of any size is merged in the memory of one of its files.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from trap.files import InputError, read_json
from trap.models.adapters import Adapter
from trap.models.encoding import check_same_tokenizer
from trap.models.tensors import Tensor, read_tensors, write_tensors

INDEX = "model.safetensors.index.json"
COPIED = (".json", ".txt", ".model", ".jinja")


def weight_files(base: Path) -> list[Path]:
    """Weight files of a model folder. Raises InputError if it is none."""
    if not (base / "config.json").is_file():
        raise InputError(f"{base}: no config.json: not a model folder")
    if "quantization" in read_json(base / "config.json", dict):
        raise InputError(f"{base / 'config.json'}: quantization: merge into the model it was quantized from")
    names = ["model.safetensors"]
    if (base / INDEX).is_file():
        names = sorted(set(read_json(base / INDEX, dict)["weight_map"].values()))
    return [base / Path(name).name for name in names]


def check_fits(adapter: Adapter, base: Path, files: list[Path]) -> None:
    """Raises InputError for an adapter of another base: other modules, other shapes, another tokenizer."""
    shapes = {name: tensor.shape for path in files for name, tensor in read_tensors(path).items()}
    adapter.check(shapes)
    check_same_tokenizer(adapter.source.parent, base)


def added(name: str, weight: Tensor, adapters: list[Adapter]) -> Tensor:
    """The weight with every adapter's change, rounded once to its own type."""
    module = name.removesuffix(".weight")
    changed = [adapter for adapter in adapters if module in adapter.a]
    if not changed:
        return weight
    values = weight.floats()
    for adapter in changed:
        values = values + adapter.change(module)
    return weight.like(values)


def merge(base: Path, files: list[Path], adapters: list[Adapter], output: Path) -> None:
    """The base model's folder with the adapters in its weights, file by file."""
    output.mkdir(parents=True, exist_ok=True)
    for path in sorted(base.iterdir()):
        if path.is_file() and path.suffix in COPIED:
            shutil.copyfile(path, output / path.name)
    for path in files:
        tensors = {name: added(name, weight, adapters) for name, weight in read_tensors(path).items()}
        write_tensors(output / path.name, tensors, {"format": "pt"})
