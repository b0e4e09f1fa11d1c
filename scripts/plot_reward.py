"""Draw the parts of the reward by arm."""

from __future__ import annotations

import sys

from trap.evidence.figures import reward
from trap.evidence.figures.command import plot_main


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "reward", reward.ALT, reward.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
