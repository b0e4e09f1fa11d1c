"""What the tabs show is what they were built from, and what they write is what Python writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from made_up_evidence import kind_of
from page_site import EVALUATED
from page_visitor import PLAIN, Visitor, episodes
from skips import needs
from trap.files import read_json

pytestmark = [
    pytest.mark.slow,
    needs("playwright", "browser"),
]


def test_step_k_of_the_replay_is_row_k_of_the_log(visitor: Visitor, built: Path) -> None:
    rows = episodes(built, arm="rsft_hard", kind="rollout")
    losses = pl.read_parquet(built.parent / "tables/curves.parquet").filter(
        model="nano", arm="rsft_hard", seed=1
    )
    logged = losses.sort("step", "kind", maintain_order=True).rows(named=True)
    answers = episodes(built, arm="rsft_hard", kind="eval")
    page = visitor.open("#training/nano.rsft_hard//0")
    count = int(page.get_attribute("input[type=range]", "max")) + 1
    assert count == len(rows) + len(logged) + len(answers)

    def check(step: int) -> None:
        told = page.text_content("#panel-training .where")
        trace = page.eval_on_selector("#panel-training [data-part=trace]", PLAIN)
        if step < len(rows):
            row = rows[step]
            assert (told, trace) == (f"Sampling: row {step + 1} of {len(rows)}", row["completion"])
            total = page.text_content("#panel-training dd[data-part=total]")
            assert float(total.replace("−", "-")) == pytest.approx(row["total"], abs=0.006)
            assert page.text_content(".question .asked") in row["prompt"]
            marks = page.eval_on_selector_all(".samples li", "all => all.map((one) => one.className)")
            if row["sample"] == len(marks) - 1:  # the last sample of a prompt: now it is told which are kept
                group = rows[step - row["sample"] : step + 1]
                assert [" kept" in mark for mark in marks] == [other["kept"] for other in group]
                assert [" discarded" in mark for mark in marks] == [not other["kept"] for other in group]
            else:
                assert not any("kept" in mark or "discarded" in mark for mark in marks)
        elif step < len(rows) + len(logged):
            row = logged[step - len(rows)]
            assert told == f"Training: row {step - len(rows) + 1} of {len(logged)}"
            assert f"tep {row['step']}" in trace
            if row["kind"] == "train":
                assert f"loss {round(row['loss'], 6):g}" in trace
        else:
            row = answers[step - len(rows) - len(logged)]
            assert trace == row["completion"]

    for step in range(len(rows)):  # every sample, by keyboard
        check(step)
        page.keyboard.press("ArrowRight")
    for step in [*range(len(rows), count, 7), count - 1]:  # the rest by address
        visitor.open(f"#training/nano.rsft_hard//{step}")
        check(step)
        assert f"/{step}" in page.url
    page.keyboard.press("Home")
    check(0)
    page.keyboard.press("End")
    check(count - 1)
    page.click("button[data-phase=training]")
    check(len(rows))


def test_the_replay_plays_pauses_and_is_scrubbed(visitor: Visitor) -> None:
    page = visitor.open("#training/nano.rsft_hard//0")
    page.select_option("#panel-training .player select", "16")
    page.click("#panel-training button.primary")
    visitor.until("document.querySelector('#panel-training .where').textContent.includes('row 3 of')")
    page.click("#panel-training button.primary")
    assert "Play" in page.text_content("#panel-training button.primary")
    before = page.text_content(".where")
    page.wait_for_timeout(400)
    assert page.text_content(".where") == before
    page.eval_on_selector(
        "input[type=range]", "(node) => { node.value = '2'; node.dispatchEvent(new Event('input')); }"
    )
    assert page.text_content(".where").startswith("Sampling: row 3 of")
    page.select_option("#panel-training .controls select >> nth=1", "sft")
    visitor.until("document.querySelector('.where').textContent.startsWith('Training: row 1 of')")
    page.select_option("#panel-training .controls select >> nth=2", "2")
    visitor.until("location.hash.startsWith('#training/nano.sft.2')")


def test_one_question_answered_side_by_side(visitor: Visitor, built: Path) -> None:
    rows = episodes(built, kind="eval", pool="eval_hard", arm="rsft_hard")
    page = visitor.open("#inference/nano.rsft_hard/eval_hard")
    for row in rows[:6]:
        assert row["id"] in page.url
        card = page.locator(".card[data-arm=rsft_hard]")
        assert card.locator(".trace").evaluate(PLAIN) == row["completion"]
        assert float(card.locator("dd[data-part=total]").text_content().replace("−", "-")) == pytest.approx(
            row["total"], abs=0.006
        )
        assert ("faithful" in card.locator(".verdict").text_content()) == (row["correct"] or row["faithful"])
        assert page.locator(".card[data-arm=base]").count() == 1
        page.keyboard.press("ArrowRight")
    both = episodes(built, kind="eval", pool="eval_hard")
    for kind, test in {"wrong": lambda r: not r["correct"], "unfaithful": lambda r: r["correct"] and not r["faithful"],
                       "lucky": lambda r: r["correct"] and r["first_false"] >= 0}.items():  # fmt: skip
        page.select_option("#panel-inference .controls select >> nth=3", kind)
        ids = {row["id"] for row in both if test(row)}
        told = page.text_content("#panel-inference .where")
        assert told.endswith(
            f" of {len(ids)} stored questions" if ids else "No stored question is like that."
        )
        if ids:
            assert page.locator(".card.match").count() >= 1


def test_every_number_of_the_claims_is_the_ledgers(visitor: Visitor, built: Path) -> None:
    claims = read_json(built.parent / "claims.json", list[dict[str, Any]])
    page = visitor.open("#claims")
    found: dict[str, tuple[str, str, str]] = {}
    for whose in sorted({kind_of(claim["id"]) for claim in claims}):
        page.select_option("#panel-claims .controls select >> nth=0", whose)
        found |= {
            entry["id"]: entry
            for entry in page.eval_on_selector_all(
                "details.claim",
                """all => all.map((one) => ({
                id: one.dataset.claim, verdict: one.dataset.verdict, text: one.querySelector('.claim-text').textContent,
                facts: Object.fromEntries([...one.querySelectorAll('dt')].map((dt) => [dt.textContent, dt.nextElementSibling.textContent]))}))""",
            )
        }
    assert set(found) == {claim["id"] for claim in claims}
    for claim in claims:
        shown = found[claim["id"]]
        assert (shown["verdict"], shown["text"]) == (claim["verdict"], claim["text"])
        for name in ("file", "row", "rule", "commit"):
            assert shown["facts"][name.capitalize()] == claim[name]
        assert float(shown["facts"]["Seconds"]) == claim["seconds"]
    visitor.open("#claims/B4")
    assert page.get_attribute("#claim-B4", "open") is not None


def test_every_point_of_the_distribution_is_a_row_of_a_table(visitor: Visitor, built: Path) -> None:
    tables = {
        name: pl.read_parquet(built.parent / f"tables/{name}.parquet")
        for name in ("arms", "doses", "by_level")
    }
    page = visitor.open("#distribution/nano")
    points = page.eval_on_selector_all(
        "#panel-distribution a.estimate",
        "all => all.map((one) => ({...one.dataset, href: one.getAttribute('href')}))",
    )
    assert len(points) > 40
    every = pl.concat([table.select("model", "arm", "pool", "metric", "value") for table in tables.values()])
    known: dict[tuple[str, ...], list[float]] = {}
    for *key, value in every.iter_rows():
        known.setdefault(tuple(key), []).append(value)
    for point in points:
        values = known[point["model"], point["arm"], point["pool"], point["metric"]]
        assert any(float(point["value"]) == pytest.approx(value, abs=1e-6) for value in values), point
        assert point["href"] == f"#inference/{point['model']}.{point['arm']}/{point['pool']}"
    contrasts = pl.read_parquet(built.parent / "tables/contrasts.parquet").filter(model="nano")
    told = page.eval_on_selector_all(
        "tr[data-contrast]", "all => all.map((one) => [one.dataset.contrast, Number(one.dataset.value)])"
    )
    assert told == [[row["name"], row["value"]] for row in contrasts.rows(named=True)]
    assert "+1.0\u00a0points [−1.0 to 3.0]" in page.text_content("tr[data-contrast]")
    quoted = page.eval_on_selector_all(
        "#panel-distribution g.estimate", "all => all.map((one) => Number(one.dataset.value))"
    )
    claims = {claim["id"]: claim for claim in read_json(built.parent / "claims.json", list[dict[str, Any]])}
    published = {name: claims[name]["published"]["value"] for name in ("B1", "B3", "B4")}
    # RSFT on easy questions is published as a fall below SFT
    for value in (published["B1"], published["B3"] + published["B4"]):
        assert any(one == pytest.approx(value, abs=1e-6) for one in quoted)
    for family in ("hard_share", "leaked_share"):
        rows = tables["doses"].filter(model="nano", family=family)
        slider = page.locator(f"#panel-distribution input[type=range] >> nth={family == 'leaked_share':d}")
        places = sorted(set(rows["x"]))
        slider.focus()
        page.keyboard.press("Home")
        for place in places:
            shown = slider.evaluate(
                "node => [...node.closest('section').querySelectorAll('.told li')].map((li) => ({...li.dataset}))"
            )
            assert shown
            for entry in shown:
                value = rows.filter(x=place, pool=entry["pool"], metric=entry["metric"])["value"].item()
                assert float(entry["value"]) == pytest.approx(value, abs=1e-6)
            page.keyboard.press("ArrowRight")
    page.locator("#panel-distribution a.estimate[data-arm=rsft_hard] >> nth=0").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#panel-inference:not([hidden])")


@pytest.mark.parametrize("arm", ["base", "rsft_hard"])
def test_greedy_answers_in_the_page_are_pythons(visitor: Visitor, built: Path, arm: str) -> None:
    rows = episodes(built, kind="eval", pool="eval_hard", arm=arm)
    assert len(rows) == EVALUATED >= 20
    page = visitor.open(f"#try/nano.{arm}/{rows[0]['id']}")
    for row in rows:
        page.evaluate("hash => { location.hash = hash; }", f"#try/nano.{arm}/{row['id']}")
        visitor.until(
            "asked => document.querySelector('#panel-try .asked').textContent === asked",
            row["prompt"].split("\n")[0].removeprefix("Question: "),
        )
        page.click("#panel-try button >> text='Greedy'")
        visitor.until("!document.querySelector('#panel-try button.primary').disabled")
        assert page.eval_on_selector("#panel-try [data-part=trace]", PLAIN) == row["completion"]
        total = page.text_content("#panel-try dd[data-part=total]")
        assert float(total.replace("−", "-")) == pytest.approx(row["total"], abs=0.006)
    assert len({row["completion"] for row in rows}) > 3
    assert "tokens/s" in page.text_content("#panel-try [data-part=speed]")


def test_rejection_sampling_keeps_the_best_of_eight(visitor: Visitor) -> None:
    page = visitor.open("#try/nano.rsft_hard")
    page.click("#panel-try button >> text=/Rejection/")
    visitor.until("!document.querySelector('#panel-try button.primary').disabled")
    cards = page.eval_on_selector_all(
        "#panel-try .sample-card",
        """all => all.map((one) => ({
        kept: one.classList.contains('kept'), discarded: one.classList.contains('discarded'),
        total: Number(one.querySelector('dd[data-part=total]').textContent.replace('−', '-')), tokens: one.querySelectorAll('.token').length}))""",
    )
    assert len(cards) == 8 and all(card["kept"] != card["discarded"] for card in cards)
    best = max(card["total"] for card in cards)
    kept = [card for card in cards if card["kept"]]
    assert [card["total"] for card in kept] == ([best] if best >= 0 else [])
    page.locator("#panel-try .token >> nth=2").hover()
    assert "most probable" in page.text_content("#panel-try .detail >> nth=0")


def test_a_composed_question_is_asked(visitor: Visitor) -> None:
    page = visitor.open("#try/nano.base")
    page.click("#panel-try button >> text='Compose a question'")
    for _ in range(2):
        page.locator("#panel-try .chain button >> nth=0").click()
    asked = page.text_content("#panel-try .asked")
    assert asked.endswith("what?") and asked.count(" something that ") == 1
    page.click("#panel-try button >> text='Greedy'")
    visitor.until("!document.querySelector('#panel-try button.primary').disabled")
    assert page.eval_on_selector("#panel-try [data-part=trace]", PLAIN)
