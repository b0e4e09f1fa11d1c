"""The page of a study that brings nothing of its own: every tab has content, numbers are those of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import page_second
from page_site import served
from page_visitor import Visitor
from skips import needs

TABS = ("distribution", "answers", "training", "claims", "about")
pytestmark = [
    pytest.mark.slow,
    needs("playwright", "browser"),
]


@pytest.fixture(scope="module")
def origin(second: Path) -> Iterator[str]:
    with served(second) as found:
        yield found


@pytest.fixture
def reader(browser: Any, origin: str) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visitor(context, origin)
    yield found
    context.close()
    assert found.wrong == []


def table(second: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(second.parent / f"tables/{name}.parquet")


def test_it_has_the_tabs_of_the_shell_and_nothing_of_another_study(reader: Visitor, second: Path) -> None:
    page = reader.open("")
    tabs = page.eval_on_selector_all("[role=tab]", "all => all.map((one) => one.id.slice(4))")
    assert tuple(tabs) == TABS
    for name in TABS:
        page = reader.open(f"#{name}")
        assert reader.shown() == name
        assert len(page.text_content(f"#panel-{name}").strip()) > 40
        assert not page.query_selector(f"#panel-{name} .problem")
    assert not (second / "studies").exists() and not (second / "engine").exists()
    assert sorted(path.name for path in (second / "data").iterdir()) == [
        "claims.json", "curves.tiny.json", "episodes.tiny.json", "glossary.json", "questions.json", "site.json",
    ]  # fmt: skip


def test_every_point_is_a_row_of_a_table(reader: Visitor, second: Path) -> None:
    page = reader.open("#distribution")
    assert page.text_content("#panel-distribution .controls select >> nth=1") == "A tiny model"
    measures = page.eval_on_selector_all(
        "#panel-distribution .controls select >> nth=2 >> option", "all => all.map((one) => one.textContent)"
    )
    assert measures == ["accuracy", "answers that could be read", "mean score", "letters that agree"]
    every = pl.concat(
        [
            table(second, name).select("arm", "pool", "metric", "value")
            for name in ("arms", "doses", "by_level")
        ]
    )
    known = {(*key,): value for *key, value in every.iter_rows()}

    def points() -> list[dict[str, str]]:
        return page.eval_on_selector_all(
            "#panel-distribution a.estimate", "all => all.map((one) => ({...one.dataset, href: one.getAttribute('href')}))"
        )  # fmt: skip

    found = points()
    assert len(found) > 20 and {point["metric"] for point in found} == {"accuracy", "value"}
    page.select_option("#panel-distribution .controls select >> nth=2", "letters")
    page.select_option("#panel-distribution .controls select >> nth=0", "seen_ballads")
    assert {point["metric"] for point in points()} >= {"letters"}
    for point in found + points():
        value = known[point["arm"], point["pool"], point["metric"]]
        assert float(point["value"]) == pytest.approx(value, abs=1e-6)
        assert point["href"] == f"#answers/tiny.{point['arm']}/{point['pool']}"
    hollow = page.eval_on_selector_all(
        "#panel-distribution a.estimate:has(.hollow)", "all => all.map((one) => one.dataset.arm)"
    )
    assert set(hollow) == {"sing_seen"}
    text = page.text_content("#panel-distribution")
    assert "By syllables" in text and "Verses heard" in text
    assert "+55.0\u00a0points [50.0–60.0]" in text and "+0.55 [0.5–0.6]" in text


def test_answers_and_samples_are_those_of_the_table(reader: Visitor, second: Path) -> None:
    rows = table(second, "episodes")
    page = reader.open("#answers/tiny.told/fresh_ballads")
    for row in rows.filter(arm="told", pool="fresh_ballads").rows(named=True):
        assert page.text_content("#panel-answers [data-part=prompt]") == row["prompt"]
        assert page.text_content("#panel-answers [data-part=completion]") == row["completion"]
        assert float(page.text_content("#panel-answers dd[data-field=value]")) == row["value"]
        assert page.text_content("#panel-answers dd[data-field=correct]") == (
            "yes" if row["correct"] else "no"
        )
        assert row["id"] in page.url
        page.keyboard.press("ArrowRight")
    assert not page.query_selector("#panel-answers dd[data-field=faithful]")
    page.select_option("#panel-answers .controls select >> nth=4", "unread")
    assert page.text_content("#panel-answers .where") == "1 of 1 stored questions"
    reader.open("#answers/tiny.sing_seen/ballads")
    cards = page.eval_on_selector_all(
        "#panel-answers .cards > .card", "all => all.map((one) => one.textContent)"
    )
    assert ["kept to train on" in card for card in cards] == [False, False, True, False]
    assert all(f"sung {i}" in card for i, card in enumerate(cards))


def test_curves_and_claims_tell_what_was_logged(reader: Visitor) -> None:
    page = reader.open("#training/tiny.sing_long.2")
    assert "50\u00a0% right, n = 9" in page.text_content("#panel-training")
    assert page.locator("#panel-training .point").count() == 4
    assert page.input_value("#panel-training .controls select >> nth=2") == "2"
    page = reader.open("#claims/heard")
    assert page.text_content("#panel-claims [role=status]") == "✔ supported: 1"
    assert page.get_attribute("#claim-heard a", "href") == "#answers/tiny.read/fresh_ballads"


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_nothing_serious(browser: Any, origin: str, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    visitor = Visitor(context, origin)
    for tab in (*TABS, f"answers/{page_second.MODEL}.sing_seen/ballads"):
        page = visitor.open(f"#{tab}")
        assert visitor.violations("serious", "critical") == [], f"{tab}, {theme}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{tab} is wider than {width}"
        )
    assert visitor.wrong == []
    context.close()
