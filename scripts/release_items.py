"""Copy the collected files of an experiment to the folder that is committed.

    python scripts/release_items.py --files results/hops/full/collected/items.parquet … \\
        [--weights results/hops/full/weights] --released results/released/hops/full \\
        --output results/hops/full/release.json

Released items are source files: tables, figures and claims are made from them, and no rule makes them. --output is a
record of the copied files with their SHA-256. --weights is a folder of release_weights.py, copied as a whole.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from trap.cli import run_main
from trap.files import InputError, replacing, write_json
from trap.models.released_weights import troubles
from trap.workflow.closure import sha256_file
from trap.workflow.plan import WEIGHTS


def release(files: list[Path], weights: Path | None, folder: Path) -> dict[str, str]:
    """Copy files and weights and take away what else lies there; SHA-256 by name.

    Raises InputError for a missing file or damaged weights.
    """
    for path in files:
        if not path.is_file():
            raise InputError(f"{path}: no such file, so nothing is released")
    held = sorted(path for path in weights.iterdir() if path.suffix in (".bin", ".json")) if weights else []
    if weights and (wrong := troubles(weights)):
        raise InputError(f"{wrong[0]}: nothing is released")
    with replacing(folder) as partial:
        partial.mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, partial / path.name)
        for path in held:
            (partial / WEIGHTS).mkdir(exist_ok=True)
            shutil.copyfile(path, partial / WEIGHTS / path.name)
    names = [*(path.name for path in files), *(f"{WEIGHTS}/{path.name}" for path in held)]
    return {name: sha256_file(folder / name) for name in names}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="what the runs gave")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="what release_weights.py wrote")
    parser.add_argument("--released", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--output", type=Path, required=True, help="the record, JSON")
    args = parser.parse_args(argv)

    def body() -> None:
        write_json(
            args.output,
            {"released": args.released.as_posix(), "files": release(args.files, args.weights, args.released)},
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
