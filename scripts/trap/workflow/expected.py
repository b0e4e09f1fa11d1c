"""How long the jobs of a run are expected to take, and how far a run is by that measure.

Jobs differ a thousandfold, so that counting them says little: a training takes minutes, a pool less than a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from pathlib import Path
from statistics import median
from typing import Any

from trap.files import InputError, read_json, read_jsonl, write_json

EXPECTED = Path(".snakemake/expected.json")  # written as a run starts, read by its progress
# Seconds a job, by rule: means of `make paper` on two cores of an AMD EPYC with AVX2. Other rules take OTHER.
RULES = {
    "train_base": 180.0, "train_adapter": 50.0, "evaluate_adapter": 9.0, "evaluate_extra": 9.0, "search_answers": 60.0,
    "repeat_run": 25.0, "check_study": 10.0, "tabulate_results": 8.5, "tabulate_errors": 20.0, "tabulate_claims": 4.5,
    "compare_experiments": 5.0, "collect_runs": 3.5, "build_page": 3.0, "plot_figure": 2.0, "render_scene": 60.0,
}  # fmt: skip
OTHER = 1.5
STAGES = {
    "train_base": "train",
    "train_adapter": "train",
    "evaluate_adapter": "evaluate",
}  # as seconds.json names them
PRIOR = 60.0  # seconds for which a run is taken to keep the pace that the figures promise
UNSURE = 0.95  # a job that runs for longer than expected counts as this much of it


class Expected:
    """Expected seconds of jobs: what the same job took here, else runs of its arm in a release, else its rule."""

    def __init__(self, released: Path) -> None:
        """released: results/released/, with STUDY/EXPERIMENT/seconds.json."""
        self.known: dict[tuple[str, str, str, str], list[float]] = {}
        for path in sorted(released.glob("*/*/seconds.json")):
            for run, seconds in _mapping(path).items():
                study, model, _, arm, _ = run.split("/")
                for stage, value in seconds.items():
                    self.known.setdefault((study, model, arm, stage), []).append(float(value))

    def seconds(self, rule: str, wildcards: Mapping[str, str], benchmark: str | None = None) -> float:
        """benchmark: the file that times this job, which an earlier run may have left."""
        if measured := _measured(benchmark):
            return measured
        key = tuple(wildcards.get(name, "") for name in ("study", "model", "arm"))
        found = self.known.get((*key, STAGES.get(rule, "")))
        return median(found) if found else RULES.get(rule, OTHER)


def _measured(benchmark: str | None) -> float | None:
    try:
        return float(read_jsonl(benchmark)[-1]["s"]) if benchmark and Path(benchmark).is_file() else None
    except (InputError, LookupError, TypeError, ValueError):  # a killed job leaves an unfinished file
        return None


def write_expected(jobs: Iterable[Any], cores: int) -> None:
    """Write EXPECTED for the jobs of Snakemake that a run is about to do: `cores`, and seconds by number of job."""
    expected = Expected(Path("results/released"))
    found = {
        str(job.jobid): expected.seconds(job.rule.name, job.wildcards, job.benchmark) if job.shellcmd else 0.0
        for job in jobs  # a target runs no command
    }
    write_json(EXPECTED, {"cores": cores, "jobs": found})


def _mapping(path: Path) -> dict[str, dict[str, float]]:
    try:
        return read_json(path, dict)
    except InputError:  # what reads the release says what is wrong with it
        return {}


class Course:
    """How far a run is. Times are seconds of any clock that runs evenly."""

    def __init__(self, expected: Mapping[int, float], cores: int, now: float) -> None:
        """expected: seconds by job."""
        self.expected, self.cores, self.began = dict(expected), max(1, cores), now
        self.total = fsum(self.expected.values())
        self.running: dict[int, float] = {}
        self.finished: set[int] = set()

    def start(self, job: int, now: float) -> None:
        self.running.setdefault(job, now)

    def stop(self, job: int) -> None:
        """The job failed. It may start again."""
        self.running.pop(job, None)

    def finish(self, job: int, now: float) -> float:
        """The seconds that the job took."""
        self.finished.add(job)
        return now - self.running.pop(job, now)

    def _worked(self, now: float) -> float:
        done = [self.expected.get(job, 0.0) for job in self.finished]
        parts = [
            min(now - since, UNSURE * self.expected.get(job, 0.0)) for job, since in self.running.items()
        ]
        return fsum(done + parts)  # rounded once, so that the share never falls by the order of a sum

    def share(self, now: float) -> float:
        """What is done, from 0 to 1."""
        return min(1.0, self._worked(now) / self.total) if self.total else 1.0

    def left(self, now: float) -> float:
        """Seconds to the end, at the pace so far; at first, at one expected second a second on every core."""
        worked = self._worked(now)
        most = min(self.cores, max(1, len(self.expected) - len(self.finished)))
        pace = (worked + most * PRIOR) / (now - self.began + PRIOR)
        alone = [self.expected.get(job, 0.0) - (now - since) for job, since in self.running.items()]
        return max(0.0, (self.total - worked) / max(pace, 1e-9), *alone)
