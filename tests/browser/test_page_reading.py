"""What a visitor stumbles over: bars, words of verdicts, names, distances, focus, labels, and what lies out of sight."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from page_visitor import PLAIN, Visitor
from skips import needs
from trap.files import read_json

pytestmark = [
    pytest.mark.slow,
    needs("playwright", "browser"),
]
BAR = """node => Object.fromEntries([...node.querySelectorAll('rect')].map((rect) => [
    rect.getAttribute('class').split(' ').at(-1), ['x', 'width', 'height'].map((name) => Number(rect.getAttribute(name)))]))"""
BOXES = "all => all.map((one) => { const {left, top, right, bottom} = one.getBoundingClientRect(); return [left, top, right, bottom]; })"


def test_what_a_reward_takes_is_drawn_to_the_left_and_thin(visitor: Visitor) -> None:
    page = visitor.open("#inference/nano.rsft_hard/eval_hard")
    seen = set()
    for _ in range(20):
        for part in page.query_selector_all("#panel-inference dd[data-part=correctness]"):
            value = float(part.query_selector(".number").text_content().replace("−", "-"))
            bar = part.query_selector("svg").evaluate(BAR)
            zero = bar["zero"][0] + bar["zero"][1] / 2
            x, width, height = bar["taken" if value < 0 else "given"]
            assert (x + width if value < 0 else x) == pytest.approx(zero)
            assert width / 100 * 3 == pytest.approx(abs(value)) and (height < bar["track"][2]) == (value < 0)
            seen.add(value)
        page.keyboard.press("ArrowRight")
    zeros = page.eval_on_selector_all(
        "#panel-inference .bar .zero", "all => [...new Set(all.map((one) => one.getAttribute('x')))]"
    )
    assert seen == {-2, 1} and len(zeros) == 1


def test_the_filter_has_the_words_that_the_rows_say(visitor: Visitor) -> None:
    page = visitor.open("#claims")
    kinds = page.eval_on_selector_all(
        "#panel-claims .controls select >> nth=0 >> option", "all => all.map((one) => one.value)"
    )
    assert {"published", "own"} <= set(kinds)
    said = "all => all.map((one) => one.textContent.slice(2))"
    for kind in kinds:
        page.select_option("#panel-claims .controls select >> nth=0", kind)
        words = page.eval_on_selector_all(".claim-verdict", said)
        offered = page.eval_on_selector_all(
            "#panel-claims .controls select >> nth=1 >> option", "all => all.map((one) => one.value)"
        )
        assert offered[0] == "all" and set(offered[1:]) == set(words) and len(offered) == 1 + len(set(words))
        for word in offered[1:]:
            page.focus("#panel-claims .controls select >> nth=1")
            page.select_option("#panel-claims .controls select >> nth=1", word)
            assert page.eval_on_selector_all(".claim-verdict", said) == [word] * words.count(word)
            assert f" {word}: {words.count(word)}" in page.text_content("#panel-claims [role=status]")
        page.select_option("#panel-claims .controls select >> nth=1", "all")
    page.select_option("#panel-claims .controls select >> nth=0", "own")
    assert "reproduced" not in page.text_content("#panel-claims [role=status]")


def test_identifiers_break_after_their_parts_only(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    visitor = Visitor(context, address)
    page = visitor.open("#claims")
    page.select_option("#panel-claims .controls select >> nth=0", "own")
    lines = page.eval_on_selector_all(
        ".claim-id",
        """all => all.flatMap((one) => [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => {
            const range = document.createRange(); range.selectNodeContents(node);
            return new Set([...range.getClientRects()].map(({top}) => top)).size; }))""",
    )
    assert len(lines) > 20 and set(lines) == {1}
    assert visitor.wrong == []
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_cards_keep_their_distance(browser: Any, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    visitor, found = Visitor(context, address), []
    for tab in ("start", "training/nano.rsft_hard//0", "inference", "try", "distribution"):
        page = visitor.open(f"#{tab}")
        gaps = page.evaluate("""() => [...document.querySelectorAll('[role=tabpanel]:not([hidden]) .card')].flatMap((card) => {
            let next = card.nextElementSibling;
            while (next && next.getBoundingClientRect().height === 0) next = next.nextElementSibling;
            if (!next) return [];
            const [a, b] = [card.getBoundingClientRect(), next.getBoundingClientRect()];
            return [Math.max(b.top - a.bottom, b.left - a.right, a.left - b.right)]; })""")
        assert min(gaps, default=8) >= 8, (tab, gaps)
        found += gaps
    assert len(found) > 10
    assert visitor.wrong == []
    context.close()


def test_people_read_names_of_arms_and_pools(visitor: Visitor, built: Path) -> None:
    site = read_json(built / "data/site.json", dict[str, Any])
    raw = {row["id"] for row in (*site["arms"], *site["pools"]) if "_" in row["id"]}
    assert {"rsft_hard", "eval_hard"} <= raw
    seen = []
    page = visitor.open("#training/nano.rsft_hard//0")
    page.keyboard.press("End")
    seen += page.locator(
        "#panel-training .about-arm, #panel-training .kept, #panel-training .muted"
    ).all_text_contents()
    page.click("button[data-phase=training]")
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        seen += page.locator("#panel-training .trace, #panel-training .muted").all_text_contents()
    visitor.open("#distribution")
    seen += page.locator("tr[data-contrast] .muted").all_text_contents()
    visitor.open("#claims/B4")
    seen += page.locator("#claim-B4 a, #claim-B4 dd:not(:has(code))").all_text_contents()
    assert len(seen) > 20 and any("right" in text for text in seen)
    assert [text for text in seen if any(name in text for name in raw)] == []


def test_a_clean_number_does_not_wear_the_badge(built: Path) -> None:
    site = read_json(built / "data/site.json", dict[str, Any])
    tainted = {arm["id"] for arm in site["arms"] if arm["contaminated"]}
    claims = read_json(built / "data/claims.json", list[dict[str, Any]])
    ledger = {claim["id"]: claim for claim in read_json(built.parent / "claims.json", list[dict[str, Any]])}
    for claim in claims:
        arms = set(ledger[claim["id"]]["arms"])
        if arms and arms <= {arm["id"] for arm in site["arms"]}:
            assert claim["contaminated"] == bool(arms & tainted), claim["id"]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_who_opens_a_mark_arrives_with_the_focus(visitor: Visitor, by: str) -> None:
    page = visitor.open("#distribution")
    page.evaluate("scrollTo(0, 600)")
    mark = page.locator("#panel-distribution a.estimate[data-arm=rsft_hard]").first
    if by == "mouse":
        mark.click()
    else:
        mark.focus()
        page.keyboard.press("Enter")
    visitor.until("document.activeElement.id === 'panel-inference'")
    assert page.evaluate("scrollY") == 0
    page.keyboard.press("Tab")
    assert page.evaluate(
        "document.activeElement.closest('#panel-inference') !== null && document.activeElement.id === ''"
    )


def test_too_many_samples_are_refused_in_words(visitor: Visitor) -> None:
    page = visitor.open("#try/nano.base")
    page.fill("#panel-try .player input >> nth=0", "99")
    page.focus("#panel-try button.primary")
    page.keyboard.press("Enter")
    visitor.until("!document.querySelector('#panel-try button.primary').disabled")
    assert page.locator("#panel-try .sample-card").count() == 16
    assert page.input_value("#panel-try .player input >> nth=0") == "16"
    assert "K goes from 1 to 16: it is 16 now, not 99." in page.text_content("#panel-try")
    assert page.evaluate("document.activeElement.textContent") == "Write"
    page.click("#panel-try button >> text='Greedy'")
    visitor.until("!document.querySelector('#panel-try button.primary').disabled")
    assert "it is 16 now" not in page.text_content("#panel-try")


def test_a_longer_chain_is_drawn_while_it_is_composed(visitor: Visitor) -> None:
    page = visitor.open("#try/nano.base")
    page.click("#panel-try button >> text='Compose a question'")
    for hops in range(1, 5):
        page.locator("#panel-try .chain button").first.click()
        assert page.text_content("#panel-try .asked").count(" something that ") == hops - 1
        path = page.locator("#panel-try .graph .edge.kind-asked").count()
        assert path == hops
    page.click("#panel-try .chain button >> text='↶ back'")
    assert page.locator("#panel-try .graph .edge.kind-asked").count() == 3


@pytest.mark.parametrize("size", [(1280, 700), (390, 800)])
def test_what_is_written_comes_into_sight(browser: Any, address: str, size: tuple[int, int]) -> None:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    visitor = Visitor(context, address)
    page = visitor.open("#try/nano.base")
    page.click("#panel-try button.primary")
    visitor.until("!document.querySelector('#panel-try button.primary').disabled")
    assert page.eval_on_selector("#panel-try [data-part=trace]", PLAIN)
    top = page.locator("#panel-try [data-part=trace]").bounding_box()["y"]
    assert 0 <= top < height * 0.8
    assert visitor.wrong == []
    context.close()


@pytest.mark.parametrize(
    "tab", ["start", "training/nano.rsft_hard//0", "inference", "distribution", "try/nano.base"]
)
def test_a_recording_has_a_title_and_fits_its_frame(browser: Any, address: str, tab: str) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    visitor = Visitor(context, address)
    page = visitor.open(f"?record=1#{tab}")
    if tab.startswith("try"):
        visitor.until("document.querySelectorAll('.sample-card.kept, .sample-card.discarded').length === 8")
    assert page.is_visible("h1") and page.is_visible("[role=tabpanel]:not([hidden]) > h2")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert visitor.wrong == []
    context.close()


def test_names_in_the_whole_graph_do_not_cover_each_other(visitor: Visitor) -> None:
    page = visitor.open("#inference/nano.rsft_hard/eval_hard")
    page.click("#panel-inference .graph button")
    for _ in range(10):
        boxes = page.eval_on_selector_all("#panel-inference .map text", BOXES)
        assert len(boxes) >= 5
        for a, b in itertools.combinations(boxes, 2):
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            near = min(a[3], b[3]) - max(a[1], b[1]) if not apart else 0
            assert near < 5, (a, b)  # a box is a little taller than its letters
        page.keyboard.press("ArrowRight")
