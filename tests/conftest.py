"""Shared fixtures: repository root, published data (when it lies beside the checkout), what the film is drawn from.

At the end of a run one table says what was skipped, why, and what gets it. With SKIPS_ALLOWED=KIND,… in the
environment, as CI sets it, any other skip is a failure.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hops_data import write_graph
from skips import lacking, refused, sorted_out, table

if TYPE_CHECKING:
    from trap.film.facts import Facts, Sources

# Tests run beside each other, a process a core, so that one thread each is enough, as in a job of the workflow.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(name, "1")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def published() -> Path:
    """The published data; it is not part of the project, so tests that need it skip without it."""
    if missing := lacking("published"):
        pytest.skip(missing)
    return ROOT.parent / "shared/published"


@pytest.fixture(scope="session")
def hops_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the hops study, with its graph alone."""
    return write_graph(tmp_path_factory.mktemp("hops_data"))


def _common(factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole test run, whichever of its processes asks."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def film_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and claims of the released items, and the graph, as the film reads them (`film_evidence`)."""
    import film_evidence

    if missing := lacking("results"):
        pytest.skip(missing)
    return film_evidence.write(_common(tmp_path_factory) / "film_evidence")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after a whole run of config/test/config.yaml. It is read only: copy what a test changes."""
    from whole_runs import finish, project, shared

    return shared(_common(tmp_path_factory) / "tiny_run", lambda folder: finish(project(folder)))


@pytest.fixture(scope="session")
def sources(film_folder: Path) -> Sources:
    """The released evidence, as the film reads it."""
    import film_evidence

    return film_evidence.opened(film_folder)


@pytest.fixture(scope="session")
def all_facts(sources: Sources) -> list[Facts]:
    """The facts of every scene of the film, as drawn from the released evidence."""
    from film_evidence import CUES
    from trap.film.cues import load_sheet
    from trap.film.facts import scene_facts

    sheet = load_sheet(CUES)
    return [scene_facts(sheet, scene.scene, sources) for scene in sheet.scenes]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no process has a long one left when the others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _skips(config: pytest.Config) -> Counter[tuple[str, str]]:
    """Of the whole run. Under xdist, only the process that prints has them all."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return Counter()
    reports = reporter.stats.get("skipped", [])
    return sorted_out(report.longrepr[2] for report in reports if isinstance(report.longrepr, tuple))


def _refused(config: pytest.Config) -> list[str]:
    allowed = os.environ.get("SKIPS_ALLOWED")
    return [] if allowed is None else refused(_skips(config), allowed.split(","))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _refused(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    if skips := _skips(config):
        terminalreporter.section("skipped here")
        for line in table(skips):
            terminalreporter.write_line(line)
    if kinds := _refused(config):
        terminalreporter.write_line(f"error: nothing of {', '.join(kinds)} may be skipped here", red=True)
