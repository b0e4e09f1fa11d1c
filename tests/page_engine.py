"""A Node process that runs the page's engine for the Python tests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
OLDEST = 20


def missing_node() -> str:
    """Why the engine cannot be tested here, or "" where it can."""
    program = shutil.which("node")
    if program is None:
        return "node is not installed (Debian: nodejs)"
    version = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST:
        return f"node {version} is older than {OLDEST}"
    return ""


class EngineError(Exception):
    """The engine threw; the message is its own."""


class Node:
    """`tests/page/answer.mjs` as a process that answers one request a line."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(HERE / "page/answer.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
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
