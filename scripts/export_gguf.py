"""Export a trained model, with its adapters merged, as a GGUF file for llama.cpp, LM Studio or Ollama.

    python scripts/export_gguf.py RUN_base RUN_sft RUN_arm --output model.gguf [--type Q8_0] [--like other.gguf]

The arguments are the arm's lineage, the base first, as run folders or as folders of weights. For a base that came from a
GGUF file, the settings of the tokenizer come from that file; --like names another file. Needs requirements/smollm.txt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, read_json, replacing
from trap.models.gguf_file import TYPES, write_gguf
from trap.models.package import GGUF, ORIGIN
from trap.platforms import split_lineage

MADE = Path("results/models")


def source_of(folders: list[Path]) -> Path | None:
    """The GGUF file that the lineage's base came from, where it is still here."""
    for folder in folders:
        if (folder / ORIGIN).is_file():
            wanted = read_json(folder / ORIGIN, dict).get("sha256")
            for known in sorted(MADE.glob(f"*/{ORIGIN}")):
                if read_json(known, dict).get("sha256") == wanted and (known.parent / GGUF).is_file():
                    return known.parent / GGUF
    return None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, help="the lineage: run folders from the base to the arm"
    )
    parser.add_argument("--output", type=Path, required=True, help="the GGUF file")
    parser.add_argument("--type", default="Q8_0", choices=sorted(TYPES), help="of the matrices")
    parser.add_argument("--like", type=Path, help="a GGUF file with the same tokenizer")
    parser.add_argument("--title", help="the model's name in the file; the last folder's without one")
    args = parser.parse_args(argv)

    def body() -> None:
        try:
            import gguf  # noqa: F401
        except ImportError:
            raise InputError(
                "the package gguf is not installed: pip install -r requirements/smollm.txt"
            ) from None
        if args.output.exists():
            raise InputError(f"{args.output}: is there already; nothing is overwritten")
        folders = [run / "adapter" if (run / "adapter").is_dir() else run for run in args.runs]
        base, adapters = split_lineage(folders)
        like = args.like or source_of(folders)
        title = args.title or args.runs[-1].resolve().name
        with replacing(args.output) as partial:
            write_gguf(base, adapters, partial, args.type, like, title)
        size = args.output.stat().st_size / 1e6
        print(f"{args.output}: {size:.0f} MB, {args.type}; {len(adapters)} adapters merged into {base}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
