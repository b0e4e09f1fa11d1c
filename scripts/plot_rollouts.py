"""Draw what more samples per prompt let through."""

from __future__ import annotations

import sys

from trap.figures import rollouts
from trap.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "rollouts", rollouts.ALT, rollouts.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
