"""Check a study and its pools before anything trains: references, empty completions, permuted keys, overlaps, bytes.

    python scripts/check_study.py --config config/config.yaml --study NAME --pools results/NAME/data/*.jsonl \\
        --gate --output results/NAME/data/gates.json

What the gates ask is said in `trap/studies/gates.py`. A pool's name is its file's stem. Writes a JSON document; each
violation is one line on standard error, and with --gate the exit status is then 1.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import write_json
from trap.studies.gates import check
from trap.workflow.config import load_config
from trap.workflow.opening import open_study


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "study"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--pools", nargs="+", required=True, help="pool files")
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")
    parser.add_argument("--gate", action="store_true", help="exit with status 1 on a violation")
    parser.add_argument("--output", required=True, help="gates.json")
    args = parser.parse_args(argv)

    def body() -> int:
        study = open_study(load_config(args.config), args.study, args.data)
        gates = check(study, {Path(path).stem: Path(path) for path in args.pools})
        write_json(args.output, gates)
        for line in gates.violations:
            print(f"error: {line}", file=sys.stderr)
        items = sum(pool.items for pool in gates.pools)
        print(f"{args.output}: {items} items in {len(gates.pools)} pools, {len(gates.violations)} violations")
        return 1 if args.gate and gates.violations else 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
