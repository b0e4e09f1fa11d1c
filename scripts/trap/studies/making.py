"""Pool files as bytes, made in one process or in several: an item depends on (pool, seed, index) alone."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import msgspec

from trap.files import InputError
from trap.studies.base import BaseStudy, load_study

CHUNK = 250  # items that a process makes at a time


class Opening(NamedTuple):
    """What another process needs to open the same study."""

    name: str
    options: Any
    data: str
    seed: int

    @classmethod
    def of(cls, study: BaseStudy) -> Opening:
        return cls(study.name, msgspec.to_builtins(study.options), str(study.data), study.seed)


def lines(study: BaseStudy, pool: str, first: int, count: int) -> list[bytes]:
    """Lines of a pool file. Raises InputError naming the index of an item that cannot be made."""
    encoder, found = msgspec.json.Encoder(), []
    try:
        for item in study.items(pool, count, first):
            found.append(encoder.encode(item) + b"\n")
    except InputError:
        raise
    except Exception as error:
        where = f"study {study.name}: pool {pool}: item {first + len(found)}"
        raise InputError(f"{where}: making it raised {type(error).__name__}: {error}") from error
    return found


def available(study: BaseStudy, pool: str, first: int, count: int) -> int:
    """How many of `count` items from `first` on a pool has. Raises InputError for negative numbers."""
    for name, number in (("first", first), ("count", count)):
        if number < 0:
            raise InputError(f"pool {pool}: {name} must not be negative, got {number}")
    size = study.size(study.pool(pool))
    return count if size is None else max(0, min(count, size - first))


def make_lines(study: BaseStudy, pool: str, first: int, count: int, processes: int = 1) -> Iterator[bytes]:
    """The lines of `count` items from `first` on, in order, whatever the number of processes."""
    if processes == 1:
        yield from lines(study, pool, first, count)
        return
    parts = [(pool, start, min(CHUNK, first + count - start)) for start in range(first, first + count, CHUNK)]
    for part in in_processes(study, parts, processes):
        yield from part


def in_processes(
    study: BaseStudy, parts: Sequence[tuple[str, int, int]], processes: int
) -> Iterator[list[bytes]]:
    """`lines` of each (pool, first, count), made by fresh processes that share nothing.

    Neighbours go to one process, which then prepares few pools.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _open, (Opening.of(study),)) as workers:
        yield from workers.map(_made, parts, chunksize=max(1, -(-len(parts) // processes)))


_STUDY: list[BaseStudy] = []


def _open(opening: Opening) -> None:
    _STUDY[:] = [load_study(*opening)]


def _made(part: tuple[str, int, int]) -> list[bytes]:
    return lines(_STUDY[0], *part)
