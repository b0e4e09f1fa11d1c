"""Write what a model trained from nothing learns first: the study's base corpus.

python scripts/write_corpus.py --config config/config.yaml --study NAME --output results/NAME/data/corpus.jsonl
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import InputError, write_jsonl
from trap.workflow.config import load_config
from trap.workflow.opening import open_study


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "study"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")
    parser.add_argument("--output", required=True, help="JSON lines of stage, prompt and completion")
    args = parser.parse_args(argv)

    def body() -> None:
        study = open_study(load_config(args.config), args.study, args.data)
        rows = [
            {"stage": text.stage, "prompt": text.prompt, "completion": text.completion}
            for text in study.corpus()
        ]
        if not rows:
            raise InputError(f"study {args.study}: its corpus is empty")
        write_jsonl(args.output, rows)
        print(f"{args.output}: {len(rows)} texts")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
