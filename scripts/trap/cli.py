"""What every script's `main` shares: one-line errors instead of tracebacks for bad input."""

from __future__ import annotations

import sys
from collections.abc import Callable

from trap.files import InputError, trouble


def run_main(body: Callable[[], int | None]) -> int:
    """Run `body`. An InputError, a full disk or a forbidden folder become one line on stderr and exit status 1."""
    try:
        return body() or 0
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if not (told := trouble(error)):
            raise
        print(f"error: {told}", file=sys.stderr)
        return 1
