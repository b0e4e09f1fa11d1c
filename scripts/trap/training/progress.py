"""How far a long job is, in its log: a line now and then, where nobody watches a bar."""

from __future__ import annotations

import sys
import time

SECONDS = 30.0  # from one line to the next


def clock(seconds: float) -> str:
    """A span of time in words: "40 s", "12 min", "3 h 5 min"."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


class Progress:
    """Says on stderr how far something is and how long it will take, at most every `SECONDS`.

    what: "answered", for one. total: how many units there are. A short job says nothing.
    """

    def __init__(self, what: str, total: int, unit: str) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.started = self.told = time.monotonic()
        self.first = 0

    def begin_at(self, done: int) -> None:
        """What was done before this process began does not count for its pace."""
        self.first, self.started = done, time.monotonic()

    def __call__(self, done: int, more: str = "") -> None:
        """`done` units are through; `more` is added to the line."""
        now = time.monotonic()
        if now - self.told < SECONDS or not self.first < done < self.total:
            return
        self.told = now
        left = (now - self.started) / (done - self.first) * (self.total - done)
        line = f"{self.what} {done} of {self.total} {self.unit}{more}, about {clock(left)} left"
        print(line, file=sys.stderr, flush=True)
