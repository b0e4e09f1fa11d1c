"""One panel of a study on a page of its own, with answers that a test makes up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from page_site import served
from trap.files import write_json, write_text
from trap.site.assets import theme_css

PAGE = Path(__file__).resolve().parent.parent / "page"
HTML = """<!doctype html><html lang="en"><title>x</title><link rel="icon" href="data:,"><link rel="stylesheet" href="theme.css">
<link rel="stylesheet" href="style.css"><link rel="stylesheet" href="studies/{study}/style.css"><body data-tab="{tab}">
<button role="tab" id="tab-{tab}" hidden></button><main><h1>x</h1><section role="tabpanel" id="panel-{tab}" aria-label="x" aria-busy="true">
</section></main><script type="module" src="start.js"></script></html>"""
START = """import {{ readAddress }} from "./address.js";
import {{ open }} from "./studies/{study}/{tab}.js";
const {{ records, questions, texts }} = await (await fetch("files.json")).json();
const store = {{ site: {{ models: [{{ id: "nano", title: "Nano" }}], study: {{ level_name: "level" }}, stored_seed: 1 }}, questions,
  armsOf: () => [{{ id: "sft", label: "SFT" }}], poolName: (pool) => pool, file: async () => records,
  episodes: async () => ({{ evals: () => questions.map((question, i) => ({{ question, completion: texts[i] }})) }}) }};
const panel = document.getElementById("panel-{tab}"), tab = open(panel, store);
addEventListener("keydown", (event) => tab.key(event));
await tab.visit(readAddress(location.hash));
panel.setAttribute("aria-busy", "false");"""


@contextmanager
def panel(
    folder: Path, study: str, tab: str, records: Mapping[str, Any], questions: Sequence[Mapping[str, Any]], texts: Sequence[str]
) -> Iterator[str]:  # fmt: skip
    """The address of a page with the panel `tab` of a study.

    records: its data file. questions: {id, pool, level, prompt} each; texts: the answer of the arm `sft` of the model
    `nano` to each.
    """
    shutil.copytree(PAGE, folder, dirs_exist_ok=True)
    write_json(folder / "files.json", {"records": records, "questions": questions, "texts": texts})
    write_text(folder / "theme.css", theme_css())
    write_text(folder / "index.html", HTML.format(study=study, tab=tab))
    write_text(folder / "start.js", START.format(study=study, tab=tab))
    with served(folder) as found:
        yield found
