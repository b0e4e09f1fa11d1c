"""Gates that every study passes before anything trains on it.

reference    the reference of an item scores 1, is right, and is faithful where the study asks for reasons
empty        an empty completion scores less than the reference, and no more than any other that is tried
permuted     references scored against other keys are right no more often than a blind guess
overlap      pools of different roles share no overlap key, nor do two evaluation pools, of which one may leak
             (controls repeat other pools by design and do not count)
processes    four fresh processes make the same bytes as one, and as the pool's file
grader       no grader raises; if one does, the violation names study, pool and item
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from trap.files import InputError
from trap.studies.base import BaseStudy, Pool, score_item
from trap.studies.making import in_processes, lines

SAMPLED = 8  # items of each pool that are made again
PROCESSES = 4
TOLERANCE = 0.05  # share by which references may beat chance under a permuted key ...
RARE = 1e-3  # ... and the p value of an exact test below which it is too much
SHOWN = 3  # examples that a violation shows


class PoolGates(Struct, kw_only=True):
    """One pool: smallest score of a reference, largest of an empty completion, right answers under other keys."""

    pool: str
    role: str
    items: int
    reference: float | None = None
    empty: float | None = None
    permuted_right: int | None = None
    permuted_items: int | None = None
    chance: float | None = None


class Overlap(Struct):
    """How many overlap keys of one kind two pools share."""

    first: str
    second: str
    key: str
    shared: int


class Gates(Struct, kw_only=True):
    """`gates.json`."""

    study: str
    pools: list[PoolGates]
    overlaps: list[Overlap] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def check(study: BaseStudy, files: Mapping[str, Path]) -> Gates:
    """All gates on pool files, by the pools' names. Raises InputError for a file that cannot be read."""
    pools = {name: study.read(path) for name, path in files.items()}
    for name, path in files.items():
        study.pool(name)
        if not pools[name]:
            raise InputError(f"{path}: no items")
    gates = Gates(study=study.name, pools=[])
    for name, items in pools.items():
        gates.pools.append(_scores(study, name, items, gates.violations))
    gates.overlaps = _overlaps(study, pools, gates.violations)
    gates.violations += _processes(study, files)
    return gates


def _scores(study: BaseStudy, name: str, items: Sequence[Any], violations: list[str]) -> PoolGates:
    pool = study.pool(name)
    found = PoolGates(pool=name, role=pool.role, items=len(items))
    where = f"study {study.name}: pool {name}"
    failed: dict[str, list[str]] = {"reference": [], "empty": []}
    right, asked, chances = 0, 0, []
    try:
        for number, item in enumerate(items):
            other = _other(items, number)
            reference = study.reference(item)
            best, empty = score_item(study, item, reference, name), score_item(study, item, "", name)
            if not pool.honest:  # a control has wrong keys or references on purpose
                continue
            found.reference = min(best.value, 1.0 if found.reference is None else found.reference)
            found.empty = max(empty.value, found.empty or 0.0)
            if best.value != 1 or not best.correct or (study.answers_with_reasons and not best.faithful):
                failed["reference"].append(f"{item.id}: {best.value:g}")
            tried = [*study.options_of(item), *([study.reference(other)] if other is not None else [])]
            least = min(score_item(study, item, text, name).value for text in (reference, *tried))
            if empty.correct or empty.value > least or empty.value >= best.value:
                failed["empty"].append(f"{item.id}: {empty.value:g}, where another has {least:g}")
            if other is not None:
                asked += 1
                right += score_item(study, study.permuted(item, other), reference, name).correct
                chances.append(study.chance(item))
    except InputError as error:
        violations.append(str(error))
        return found
    if failed["reference"]:
        faithful = " and faithful" if study.answers_with_reasons else ""
        violations.append(
            f"{where}: {_examples(failed['reference'])} of references that should score 1 and be right{faithful}"
        )
    if failed["empty"]:
        violations.append(f"{where}: {_examples(failed['empty'])} of empty completions that score too much")
    if asked:
        found.permuted_right, found.permuted_items = right, asked
        found.chance = sum(chances) / asked
        if _too_many(right, asked, min(1.0, found.chance + TOLERANCE)):
            violations.append(
                f"{where}: {right} of {asked} references are right under a permuted key (chance {found.chance:.0%}):"
                " the grader does not look at the key"
            )
    elif pool.honest:
        violations.append(f"{where}: all items have one answer, so that no key can be permuted")
    return found


