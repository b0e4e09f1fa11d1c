"""The page in a real browser: every tab by mouse and keyboard, themes, recording, nothing loaded from elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from page_site import HOSTILE, served
from page_visitor import Visitor
from skips import needs

TABS = ("start", "training", "inference", "try", "distribution", "claims", "about")
pytestmark = [
    pytest.mark.slow,
    needs("playwright", "browser"),
]


def test_every_tab_opens_by_mouse_and_by_keyboard(visitor: Visitor) -> None:
    page = visitor.open("")
    assert visitor.shown() == "start"
    for name in TABS[1:]:
        page.click(f"#tab-{name}")
        page.wait_for_selector(f"#panel-{name}[aria-busy=false]")
        assert visitor.shown() == name
        assert page.get_attribute(f"#tab-{name}", "aria-selected") == "true"
    page.focus("#tab-about")
    for name in (*TABS, *TABS[:2]):  # once round and on
        page.keyboard.press("ArrowRight")
        visitor.until(
            f"document.activeElement.id === 'tab-{name}' && !document.getElementById('panel-{name}').hidden"
        )
    page.keyboard.press("End")
    visitor.until("document.activeElement.id === 'tab-about'")
    page.keyboard.press("Home")
    visitor.until("document.activeElement.id === 'tab-start'")
    assert page.locator("[role=tabpanel]:visible").count() == 1
    landmarks = page.evaluate(
        "['header', 'main', 'footer', 'h1'].map((tag) => document.querySelectorAll(tag).length)"
    )
    assert landmarks == [1, 1, 1, 1]


def test_names_that_look_like_markup_stay_text(browser: Any, hostile: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with served(hostile) as origin:
        visitor = Visitor(context, origin)
        seen = ""
        for tab in (
            "start",
            "training",
            "inference/nano.rsft_hard/eval_hard",
            "distribution",
            "claims",
            "about",
            "try",
        ):
            page = visitor.open(f"#{tab}")
            seen += page.text_content("main")
            if tab.startswith(("training", "inference")):
                page.click(f"#panel-{tab.split('/')[0]} .graph button")
                for _ in range(6):
                    page.keyboard.press("ArrowRight")
                    seen += page.text_content("main")
            assert page.evaluate(
                "[document.scripts.length, document.querySelectorAll('main img, main script, main [onload], main [onerror]').length]"
            ) == [1, 0]
        assert all(name in seen for name in HOSTILE)
        assert "No trained model lies beside this page" in page.text_content("#panel-try")
        assert visitor.wrong == []
    context.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360), ("light", 360), ("dark", 900)])
def test_axe_finds_nothing_serious(browser: Any, address: str, theme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    visitor = Visitor(context, address)
    for tab in (
        "start",
        "training/nano.rsft_hard//2",
        "inference",
        "try/nano.base",
        "distribution",
        "claims/B4",
        "about",
    ):
        page = visitor.open(f"#{tab}")
        if tab == "start":
            page.click("#panel-start .guesses button >> nth=0")
            page.click("#panel-start .picks button >> nth=0")
            page.hover("#panel-start .term >> nth=0")
        if tab.startswith("try"):
            page.click("#panel-try button >> text='Greedy'")
            visitor.until("!document.querySelector('#panel-try button.primary').disabled")
        assert visitor.violations("serious", "critical") == [], f"{tab}, {theme}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            f"{tab} is wider than {width}"
        )
    assert visitor.wrong == []
    context.close()


def test_recording_plays_by_itself_without_controls(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    visitor = Visitor(context, address)
    page = visitor.open("?record=1#training/nano.rsft_hard//0")
    visitor.until("document.querySelector('.where').textContent.includes('row 2 of')")
    assert page.is_visible("h1") and page.is_visible("#panel-training h2")
    for hidden in ("[role=tab]", "#theme", "footer", "#panel-training .controls", "#panel-training .phases"):
        assert not page.locator(hidden).first.is_visible(), hidden
    size = page.eval_on_selector(
        "#panel-training .trace", "node => parseFloat(getComputedStyle(node).fontSize)"
    )
    assert size >= 20
    assert visitor.wrong == []
    context.close()


def test_less_motion_writes_whole_answers(browser: Any, address: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    visitor = Visitor(context, address)
    page = visitor.open("#training/nano.rsft_hard//0")
    page.evaluate("""() => { window.seen = new Set(); const node = document.querySelector('#panel-training [data-part=trace]');
        new MutationObserver(() => window.seen.add(node.textContent.length)).observe(node, {childList: true}); }""")
    page.keyboard.press("Space")
    visitor.until("document.querySelector('.where').textContent.includes('row 3 of')")
    assert page.evaluate("window.seen.size") <= 3
    assert visitor.wrong == []
    context.close()


def test_the_themes_switch_and_are_remembered(visitor: Visitor) -> None:
    page = visitor.open("")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.click("#theme")
    page.click("#theme")
    assert page.text_content("#theme") == "Theme: dark" and page.evaluate(paper) != light
    visitor.open("#claims")
    assert page.text_content("#theme") == "Theme: dark" and page.evaluate(paper) != light


def test_the_page_says_what_it_may_load(built: Path) -> None:
    html = (built / "index.html").read_text(encoding="utf-8")
    policy = html.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    scripts = [path for path in built.rglob("*.js")]
    assert scripts and not [
        path for path in scripts if "innerHTML" in path.read_text() or "eval(" in path.read_text()
    ]
    sources = Path(__file__).resolve().parents[2] / "page"
    lines = [line for path in sources.rglob("*.js") for line in path.read_text().splitlines()]
    assert len(lines) > 2000 and not [line for line in lines if line.count("`") % 2]  # see `lean`
    data = sum(path.stat().st_size for path in (built / "data").glob("*.json"))
    assert data < 2_000_000
    code = [*scripts, *built.rglob("*.css"), built / "index.html"]
    assert sum(path.stat().st_size for path in code) < 200_000
    assert json.loads((built / "data/site.json").read_text())["stored_seed"] == 1
