"""Draw the parts of the reward by arm."""

from __future__ import annotations

import sys

from trap.figures.command import plot_main
from trap.studies.hops.figures import reward


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "reward", reward.ALT, reward.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
