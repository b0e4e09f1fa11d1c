"""What the tests of the page's engine share: a Node process that runs it, and tiny trained runs to export."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec

import export_page_model
import tiny_models as tiny
from skips import node
from trap.files import write_json
from trap.platforms import Fit
from trap.platforms.torch import TorchModel, load
from trap.workflow.running import folder_hash

HERE = Path(__file__).resolve().parent


class EngineError(Exception):
    """The engine threw; the message is its own."""


class Node:
    """`tests/page/answer.mjs` as a process that answers one request a line."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [node(), str(HERE / "page/answer.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, task: str, **fields: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        # ASCII escapes: no line break of Unicode's can end a request early
        request = json.dumps({"task": task, **msgspec.to_builtins(fields)})
        self.process.stdin.write(request.encode() + b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EngineError("node ended")
        answer = json.loads(line)
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)


def write_run(folder: Path, arm: str, parent: Path | None = None) -> Path:
    """`meta.json` beside an adapter folder, as training writes it; the folder."""
    hashes = {"adapter": folder_hash(folder)} | ({"parent": folder_hash(parent)} if parent else {})
    told = {
        "run_id": f"hops/tiny/torch/{arm}/s1",
        "model": "tiny",
        "arm": arm,
        "label": f"Arm {arm}",
        "seed": 1,
    }
    write_json(folder.parent / "meta.json", {**told, "contaminated": False, "hashes": hashes})
    return folder


def base_run(folder: Path, rope: list[int], steps: int = 0) -> Path:
    """The adapter folder of a tiny base model, trained for so many steps."""
    model = tiny.model(rope)
    if steps:
        settings = Fit(max_steps=steps, batch_size=16, learning_rate=5e-3, tune="full")
        model.fit(tiny.texts(), settings, 1, tiny.ignore)
    return write_run(tiny.save(model, folder / "base/adapter"), "base")


def tuned_run(folder: Path, base: Path, steps: int) -> Path:
    """The adapter folder of a LoRA run on a base."""
    model = load([base], "cpu")
    settings = Fit(max_steps=steps, batch_size=8, learning_rate=1e-2, lora_r=4, lora_alpha=8)
    model.fit(tiny.texts(), settings, 1, tiny.ignore)
    model.save(folder / "tuned/adapter")
    return write_run(folder / "tuned/adapter", "tuned", base)


def export(chain: list[Path], folder: Path) -> Path:
    """Export a chain as `folder/model.bin`, with `tokenizer.json` beside it."""
    output = folder / "model.bin"
    arguments = ["--output", str(output), "--tokenizer", str(output.with_name("tokenizer.json"))]
    assert export_page_model.main(["--lineage", *map(str, chain), *arguments]) == 0
    return output


def rounded(chain: list[Path]) -> TorchModel:
    """The model of a chain with its merged weights rounded to float16 and back."""
    model = load(chain, "cpu")
    model.weights = {name: weight.half().float() for name, weight in model.weights.items()}
    return model
