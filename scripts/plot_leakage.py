"""Draw accuracy on leaked and on fresh questions by the leaked share."""

from __future__ import annotations

import sys

from trap.figures import leakage
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "leakage", leakage.ALT, leakage.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
