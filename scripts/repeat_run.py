"""Train and evaluate a run once more, from the same parents, to compare it with itself.

    python scripts/repeat_run.py --config config/config.yaml --arms config/arms.tsv --arm rsft_easy --study hops \\
        --model nano --platform torch --seed 1 --graph kg.json --data results/hops/data --parents RUN_base RUN_sft \\
        [--rollouts RUN ...] --pools eval_hard.jsonl ... --validation valid_hard.jsonl ... --output repeat.parquet

Writes the run's items; `tabulate_claims.py --repeat` counts the rows that agree with the first time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import evaluate_adapter
import train_adapter
from trap.analysis.cells import read_items
from trap.analysis.collect import write_items
from trap.cli import run_main
from trap.files import InputError

SAME = ("config", "arms", "arm", "study", "model", "platform", "graph", "seed")  # of both programs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in (*SAME, "data", "output"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("parents", "pools"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    for name in ("rollouts", "validation"):
        parser.add_argument(f"--{name}", nargs="*", default=[])
    args = parser.parse_args(argv)
    same = [part for name in SAME for part in (f"--{name}", getattr(args, name))]

    def body() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = f"{folder}/run"
            train = [*same, "--data", args.data, "--parents", *args.parents, "--output", run]
            train += ["--rollouts", *args.rollouts] if args.rollouts else []
            score = [*same, "--chain", *args.parents, run, "--pools", *args.pools, "--output", run]
            score += ["--validation", *args.validation] if args.validation else []
            if train_adapter.main(train) or evaluate_adapter.main(score):
                raise InputError(f"{args.arm}, seed {args.seed}: it could not be done again (see above)")
            write_items(read_items([Path(run) / "items.parquet"]), args.output)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
