"""Draw training curves from the logs."""

from __future__ import annotations

import sys

from trap.figures import training
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "training", training.ALT, training.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
