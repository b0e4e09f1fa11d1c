"""Carry an adapter from one tool to another, or merge it into its base model.

    python scripts/convert_adapter.py results/hops/runs/nano/torch/sft/s1/adapter --to mlx --output sft_mlx
    python scripts/convert_adapter.py sft_mlx --to peft --base BASE --output sft_peft
    python scripts/convert_adapter.py sft_mlx --to model --base BASE --output merged

PEFT, transformers, vLLM and the platforms of this project read `peft`; mlx-lm reads `mlx`. Conversion between the two
keeps every bit of the weights. `model` is the base model with the adapter merged, in Hugging Face format, which
converters of other tools read (llama.cpp's convert_hf_to_gguf.py, mlx_lm.convert). Several adapters are merged one after
the other. With --base, shapes and tokenizer are checked against it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_json, replacing
from trap.models.adapters import read_adapter, write_mlx, write_peft
from trap.models.merging import check_fits, merge, weight_files


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
