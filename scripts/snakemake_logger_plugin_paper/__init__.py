"""The logger `paper` of Snakemake: progress weighed by expected seconds, see `trap.workflow.console`.

PYTHONPATH=scripts snakemake --logger paper …
"""

from __future__ import annotations

import logging
import sys

from snakemake_interface_logger_plugins.base import LogHandlerBase


class LogHandler(LogHandlerBase):
    """Hands every record to a `Console`."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False  # Snakemake's own say what is shown, and how errors look
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        # imported here, because Snakemake imports every logger that it finds, also for a project elsewhere
        from trap.workflow.console import Console

        common = self.common_settings
        out = sys.stdout if common.stdout else sys.stderr
        self.console = Console(out, common.dryrun or common.verbose, self.format)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.console.show(record)
        except (BrokenPipeError, KeyboardInterrupt, SystemExit):
            raise
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self.console.close()
        super().close()
