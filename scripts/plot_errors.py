"""Draw what traces get wrong first, by hops asked, per arm and model."""

from __future__ import annotations

import sys

from trap.figures.command import plot_main
from trap.studies.hops.figures import errors


def main(argv: list[str] | None = None) -> int:
    return plot_main(argv, "errors", errors.ALT, errors.draw, __doc__ or "")


if __name__ == "__main__":
    sys.exit(main())
