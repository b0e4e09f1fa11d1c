"""Let a trained run choose among several of its own sampled answers: items of the pools POOL_of4, POOL_of16, …

    python scripts/search_answers.py --config config/config.yaml --arms config/arms_way_out.tsv --arm way_out_rsft \\
        --study hops --model nano_nope --platform torch --seed 1 --graph kg.json --chain RUN_base … RUN \\
        --pools eval_hard.jsonl --samples 1 4 16 --temperature 1.0 --output RUN/search

Writes `items.parquet`: one row a question and number of samples, of which the smaller ones are the first of the
largest draw. How an answer is chosen is the study's (`studies/hops/choosing.py`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import polars as pl

from evaluate_adapter import TYPES
from trap.cli import run_main
from trap.files import InputError, replacing
from trap.platforms import load_platform
from trap.studies import load_study
from trap.studies.hops.choosing import choose
from trap.workflow.config import load_config
from trap.workflow.running import fix_threads
from trap.workflow.sheet import load_arms


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "arms", "arm", "study", "model", "platform", "graph", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--chain", nargs="+", required=True, help="run folders from the base to this run")
    parser.add_argument(
        "--pools", nargs="+", required=True, help="question files; the pool is the file's stem"
    )
    parser.add_argument(
        "--samples", type=int, nargs="+", required=True, help="how many answers to choose among"
    )
    parser.add_argument("--temperature", type=float, required=True)
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        config, arm = load_config(args.config), load_arms(args.arms)[args.arm]
        if min(args.samples) < 1:
            raise InputError(f"--samples: {min(args.samples)} answers are none to choose from")
        study = load_study(args.study, args.graph)
        model = load_platform(args.platform).load(
            [Path(run) / "adapter" for run in args.chain], config.device
        )
        run = {name: getattr(args, name) for name in ("study", "model", "platform", "arm", "seed")}
        rows: list[dict[str, Any]] = []
        for path in args.pools:
            items = study.read(path)
            drawn = model.sample(
                [item.prompt for item in items],
                k=max(args.samples),
                temperature=args.temperature,
                max_new_tokens=config.hyper[arm.hyper].max_new_tokens,
                keys=range(len(items)),
            )
            for samples in sorted(set(args.samples)):
                chosen = [choose(item, texts[:samples]) for item, texts in zip(items, drawn, strict=True)]
                pool = {"pool": f"{Path(path).stem}_of{samples}"}
                rows += [
                    {
                        **run,
                        **pool,
                        **study.row(item, study.grade(item, text)),
                        "letter": None,
                        "tokens": tokens,
                    }
                    for item, text, tokens in zip(items, chosen, model.lengths(chosen), strict=True)
                ]
        with replacing(Path(args.output) / "items.parquet") as partial:
            pl.DataFrame(rows, schema_overrides=TYPES).write_parquet(partial, compression="zstd")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
