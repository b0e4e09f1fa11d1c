"""The experiment sheet, typed: `config/STUDY/arms.tsv` and further sheets. One row is one way to train.

Sheets are read strictly, as settings are: a wrong column, a name of nothing or a cycle raises InputError with one
line that says the file and the arm.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from msgspec import Struct

from trap.files import InputError, read_text
from trap.studies.base import BaseStudy, Pool
from trap.workflow.config import StudyConfig
from trap.workflow.registry import members

INCLUDES = "#includes "  # a line with it puts the rows of another sheet first
STAGED = ("expert", "grpo")  # methods that may take one level of a pool, as in `hard@5`
ROLES = ("base", "start", "easy", "hard", "leak", "gold")  # meanings of an arm's colour: what it learned from
SELECTIONS = ("", "best", "faithful", "curriculum")


class Arm(Struct, kw_only=True, frozen=True):
    """One row of the experiment sheet: one way to train.

    `group`, `label`, `short` (a name that fits beside a mark) and `role` (the meaning of its colour) are for readers of
    tables and figures. No run depends on them.
    """

    arm: str
    parent: str  # the arm whose weights it starts from; "" for the base
    rollouts: str  # the arm whose model samples; "" when nothing is sampled, or the model in training samples
    method: str
    pool: str
    mixture: str
    reward: str
    selection: str
    rounds: int
    hyper: str
    contaminated: bool
    group: str
    label: str
    short: str
    role: str


ARM_COLUMNS = Arm.__struct_fields__
DISPLAY = ("group", "label", "short", "role")
_TRUE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


def pools_of(arm: Arm) -> list[str]:
    """Pools that an arm draws prompts from, in the order written.

    `pool` is a name, or names joined by `+`. `mixture` is empty, or `pool:share` pairs joined by `+` or a comma.
    `pool@5` is the part of a pool with level 5.
    """
    names = []
    for text in (arm.pool, arm.mixture):
        for part in text.replace(",", "+").split("+"):
            name = part.split(":")[0].split("@")[0].strip()
            if name and name not in names:
                names.append(name)
    return names


def load_arms(path: Path | str, study: type[BaseStudy] | None = None) -> dict[str, Arm]:
    """The experiment sheet by arm name, in file order; with `study`, its rewards are checked.

    A line `#includes FILE` puts the rows of another sheet, named from this one's folder, before its own.
    Raises InputError naming file and line: wrong columns, unknown method or parent,
    duplicate names, a cycle of parents or of sheets.
    """
    arms: dict[str, Arm] = {}
    _read_sheet(Path(path), (), arms, study)
    if not arms:
        raise InputError(f"{path}: no arms")
    for arm in arms.values():
        _check_lineage(arm, arms, str(path))
    return arms


def _read_sheet(
    path: Path, through: tuple[Path, ...], arms: dict[str, Arm], study: type[BaseStudy] | None
) -> None:
    """Add a sheet's rows, and those of the sheets that it includes, to `arms`."""
    if "\0" in str(path) or path.resolve() in through:
        raise InputError(f"{path}: it includes itself, or no file")
    lines = read_text(path).split("\n")
    for line in lines:
        if line.startswith(INCLUDES):
            _read_sheet(
                path.parent / line.removeprefix(INCLUDES).strip(), (*through, path.resolve()), arms, study
            )
    text = "\n".join(line for line in lines if not line.startswith("#"))
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        columns, rows = tuple(reader.fieldnames or ()), list(reader)
    except csv.Error as error:
        raise InputError(f"{path}: no table: {error}") from None
    if columns != ARM_COLUMNS:
        odd = sorted(set(columns) ^ set(ARM_COLUMNS)) or ["their order"]
        raise InputError(
            f"{path}:1: columns must be {' '.join(ARM_COLUMNS)} (see: {', '.join(map(str, odd))})"
        )
    for row in rows:
        if not any((value or "").strip() for value in row.values() if not isinstance(value, list)):
            continue
        arm = _arm(row, f"{path}: arm `{row.get('arm')}`", study)
        if arm.arm in arms:
            raise InputError(f"{path}: arm `{arm.arm}` is listed twice")
        arms[arm.arm] = arm


