"""Somebody who looks at the page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

WAIT = 60_000  # milliseconds; a busy machine is no failure
AXE = Path(__file__).resolve().parent / "page/axe/axe.min.js"
# what a visitor reads of a trace: its text without the words for screen readers
PLAIN = "node => { const copy = node.cloneNode(true); for (const one of copy.querySelectorAll('.spoken')) one.remove(); return copy.textContent; }"


class Visitor:
    """A page that remembers what went wrong: console errors, uncaught exceptions, requests to elsewhere."""

    def __init__(self, context: Any, origin: str) -> None:
        self.page, self.origin = context.new_page(), origin
        self.page.set_default_timeout(WAIT)
        self.wrong: list[str] = []
        self.page.on(
            "console", lambda m: self.wrong.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.dismiss()))
        self.page.on(
            "request", lambda r: None if r.url.startswith((origin, "data:")) else self.wrong.append(r.url)
        )
        self.page.on(
            "response", lambda r: self.wrong.append(f"{r.status} {r.url}") if r.status >= 400 else None
        )

    def open(self, address: str) -> Any:
        """Go to an address of the page and wait until its tab is drawn."""
        self.page.goto("about:blank")
        self.page.goto(self.origin + address)
        self.page.wait_for_selector("[role=tabpanel]:not([hidden])[aria-busy=false]")
        return self.page

    def until(self, expression: str, arg: object = None) -> None:
        """Wait until a JavaScript expression is true; not `wait_for_function`, which the page's policy forbids."""
        for _ in range(WAIT // 50):
            if self.page.evaluate(expression, arg):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never true: {expression}")

    def violations(self, *impacts: str) -> list[tuple[str, str, str]]:
        """What axe finds on the page as it is, of these impacts or of all: (rule, the element, what is wrong)."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            (rule["id"], node["html"][:160], node["failureSummary"][:200])
            for rule in found["violations"] if not impacts or rule["impact"] in impacts
            for node in rule["nodes"][:3]
        ]  # fmt: skip

    def shown(self) -> str:
        return self.page.evaluate("document.querySelector('[role=tabpanel]:not([hidden])').id.slice(6)")


def episodes(built: Path, **conditions: object) -> list[dict[str, Any]]:
    return pl.read_parquet(built.parent / "tables/episodes.parquet").filter(**conditions).rows(named=True)
