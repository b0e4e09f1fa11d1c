"""List the models of the settings: where they come from, how large they are, how much memory they need.

    python scripts/list_models.py [--config config/config.yaml] [--platform unsloth] [--study hops] [--hyper rsft]

Memory is in MB, estimated from the model's shape and a set of the study's hyperparameters, with the model's own changes.
Models without a shape in the settings have a dash.
"""

from __future__ import annotations

import argparse
import sys

from trap.cli import run_main
from trap.files import InputError
from trap.models.memory import COSTS, needed_mb, parameters
from trap.workflow.config import Package, hyper_of, load_config
from trap.workflow.opening import study_settings

STEPS = ("sample", "lora", "full")


def source_text(source: str | Package) -> str:
    """The source as one word: a package by its name and version."""
    return source.package if isinstance(source, Package) else source


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="config/config.yaml")
    parser.add_argument("--platform", choices=sorted(COSTS), help="the platform of the settings by default")
    parser.add_argument("--study", help="whose hyperparameters; the study of the settings by default")
    parser.add_argument("--hyper", default="rsft", help="a set of hyperparameters")
    args = parser.parse_args(argv)

    def body() -> None:
        config = load_config(args.config)
        study = args.study or config.study
        sets = study_settings(config, study).hyper
        if args.hyper not in sets:
            raise InputError(f"{args.config}: no hyper `{args.hyper}` (known: {', '.join(sets)})")
        platform = args.platform or config.platform
        rows = [["model", "source", "asked", "parameters", *(f"{step}_mb" for step in STEPS)]]
        for name, model in config.models.items():
            hyper = hyper_of(config, study, name, args.hyper)
            needs = [needed_mb(model, hyper, platform, step) for step in STEPS]
            size = parameters(model)
            asked = "as chat" if model.chat is not None else "as text"
            rows.append(
                [
                    name,
                    source_text(model.source),
                    asked,
                    f"{size / 1e6:.0f} M" if size else "-",
                    *(str(need or "-") for need in needs),
                ]
            )
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
