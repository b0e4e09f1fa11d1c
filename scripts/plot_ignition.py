"""Draw faithful accuracy by the number of hard reference traces."""

from __future__ import annotations

import sys

from trap.figures.command import plot_main
from trap.studies.hops.figures import ignition


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "ignition", ignition.ALT, ignition.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
