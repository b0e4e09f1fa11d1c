"""The page, built once for all files of this folder, and a browser that opens it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import page_second
from page_site import build, hostile_graph, served
from page_visitor import Visitor
from skips import chromium
from trap.files import read_json
from trap.studies.hops.records import GraphFile


@pytest.fixture(scope="package")
def graph_file(hops_data: Path) -> GraphFile:
    return read_json(hops_data / "kg.json", GraphFile)


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory, graph_file: GraphFile) -> Path:
    return build(tmp_path_factory.mktemp("site"), graph_file, models=True)


@pytest.fixture(scope="package")
def hostile(tmp_path_factory: pytest.TempPathFactory, graph_file: GraphFile) -> Path:
    """A page about a graph whose names look like markup, built where no run folder lies."""
    return build(tmp_path_factory.mktemp("hostile"), hostile_graph(graph_file), models=False)


@pytest.fixture(scope="package")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a study that brings nothing of its own to it."""
    return page_second.build(tmp_path_factory.mktemp("second"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium(), args=arguments)
        yield found
        found.close()


@pytest.fixture(scope="package")
def address(built: Path) -> Iterator[str]:
    with served(built) as origin:
        yield origin


@pytest.fixture
def visitor(browser: Any, address: str) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visitor(context, address)
    yield found
    context.close()
    assert found.wrong == []
