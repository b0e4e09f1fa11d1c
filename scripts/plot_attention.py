"""Draw where models look for the next relation of a chain."""

from __future__ import annotations

import sys

from trap.figures.command import plot_main
from trap.studies.hops.figures import attention


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "attention", attention.ALT, attention.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
