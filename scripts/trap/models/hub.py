"""Models of the Hugging Face hub: into its cache, whole, checked, at one commit.

The hub's own client downloads: it goes on where it stopped, and every program that uses the hub then
finds the files. What comes is compared with the checksums that the hub states and with those in the
settings; the settings pin a commit, so that a model cannot change unseen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trap.files import InputError

WANTED = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
CHUNK = 2**20


def digest(path: Path, algorithm: str = "sha256", start: bytes = b"") -> str:
    """A file's checksum, read in pieces."""
    made = hashlib.new(algorithm, start)
    with path.open("rb") as stream:
        while piece := stream.read(CHUNK):
            made.update(piece)
    return made.hexdigest()


def git_id(path: Path) -> str:
    """The id under which git, and so the hub, knows a small file."""
    return digest(path, "sha1", b"blob %d\0" % path.stat().st_size)


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its type where it has none; at most 200 characters."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def fetch(source: str, revision: str | None, pinned: Mapping[str, str]) -> dict[str, Any]:
    """Download a model into the hub's cache and check it: its commit, and size and SHA-256 of each file.

    Without a network, a copy in the cache will do. Raises InputError, in one line, where there is none, the
    hub has no such model or revision, or a file is not what it should be; that file is then removed, so
    that the next attempt gets it anew.
    """
    from huggingface_hub import HfApi, constants, errors, snapshot_download

    where = f"{source} at {revision or 'main'}"
    try:
        found = HfApi().model_info(source, revision=revision, files_metadata=True)
        commit, stated = found.sha, {row.rfilename: row for row in found.siblings}
    except errors.GatedRepoError:
        raise InputError(f"{where}: the hub asks for a login that has accepted its terms") from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{where}: the hub has no such revision") from None
    except errors.RepositoryNotFoundError:
        raise InputError(f"{where}: the hub has no such model, or a private one") from None
    except Exception as error:  # no network, no name, a proxy, a timeout, a server's error: many types
        commit, stated, reason = revision, {}, first_line(error)
    try:
        folder = Path(
            snapshot_download(
                source, revision=commit, allow_patterns=list(WANTED), local_files_only=not stated
            )
        )
    except Exception as error:
        if stated:
            raise InputError(
                f"{where}: the download broke off ({first_line(error)}); the same command goes on with it"
            ) from None
        raise InputError(
            f"{where}: the hub cannot be reached ({reason}), and {constants.HF_HUB_CACHE} holds no copy: fetch it on"
            " a machine with a network and copy that folder, or set the model's source to a local folder"
        ) from None
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    for name, path in files.items():
        check(name, path, stated.get(name), pinned.get(name))
    if missing := sorted(pinned.keys() - files.keys()):
        raise InputError(f"{where}: {missing[0]}: named under sha256 in the settings, and not there")
    if not any(name.endswith(".safetensors") for name in files):
        raise InputError(f"{where}: no safetensors weights (other formats can run code when they are read)")
    rows = {name: {"bytes": path.stat().st_size, "sha256": digest(path)} for name, path in files.items()}
    return {"source": source, "revision": revision, "commit": folder.name, "files": rows}


def check(name: str, path: Path, stated: Any, pinned: str | None) -> None:
    """Raises InputError, and removes the file, where it is not what the hub or the settings say."""
    kind, known = "SHA-256", pinned
    if known is None and stated is not None and stated.lfs is not None:
        known = stated.lfs.sha256
    elif known is None and stated is not None:
        kind, known = "git id", stated.blob_id
    made = git_id(path) if kind == "git id" else digest(path)
    if known is not None and made != known:
        blob = path.resolve()
        path.unlink()
        blob.unlink(missing_ok=True)
        raise InputError(
            f"{name}: {kind} is {made[:12]}…, not {known[:12]}…; removed, so that it can be fetched anew"
        )
