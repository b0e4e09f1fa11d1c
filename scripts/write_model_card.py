"""Write the model card of runs: README.md beside the adapter, from meta.json, metrics.json and the claims.

    python scripts/write_model_card.py results/hops/runs/nano/torch/rsft_hard/s1 ...
    python scripts/write_model_card.py results/hops/runs/nano/torch/rsft_hard/s1 --export FOLDER

The card is written to the run folder, not to adapter/, because other runs refer to the hash of adapter/. --export makes
a new folder with the adapter's files and the card, as a model hub expects them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import InputError, read_json, replacing, write_text
from trap.report.cards import card, read_meta
from trap.workflow.config import load_config
from trap.workflow.opening import study_settings
from trap.workflow.plan import Plan

ROOT = Path(__file__).resolve().parent.parent


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path, help="run folders")
    parser.add_argument(
        "--config", default="config/config.yaml", help="the settings, which name the base arm"
    )
    parser.add_argument("--claims", type=Path, help="claims.json, for the claims about the arm")
    parser.add_argument("--templates", type=Path, default=ROOT / "report/cards")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="a new folder with adapter and card")
    args = parser.parse_args(argv)

    def body() -> None:
        if args.export and (len(args.runs) > 1 or args.export.exists()):
            what = "one run at a time" if len(args.runs) > 1 else f"{args.export} is there already"
            raise InputError(f"--export: {what}")
        config = load_config(args.config)
        claims = read_json(args.claims, list[dict[str, Any]]) if args.claims else []
        for run in args.runs:
            meta = read_meta(run)
            study_settings(
                config, meta["study"]
            )  # raises InputError for a study that the settings do not name
            plan = Plan.of(config, meta["study"])
            base = run.parent.parent / plan.base / f"s{plan.seed_of(plan.base, meta['seed'])}"
            text = card(
                run, args.templates, claims, base=base, title=plan.settings.title, platform=config.platform
            )
            if not args.export:
                write_text(run / "README.md", text)
                continue
            if not (run / "adapter").is_dir():
                raise InputError(f"{run / 'adapter'}: no such folder")
            with replacing(args.export) as folder:
                shutil.copytree(run / "adapter", folder, ignore=shutil.ignore_patterns(".*"))
                (folder / "README.md").write_text(text, encoding="utf-8")

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
