"""The floor plan's panel: an answer to a puzzle line by line, by mouse and keyboard, at three widths and in two themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from clues_answers import LITTLE, TWICE, item_of, row_of
from page_panel import panel
from page_visitor import Visitor
from skips import needs
from trap.files import write_jsonl
from trap.studies.clues.page import answers

MARKUP = "<img src=x onerror=alert(1)>" + "w" * 400
ANSWER = ["1 Green in Study", "rule killer not Boddy", "2 Green in Study so Knife not in Hall", "", "rule killer Plum", MARKUP,
          "A Plum", "B Study", "B Hall"]  # fmt: skip
pytestmark = [pytest.mark.slow, needs("playwright", "browser")]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The panel with a flawed answer, and a puzzle of two times that is solved as the solver does."""
    folder = tmp_path_factory.mktemp("plan")
    items = [item_of(LITTLE), item_of(TWICE, index=1)]
    texts = ["\n".join(ANSWER), items[1].reference]
    write_jsonl(folder / "eval_easy.jsonl", items)
    rows = pl.DataFrame([row_of(item, text) for item, text in zip(items, texts, strict=True)])
    records = answers([folder / "eval_easy.jsonl"], rows)["plans.json"]
    asked = [{"id": one.id, "pool": "eval_easy", "level": one.level, "prompt": one.prompt} for one in items]
    with panel(folder, "clues", "plan", records, asked, texts) as found:
        yield found


def told(page: Any) -> str:
    return page.text_content("#panel-plan [data-part=told]")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (900, "light"), (1440, "dark")])
def test_an_answer_is_walked_to_its_verdict(browser: Any, origin: str, width: int, theme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    visitor = Visitor(context, origin)
    page = visitor.open("")
    assert page.locator("#panel-plan .piece").count() == 0 and page.locator("#panel-plan .used").count() == 0
    page.keyboard.press("ArrowRight")
    assert "1 Green in Study ✔ sound It follows from clue 1." in told(page)
    assert page.text_content("#panel-plan td:nth-child(2) .fresh") == "Green (new)"
    assert "used" in page.text_content("#panel-plan .clues li:nth-child(1)")
    assert float(page.get_attribute("#panel-plan progress", "value")) > 0
    page.click("#panel-plan button.primary")
    assert "✘ unsound It cannot be read as a deduction: “killer not Boddy” is no fact" in told(page)
    page.keyboard.press("ArrowRight")
    assert page.text_content("#panel-plan td:nth-child(1) .denied") == "not Knife (new)"
    assert page.locator("#panel-plan td:nth-child(1) s").text_content() == "Knife"
    page.keyboard.press("ArrowRight")
    assert "does not follow from the rules" in told(page) and "true all the same" in told(page)
    assert "#plan/nano.sft/eval_easy-0/4" in page.url
    page.locator("#panel-plan .lines button").nth(4).click()
    assert "cannot be read" in told(page)
    while page.is_enabled("#panel-plan button.primary"):
        page.click("#panel-plan button.primary")
    verdict = page.text_content("#panel-plan [data-part=verdict]")
    assert "right, not faithful" in verdict and "3 lines of 5 are unsound." in verdict
    assert "do not give the answers" in verdict
    assert page.text_content("#panel-plan .lines li:nth-child(7)").endswith(
        "≈ replaced by a later line B: Study"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.violations() == []
    assert visitor.wrong == []
    context.close()


def test_two_times_have_two_plans_and_the_solver_shows_its_own_lines(browser: Any, origin: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 900})
    visitor = Visitor(context, origin)
    page = visitor.open("#plan/nano.sft/eval_easy-1/99")
    assert "faithful" in page.text_content("#panel-plan [data-part=verdict]")
    plans = page.locator("#panel-plan table.plan")
    assert [one.split(",")[0] for one in plans.locator("caption").all_text_contents()] == ["The floor at nine", "The floor at ten"]  # fmt: skip
    murder = [plans.nth(number).get_by_text("the murder", exact=False).count() for number in (0, 1)]
    assert murder == [0, 1]  # at ten alone
    visitor.open("#plan/nano.sft/eval_easy-0")
    page.get_by_role("button", name="Step through the solver's own lines").click()
    assert page.text_content("#panel-plan .lines li button").startswith("1 ")
    while page.is_enabled("#panel-plan button.primary"):
        page.click("#panel-plan button.primary")
    assert "✔ faithful" in page.text_content("#panel-plan [data-part=verdict]")
    assert page.locator("#panel-plan .lines .bad").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_label("Answers that are").select_option("faithful")
    assert "1 of 1 stored puzzle" in page.text_content("#panel-plan")
    page.get_by_label("Answers that are").select_option("wrong")
    assert "No stored answer is like that" in page.text_content("#panel-plan")
    assert visitor.wrong == []
    context.close()
