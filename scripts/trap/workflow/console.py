"""What the logger `paper` shows of a run of Snakemake: a line a job, with the share done and an estimate.

A terminal also shows what runs now, in a line that moves. Elsewhere a line a minute says that long jobs go on. Errors,
warnings and dry runs look as they do without this logger. Expected seconds come from `.snakemake/expected.json`, which
the workflow writes as it starts (`trap.workflow.expected`); without it, every job counts alike.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from typing import TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from trap.files import InputError, read_json
from trap.training.progress import clock
from trap.workflow.expected import EXPECTED, Course

BEAT = 60.0  # seconds from one line about running jobs to the next, where no line moves
TOLD = ("Nothing to be done", "Exiting because", "Shutting down", "Will exit after", "Complete log")
SHOWN = (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR, LogEvent.ERROR)
CLEAR = "\r\x1b[K"


class Console:
    """Shows the records of one run. `plain`: how Snakemake words a record that has no words here."""

    def __init__(self, out: TextIO, verbatim: bool, plain: Callable[[logging.LogRecord], str]) -> None:
        """verbatim: show every record as Snakemake does, as in a dry run."""
        self.out, self.verbatim, self.plain = out, verbatim, plain
        self.moves = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.course: Course | None = None
        self.jobs: int | None = None
        self.names: dict[int, str] = {}
        self.told = time.monotonic()
        self.guard = threading.Lock()  # records come from one thread, the beat from another
        self.ended = threading.Event()
        if not verbatim:
            threading.Thread(target=self._beat, daemon=True).start()

    def show(self, record: logging.LogRecord) -> None:
        with self.guard:
            self._record(record)

    def close(self) -> None:
        self.ended.set()
        with self.guard:
            self._write("")

    def _record(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if self.verbatim or record.levelno >= logging.WARNING:
            self._line(self.plain(record))
        elif event == LogEvent.RUN_INFO and self.jobs is None:  # a run ends with another
            self.jobs = sum(count for rule, count in record.stats.items() if rule != "total")
        elif event == LogEvent.JOB_INFO:
            self.names[record.jobid] = record.rule_msg or ""
        elif event == LogEvent.JOB_STARTED:
            self._started(record.jobs)
        elif event == LogEvent.JOB_FINISHED and self.course:
            self._finished(record.job_id)
        elif event in SHOWN or (event is None and str(record.msg).startswith(TOLD)):
            if event == LogEvent.JOB_ERROR and self.course:
                self.course.stop(record.jobid)
            self._line(self.plain(record))

    def _started(self, jobs: list[int]) -> None:
        now = time.monotonic()
        if self.course is None:
            self.course = self._read(now)
            count = "1 job" if len(self.course.expected) == 1 else f"{len(self.course.expected)} jobs"
            self._line(f"{count}, about {clock(self.course.left(now))}")
        for job in jobs:
            self.course.start(job, now)
        self._beat_once()

    def _read(self, now: float) -> Course:
        """What the workflow wrote as it started, which it does after its jobs are counted."""
        try:
            known = read_json(EXPECTED, dict)
            expected = {int(job): float(seconds) for job, seconds in known["jobs"].items()}
            cores = int(known["cores"])
        except (InputError, KeyError, ValueError):
            expected, cores = dict.fromkeys(range(self.jobs or 1), 1.0), 1
        return Course(expected, cores, now)

    def _finished(self, job: int) -> None:
        now = time.monotonic()
        took, name = self.course.finish(job, now), self.names.get(job)
        if name:
            self.told = now
            self._line(f"{self._share(now)}  {name} ({clock(took)})")
        if len(self.course.finished) == len(self.course.expected):
            self._line(f"done in {clock(now - self.course.began)}")

    def _share(self, now: float) -> str:
        # 100 % is for the end alone
        share = self.course.share(now)
        all_done = len(self.course.finished) >= len(self.course.expected)
        return f"{100 if all_done else min(99, int(100 * share)):3d} %"

    def _beat(self) -> None:
        while not self.ended.wait(1.0):
            with self.guard:
                self._beat_once()

    def _beat_once(self) -> None:
        """The line that moves; without one, a line of its own where nothing was said for long."""
        now = time.monotonic()
        if not self.course or not self.course.running:
            return
        if self.moves:
            self._write(self._now(now)[: shutil.get_terminal_size().columns - 1])
        elif now - self.told >= BEAT:
            self.told = now
            self._line(self._now(now))

    def _now(self, now: float) -> str:
        running = [
            f"{self.names[job]} ({clock(now - since)})"
            for job, since in self.course.running.items()
            if self.names.get(job)
        ]
        left = f"{self._share(now)}  about {clock(self.course.left(now))} left"
        return f"{left}: {'; '.join(running)}" if running else left

    def _line(self, text: str) -> None:
        if text and text != "None":
            self._write("")
            print(text, file=self.out, flush=True)

    def _write(self, text: str) -> None:
        """Show `text` in the line that moves, in place of what it shows now."""
        if self.moves:
            print(CLEAR + text, end="", file=self.out, flush=True)
