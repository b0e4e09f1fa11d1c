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
    target_modules: str | None = None  # attention: these weights alone learn
    freeze_layers: float | None = None  # share of the layers, from the first on, that do not learn
    max_length: int = 512
    optim: str = "adamw"  # adamw | muon
    probes: int = 0  # how often, at equal distances up to the end, a fit calls its `probe`

    @property
    def learns_in_part(self) -> bool:
        """Whether some weights are held that another fit of this kind would train."""
        return bool(self.target_modules or self.freeze_layers)

    def frozen(self, layers: int) -> int:
        """How many of the first layers do not learn. Raises InputError where none of them would."""
        held = round((self.freeze_layers or 0) * layers)
        if held >= layers:
            raise InputError(
                f"hyper freeze_layers: {self.freeze_layers:g} of {layers} layers leaves none to learn"
            )
        return held

    def learns(self, name: str, layers: int) -> bool:
        """Whether a weight learns, by its name as in a Hugging Face checkpoint (`model.layers.0.self_attn.q_proj.weight`).

        An embedding comes before the first layer and is held with it. Norms and the head after the last layer are no
        attention.
        """
        parts = name.split(".")
        layer = next((int(part) for part in parts if part.isdigit()), None)
        if layer is None:
            first = any(part.startswith(("embed", "wte", "wpe")) for part in parts)
            return not self.target_modules and not (first and self.frozen(layers))
        attends = any(("attn" in part or "attention" in part) and "norm" not in part for part in parts)
        return layer >= self.frozen(layers) and (attends or not self.target_modules)

    def probe_at(self, step: int) -> bool:
        """Whether a probe is due after this step (from 1)."""
        return self.steps_probed(step) > self.steps_probed(step - 1)

    def steps_probed(self, step: int) -> int:
        """How many probes are due by this step."""
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
        """`num_generations` completions per prompt, of `max_completion_length` tokens at most, without the end token.

        temperature 0 is greedy. keys: one integer from 0 to 2**64 - 1 per prompt, which alone fixes the prompt's random
        stream, so that what is drawn does not depend on the other prompts.
        """

    def logprobs(self, examples: Sequence[Example]) -> list[float]:
        """Sum of log-probabilities (nats) of each completion's tokens given its prompt; the end token does not count."""

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has."""

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None
    ) -> None:  # fmt: skip
        """Train in place on `examples`, in an order fixed by `seed`; a LoRA fit goes on with the adapter of the last one.

        log: gets about 50 rows with step, loss (mean since the row before, nats per completion token) and grad_norm
        (before clipping to 1). probe: is called with the number of steps done, `settings.probes` times; the model can
        be sampled from then, which has no part in what is learned. Raises InputError for an example longer than
        `settings.max_length`, FloatingPointError when the loss is not finite.
        """

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """Write the adapter (or, after full fine-tuning, the model) and return facts for meta.json.

        base: what an adapter names as the model that it was trained on.
        """


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
