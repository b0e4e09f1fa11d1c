"""Methods: each turns a study and a platform into a new adapter.

A module `trap.methods.<name>` defines `train(job) -> dict`. It trains `job.model` in place and returns facts that
`meta.json` holds as `data`. Of the sheet, a method reads only the arm's row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trap.files import InputError
from trap.platforms import Example, Fit, Model
from trap.studies.base import BaseStudy
from trap.training.checkpoint import Keeper
from trap.workflow.registry import load_member


@dataclass
class Job:
    """Everything a method may use."""

    arm: Any  # trap.workflow.sheet.Arm
    hyper: Any  # trap.workflow.config.Hyper
    seed: int
    model: Model
    sampler: Callable[[], Model]  # the model that samples
    study: BaseStudy
    data: Path  # the folder of the study's pools
    output: Path
    log: Callable[[dict], None]
    platform: str = ""  # its name, for methods with a module of their own in a platform
    probe: Callable[[int], None] | None = None  # called during a fit, with the steps so far
    from_base: bool = False  # whether the arm's parent is a base model
    replay_pool: str = ""  # the pool whose references `hyper.replay` mixes in
    keep: Keeper | None = None  # for a long fit: what stores its state, so that a killed process goes on

    def fit_settings(self) -> Fit:
        names = Fit.__dataclass_fields__
        return Fit(**{name: getattr(self.hyper, name) for name in names if hasattr(self.hyper, name)})

    def fit(self, examples: list[Example], settings: Fit, seed: int, before: int = 0) -> None:
        """Fit the model. `before`: steps that the arm took earlier; they are added to the logged step numbers."""
        self.model.fit(
            examples, settings, seed,
            lambda row: self.log(row | {"step": row["step"] + before}),
            (lambda step: self.probe(step + before)) if self.probe else None,
            **({"keep": self.keep} if self.keep else {}),
        )  # fmt: skip


def read_pool(job: Job, pool: str) -> list[Any]:
    """All items of a pool. Raises InputError naming file and line."""
    return job.study.read(job.data / f"{pool}.jsonl")


def examples_of(job: Job, items: list[Any]) -> list[Example]:
    """Items with their references. Raises InputError naming an item whose prompt or reference is empty."""
    examples = [Example(item.prompt, job.study.reference(item)) for item in items]
    for item, example in zip(items, examples, strict=True):
        if not example.prompt or not example.completion:
            missing = "reference" if example.prompt else "prompt"
            raise InputError(f"{job.data}: arm `{job.arm.arm}`: item {item.id}: its {missing} is empty")
    return examples


def mixture_of(arm: Any) -> list[tuple[str, float]]:
    """(pool, share) pairs of an arm, from its `mixture` ("easy:0.75+hard:0.25") or its `pool`."""
    if not arm.mixture:
        return [(arm.pool, 1.0)]
    parts = [part.strip().split(":") for part in arm.mixture.split("+")]
    try:
        pairs = [(name, float(share)) for name, share in parts]
    except ValueError:
        raise InputError(
            f"arms: arm `{arm.arm}`: mixture is pool:share+pool:share, not {arm.mixture!r}"
        ) from None
    if abs(sum(share for _, share in pairs) - 1) > 1e-6:
        raise InputError(f"arms: arm `{arm.arm}`: shares of the mixture do not add up to 1")
    return pairs


def draw(lines: list[Any], count: int, held_back: bool) -> list[Any]:
    """`count` items from the front of a pool, or from its end.

    SFT reads the front and later methods read the end. So no prompt of a later method is one that SFT has shown with
    its answer.
    """
    if count > len(lines):
        raise InputError(f"{count} items asked for, the pool has {len(lines)}")
    return lines[len(lines) - count :] if held_back else lines[:count]


def read_prompts(job: Job) -> list[Any]:
    """The items of an arm, `hyper.prompts` in all: from each pool its share."""
    chosen: list[Any] = []
    pairs = mixture_of(job.arm)
    for number, (pool, share) in enumerate(pairs):
        items = read_pool(job, pool)
        total = job.hyper.prompts or len(items)
        count = total - len(chosen) if number == len(pairs) - 1 and len(pairs) > 1 else round(total * share)
        try:
            chosen += draw(items, count, held_back=not (job.from_base and job.arm.method == "sft"))
        except InputError as error:
            raise InputError(f"{job.data / pool}.jsonl: {error} (arm `{job.arm.arm}`)") from None
    return chosen


def load_method(name: str) -> Any:
    """Import the module of a method. Raises InputError if there is none of that name."""
    return load_member("method", name)
