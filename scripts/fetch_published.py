"""Get the published hops files: from the public repository, or from a local folder.

    python scripts/fetch_published.py --output results/hops/published/files
    python scripts/fetch_published.py --from FOLDER --output results/hops/published/files

Every file is checked against its SHA-256 before anything is written. A file that is already there with the right
checksum stays as it is. `episodes_rsft_easy.jsonl` is optional, because a later commit of the repository overwrote it;
without it, the audit uses counts that were taken from it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from trap.cli import run_main
from trap.files import InputError, replacing
from trap.studies.hops.published import COMMIT, EASY_COMMIT, REPOSITORY

RUN = "data/runs/run_0001"
LARGEST = 4_000_000  # bytes; the files have at most 120 kB
TIMEOUT = 30  # seconds without an answer


class Source(NamedTuple):
    """One published file: its name here, where it lies in the repository, and what it must hash to."""

    name: str
    path: str
    sha256: str
    commit: str = COMMIT
    required: bool = True


FILES = (
    Source("kg.json", "data/kg.json", "d2512a669ec8708404397c33591f29340375786821366c0e782337b602febdff"),
    Source(
        "train.jsonl", "data/train.jsonl", "0920c5477e464c25801930854ca2fa309e74228ae0470df5983563c8eacdea2d"
    ),
    Source(
        "eval.jsonl", "data/eval.jsonl", "9931377f03cfd9aadb7b780e9cfbd1b85fbe624c105c2401ed60e9b02edcfb10"
    ),
    Source(
        "episodes.jsonl",
        f"{RUN}/episodes.jsonl",
        "43751f3994ac12e8d17a457edaef2f57e99412b0affb49df75894683b2b793d0",
    ),
    Source(
        "episodes_rsft_eval.jsonl",
        f"{RUN}/episodes_rsft_eval.jsonl",
        "f5631576e071917e65e68427ab9bf25fa0b6d059251a65ba83ed2c7efea5eb84",
    ),
    Source(
        "metrics.json",
        f"{RUN}/metrics.json",
        "ba68f1ca0fb600fab4a0211187cc5226fa792985ebc3bacf5b07ccb21e36275a",
    ),
    Source(
        "meta.json", f"{RUN}/meta.json", "52fb870cb820921b5bc7dfd64b2cfc505bad44da1fcef336580800d156608f6e"
    ),
    Source(
        "episodes_rsft_easy.jsonl",
        f"{RUN}/episodes.jsonl",
        "c1dd13996f5725687600d5a58b36b3f8242d1bf6b2b0039b35668bac5264aebd",
        EASY_COMMIT,
        required=False,
    ),
)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def addresses(source: Source) -> tuple[str, ...]:
    """Where a file can be had. The first wants no redirect; the second resolves a shortened commit."""
    return (
        f"https://raw.githubusercontent.com/{REPOSITORY}/{source.commit}/{source.path}",
        f"https://github.com/{REPOSITORY}/raw/{source.commit}/{source.path}",
    )


def download(source: Source) -> bytes | None:
    """The bytes of a file from the repository; None when the repository has no such file.

    Raises InputError when the repository cannot be reached.
    """
    for address in addresses(source):
        try:
            with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
                return answer.read(LARGEST)
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise InputError(f"{address}: the server answers {error.code}") from None
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise InputError(
                f"cannot reach github.com ({reason}): copy the files from {REPOSITORY} at {COMMIT} "
                "into a folder and give it with --from FOLDER"
            ) from None
    return None


def from_folder(folder: Path) -> Callable[[Source], bytes | None]:
    """A getter of local copies. Raises InputError when the folder does not exist."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")

    def get(source: Source) -> bytes | None:
        path = folder / source.name
        return path.read_bytes() if path.is_file() else None

    return get


def fetch(get: Callable[[Source], bytes | None], output: Path) -> list[str]:
    """Get, check and write every file; one line per file. Raises InputError at the first that is not right.

    Nothing is written unless all required files are right.
    """
    ready: dict[str, bytes] = {}
    report = []
    for source in FILES:
        there = output / source.name
        if there.is_file() and digest(there.read_bytes()) == source.sha256:
            report.append(f"{source.name}: already there")
            continue
        data = get(source)
        if data is not None and digest(data) == source.sha256:
            ready[source.name] = data
            report.append(f"{source.name}: {len(data)} bytes, checksum right")
            continue
        wrong = "not found" if data is None else f"SHA-256 is {digest(data)[:12]}…, not {source.sha256[:12]}…"
        if source.required:
            raise InputError(f"{source.name}: {wrong}")
        report.append(f"{source.name}: {wrong}; left out (optional)")
    for name, data in ready.items():
        with replacing(output / name) as partial:
            partial.write_bytes(data)
    return report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="folder", type=Path, help="take local copies from this folder")
    parser.add_argument(
        "--output", type=Path, default=Path("results/hops/published/files"), help="where to put them"
    )
    args = parser.parse_args(argv)

    def body() -> int:
        for line in fetch(from_folder(args.folder) if args.folder else download, args.output):
            print(line)
        return 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
