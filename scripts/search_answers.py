"""Let a trained run choose among several of its own sampled answers: items of the pools POOL_of4, POOL_of16, …

    python scripts/search_answers.py --config config/config.yaml --study NAME --sheet config/NAME/arms.tsv --arm ARM \\
        --model nano --platform torch --seed 1 --lineage RUN_base … RUN --pools eval_hard.jsonl --samples 1 4 16 \\
        --temperature 1.0 --output RUN/search

Writes `items.parquet`: one row an item and number of samples, of which the smaller ones are the first of the largest
draw. How an answer is chosen is the study's (`Study.choose`). Writes `samples.parquet` beside it: of the largest draw, how
many samples of each item are right, and how many of these for true reasons (`trap.analysis.samples`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from evaluate_adapter import Answered, item_row, write_item_rows
from trap.cli import run_main
from trap.files import InputError, replacing
from trap.studies.base import Score, score_item
from trap.workflow.trained import add_run, open_run


def counted(pool: str, item: Any, scores: Sequence[Score]) -> dict[str, Any]:
    """How many of an item's samples are right, and faithful (None where the study asks for no reasons)."""
    reasons = [score.faithful for score in scores if score.faithful is not None]
    return {
        "pool": pool,
        "id": item.id,
        "cluster": item.cluster or item.id,
        "n": len(scores),
        "correct": sum(score.correct for score in scores),
        "faithful": sum(reasons) if reasons else None,
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run(parser)
    parser.add_argument("--output", required=True, help="folder to write into")
    parser.add_argument(
        "--samples", type=int, nargs="+", required=True, help="how many answers to choose among"
    )
    parser.add_argument("--temperature", type=float, required=True)
    args = parser.parse_args(argv)

    def body() -> None:
        if min(args.samples) < 1:
            raise InputError(f"--samples: {min(args.samples)} answers are none to choose from")
        _, study, hyper, model, run = open_run(args)
        rows: list[dict[str, Any]] = []
        counts: list[dict[str, Any]] = []
        for path in args.pools:
            pool, items = Path(path).stem, study.read(path)
            drawn = model.sample(
                [item.prompt for item in items],
                num_generations=max(args.samples),
                temperature=args.temperature,
                max_completion_length=hyper.max_completion_length,
                keys=range(len(items)),
            )
            for item, texts in zip(items, drawn, strict=True):
                scores = [score_item(study, item, text, pool) for text in texts]
                counts.append(run | counted(pool, item, scores))
            for samples in sorted(set(args.samples)):
                chosen = [
                    study.choose(item, texts[:samples]) for item, texts in zip(items, drawn, strict=True)
                ]
                for item, text, tokens in zip(items, chosen, model.lengths(chosen), strict=True):
                    found = Answered(pool, item, text, score_item(study, item, text, pool), None, tokens)
                    rows.append(item_row(run, study, found, f"{pool}_of{samples}"))
        write_item_rows(rows, study, Path(args.output) / "items.parquet")
        with replacing(Path(args.output) / "samples.parquet") as partial:
            pl.DataFrame(counts).write_parquet(partial, compression="zstd")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
