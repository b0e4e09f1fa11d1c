"""The solver's panel: a stored trace run step by step, by mouse and keyboard, at three widths and in two themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from page_panel import panel
from page_visitor import Visitor
from skips import needs
from trap.studies.base import load_study
from trap.studies.traces.page import record

STEPS = ("text", "part", "expert", "changes", "numbers", "marks", "ran")
pytestmark = [pytest.mark.slow, needs("playwright", "browser")]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The panel with one trace, which has a step too many."""
    folder = tmp_path_factory.mktemp("solver")
    study = load_study("traces", {}, "nowhere", 0)
    item = study.make_item(study.pool("eval_easy"), 0)
    lines = item.reference.split("\n")
    text = "\n".join([*lines[:2], "- {op: init, var: spare, value: 9871}", *lines[2:]])
    run = record(item, text)
    places = {number: spans for step in run["steps"] for number, spans in step["numbers"]}
    for step in run["steps"]:
        step["numbers"] = [number for number, _ in step["numbers"]]
    records = {
        "questions": [{"text": item.info["question"], "key": item.answer, "places": places}], "step": STEPS,
        "steps": [[step[name] for name in STEPS] for step in run["steps"]], "outcomes": [run],
        "runs": [[0, list(range(len(run["steps"]))), 0, run["answer"]]], "of": {"nano": {"sft": {"p/p-0": 0}}},
    }  # fmt: skip
    asked = [{"id": "p-0", "pool": "p", "level": 1, "prompt": item.prompt}]
    with panel(folder, "traces", "solver", records, asked, [text]) as found:
        yield found


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (900, "light"), (1440, "dark")])
def test_a_trace_runs_to_its_grade(browser: Any, origin: str, width: int, theme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    visitor = Visitor(context, origin)
    page = visitor.open("")
    assert page.locator("#panel-solver .flaw:visible").count() == 0
    page.keyboard.press("ArrowRight")
    assert page.locator("#panel-solver .flaw:visible").count() == 2
    assert page.text_content("#panel-solver .state .changed td").startswith("9871")
    page.click("#panel-solver button.primary")
    assert page.locator("#panel-solver mark").count() == 1
    while page.is_enabled("#panel-solver button.primary"):
        page.click("#panel-solver button.primary")
    told = page.text_content("#panel-solver [data-part=verdict]")
    assert "right, not sound" in told and "a step is not used" in told
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.violations() == []
    assert visitor.wrong == []
    context.close()
