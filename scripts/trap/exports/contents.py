"""What every export holds besides the code of its format: `export.json`, `items/POOL.jsonl` and `data/`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from trap.files import InputError, read_json, write_json
from trap.studies.base import BaseStudy, Pool, Score, load_study, reward_parts, score_item
from trap.studies.making import available, make_lines

ABOUT, ITEMS, DATA = "export.json", "items", "data"
NUMBERS = ("flag", "number", "integer")  # measures that have a mean


class About(Struct, kw_only=True, forbid_unknown_fields=True):
    """`export.json`: what opens the study again, and how many items of each pool there are."""

    study: str
    module: str
    title: str
    options: dict[str, Any]
    seed: int
    pools: dict[str, int]


class Export:
    """An exported study: its items and their scores."""

    def __init__(self, folder: Path) -> None:
        """Raises InputError where the folder holds no export."""
        self.folder = folder
        self.about = read_json(folder / ABOUT, About)

    @cached_property
    def study(self) -> BaseStudy:
        return load_study(self.about.module, self.about.options, self.folder / DATA, self.about.seed)

    def pool(self, name: str = "") -> Pool:
        """A pool that was exported; the first evaluation pool by default. Raises InputError for another."""
        held = [self.study.pool(one) for one in self.about.pools]
        if not name:
            return next((one for one in held if one.role == "evaluation"), held[0])
        if name not in self.about.pools:
            raise InputError(
                f"{self.folder}: pool {name!r} was not exported (there are {', '.join(self.about.pools)})"
            )
        return self.study.pool(name)

    def items(self, pool: str = "") -> list[Any]:
        """The items of a pool, in order."""
        return _items(self, self.pool(pool).name)

    def reopened(self, item: Mapping[str, Any]) -> Any:
        """An item from plain values."""
        return msgspec.convert(item, self.study.record)

    def score(self, item: Any, completion: str) -> Score:
        """The study's score. Raises InputError naming the item if its grader fails."""
        return score_item(self.study, item, completion)

    def reward(self, item: Any, score: Score, completion: str, name: str = "") -> float:
        """A named reward of the study; the score's value without a name. Raises InputError for an unknown one."""
        if not name:
            return score.value
        if not self.study.has_reward(name):
            raise InputError(f"no reward {name!r} (there are {', '.join(self.study.reward_names)})")
        return float(sum(reward_parts(self.study, name, item, score, completion).values()))

    @cached_property
    def metrics(self) -> dict[str, bool]:
        """Names of numbers that a score gives, and whether more of each is better."""
        study = self.study
        found = {"value": True, "correct": True, "format": True}
        if study.answers_with_reasons:
            found["faithful"] = True
        return found | {one.name: one.better != "lower" for one in study.measures if one.type in NUMBERS}

    def numbers(self, score: Score) -> dict[str, float]:
        """A score as numbers, by the names of `metrics`; what a score does not have is left out."""
        told = {**score.measures, "value": score.value, "correct": score.correct, "format": score.format}
        told["faithful"] = score.faithful
        return {name: float(told[name]) for name in self.metrics if told.get(name) is not None}


@lru_cache(maxsize=8)
def open_export(folder: Path) -> Export:
    """The export of a folder, opened once."""
    return Export(folder)


@lru_cache(maxsize=32)
def _items(export: Export, pool: str) -> list[Any]:
    return export.study.read(export.folder / ITEMS / f"{pool}.jsonl")


def write_contents(
    study: BaseStudy, name: str, title: str, pools: Mapping[str, int], folder: Path
) -> dict[str, int]:
    """Write items, settings and the files that grading needs; how many items of each pool there are.

    name, title: of the study in the settings, where its code may have another name (`BaseStudy.name`).

    Raises InputError for a pool without items, or a file that the study's own rules have not made yet.
    """
    written = {}
    for pool, wanted in pools.items():
        count = available(study, pool, 0, wanted)
        if not count:
            raise InputError(f"study {study.name}: pool {pool}: there are no items")
        path = folder / ITEMS / f"{pool}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.writelines(make_lines(study, pool, 0, count))
        written[pool] = count
    (folder / DATA).mkdir(exist_ok=True)
    for source in type(study).sources(study.options):
        for path in beside(study.data / source):
            shutil.copyfile(path, folder / DATA / path.name)
    about = About(
        study=name, module=study.name, title=title, options=msgspec.to_builtins(study.options),
        seed=study.seed, pools=written,
    )  # fmt: skip
    write_json(folder / ABOUT, about)
    return written


def beside(path: Path) -> Sequence[Path]:
    """A file and those that belong to it: `NAME.*` beside `NAME.json`. Raises InputError where it is missing."""
    if not path.is_file():
        raise InputError(f"{path}: no such file: build the study's data first (snakemake --cores all data)")
    return sorted({path, *path.parent.glob(f"{path.stem}.*.parquet")})


def rows(export: Export, pool: str) -> Iterator[dict[str, Any]]:
    """Rows for tables of any package: texts and numbers alone, with the whole item as JSON for a grader."""
    encode = msgspec.json.Encoder().encode
    for item in export.items(pool):
        answer = item.answer
        yield {
            "id": item.id,
            "prompt": item.prompt,
            "answer": answer if isinstance(answer, str) else encode(answer).decode(),
            "reference": export.study.reference(item),
            "level": item.level,
            "cluster": item.cluster or item.id,
            "item": encode(item).decode(),
        }
