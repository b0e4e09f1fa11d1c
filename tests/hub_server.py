"""A hub on this machine: the part of its protocol that a download uses, with files of the tests' own.

Connections can be cut in the middle of a file, and every request is remembered.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "somebody/small"


def git_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Hub:
    """Files by name; `cut` holds how many bytes of a file are sent before the connection is cut, once."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.cut, self.requests = files, {}, []
        self.stated: dict[str, str] = {}  # another SHA-256 than the file has

    def rows(self, tree: bool) -> list[dict[str, Any]]:
        rows = []
        for name, data in self.files.items():
            sha = self.stated.get(name, hashlib.sha256(data).hexdigest())
            row: dict[str, Any] = {"size": len(data), "oid" if tree else "blobId": git_id(data)}
            if name.endswith(".safetensors"):
                row["lfs"] = {"size": len(data), "pointerSize": 130, "oid" if tree else "sha256": sha}
            rows.append(row | ({"type": "file", "path": name} if tree else {"rfilename": name}))
        return rows


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Nothing is printed."""

        def answer(self, code: int, body: bytes, headers: dict[str, str], sent: int | None = None) -> None:
            self.send_response(code)
            for key, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(body[:sent])
            if sent is not None:
                self.wfile.flush()
                self.close_connection = True

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path, _, _ = self.path.partition("?")
            hub.requests.append((self.command, path, self.headers.get("Range")))
            missing = {"X-Error-Code": "RepoNotFound"}
            if path == f"/api/models/{NAME}" or path.startswith(f"/api/models/{NAME}/revision/"):
                if path.rsplit("/", 1)[1] not in (COMMIT, "main", NAME.split("/")[1]):
                    return self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
                body = {"id": NAME, "modelId": NAME, "sha": COMMIT, "siblings": hub.rows(tree=False)}
                return self.answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})
            if path.startswith(f"/api/models/{NAME}/tree/"):
                return self.answer(
                    200, json.dumps(hub.rows(tree=True)).encode(), {"Content-Type": "application/json"}
                )
            name = path.removeprefix(f"/{NAME}/resolve/{COMMIT}/")
            if name not in hub.files:
                return self.answer(404, b"{}", missing)
            data = hub.files[name]
            common = {"ETag": f'"{git_id(data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            if name.endswith(".safetensors"):
                common["ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            if (wanted := self.headers.get("Range")) and self.command == "GET":
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                common["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                return self.answer(206, data[start:], common)
            sent = hub.cut.pop(name, None) if self.command == "GET" else None
            return self.answer(200, data, common, sent)

    return Handler


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The address of a running server of `hub`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
