"""Platforms: one interface over the ways to run a model (design: study x platform x method).

A platform module `trap.platforms.<name>` defines `load(lineage, device) -> Model`, where the lineage is a list
of folders: a whole model, then adapters, each trained on the ones before. Nothing above this interface knows
which library runs underneath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trap.files import InputError
from trap.workflow.registry import load_member


@dataclass(frozen=True)
class Example:
    """One thing to learn or score: the loss covers `completion` only."""

    prompt: str
    completion: str


@dataclass(frozen=True)
class Fit:
    """Settings of one fit; every field comes from a set of `hyper` in the configuration, with TRL's names."""

    max_steps: int
    batch_size: int
    learning_rate: float
    tune: str = "lora"  # lora | full
    weight_decay: float = 0.0
    warmup_ratio: float = 0.05  # share of steps
    lora_r: int = 16
    lora_alpha: int = 32
    max_length: int = 512
    optim: str = "adamw"  # adamw | muon
    probes: int = 0  # how often, at equal distances up to the end, a fit calls its `probe`

    def probe_at(self, step: int) -> bool:
        """Whether a probe is due after this step (from 1)."""
        return self.steps_probed(step) > self.steps_probed(step - 1)

    def steps_probed(self, step: int) -> int:
        return step * self.probes // self.max_steps


Probe = Callable[[int], None] | None


class Model(Protocol):
    """A loaded model with its adapters merged."""

    def sample(
        self,
        prompts: Sequence[str],
        *,
        num_generations: int,
        temperature: float,
        max_completion_length: int,
        keys: Sequence[int],
    ) -> list[list[str]]:
        """num_generations completions per prompt; `keys` (one integer per prompt) fix the random stream of each."""

    def logprobs(self, examples: Sequence[Example]) -> list[float]:
        """Sum of log-probabilities (nats) of each completion given its prompt."""

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None
    ) -> None:  # fmt: skip
        """Train in place on `examples`, in an order fixed by `seed`; `log` gets one row per logged step.

        `probe` is called with the number of steps done, `settings.probes` times; the model can be sampled
        from then. It has no part in what is learned.
        """

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the adapter (or, after full fine-tuning, the model) and return facts for meta.json."""


def split_lineage(lineage: Sequence[Path | str]) -> tuple[Path, list[Path]]:
    """(the last whole model of a lineage, the adapters after it). Raises InputError where no folder is a model."""
    folders = [Path(folder) for folder in lineage]
    whole = [number for number, folder in enumerate(folders) if (folder / "config.json").is_file()]
    if not whole:
        raise InputError(f"{folders[0]}: no config.json: not a model folder")
    return folders[whole[-1]], folders[whole[-1] + 1 :]


def load_platform(name: str) -> Any:
    """The module of a platform, imported only now, so that an unused platform costs nothing."""
    return load_member("platform", name)
