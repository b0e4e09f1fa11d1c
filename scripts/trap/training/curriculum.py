"""Prompts by their number of hops: a pool written `hard@5` is the questions of `hard` that ask five."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from trap.files import InputError
from trap.methods import Job, draw, mixture_of


def hops_of(pool: str, arm: str) -> tuple[str, int | None]:
    """("hard", 5) of `hard@5`, ("hard", None) of `hard`. Raises InputError where no number follows the `@`."""
    name, at, hops = pool.partition("@")
    if at and not (hops.isdecimal() and int(hops)):
        raise InputError(f"arms: arm `{arm}`: pool `{pool}`: expected a number of hops after the @")
    return name, int(hops) if at else None


def staged_prompts(job: Job, read: Callable[[Path], list[Any]]) -> list[Any]:
    """The questions of an arm, `hyper.prompts` in all: its pools in their shares, in the order written.

    Drawn from the end of each pool, as by `trap.methods.read_prompts`, whose answer this is for pools
    without an `@`. Raises InputError where a pool has too few questions of that many hops.
    """
    pairs = [(*hops_of(pool, job.arm.arm), share) for pool, share in mixture_of(job.arm)]
    chosen: list[Any] = []
    for number, (pool, hops, share) in enumerate(pairs):
        items = [item for item in read(job.data / f"{pool}.jsonl") if hops is None or item.hop_len == hops]
        total = job.hyper.prompts or len(items)
        count = total - len(chosen) if 0 < number == len(pairs) - 1 else round(total * share)
        try:
            chosen += draw(items, count, held_back=True)
        except InputError as error:
            asked = "" if hops is None else f" of {hops} hops"
            raise InputError(f"{job.data / pool}.jsonl{asked}: {error} (arm `{job.arm.arm}`)") from None
    return chosen


def in_parts(items: list[Any], count: int) -> list[list[Any]]:
    """The items in `count` parts as even as can be, in the order given."""
    return [items[i * len(items) // count : (i + 1) * len(items) // count] for i in range(count)]