def _arm(row: dict[str, Any], where: str, study: type[BaseStudy] | None) -> Arm:
    if None in row or None in row.values():
        raise InputError(f"{where}: wrong number of columns")
    values: dict[str, Any] = {key: value.strip() for key, value in row.items()}
    values = {key: "" if value in ("-", "") else value for key, value in values.items()}
    if not values["arm"].replace("_", "").isalnum():
        raise InputError(f"{where}: a name has letters, digits and _ only")
    methods = ("base", *members("method"))  # the base starts from nothing, so that it has no method module
    for key, allowed in (("method", methods), ("role", ("", *ROLES)), ("selection", SELECTIONS)):
        if values[key] not in allowed:
            raise InputError(
                f"{where}: unknown {key} `{values[key]}` (known: {', '.join(filter(None, allowed))})"
            )
    reward = values["reward"]
    if study and reward and not study.has_reward(reward):
        raise InputError(f"{where}: unknown reward `{reward}` (known: {', '.join(study.reward_names)})")
    if values["method"] not in STAGED and "@" in values["pool"] + values["mixture"]:
        raise InputError(f"{where}: pools with an @ are for the methods {' and '.join(STAGED)}")
    if values["contaminated"].lower() not in _TRUE:
        raise InputError(f"{where}: contaminated is yes or no, not `{values['contaminated']}`")
    try:
        values["rounds"] = int(values["rounds"] or 1)
    except ValueError:
        raise InputError(f"{where}: rounds is a whole number, not `{values['rounds']}`") from None
    return Arm(**{**values, "contaminated": _TRUE[values["contaminated"].lower()]})


def _check_lineage(arm: Arm, arms: dict[str, Arm], origin: str) -> None:
    for column in ("parent", "rollouts"):
        name = getattr(arm, column)
        if name and name not in arms:
            raise InputError(f"{origin}: arm `{arm.arm}`: unknown {column} `{name}`")
    if (arm.method == "base") != (not arm.parent):
        raise InputError(f"{origin}: arm `{arm.arm}`: every arm but base has a parent, and base has none")
    seen, queue = set(), [arm.parent, arm.rollouts]
    while queue:
        name = queue.pop()
        if name == arm.arm:
            raise InputError(
                f"{origin}: arm `{arm.arm}`: it is its own ancestor (a cycle of parents or rollouts)"
            )
        if name and name not in seen:
            seen.add(name)
            queue.extend((arms[name].parent, arms[name].rollouts) if name in arms else ())


def check_arms(
    arms: dict[str, Arm], settings: StudyConfig, study: type[BaseStudy], origin: str, sheet: str | None = None
) -> None:
    """Arms against a study and its settings: pools, hyperparameter sets, what experiments of this sheet select.

    An arm that trains on evaluation items, on items made from them, or on what such an arm wrote must say so.
    """
    pools = {pool.name: pool for pool in study.pools}
    for arm in arms.values():
        where = f"{origin}: arm `{arm.arm}`"
        if arm.hyper not in settings.hyper:
            raise InputError(f"{where}: unknown hyper `{arm.hyper}` (see study.yaml, `hyper`)")
        for name in pools_of(arm) if arm.method != "base" else ():
            if name not in settings.counts:
                raise InputError(f"{where}: unknown pool `{name}` (see study.yaml, `counts`)")
            if not pools[name].trainable:
                raise InputError(f"{where}: the study does not let pool `{name}` be trained on")
        leaked = any(evaluates(pools, name) for name in pools_of(arm) if name in pools) or any(
            other in arms and arms[other].contaminated for other in (arm.parent, arm.rollouts)
        )
        if leaked and not arm.contaminated:
            raise InputError(f"{where}: it trains on evaluation items and does not say `contaminated`")
    for name, experiment in settings.experiments.items():
        for model, wanted in experiment.models.items() if experiment.sheet == sheet else ():
            select_arms(arms, wanted, f"experiments.{name}.models.{model}")


def evaluates(pools: dict[str, Pool], name: str) -> bool:
    """Whether a pool holds evaluation items, or was derived from a pool that does."""
    while pools[name].derived_from:
        name = pools[name].derived_from
    return pools[name].role == "evaluation"


def replay_pool(arms: dict[str, Arm], name: str) -> str:
    """The pool whose references an arm replays: that of the nearest SFT among its ancestors, or ""."""
    arm = arms[name]
    while arm.parent:
        arm = arms[arm.parent]
        if arm.method == "sft" and arm.pool:
            return arm.pool
    return ""


def select_arms(arms: dict[str, Arm], wanted: list[str], where: str = "experiments") -> list[str]:
    """Names of the arms that a list of groups and arms selects (`all`: every one), in sheet order."""
    groups = {arm.group for arm in arms.values()}
    for name in wanted:
        if name != "all" and name not in groups and name not in arms:
            raise InputError(f"{where}: `{name}` is neither a group nor an arm of the sheet")
    return [arm.arm for arm in arms.values() if "all" in wanted or arm.group in wanted or arm.arm in wanted]
