"""The first screen: the finding, the game, words that are explained, and the dial, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from page_site import PROMPTED, SAMPLES
from page_visitor import PLAIN, Visitor, episodes
from skips import needs
from trap.files import read_json, read_text
from trap.site.terms import glossary

pytestmark = [
    pytest.mark.slow,
    needs("playwright", "browser"),
]
GLOSSARY = Path(__file__).resolve().parents[2] / "docs/glossary.md"
DIAL = "#panel-start section[aria-label='Turn the dial on noise']"


def groups(built: Path) -> dict[str, list[dict[str, Any]]]:
    """The samples of each prompt, in the order in which they were made."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in episodes(built, arm="rsft_hard", kind="rollout"):
        found.setdefault(row["id"], []).append(row)
    return found


def asked(page: Any) -> str:
    return page.evaluate("location.hash.split('/').at(-1)")


def test_it_says_what_was_found_and_so_does_a_preview(visitor: Visitor, built: Path) -> None:
    finding = read_json(built / "data/site.json", dict[str, Any])["finding"]
    page = visitor.open("")
    said = page.locator("#panel-start .lead, #panel-start .more").all_text_contents()
    assert said == finding and len(said[0]) > 40
    claims = {claim["id"]: claim for claim in read_json(built.parent / "claims.json", list[dict[str, Any]])}
    assert f"{100 * claims['contamination_nano']['value']:+.1f}".replace("-", "−") in said[0]
    html = unescape(read_text(built / "index.html"))
    for name in ('name="description"', 'property="og:description"'):
        assert f'<meta {name} content="{" ".join(finding)}">' in html
    assert '<meta property="og:image" content="preview.png">' in html and (built / "preview.png").is_file()
    assert page.text_content("header nav a") == "Read the post"
    answer = page.request.get(visitor.origin + page.get_attribute("header nav a", "href"))
    assert answer.ok and "The post." in answer.text()


def test_the_game_shows_what_the_model_wrote_and_what_was_kept(visitor: Visitor, built: Path) -> None:
    found = groups(built)
    assert len(found) == PROMPTED
    page = visitor.open("#start/nano.rsft_hard")
    played = []
    for number in range(PROMPTED):
        rows = found[asked(page)]
        played.append(rows[0]["id"])
        told = page.text_content("#panel-start .game")
        assert (
            "ANSWER" not in told and "✔" not in told and not page.query_selector("#panel-start .option.right")
        )
        page.click(f"#panel-start .guesses button >> nth={number % 4}")
        written = page.eval_on_selector_all(
            "#panel-start .picks .trace", "all => all.map((one) => one.textContent)"
        )
        assert written == [row["completion"] or "(nothing)" for row in rows] and len(written) == SAMPLES
        assert not page.query_selector("#panel-start .picks .verdict, #panel-start .picks .badge")
        page.click(f"#panel-start .picks button >> nth={number % SAMPLES}")
        cards = page.locator("#panel-start .picks .card")
        for i, row in enumerate(rows):
            card = cards.nth(i)
            assert card.locator(".trace").evaluate(PLAIN) == (row["completion"] or "(nothing)")
            assert ("kept by RSFT" in card.text_content()) == row["kept"]
            assert ("your pick" in card.text_content()) == (i == number % SAMPLES)
            assert ("✘ wrong" in card.text_content()) == (not row["correct"])
            reward = card.locator(".number").text_content().removeprefix("reward ").replace("−", "-")
            assert float(reward) == pytest.approx(row["total"], abs=0.006)
        result = page.text_content("#panel-start .told")
        assert ("RSFT kept none" in result) == (not any(row["kept"] for row in rows))
        page.click("#panel-start .told button.primary")
    assert sorted(played) == sorted(found)
    first = [
        any(row["kept"] and row["correct"] and not row["faithful"] for row in found[name]) for name in played
    ]
    assert first == sorted(first, reverse=True)  # winners that are right for a false reason come first


def test_the_game_is_played_by_keyboard_and_keeps_the_score(visitor: Visitor, built: Path) -> None:
    found = groups(built)
    questions = {row["id"]: row for row in read_json(built / "data/questions.json", list[dict[str, Any]])}
    page = visitor.open("#start/nano.rsft_hard")
    guessed = picked = kept = reasons = 0
    page.focus("#panel-start .guesses button >> nth=0")
    for number in range(1, PROMPTED + 1):
        name = asked(page)
        letter = "ABCD"[number % 4]
        if number % 2:
            page.keyboard.press(letter.lower())
        else:  # along the options, with the keys that every page has
            for _ in range("ABCD".index(letter)):
                page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        visitor.until("document.activeElement.tagName === 'H3'")
        page.keyboard.press(str(1 + number % SAMPLES))
        visitor.until("document.activeElement.textContent === 'Another question'")
        guessed += questions[name]["answer_star"] == letter
        picked += bool(found[name][number % SAMPLES]["faithful"])
        kept += any(row["kept"] for row in found[name])
        reasons += any(row["kept"] and row["faithful"] for row in found[name])
        assert page.text_content("#panel-start .tally") == (
            f"So far, of {number}: {guessed} guessed right, {picked} picked with a true reason; "
            f"RSFT kept {kept}, {reasons} with a true reason."
        )
        page.keyboard.press("Enter")
        visitor.until("document.activeElement.dataset.letter === 'A'")


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_words_are_explained(visitor: Visitor, by: str) -> None:
    meanings = glossary(read_text(GLOSSARY), str(GLOSSARY))
    page = visitor.open("#start")
    words = page.eval_on_selector_all(
        "#panel-start .muted >> nth=0 >> .term", "all => all.map((one) => one.dataset.term)"
    )
    assert {"arm", "seed", "hop", "faithful", "rotary positions", "rsft"} <= set(words)
    for i, word in enumerate(words):
        term = page.locator("#panel-start .muted >> nth=0 >> .term").nth(i)
        if by == "mouse":
            term.hover()
        elif i == 0:
            term.focus()
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")  # as a visitor comes to it
        else:
            page.keyboard.press("Tab")
        assert page.text_content("#tip") == f"{word} – {meanings[word]}" and page.is_visible("#tip")
        assert term.get_attribute("aria-describedby") == "tip"
        box = page.locator("#tip").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.keyboard.press("Escape")
    assert not page.is_visible("#tip") and not page.query_selector("[aria-describedby=tip]")


