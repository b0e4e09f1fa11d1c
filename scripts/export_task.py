"""Export a study as a task of another package, or as a dataset with a card.

    python scripts/export_task.py --study NAME --format verifiers --output FOLDER [--pools POOL …] [--count 500]

Formats: verifiers, reasoning-gym, lm-eval, dataset. The evaluation pools that runs answer are exported unless --pools
names others. docs/export.md shows each format at work.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trap.cli import run_main
from trap.exports.contents import Export, write_contents
from trap.exports.formats import FORMATS
from trap.files import InputError, replacing
from trap.workflow.config import load_config
from trap.workflow.opening import open_study, study_settings


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True)
    parser.add_argument("--format", required=True, choices=sorted(FORMATS))
    parser.add_argument(
        "--pools", nargs="+", help="pools to export (default: evaluation pools that runs answer)"
    )
    parser.add_argument("--count", type=int, help="items of each pool (default: as in the settings)")
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")
    parser.add_argument("--output", type=Path, required=True, help="the folder to write; it is replaced")
    args = parser.parse_args(argv)

    def body() -> None:
        if args.count is not None and args.count < 1:
            raise InputError(f"--count: at least 1, not {args.count}")
        config = load_config(args.config)
        settings = study_settings(config, args.study)
        study = open_study(config, args.study, args.data)
        names = args.pools or [
            pool.name for pool in study.pools
            if pool.role == "evaluation" and pool.scored and pool.name in settings.counts
        ]  # fmt: skip
        if not names:
            raise InputError(f"study {args.study}: no evaluation pool has a count: name some with --pools")
        counts = {study.pool(name).name: args.count or settings.counts.get(name, 500) for name in names}
        write, place = FORMATS[args.format]
        if args.output.exists() and not (args.output / "README.md").is_file() and any(args.output.iterdir()):
            raise InputError(f"{args.output}: holds something else than an export: give another folder")
        with replacing(args.output) as folder:
            inner = folder / place(args.study)
            inner.mkdir(parents=True)
            (folder / "data").mkdir(exist_ok=True)
            written = write_contents(study, args.study, settings.title or args.study, counts, inner)
            write(Export(inner), folder)
            if not any((folder / "data").iterdir()):
                (folder / "data").rmdir()
        print(
            f"{args.output}: {args.format}, {', '.join(f'{count} of {pool}' for pool, count in written.items())}"
        )

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
