"""The page of what is committed: its models run, and write what was released."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import page_released
from page_released import BESIDE, MODEL, OWN, stored
from page_site import served
from page_visitor import PLAIN, Visitor
from skips import needs
from trap.models.released_weights import read_record

pytestmark = [pytest.mark.slow, needs("playwright", "browser")]
TRIED = [(OWN, MODEL, "sft"), (OWN, MODEL, "rsft_hard_true"), (BESIDE, "nano_nope", "way_out_rsft")]
WRITTEN = "#panel-try [data-part=trace]"


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_released.build(tmp_path_factory.mktemp("released"))


@pytest.fixture(scope="module")
def address(released: Path) -> Iterator[str]:
    with served(released) as origin:
        yield origin


@pytest.fixture(params=[(1280, 900), (390, 800)], ids=["wide", "phone"])
def visitor(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Visitor]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    found = Visitor(context, address)
    yield found
    context.close()
    assert found.wrong == []


@pytest.mark.parametrize(("folder", "model", "arm"), TRIED, ids=lambda value: getattr(value, "name", value))
def test_a_committed_model_writes_its_released_answer(
    visitor: Visitor, folder: Path, model: str, arm: str
) -> None:
    told = read_record(folder / "weights")[f"{model}.{arm}"]
    rows = stored(folder, model=model, arm=arm, pool="eval_hard").sort("id").head(4).rows(named=True)
    rows = [row for row in rows if f"eval_hard/{row['id']}" not in told.answers.other]
    assert rows
    for row in rows:
        page = visitor.open(f"#try/{model}.{arm}/{row['id']}")
        page.click("#panel-try button.primary")
        visitor.until("!document.querySelector('#panel-try button.primary').disabled")
        assert page.eval_on_selector(WRITTEN, PLAIN) == row["completion"]
        speed = page.text_content("#panel-try [data-part=speed]")
        assert "953,856 parameters" in speed and "(checked)" in speed
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_visitor_chooses_among_all_committed_models(visitor: Visitor) -> None:
    page = visitor.open("#try")
    held = [name for folder in (OWN, BESIDE) for name in read_record(folder / "weights")]
    offered = page.eval_on_selector_all(
        "#panel-try option[value^='models/']", "all => all.map((one) => one.value)"
    )
    assert sorted(offered) == sorted(f"models/{name}.bin" for name in held)
    groups = page.eval_on_selector_all(
        "#panel-try optgroup:has(option[value^='models/'])", "all => all.map((one) => one.label)"
    )
    assert len(groups) == len({name.split(".")[0] for name in held})
    # the model that learned from the test says so
    assert "(contaminated)" in page.text_content("#panel-try select:has(optgroup)")


def test_answers_of_the_experiment_beside_are_shown_as_they_were_released(visitor: Visitor) -> None:
    page = visitor.open("#inference/nano_nope-way_out.way_out_rsft/eval_hard")
    arms = page.eval_on_selector_all(
        "#panel-inference .cards article", "all => all.map((one) => one.dataset.arm)"
    )
    assert {"sft", "sft_long", "way_out_rsft", "way_out_full"} <= set(arms)
    assert page.get_attribute("#panel-inference .cards article.lit", "data-arm") == "way_out_rsft"
    for _ in range(3):
        question = page.url.split("/")[-1]
        known = stored(BESIDE, model="nano_nope", id=question)
        for arm, completion in known.select("arm", "completion").rows():
            shown = page.eval_on_selector(f"#panel-inference article[data-arm={arm}] .trace", PLAIN)
            assert shown == completion
        page.keyboard.press("ArrowRight")
    model = page.locator("#panel-inference .controls select").first
    assert model.evaluate("box => box.selectedOptions[0].parentNode.label").startswith("A longer SFT")
    model.select_option("nano_able")  # and back to the experiment's own
    visitor.until("location.hash.startsWith('#inference/nano_able')")
    assert page.locator("#panel-inference .cards article").count() > 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