def test_labels_of_controls_are_explained_too(visitor: Visitor) -> None:
    page = visitor.open("#training/nano.rsft_hard//0")
    page.hover("#panel-training .controls [data-term=arm]")
    assert page.text_content("#tip").startswith("arm – ")
    page.hover("h1")
    assert not page.is_visible("#tip")
    page.focus("#panel-training .controls select >> nth=1")
    page.keyboard.press("Tab")
    assert page.text_content("#tip").startswith("seed – ")
    assert (
        page.locator("#panel-training .controls select >> nth=2").get_attribute("aria-describedby") == "tip"
    )
    visitor.open("#about")
    visitor.until("document.querySelectorAll('#panel-about').length === 1")


def stream(seed: int) -> Iterator[float]:
    """mulberry32, as the page has it."""
    state = seed & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = ((state ^ (state >> 15)) * (1 | state)) & 0xFFFFFFFF
        mixed = ((mixed + (((mixed ^ (mixed >> 7)) * (61 | mixed)) & 0xFFFFFFFF)) & 0xFFFFFFFF) ^ mixed
        yield ((mixed ^ (mixed >> 14)) & 0xFFFFFFFF) / 4294967296


def draw(items: pl.DataFrame, arms: list[str], size: int, dice: int, index: int) -> tuple[int, list[int]]:
    """(training seed, right answers of each arm) of a draw, from the table of items."""
    numbers = stream(dice * 1000003 + index)
    seeds = sorted(set(items["seed"]))
    seed = seeds[int(next(numbers) * len(seeds))]
    right = [items.filter(arm=arm, seed=seed).sort("id")["correct"].to_list() for arm in arms]
    order = list(range(len(right[0])))
    for i in range(size):
        other = i + int(next(numbers) * (len(order) - i))
        order[i], order[other] = order[other], order[i]
    return seed, [sum(row[k] for k in order[:size]) for row in right]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_dial_draws_from_the_items(browser: Any, address: str, built: Path, by: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    visitor = Visitor(context, address)
    page = visitor.open("#start")
    items = pl.read_parquet(built.parent / "tables/items.parquet").filter(model="nano_able", pool="eval_hard")
    arms = ["sft", "rsft_easy", "rsft_hard"]

    def press(name: str) -> None:
        button = page.locator(f"{DIAL} button >> text='{name}'")
        if by == "mouse":
            button.click()
        else:
            button.focus()
            page.keyboard.press("Enter")

    def shown() -> list[int]:
        marks = page.eval_on_selector_all(f"{DIAL} g.estimate", "all => all.map((one) => ({...one.dataset}))")
        assert [mark["row"] for mark in marks] == arms
        return [int(mark["right"]) for mark in marks]

    page.select_option(f"{DIAL} select", "nano_able")
    assert shown() == draw(items, arms, 20, 1, 0)[1]
    press("Draw again")
    assert shown() == draw(items, arms, 20, 1, 1)[1]
    assert len({tuple(draw(items, arms, 20, 1, i)[1]) for i in range(8)}) > 4  # they dance
    press("Draw 100 times")
    draws = [draw(items, arms, 20, 1, i)[1] for i in range(102)]
    assert shown() == draws[-1]
    claims = {claim["id"]: claim for claim in read_json(built.parent / "claims.json", list[dict[str, Any]])}
    quoted = {name: claims[name]["published"]["value"] for name in ("B1", "B3", "B4")}
    gaps = [quoted["B4"], quoted["B1"] - quoted["B3"]]
    for row, gap in enumerate(gaps, start=1):
        far = sum(((one[row] - one[0]) / 20 - gap) * (1 if gap > 0 else -1) >= -1e-9 for one in draws)
        entry = page.locator(f"{DIAL} li[data-row={arms[row]}]")
        assert [entry.get_attribute("data-far"), entry.get_attribute("data-draws")] == [str(far), "102"]
    slider = page.locator(f"{DIAL} input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    for index in range(3):  # all questions: only the seed of training is left to chance
        seed, right = draw(items, arms, 130, 1, index)
        assert shown() == right == [items.filter(arm=arm, seed=seed)["correct"].sum() for arm in arms]
        press("Draw again")
    assert visitor.wrong == []
    context.close()


def test_a_dial_that_plays_stops_when_it_is_left(visitor: Visitor) -> None:
    page = visitor.open("#start")
    page.click(f"{DIAL} button >> text='Draw 100 times'")
    visitor.until(f"""!document.querySelector("{DIAL} .told").textContent.startsWith("Draw 1,")""")
    page.click("#tab-claims")
    page.wait_for_selector("#panel-claims[aria-busy=false]")
    before = page.text_content(f"{DIAL} .told")
    page.wait_for_timeout(300)
    assert page.text_content(f"{DIAL} .told") == before
