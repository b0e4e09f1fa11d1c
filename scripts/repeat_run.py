"""Train and evaluate a run once more, from the same lineage, to compare it with itself.

    python scripts/repeat_run.py --config config/config.yaml --study NAME --sheet config/NAME/arms.tsv --arm rsft_easy \\
        --model nano --platform torch --seed 1 --lineage RUN_base RUN_sft [--rollouts RUN ...] \\
        --pools eval_hard.jsonl ... --validation valid_hard.jsonl ... --output repeat.parquet

Writes the run's items; the claims count the rows that agree with the first time.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import evaluate_adapter
import train_adapter
from trap.cli import run_main
from trap.files import InputError, replacing
from trap.workflow.trained import SETTINGS, add_run

SAME = (*SETTINGS, "seed")  # of both programs


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run(parser)
    parser.add_argument("--output", required=True)
    for name in ("rollouts", "validation"):
        parser.add_argument(f"--{name}", nargs="*", default=[])
    args = parser.parse_args(argv)
    same = [part for name in SAME for part in (f"--{name}", str(getattr(args, name)))]
    same += ["--data", args.data] if args.data else []

    def body() -> None:
        with tempfile.TemporaryDirectory() as folder:
            run = f"{folder}/run"
            train = [*same, "--lineage", *args.lineage, "--output", run]
            train += ["--rollouts", *args.rollouts] if args.rollouts else []
            score = [*same, "--lineage", *args.lineage, run, "--pools", *args.pools, "--output", run]
            score += ["--validation", *args.validation] if args.validation else []
            if train_adapter.main(train) or evaluate_adapter.main(score):
                raise InputError(f"{args.arm}, seed {args.seed}: it could not be done again (see above)")
            with replacing(Path(args.output)) as partial:
                shutil.copyfile(Path(run) / "items.parquet", partial)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
