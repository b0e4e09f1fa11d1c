"""Evaluate one trained run on pools of a study: one greedy answer per item, scored by the study.

    python scripts/evaluate_adapter.py --config config/config.yaml --study NAME --sheet config/NAME/arms.tsv --arm sft \\
        --model nano --platform torch --seed 1 --lineage RUN_base RUN_sft --pools eval_hard.jsonl ... \\
        --validation valid_hard.jsonl ... --output RUN

Writes `items.parquet` (one row per item), `metrics.json` (published format) and `episodes.jsonl` (the first items of
every pool). What the run answered while it was trained (`validation.jsonl`) is scored as well: `curves` of
`metrics.json`. With `--only-items FILE`, that file of items is all that is written. A pool's name is its file's stem.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
from msgspec import Struct

from trap.cli import run_main
from trap.files import InputError, read_jsonl, replacing, write_json, write_jsonl
from trap.platforms import Example
from trap.studies.base import BaseStudy, Score, score_item
from trap.studies.columns import item_columns
from trap.workflow.opening import study_settings
from trap.workflow.running import timed
from trap.workflow.trained import add_run, open_run

EPISODES_PER_POOL = 200


def right_is_likeliest(model: Any, study: BaseStudy, items: Sequence[Any]) -> list[bool | None]:
    """Whether the right option is the most probable one when the model must answer at once; None without options.

    Knowledge apart from format: a model that cannot write its reasons may still rank the options.
    """
    options = [study.options_of(item) for item in items]
    scores = iter(
        model.logprobs(
            [Example(item.prompt, text) for item, texts in zip(items, options, strict=True) for text in texts]
        )
    )
    found: list[bool | None] = []
    for texts in options:
        own = [next(scores) for _ in texts]
        found.append(own[0] >= max(own) if own else None)
    return found


class Answered(NamedTuple):
    """What a run answered to an item."""

    pool: str
    item: Any
    text: str
    score: Score
    ranked: bool | None
    tokens: int


def answer(
    model: Any, study: BaseStudy, files: Sequence[str], max_completion_length: int, asked: dict[str, int]
) -> Iterator[list[Answered]]:
    """The greedy answers to each pool. An item asked in the words of an earlier one is answered once.

    asked: for a model that answers fewer, how many items of each pool, from its end: arms after SFT draw their prompts
    there, so that a leaked item that was learned is also asked.
    """
    answered: dict[str, str] = {}
    for path in files:
        pool, items = study.pool(Path(path).stem), study.read(path)
        items = items[-asked.get(pool.name, len(items)) :]
        prompts = list(dict.fromkeys(item.prompt for item in items if item.prompt not in answered))
        drawn = model.sample(
            prompts,
            num_generations=1,
            temperature=0.0,
            max_completion_length=max_completion_length,
            keys=range(len(prompts)),
        )
        answered |= {prompt: texts[0] for prompt, texts in zip(prompts, drawn, strict=True)}
        texts = [answered[item.prompt] for item in items]
        scores = [score_item(study, item, text, pool.name) for item, text in zip(items, texts, strict=True)]
        ranked = right_is_likeliest(model, study, items) if pool.ranked else [None] * len(items)
        yield [
            Answered(pool.name, *row)
            for row in zip(items, texts, scores, ranked, model.lengths(texts), strict=True)
        ]


def item_frame(rows: Sequence[dict[str, Any]], study: BaseStudy) -> pl.DataFrame:
    """Rows of `items.parquet` in the study's columns. Raises InputError where a row has others."""
    columns = item_columns(type(study))
    for row in rows[:1]:
        if odd := sorted(row.keys() ^ columns.keys()):
            raise InputError(f"study {study.name}: its rows and its columns differ in {', '.join(odd)}")
    return pl.DataFrame(rows, schema=columns)


def item_row(run: dict[str, Any], study: BaseStudy, found: Answered, pool: str = "") -> dict[str, Any]:
    return {
        **run,
        "pool": pool or found.pool,
        **study.row(found.item, found.score),
        "ranked": found.ranked,
        "tokens": found.tokens,
    }


def write_item_rows(rows: Sequence[dict[str, Any]], study: BaseStudy, path: Path) -> None:
    with replacing(path) as partial:
        item_frame(rows, study).write_parquet(partial, compression="zstd")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_run(parser)
    parser.add_argument("--validation", nargs="*", default=[], help="pools that training was watched on")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--output", help="run folder to write into")
    where.add_argument("--only-items", metavar="FILE", help="write this file of items and nothing else")
    args = parser.parse_args(argv)

    def body() -> None:
        config, study, hyper, model, run = open_run(args)
        asked = study_settings(config, args.study).asked.get(args.model, {})
        pools, seconds = timed(
            lambda: list(answer(model, study, args.pools, hyper.max_completion_length, asked))
        )
        rows = [item_row(run, study, found) for answers in pools for found in answers]
        if args.only_items:
            write_item_rows(rows, study, Path(args.only_items))
            return
        output = Path(args.output)
        write_item_rows(rows, study, output / "items.parquet")
        write_jsonl(
            output / "episodes.jsonl",
            [
                study.episode(
                    found.item, found.text, found.score, phase=args.arm, step=hyper.max_steps, pool=found.pool
                )
                for answers in pools
                for found in answers[:EPISODES_PER_POOL]
            ],
        )
        write_json(
            output / "metrics.json",
            {
                "run_id": "/".join(map(str, run.values())),
                "splits": {
                    answers[0].pool: {args.arm: study.summary([found.score for found in answers])}
                    for answers in pools
                    if answers
                },
                "curves": {"valid": validation(study, Path(args.lineage[-1]), args.validation)},
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


def validation(study: BaseStudy, run: Path, pools: Sequence[str]) -> list[dict[str, Any]]:
    """Accuracy and faithful share by step and pool of what the run answered while it was trained.

    `faithful` is null where the study asks for no reasons. Without pools (a run that is asked more) there are none.
    """
    path = run / "validation.jsonl"
    if not pools or not path.is_file():  # a base model is not watched
        return []
    items = {(Path(pool).stem, item.id): item for pool in pools for item in study.read(pool)}
    scores: dict[tuple[int, str], list[Score]] = {}
    for number, row in enumerate(read_jsonl(path, Answer), start=1):
        if (row.pool, row.id) not in items:
            raise InputError(f"{path}:{number}: id: {row.id!r} is not in pool {row.pool!r}")
        score = score_item(study, items[row.pool, row.id], row.completion, row.pool)
        scores.setdefault((row.step, row.pool), []).append(score)
    return [
        {
            "step": step, "pool": pool, "n": len(found), "accuracy": sum(score.correct for score in found) / len(found),
            "faithful": sum(bool(score.faithful) for score in found) / len(found) if study.answers_with_reasons else None,
        }
        for (step, pool), found in sorted(scores.items())
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