def _other(items: Sequence[Any], number: int) -> Any:
    """The next item that has another answer; None where there is none."""
    answer = items[number].answer
    following = (items[(number + step) % len(items)] for step in range(1, len(items)))
    return next((item for item in following if item.answer != answer), None)


def _examples(found: Sequence[str]) -> str:
    return f"{len(found)} ({'; '.join(found[:SHOWN])}{'; …' if len(found) > SHOWN else ''})"


def _too_many(right: int, n: int, share: float) -> bool:
    """Whether so many right answers are rarer than `RARE` at this share (exact binomial, one side)."""
    if right <= share * n:
        return False
    from scipy.stats import binomtest  # slow to import, and needed only here

    return binomtest(right, n, share, alternative="greater").pvalue < RARE


def _apart(first: Pool, second: Pool) -> bool:
    """Whether two pools may share no overlap key. Questions that leaked must not be among those called fresh."""
    return first.role != second.role or first.role == "evaluation"


def _overlaps(study: BaseStudy, pools: Mapping[str, Sequence[Any]], violations: list[str]) -> list[Overlap]:
    keys: dict[str, dict[str, set[str]]] = {}
    for name, items in pools.items():
        if study.pool(name).honest:
            held = keys[name] = {}
            for item in items:
                for key, value in study.overlap_keys(item).items():
                    held.setdefault(key, set()).add(value)
    found = []
    for first, second in combinations(keys, 2):
        if not _apart(study.pool(first), study.pool(second)):
            continue
        for key in keys[first].keys() & keys[second].keys():
            shared = keys[first][key] & keys[second][key]
            if shared:
                found.append(Overlap(first, second, key, len(shared)))
                violations.append(
                    f"study {study.name}: pools {first} and {second} share the {key} of {len(shared)} items"
                    f" ({min(shared)[:80]!r})"
                )
    return sorted(found, key=lambda overlap: (overlap.first, overlap.second, overlap.key))


def _processes(study: BaseStudy, files: Mapping[str, Path]) -> list[str]:
    """Violations where one process, four processes and the pool's file differ in the first items of a pool."""
    violations, alone, parts = [], {}, []
    size = SAMPLED // PROCESSES
    for name in files:
        try:
            alone[name] = lines(study, name, 0, SAMPLED)
        except InputError as error:
            violations.append(str(error))
            continue
        parts += [
            (name, first, min(size, len(alone[name]) - first)) for first in range(0, len(alone[name]), size)
        ]
    together: dict[str, list[bytes]] = {name: [] for name in alone}
    # backwards: this finds items that depend on those made before them
    for (name, _, _), made in zip(parts[::-1], in_processes(study, parts[::-1], PROCESSES), strict=True):
        together[name] = [*made, *together[name]]
    for name, made in alone.items():
        where = f"study {study.name}: pool {name}"
        if made != together[name]:
            at = next(
                i for i, pair in enumerate(zip(made, together[name], strict=True)) if len(set(pair)) > 1
            )
            violations.append(f"{where}: item {at}: {PROCESSES} processes make other bytes than one")
        with open(files[name], "rb") as stream:
            held = [line for line, _ in zip(stream, made, strict=False)]
        if held != made[: len(held)]:
            violations.append(
                f"{files[name]}: its items are not those that the study makes now; sample them again"
            )
    return violations
