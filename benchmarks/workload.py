"""What the benchmarks run on: a model with fresh weights (the nano model by default), our questions, one row of results, facts about the machine."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))


@dataclass
class Row:
    """One measurement; `value` and `peer_value` have the same unit and come from the same run."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    detail: dict[str, Any] | None = None


def compared(
    name: str, value: float, unit: str, peer: str, peer_value: float, goal: float | None, **detail: Any
) -> Row:
    """A row with its ratio to a peer, higher being better."""
    ratio = value / peer_value
    said = f"≥ {goal:g} ×" if goal else ""
    return Row(name, value, unit, said, ratio >= goal if goal else None, peer, peer_value, ratio, detail)


@dataclass
class Workload:
    """Shared by all benchmarks. `seconds` is about what each side of a comparison measures for."""

    seconds: float
    threads: int
    folder: Path
    device: str = "cpu"
    model: str = "nano"  # whose shape; the words are always those of the study

    @cached_property
    def study(self) -> Any:
        """The study of this project, on the graph of its readable source."""
        from trap.files import write_json
        from trap.studies.base import load_study
        from trap.studies.hops.source import read_source

        write_json(self.folder / "data/kg.json", read_source(ROOT / "config/hops/graph"))
        return load_study("hops", {}, self.folder / "data")

    @property
    def graph(self) -> Any:
        return self.study.graph

    @cached_property
    def shape(self) -> Any:
        from trap.workflow.config import load_config, model_of

        return model_of(load_config(ROOT / "config/config.yaml"), self.model)

    @property
    def on_card(self) -> bool:
        return self.device != "cpu"

    @cached_property
    def half(self) -> bool:
        """Whether our loop multiplies in bfloat16 here; a peer is told the same."""
        import torch

        from trap.models.memory import parameters
        from trap.platforms.torch.fitting import bfloat16_pays

        return bfloat16_pays(torch.device(self.device), parameters(self.shape) or 0)

    def questions(self, pool: str, count: int) -> list[Any]:
        return list(self.study.items(pool, count))

    @cached_property
    def examples(self) -> list[Any]:
        from trap.platforms import Example

        return [Example(q.prompt, q.reference) for q in self.questions("easy", 6400)]

    @cached_property
    def model_folder(self) -> Path:
        """A model with fresh weights in Hugging Face format; both sides start from it."""
        from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
        from trap.platforms.torch import create
        from trap.platforms.torch.decoder import nano_config

        tokenizer = build_tokenizer(*self.study.vocabulary())
        nano = self.shape
        raw = nano_config(
            vocab_size=max(tokenizer.get_vocab_size(), nano.vocabulary or 0), hidden=nano.hidden, layers=nano.layers, heads=nano.heads,
            kv_heads=nano.kv_heads, intermediate=nano.intermediate, rope=[1] * nano.layers, theta=10000.0,
            eos=tokenizer.token_to_id(EOS), pad=tokenizer.token_to_id(PAD),
        )  # fmt: skip
        create(raw, tokenizer, 1, "cpu").save(self.folder / "fresh")
        write_tokenizer_config(self.folder / "fresh")
        return self.folder / "fresh"

    @cached_property
    def trained_folder(self) -> Path:
        """The same after a short fit, so that completions have the usual form and length, and end."""
        from trap.platforms import Fit
        from trap.platforms.torch import load

        model = load([self.model_folder], self.device)
        steps = 120 if self.seconds >= 10 else 20
        print(f"  fitting the model to sample from ({steps} steps)", file=sys.stderr)
        model.fit(
            self.examples,
            Fit(max_steps=steps, batch_size=64, learning_rate=2e-3, tune="full"),
            1,
            lambda row: None,
        )
        model.save(self.folder / "trained")
        return self.folder / "trained"


def timed(body: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `body` and its wall-clock seconds."""
    started = time.perf_counter()
    result = body()
    return result, time.perf_counter() - started


def rate(body: Callable[[], int], seconds: float) -> float:
    """Things a second: `body` does some and says how many; it runs once to warm up, then for `seconds`."""
    body()
    count, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds or not count:
        count += body()
    return count / spent


def machine(threads: int) -> dict[str, Any]:
    """Facts that a number cannot be read without."""
    import torch

    from trap.platforms.torch.fitting import has_bfloat16

    def of(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), ""
    )
    memory = next(
        (int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    return {
        "processor": model or platform.processor() or platform.machine(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "bf16_products": has_bfloat16(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gib": round(memory / 2**20, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: of(name) for name in ("torch", "transformers", "trl", "tokenizers", "snakemake")},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).is_file() else []


def plain(row: Row) -> dict[str, Any]:
    """A row for JSON, numbers rounded to what they are worth."""
    return {
        key: float(f"{value:.4g}") if isinstance(value, float) else value
        for key, value in asdict(row).items()
    }
