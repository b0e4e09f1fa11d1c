"""Sample the items of one pool of a study.

    python scripts/sample_items.py --config config/config.yaml --study NAME --pool hard --count 1000 \\
        --output results/NAME/data/hard.jsonl

Item i of a pool is the same whatever the count, `--first` or the number of processes. A pool with fewer items gives
what it has, and the program says so.
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import InputError, replacing
from trap.studies.making import available, make_lines
from trap.workflow.config import load_config
from trap.workflow.opening import open_study


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "study", "pool"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--count", type=int, required=True, help="number of items")
    parser.add_argument("--first", type=int, default=0, help="index of the first item (default 0)")
    parser.add_argument("--processes", type=int, default=1, help="that share the work (default 1)")
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")
    parser.add_argument("--output", required=True, help="JSON lines to write")
    args = parser.parse_args(argv)

    def body() -> None:
        if args.processes < 1:
            raise InputError(f"--processes: at least 1, not {args.processes}")
        study = open_study(load_config(args.config), args.study, args.data)
        count = available(study, args.pool, args.first, args.count)
        if not count < args.count:
            missing = ""
        elif count:
            missing = f" ({args.count} asked for; no more exist)"
        else:
            raise InputError(f"study {args.study}: pool {args.pool}: there is no item {args.first}")
        with replacing(args.output) as partial, partial.open("wb") as stream:
            stream.writelines(make_lines(study, args.pool, args.first, count, args.processes))
        print(f"{args.output}: {count} items of pool {args.pool}{missing}")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
