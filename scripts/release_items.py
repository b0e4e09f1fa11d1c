"""Copy the collected files of an experiment to the folder that is committed.

    python scripts/release_items.py --files results/hops/full/collected/items.parquet … \\
        --released results/released/hops/full --output results/hops/full/release.json

Released items are source files: tables, figures and claims are made from them, and no rule makes them. --output is a
record of the copied files with their SHA-256.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, replacing, write_json
from trap.workflow.closure import sha256_file


def release(files: list[Path], folder: Path) -> dict[str, str]:
    """Copy the files and take away what else lies there; SHA-256 by name. Raises InputError for a missing file."""
    for path in files:
        if not path.is_file():
            raise InputError(f"{path}: no such file, so nothing is released")
    with replacing(folder) as partial:
        partial.mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, partial / path.name)
    return {path.name: sha256_file(folder / path.name) for path in files}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="what the runs gave")
    parser.add_argument("--released", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, help="the record, JSON")
    args = parser.parse_args(argv)

    def body() -> None:
        write_json(
            args.output,
            {"released": args.released.as_posix(), "files": release(args.files, args.released)},
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
