"""Draw the trap: accuracy of every arm on hard questions, beside the published points."""

from __future__ import annotations

import sys

from trap.figures import trap
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "trap", trap.ALT, trap.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
