"""Draw accuracy against faithful accuracy, per arm and model."""

from __future__ import annotations

import sys

from trap.figures import faithful
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "faithful", faithful.ALT, faithful.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
