"""Models come whole, checked and resumed, from a hub that runs on this machine; without one, in one clear line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_server import COMMIT, NAME, Hub, serving

ROOT = Path(__file__).resolve().parent.parent
# The client reads its settings when it is imported, so each fetch has a process of its own.
CODE = """
import json, sys
from trap.cli import run_main
from trap.models.hub import fetch
source, revision, pinned = json.loads(sys.argv[1])
sys.exit(run_main(lambda: print(json.dumps(fetch(source, revision, pinned)))))
"""
WEIGHTS = bytes(range(256)) * 46_000  # more than the client writes at once (10 MiB)
PIN = hashlib.sha256(WEIGHTS).hexdigest()


class Client:
    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "HF_HOME": str(folder), "HF_ENDPOINT": address, "PYTHONPATH": str(ROOT / "scripts"),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
        }  # fmt: skip

    def fetch(self, source: str = NAME, revision: str | None = COMMIT, **pinned: str) -> dict | str:
        """The record, or the one line of an error."""
        names = {name.replace("__", "."): value for name, value in pinned.items()}
        done = subprocess.run(
            [sys.executable, "-c", CODE, json.dumps([source, revision, names])],
            env=self.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return json.loads(done.stdout)
        line = done.stderr.rstrip("\n").split("\n")[-1]
        assert line.startswith("error: ") and "Traceback" not in done.stderr, done.stderr
        return line


@pytest.fixture
def hub() -> Hub:
    return Hub(
        {
            "config.json": b"{}",
            "chat_template.jinja": b"{{ 1 }}",
            "model.safetensors": WEIGHTS,
            "model.bin": b"code",
        }
    )


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Iterator[Client]:
    with serving(hub) as address:
        yield Client(tmp_path / "home", address)


def fetched(hub: Hub) -> list[str | None]:
    """Ranges of the requests for the weights."""
    return [
        wanted for kind, path, wanted in hub.requests if kind == "GET" and path.endswith("/model.safetensors")
    ]


def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, client: Client) -> None:
    hub.cut["model.safetensors"] = len(WEIGHTS) - 1000
    record = client.fetch(model__safetensors=PIN)
    assert record["files"]["model.safetensors"] == {"bytes": len(WEIGHTS), "sha256": PIN}
    first, second = fetched(hub)
    assert first is None and int(second.removeprefix("bytes=").rstrip("-")) >= 10 * 2**20
    assert record["files"].keys() == {"config.json", "chat_template.jinja", "model.safetensors"}
    # What is there is not fetched again.
    assert client.fetch() == record and len(fetched(hub)) == 2


def test_a_branch_is_resolved_to_a_commit(client: Client) -> None:
    record = client.fetch(revision=None)
    assert (record["revision"], record["commit"]) == (None, COMMIT)


def test_wrong_bytes_are_refused_and_fetched_anew(hub: Hub, client: Client) -> None:
    hub.stated["model.safetensors"] = "0" * 64
    assert "model.safetensors: SHA-256 is " in client.fetch()
    del hub.stated["model.safetensors"]
    assert client.fetch()["files"]["model.safetensors"]["sha256"] == PIN
    assert len(fetched(hub)) == 2
    assert "SHA-256 is " in client.fetch(model__safetensors="1" * 64)  # the settings' own checksum
    assert "tokenizer.json: named under sha256 in the settings, and not there" in client.fetch(
        tokenizer__json="1" * 64
    )


def test_small_files_are_checked_too(hub: Hub, client: Client) -> None:
    client.fetch()
    (blob,) = {path.resolve() for path in client.folder.rglob("config.json") if path.is_symlink()}
    blob.write_bytes(b"[]")
    assert "config.json: git id is " in client.fetch()
    assert "config.json" in client.fetch()["files"]


def test_without_weights_that_are_safe_to_read(hub: Hub, client: Client) -> None:
    del hub.files["model.safetensors"]
    assert "no safetensors weights" in client.fetch()


def test_refusals_name_the_model(client: Client) -> None:
    assert "somebody/other at main: the hub has no such model" in client.fetch("somebody/other", None)
    assert "the hub has no such revision" in client.fetch(revision="f" * 40)


def test_without_a_network_a_copy_will_do(client: Client, tmp_path: Path) -> None:
    record = client.fetch()
    client.environment["HF_ENDPOINT"] = "http://127.0.0.1:9"  # nothing listens there
    assert client.fetch() == record
    client.environment["HF_HUB_OFFLINE"] = "1"
    assert client.fetch() == record
    empty = Client(tmp_path / "empty", "http://127.0.0.1:9")
    message = empty.fetch()
    assert "the hub cannot be reached" in message and "holds no copy" in message and "local folder" in message
