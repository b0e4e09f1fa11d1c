"""The solver's panel: a stored trace run step by step, by mouse and keyboard, at three widths and in two themes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from page_site import served
from page_visitor import Visitor
from skips import needs
from trap.files import write_json, write_text
from trap.site.assets import theme_css
from trap.studies.base import load_study
from trap.studies.traces.page import record

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "tests/page/axe/axe.min.js"
STEPS = ("text", "part", "expert", "changes", "numbers", "marks", "ran")
HTML = """<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><link rel="stylesheet" href="theme.css">
<link rel="stylesheet" href="style.css"><link rel="stylesheet" href="studies/traces/style.css"><body data-tab="solver">
<button role="tab" id="tab-solver" hidden></button><main><h1>x</h1><section role="tabpanel" id="panel-solver" aria-label="x" aria-busy="true">
</section></main><script type="module" src="start.js"></script></html>"""
START = """import { open } from "./studies/traces/solver.js";
const files = await (await fetch("files.json")).json();
const question = { id: "p-0", pool: "p", level: 1 };
const store = { site: { models: [{ id: "m", title: "M" }], study: { level_name: "steps" }, stored_seed: 1 }, questions: [question],
  armsOf: () => [{ id: "sft", label: "SFT" }], poolName: (pool) => pool, file: async () => files,
  episodes: async () => ({ evals: () => [{ question, completion: "" }] }) };
const panel = document.getElementById("panel-solver"), tab = open(panel, store);
addEventListener("keydown", (event) => tab.key(event));
await tab.visit({});
panel.setAttribute("aria-busy", "false");"""
pytestmark = [pytest.mark.slow, needs("playwright", "browser")]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The panel with one trace, which has a step too many."""
    folder = tmp_path_factory.mktemp("solver")
    shutil.copytree(ROOT / "page", folder, dirs_exist_ok=True)
    study = load_study("traces", {}, "nowhere", 0)
    item = study.make_item(study.pool("eval_easy"), 0)
    lines = item.reference.split("\n")
    text = "\n".join([*lines[:2], "- {op: init, var: spare, value: 9871}", *lines[2:]])
    run = record(item, text)
    places = {number: spans for step in run["steps"] for number, spans in step["numbers"]}
    for step in run["steps"]:
        step["numbers"] = [number for number, _ in step["numbers"]]
    write_json(folder / "files.json", {
        "questions": [{"text": item.info["question"], "key": item.answer, "places": places}], "step": STEPS,
        "steps": [[step[name] for name in STEPS] for step in run["steps"]], "outcomes": [run],
        "runs": [[0, list(range(len(run["steps"]))), 0, run["answer"]]], "of": {"m": {"sft": {"p/p-0": 0}}},
    })  # fmt: skip
    write_text(folder / "theme.css", theme_css())
    write_text(folder / "index.html", HTML)
    write_text(folder / "start.js", START)
    with served(folder) as found:
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
    page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"] == []
    assert visitor.wrong == []
    context.close()
