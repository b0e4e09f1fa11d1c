"""Draw accuracy and faithful accuracy by the share of hard prompts."""

from __future__ import annotations

import sys

from trap.figures import matching
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "matching", matching.ALT, matching.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
