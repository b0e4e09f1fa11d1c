"""Prompts by level: `hard@5` in a sheet means the items of pool `hard` whose level is 5."""

from __future__ import annotations

from typing import Any

from trap.files import InputError
from trap.methods import Job, draw, mixture_of, read_pool


def level_of(pool: str, arm: str) -> tuple[str, int | None]:
    """`hard@5` as ("hard", 5), `hard` as ("hard", None). Raises InputError where no number follows the `@`."""
    name, at, level = pool.partition("@")
    if at and not (level.isdecimal() and int(level)):
        raise InputError(f"arms: arm `{arm}`: pool `{pool}`: expected a whole number after the @")
    return name, int(level) if at else None


def staged_prompts(job: Job) -> list[Any]:
    """The items of an arm, `hyper.prompts` in all: from each pool its share, in the order written.

    Items come from the end of each pool. For pools without an `@` the result is that of `trap.methods.read_prompts`.
    Raises InputError where a pool has too few items of that level.
    """
    pairs = [(*level_of(pool, job.arm.arm), share) for pool, share in mixture_of(job.arm)]
    chosen: list[Any] = []
    for number, (pool, level, share) in enumerate(pairs):
        items = [item for item in read_pool(job, pool) if level is None or item.level == level]
        total = job.hyper.prompts or len(items)
        count = total - len(chosen) if 0 < number == len(pairs) - 1 else round(total * share)
        try:
            chosen += draw(items, count, held_back=True)
        except InputError as error:
            asked = "" if level is None else f" of {level} {job.study.level_name}"
            raise InputError(f"{job.data / pool}.jsonl{asked}: {error} (arm `{job.arm.arm}`)") from None
    return chosen


def in_parts(items: list[Any], count: int) -> list[list[Any]]:
    """The items split into `count` parts of nearly equal length, in the order given."""
    return [items[i * len(items) // count : (i + 1) * len(items) // count] for i in range(count)]
