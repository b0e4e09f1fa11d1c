"""Evaluate one trained run on question pools: one greedy answer a question, graded by the study.

    python scripts/evaluate_adapter.py --config config/config.yaml --arms config/arms.tsv --arm sft --study hops \\
        --model nano --platform torch --seed 1 --graph kg.json --chain RUN_base RUN_sft \\
        --pools eval_hard.jsonl ... --validation valid_hard.jsonl ... --output RUN

Writes `items.parquet` (one row a question), `metrics.json` (published format) and `episodes.jsonl` (the
first questions of every pool). What the run answered while it was trained (`validation.jsonl`) is graded
as well: `curves` of `metrics.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from trap.cli import run_main
from trap.files import InputError, read_jsonl, replacing, write_json, write_jsonl
from trap.platforms import Example, load_platform
from trap.studies import load_study
from trap.workflow.config import load_config
from trap.workflow.running import fix_threads, timed
from trap.workflow.sheet import load_arms

LETTER_POOLS = ("eval_easy", "eval_hard")  # scored by letter log-probability as well
EPISODES_PER_POOL = 200
TYPES = {"seed": pl.Int16, "hops": pl.Int8, "hops_used": pl.Int8, "tokens": pl.Int16, "first_false": pl.Int8, "coverage": pl.Float32, "reward": pl.Float32, "letter": pl.Boolean}  # fmt: skip


def letter_right(model: Any, study: Any, items: list[Any]) -> list[bool]:
    """Whether the right letter is the most probable one when the model must answer at once.

    Knowledge apart from format: a model that cannot write a trace may still rank the letters.
    """
    options = [study.letters(item) for item in items]
    scores = model.logprobs(
        [Example(item.prompt, text) for item, texts in zip(items, options, strict=True) for text in texts]
    )
    width = len(options[0])
    return [scores[i] >= max(scores[i : i + width]) for i in range(0, len(scores), width)]


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
    parser.add_argument("--validation", nargs="*", default=[], help="pools that training was watched on")
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        config, arm = load_config(args.config), load_arms(args.arms)[args.arm]
        hyper, output = config.hyper[arm.hyper], Path(args.output)
        study = load_study(args.study, args.graph)
        model = load_platform(args.platform).load(
            [Path(run) / "adapter" for run in args.chain], config.device
        )
        run = {
            "study": args.study,
            "model": args.model,
            "platform": args.platform,
            "arm": args.arm,
            "seed": args.seed,
        }
        rows: list[dict[str, Any]] = []
        episodes: list[Any] = []
        splits: dict[str, Any] = {}

        def everything() -> None:
            answered: dict[str, str] = {}  # a question asked in the same words is answered once
            for path in args.pools:
                pool, items = Path(path).stem, study.read(path)
                prompts = list(dict.fromkeys(item.prompt for item in items if item.prompt not in answered))
                drawn = model.sample(
                    prompts,
                    k=1,
                    temperature=0.0,
                    max_new_tokens=hyper.max_new_tokens,
                    keys=range(len(prompts)),
                )
                answered |= {prompt: texts[0] for prompt, texts in zip(prompts, drawn, strict=True)}
                completions = [answered[item.prompt] for item in items]
                grades = [study.grade(item, text) for item, text in zip(items, completions, strict=True)]
                letters = letter_right(model, study, items) if pool in LETTER_POOLS else [None] * len(items)
                lengths = model.lengths(completions)
                for number, (item, text, grade, letter, tokens) in enumerate(
                    zip(items, completions, grades, letters, lengths, strict=True)
                ):
                    rows.append(
                        {**run, "pool": pool, **study.row(item, grade), "letter": letter, "tokens": tokens}
                    )
                    if number < EPISODES_PER_POOL:
                        episodes.append(
                            study.episode(item, text, grade, phase=args.arm, step=hyper.steps, kept=None)
                        )
                splits[pool] = {args.arm: summary(grades)}

        _, seconds = timed(everything)
        frame = pl.DataFrame(rows, schema_overrides=TYPES)
        with replacing(output / "items.parquet") as partial:
            frame.write_parquet(partial, compression="zstd")
        write_jsonl(output / "episodes.jsonl", episodes)
        write_json(
            output / "metrics.json",
            {
                "run_id": "/".join(map(str, run.values())),
                "splits": splits,
                "curves": {"valid": validation(study, Path(args.chain[-1]), args.validation)},
                "seconds": {"evaluate": seconds},
            },
        )

    return run_main(body)


class Answer(Struct):
    """A line of `validation.jsonl`."""

    step: int
    pool: str
    id: str
    completion: str


def validation(study: Any, run: Path, pools: list[str]) -> list[dict[str, Any]]:
    """Accuracy and faithful share by step and pool of what the run answered while it was trained."""
    path = run / "validation.jsonl"
    if not path.is_file():  # a base model is not watched
        return []
    items = {(Path(pool).stem, item.id): item for pool in pools for item in study.read(pool)}
    grades: dict[tuple[int, str], list[Any]] = {}
    for number, row in enumerate(read_jsonl(path, Answer), start=1):
        if (row.pool, row.id) not in items:
            raise InputError(f"{path}:{number}: id: {row.id!r} is not in pool {row.pool!r}")
        grade = study.grade(items[row.pool, row.id], row.completion)
        grades.setdefault((row.step, row.pool), []).append(grade)
    return [
        {"step": step, "pool": pool, "n": len(found), "accuracy": sum(g.correct for g in found) / len(found),
         "faithful": sum(g.faithful for g in found) / len(found)}
        for (step, pool), found in sorted(grades.items())
    ]  # fmt: skip


def summary(grades: list[Any]) -> dict[str, float]:
    """The published keys of `metrics.json`, with ours beside them."""
    n = len(grades)
    return {
        "accuracy": sum(g.correct for g in grades) / n,
        "avg_path_coverage": sum(g.coverage for g in grades) / n,
        "avg_total_reward": sum(g.total for g in grades) / n,
        "n_examples": n,
        "faithful": sum(g.faithful for g in grades) / n,
        "valid": sum(g.valid for g in grades) / n,
        "format": sum(g.valid_format for g in grades) / n,
        "hops_used": sum(g.hops_used for g in grades) / n,
    }


if __name__ == "__main__":
    sys.exit(main())
