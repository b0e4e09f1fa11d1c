"""The command line that all `plot_*.py` share."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from trap.cli import run_main
from trap.figures.estimates import Evidence
from trap.figures.theme import Theme, save_both


def plot_main(
    argv: list[str] | None, stem: str, alt: str, draw: Callable[[Evidence, Theme], Figure], description: str
) -> int:
    """Parse `--claims --tables --output-dir`, draw in both themes, write the four files `{stem}.*`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--claims", type=Path, required=True, help="claims.json")
    parser.add_argument("--tables", type=Path, required=True, help="folder of the Parquet tables")
    parser.add_argument("--output-dir", type=Path, required=True, help="folder for the SVG and PNG files")
    args = parser.parse_args(argv)

    def body() -> None:
        evidence = Evidence(args.claims, args.tables)
        save_both(lambda theme: draw(evidence, theme), args.output_dir, stem, description, alt)

    return run_main(body)
