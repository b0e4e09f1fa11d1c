"""Export a trained model for the page: one file with the merged weights in float16, and its tokenizer.

    python scripts/export_page_model.py --lineage RUN_base/adapter RUN_sft/adapter RUN/adapter \\
        --output models/NAME.bin [--tokenizer models/tokenizer.json]
    python scripts/export_page_model.py --released results/released/STUDY/EXPERIMENT/weights/MODEL.ARM.bin \\
        --output models/MODEL.ARM.bin --tokenizer models/MODEL.ARM.tokenizer.json

`--lineage` names the adapter folders from the base to the run. The header of a model file holds the hash of its
tokenizer, so that models can share one (`trap.models.page_model`; page/engine/README.md). `--released` names a committed
file that was exported before: it is checked against the record beside it and copied.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError
from trap.models.page_model import check_chain, load_chain, model_bytes, tokenizer_bytes, write_bytes
from trap.models.released_weights import checked, tokenizer_of
from trap.workflow.running import fix_threads

LIMIT_MB = 8.0  # of a model file, which visitors download


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--lineage", nargs="+", type=Path, help="adapter folders, the base's first")
    source.add_argument("--released", type=Path, metavar="FILE", help="a released model file, to copy")
    parser.add_argument("--output", type=Path, help="the model file to write")
    parser.add_argument("--tokenizer", type=Path, help="the tokenizer file to write")
    parser.add_argument(
        "--limit-mb", type=float, default=LIMIT_MB, help="refuse a larger model file (10^6 bytes)"
    )
    args = parser.parse_args(argv)
    if args.output is None and args.tokenizer is None:
        parser.error("name --output, --tokenizer or both")

    def copy() -> None:
        checked(args.released)
        for target, path in ((args.output, args.released), (args.tokenizer, tokenizer_of(args.released))):
            if target is not None:
                write_bytes(target, path.read_bytes())

    def export() -> None:
        fix_threads()
        meta = check_chain(args.lineage)
        whole = [folder for folder in args.lineage if (folder / "config.json").is_file()][-1]
        tokenizer = tokenizer_bytes(whole)
        if args.output is not None:
            data = model_bytes(load_chain(args.lineage), meta, tokenizer, args.lineage[-1])
            if len(data) > args.limit_mb * 1e6:
                raise InputError(
                    f"{args.output}: {len(data) / 1e6:.1f} MB is over the limit of {args.limit_mb:g} MB (--limit-mb)"
                )
            write_bytes(args.output, data)
        if args.tokenizer is not None:
            write_bytes(args.tokenizer, tokenizer)

    return run_main(copy if args.released else export)


if __name__ == "__main__":
    sys.exit(main())
