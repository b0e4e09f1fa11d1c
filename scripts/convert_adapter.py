"""Carry an adapter from one tool to another, or merge it into its base model.

    python scripts/convert_adapter.py results/hops/nano/torch/sft/s1/adapter --to mlx --output sft_mlx
    python scripts/convert_adapter.py sft_mlx --to peft --base BASE --output sft_peft
    python scripts/convert_adapter.py sft_mlx --to model --base BASE --output merged

`peft` is read by PEFT, transformers, vLLM and our platforms, `mlx` by mlx-lm; both conversions move bits
and change none. `model` is the base in Hugging Face format with the adapter added, which other tools'
own converters read (llama.cpp's convert_hf_to_gguf.py, mlx_lm.convert). A chain of adapters is merged one
after the other. With --base, shapes and tokenizer are checked against it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from trap.adapters import Adapter, read_adapter, write_mlx, write_peft
from trap.cli import run_main
from trap.files import InputError, read_json, replacing
from trap.tensors import Tensor, read_tensors, write_tensors

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
    from trap.encoding import check_same_tokenizer

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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "adapters", nargs="+", type=Path, help="adapter folders (several only with --to model)"
    )
    parser.add_argument("--to", required=True, choices=("peft", "mlx", "model"))
    parser.add_argument("--base", type=Path, help="folder of the base model")
    parser.add_argument("--output", required=True, type=Path)
    args = parser.parse_args(argv)

    def body() -> None:
        if args.to == "model" and args.base is None:
            raise InputError("--base: needed to merge (the model folder that the adapter was trained on)")
        if args.to != "model" and len(args.adapters) > 1:
            raise InputError("adapters: one at a time; only --to model takes several")
        if args.output.exists():
            raise InputError(f"{args.output}: is there already; nothing is overwritten")
        adapters = [read_adapter(folder) for folder in args.adapters]
        files = weight_files(args.base) if args.base else []
        for adapter in adapters if args.base else []:
            check_fits(adapter, args.base, files)
        base = str(args.base or "")
        with replacing(args.output) as folder:
            if args.to == "peft":
                write_peft(folder, adapters[0], base)
            elif args.to == "mlx":
                layers = (
                    read_json(args.base / "config.json", dict)["num_hidden_layers"] if args.base else None
                )
                write_mlx(folder, adapters[0], base, layers)
            else:
                merge(args.base, files, adapters, folder)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
