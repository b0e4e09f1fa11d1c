"""A run of an arm, where its files lie, and what folders of evidence say they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec

from trap.files import InputError, read_json

RESULTS = "results"
SAMPLES = "samples.parquet"  # counts of the answers that a run chose among


def canonical(value: object) -> str:
    """Compact JSON with sorted keys: equal settings give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def set_values(settings: msgspec.Struct) -> dict:
    """The settings that are not null."""
    return {name: value for name, value in msgspec.to_builtins(settings).items() if value is not None}


@dataclass(frozen=True)
class Run:
    """One arm trained on one model, on one platform, with one seed."""

    study: str
    model: str
    platform: str
    arm: str
    seed: int

    @property
    def name(self) -> str:
        """As in seconds.json."""
        return f"{self.study}/{self.model}/{self.platform}/{self.arm}/{self.seed}"

    @property
    def folder(self) -> str:
        return f"{RESULTS}/{self.study}/runs/{self.model}/{self.platform}/{self.arm}/s{self.seed}"


def held(folder: str) -> set[str]:
    """Names of the runs whose items a folder of evidence holds.

    Nobody takes over a run that is not there yet: on another platform, say, or where only local items count.
    """
    path = Path(folder, "seconds.json")
    try:
        return set(read_json(path)) if folder and path.is_file() else set()
    except InputError:  # an unfinished file; what reads its neighbours says what is wrong with them
        return set()
