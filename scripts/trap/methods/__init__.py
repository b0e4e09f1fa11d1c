"""Methods: each turns a study and a platform into a new adapter.

A method module `trap.methods.<name>` defines `train(job) -> dict`, which trains `job.model` in place
and returns facts for `meta.json` (`data`). Methods read the arm's row and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trap.files import InputError, iter_jsonl
from trap.platforms import Example, Fit, Model
from trap.workflow.registry import load_member


@dataclass
class Job:
    """Everything a method may use."""

    arm: Any  # trap.workflow.sheet.Arm
    hyper: Any  # trap.workflow.config.Hyper
    seed: int
    model: Model
    sampler: Callable[[], Model]  # the model that rollouts come from
    study: Callable[[], Any]  # the grader of the study, made only if asked for
    data: Path
    output: Path
    log: Callable[[dict], None]
    platform: str = ""  # its name: a method may need a module of the platform that bears the method's name
    probe: Callable[[int], None] | None = None  # called while fitting, with the arm's steps so far

    def fit_settings(self) -> Fit:
        names = Fit.__dataclass_fields__
        return Fit(**{name: getattr(self.hyper, name) for name in names if hasattr(self.hyper, name)})

    def fit(self, examples: list[Example], settings: Fit, seed: int, before: int = 0) -> None:
        """Fit the model; `before` steps that the arm took earlier are added to what is logged."""
        self.model.fit(
            examples, settings, seed,
            lambda row: self.log(row | {"step": row["step"] + before}),
            (lambda step: self.probe(step + before)) if self.probe else None,
        )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a pool file: enough to train on; the study decodes the rest when it grades."""

    raw: dict[str, Any]

    @property
    def example(self) -> Example:
        return Example(self.raw["prompt"], self.raw["ref"]["trace"])


def mixture_of(arm: Any) -> list[tuple[str, float]]:
    """(pool, share) pairs of an arm: its `mixture` ("easy:0.75+hard:0.25") or its one `pool`."""
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
    """`count` lines from the front of a pool, or from its end: SFT reads the front, later methods the end,

    so that no prompt of a later method is one that SFT has already shown with its answer.
    """
    if count > len(lines):
        raise InputError(f"{count} questions asked for, the pool has {len(lines)}")
    return lines[len(lines) - count :] if held_back else lines[:count]


def read_prompts(job: Job, read: Callable[[Path], list[Any]]) -> list[Any]:
    """The questions of an arm: its pools in their shares, `hyper.prompts` in all."""
    chosen: list[Any] = []
    pairs = mixture_of(job.arm)
    for number, (pool, share) in enumerate(pairs):
        items = read(job.data / f"{pool}.jsonl")
        total = job.hyper.prompts or len(items)
        count = total - len(chosen) if number == len(pairs) - 1 and len(pairs) > 1 else round(total * share)
        try:
            chosen += draw(items, count, held_back=job.arm.parent != "base" or job.arm.method != "sft")
        except InputError as error:
            raise InputError(f"{job.data / pool}.jsonl: {error} (arm `{job.arm.arm}`)") from None
    return chosen


def read_lines(path: Path) -> list[Line]:
    """Pool lines as they are. Raises InputError where prompt or reference is missing or empty."""
    lines = []
    for number, raw in enumerate(iter_jsonl(path, dict), start=1):
        trace = raw.get("ref", {}).get("trace") if isinstance(raw.get("ref"), dict) else None
        if not raw.get("prompt") or not trace:
            raise InputError(
                f"{path}:{number}: {'prompt' if not raw.get('prompt') else 'ref.trace'} is missing or empty"
            )
        lines.append(Line(raw))
    return lines


def load_method(name: str) -> Any:
    """The module of a method, imported only now. Raises InputError if there is none of that name."""
    return load_member("method", name)
