"""What the training programs share: a run folder that appears whole, a log, a progress bar, `meta.json`."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from trap.files import write_json, write_jsonl
from trap.studies.base import BaseStudy
from trap.training.progress import Progress

MACHINE_FIELDS = ("rate",)  # fields of a log row that depend on the machine and not on the result


def fix_threads() -> None:
    """Set the number of threads for arithmetic to what the environment says, else to one.

    Sums depend on how many threads share them, so the number is part of a run's identity.
    """
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    # This is what use_deterministic_algorithms sets. Calling that would import the compiler, which takes a second.
    torch.set_deterministic_debug_mode("warn")
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads what it has not written


class Log:
    """Collects rows for `log.jsonl` and shows a progress bar, or lines in a job's log. Times are shown but not kept."""

    def __init__(self, title: str, total: int) -> None:
        self.rows: list[dict[str, Any]] = []
        self.started = time.perf_counter()
        self.bar = tqdm(total=total, desc=title, unit="step", disable=not sys.stderr.isatty(), leave=False)
        self.progress = Progress(f"{title}:", total, "steps")

    def go_on(self, rows: list[dict[str, Any]]) -> None:
        """Take over the rows that an interrupted process had collected."""
        self.rows = list(rows)
        self.progress.begin_at(max((row.get("step", 0) for row in rows), default=0))

    def __call__(self, row: dict[str, Any]) -> None:
        if row.get("kind") == "train":
            if self.bar.disable:
                self.progress(row["step"], f", loss {row.get('loss')}, {row.get('rate')} tokens/s")
            self.bar.update(row["step"] - self.bar.n if row["step"] > self.bar.n else 0)
            self.bar.set_postfix(loss=row.get("loss"), rate=row.get("rate"))
        self.rows.append({name: value for name, value in row.items() if name not in MACHINE_FIELDS})

    def write(self, path: Path) -> float:
        """Write the rows; returns the seconds since the log began."""
        self.bar.close()
        write_jsonl(path, self.rows)
        return round(time.perf_counter() - self.started, 2)


def folder_hash(folder: Path) -> str:
    """SHA-256 over the names and bytes of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def file_hash(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def source_hashes(study: BaseStudy) -> dict[str, str]:
    """SHA-256 of the files that a study makes its items from, by name."""
    return {name: file_hash(study.data / name) for name in study.sources(study.options)}


def write_meta(
    output: Path, *, study: str, model: str, platform_name: str, arm: Any, seed: int, hyper: Any, data: dict[str, Any],
    adapter: dict[str, Any], hashes: dict[str, str], seconds: float,
) -> None:  # fmt: skip
    """Write `meta.json`: what was trained, from what, with what settings, on what machine, and in how many seconds."""
    row = msgspec.to_builtins(arm)
    write_json(
        output / "meta.json",
        {
            "study": study,
            "run_id": f"{study}/{model}/{platform_name}/{row.pop('arm')}/s{seed}",
            "model": model,
            "platform": platform_name,
            "arm": arm.arm,
            "seed": seed,
            **{name: value for name, value in row.items()},
            "hyper": msgspec.to_builtins(hyper),
            "data": data,
            "adapter": adapter,
            "hashes": hashes,
            "seconds": {"train": seconds},
            "versions": {name: version(name) for name in ("torch", "tokenizers", "safetensors", "numpy")},
            "machine": {
                "processor": platform.machine(),
                "system": platform.system(),
                "threads": os.environ.get("OMP_NUM_THREADS", "1"),
            },
        },
    )


def timed(body: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `body`, and the wall-clock seconds that it took."""
    started = time.perf_counter()
    result = body()
    return result, round(time.perf_counter() - started, 2)
