"""Compile the calculator annotations of published GSM-8K solutions to traces, run them, and count.

    python scripts/compile_solutions.py FOLDER_OR_FILE [--output ceiling.json] [--show 3]

The output holds counts with exact intervals and no text of a question. `--show N` prints N traces beside their solutions
instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import write_json
from trap.studies.traces.annotations import compile_solution
from trap.studies.traces.ceiling import FILE, audit, read_solutions, text


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("solutions", type=Path, help=f"a .jsonl of GSM-8K, or a folder with {FILE}")
    parser.add_argument("--output", type=Path, help="where the findings go, as JSON")
    parser.add_argument("--show", type=int, default=0, help="print so many traces")
    args = parser.parse_args(argv)

    def body() -> None:
        path = args.solutions / FILE if args.solutions.is_dir() else args.solutions
        rows = read_solutions(path)
        for row in rows[: max(0, args.show)]:
            found = compile_solution(row["question"], row["answer"])
            print(row["answer"], found.trace or f"no trace: {found.reason}", "", sep="\n\n")
        made = audit(rows, f"GSM-8K, {path.name}")
        print(text(made))
        if args.output:
            write_json(args.output, made)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
