"""The headline figure: two starts, both readings, and a heading that says no more than the ledger."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import made_up_evidence
from figure_texts import texts
from test_figures import CONFIG, draw
from trap.figures import theme
from trap.figures.catalogue import load_figure
from trap.figures.opening import open_evidence
from trap.figures.settings import parse_settings


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_evidence.write(tmp_path_factory.mktemp("evidence"))


def test_contaminated_arms_are_hatched(evidence: Path) -> None:
    with theme.style(theme.LIGHT):
        figure = draw("trap", evidence)
    hatched, bars = set(), {}
    for axes in figure.axes:
        for patch in axes.patches:
            place = (axes, round(patch.get_y(), 3))
            if patch.get_hatch():
                hatched.add(place)
            elif patch.get_gid().endswith(":accuracy"):
                bars[place] = patch.get_gid()
    assert {"rsft_eval" in gid for gid in bars.values()} == {True, False}
    for place, gid in bars.items():
        assert (place in hatched) == ("rsft_eval" in gid), gid


def test_bars_are_as_long_as_the_estimates_and_their_numbers_stand_beside_them(evidence: Path) -> None:
    with theme.style(theme.LIGHT):
        figure = draw("trap", evidence)
        words = [text.get_text().replace("\u00a0", " ") for text, _ in texts(figure)]
    lengths = {
        patch.get_gid(): patch.get_width()
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_gid()
    }
    for index, model in ((0, "nano"), (2, "nano_able")):
        accuracy, faithful, leak = (values[index] for values in made_up_evidence.ARMS["rsft_eval"])
        assert lengths[f"point:{model}:rsft_eval:eval_hard:accuracy"] == accuracy
        assert lengths[f"point:{model}:rsft_eval:eval_hard:faithful"] == faithful
        assert lengths[f"point:{model}:rsft_eval:eval_leak:accuracy"] == leak
        assert f"{100 * accuracy:.0f} %" in words and f"{100 * leak:.0f} %" in words
    assert {"Cannot reach", "Can reach", "Rotary positions", "right for a true reason"} <= set(words)
    assert not any("nano_nope" in gid for gid in lengths)


def heading(folder: Path) -> str:
    with theme.style(theme.LIGHT):
        return draw("trap", folder).texts[0].get_text().replace("\n", " ")


def test_the_heading_says_no_more_than_the_ledger(tmp_path: Path) -> None:
    """A finding where its claims have its verdicts; what was measured where they do not."""
    moved, still, open_ = (
        {"verdict": "reproduced"},
        {"verdict": "not reproduced"},
        {"verdict": "inconclusive"},
    )
    floor = {"verdict": "inconclusive", "room": "floor"}
    committed = {"verdict": "inconclusive", "committed": {"verdict": "not reproduced", "seeds": 10}}

    def says(leak: dict, far: dict, near: dict, near_match: dict = open_, spread: dict = moved) -> str:
        made = made_up_evidence.claims_list(
            contamination_nano=leak, contamination_nano_able=leak, matching_nano=far, matching_nano_able=near_match,
            matching_true_nano=far, matching_true_nano_able=near, leak_spread_nano=spread, leak_spread_nano_able=spread,
        )  # fmt: skip
        return heading(made_up_evidence.write(tmp_path, claims=made))

    for far in (still, floor, committed):
        assert says(moved, far, moved).endswith("add true reasons, and only within reach.")
        assert says(moved, far, still, still).endswith("Other hard prompts lift nothing.")
        assert says(moved, far, open_).endswith("on that test alone, from either start")
        assert says(moved, far, still).endswith("on that test alone, from either start")
        assert says(moved, far, moved, spread=open_).endswith("on that test, from either start")
    assert says(moved, open_, moved).endswith("on that test alone, from either start")
    for leak in (still, open_):
        assert says(leak, still, moved).startswith("Right letters and true reasons on 4–5-hop questions")
    assert heading(made_up_evidence.write(tmp_path, claims=[])).startswith("Right letters and true reasons")


def test_a_heading_of_committed_runs_says_so(tmp_path: Path) -> None:
    committed = {"verdict": "inconclusive", "committed": {"verdict": "reproduced", "seeds": 10}}
    made = made_up_evidence.claims_list(
        contamination_nano={"verdict": "reproduced"}, contamination_nano_able={"verdict": "reproduced"},
        leak_spread_nano=committed, leak_spread_nano_able={"verdict": "reproduced"},
    )  # fmt: skip
    made_up_evidence.write(tmp_path, claims=made)
    with theme.style(theme.LIGHT):
        words = " ".join(t.get_text() for t, _ in texts(draw("trap", tmp_path))).replace("\n", " ")
    assert "The heading is the verdict of the committed runs." in words


def test_published_points_stand_in_the_first_panel(tmp_path: Path) -> None:
    """Of rows that name them; hops names none in this figure."""
    made_up_evidence.write(tmp_path)
    found = open_evidence(CONFIG, "hops", None, tmp_path / "claims.json", tmp_path / "tables")
    values = {
        "published": {"first": {"claim": "B1"}},
        "models": {"nano": "", "nano_able": ""},
        "pool": "eval_hard",
    }
    rows = [{"arm": "rsft_hard", "published": ["first"]}, {"arm": "not_run_at_all", "label": "Another"}]
    found.settings = parse_settings({**values, "trap": {"rows": rows}}, "test")
    with theme.style(theme.LIGHT):
        figure = load_figure("hops", "trap").draw(found, theme.LIGHT)
        words = " ".join(t.get_text() for t, _ in texts(figure)).replace("\n", " ")
    marks = [line.get_gid() for axes in figure.axes for line in axes.lines if line.get_gid()]
    assert marks == ["point:published:first"]
    assert "Squares: published, 20 questions" in words and "Not run in this experiment: Another." in words


def test_several_published_points_of_a_row_stand_clear_of_each_other_and_of_words(tmp_path: Path) -> None:
    made_up_evidence.write(tmp_path)
    found = open_evidence(CONFIG, "hops", None, tmp_path / "claims.json", tmp_path / "tables")
    names = ["base", "sft", "rsft_eval_135m"]
    published = {name: found.settings.published[name] for name in names}
    found.settings = parse_settings(
        {"pool": "eval_hard", "trap": {"rows": [{"arm": "sft", "published": names}, {"arm": "rsft_hard"}]}}
        | {"published": {name: {"claim": quote.claim} for name, quote in published.items()}},
        "test",
    )
    with theme.style(theme.LIGHT):
        figure = load_figure("hops", "trap").draw(found, theme.LIGHT)
        figure.set_dpi(100)
        words = [box for _, box in texts(figure)]
        renderer = figure.canvas.get_renderer()
        marks = [
            line.get_window_extent(renderer)
            for axes in figure.axes
            for line in axes.lines
            if (line.get_gid() or "").startswith("point:published:")
        ]
    assert len(marks) == 3
    heights = sorted(box.y0 + box.height / 2 for box in marks)
    assert min(high - low for low, high in itertools.pairwise(heights)) > 4 * theme.PIXELS_PER_POINT
    for mark, text in itertools.product(marks, words):
        assert not mark.overlaps(text)


def test_rows_of_another_experiment_come_from_the_ledger(tmp_path: Path) -> None:
    """A claim gives a bar, and what a claim quotes besides gives another; the caption says that they are not of these runs."""
    share = {"unit": "share", "value": 0.66, "low": 0.63, "high": 0.68, "n": 1000, "seeds": 4}
    quotes = {"also": {"accuracy": share | {"value": 0.75, "low": 0.72, "high": 0.77}}}
    made = [*made_up_evidence.claims_list(), made_up_evidence.claim("way_out_nano_nope", **share, **quotes)]
    with theme.style(theme.LIGHT):
        figure = draw("trap", made_up_evidence.write(tmp_path, claims=made))
    bars = {
        patch.get_gid(): patch.get_width()
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_gid()
    }
    own = {gid: width for gid, width in bars.items() if ":way_out_rsft:" in gid}
    assert own == {
        "point:nano_able:way_out_rsft:eval_hard:accuracy": 0.75,
        "point:nano_able:way_out_rsft:eval_hard:faithful": 0.66,
    }
    words = " ".join(text.get_text() for text, _ in texts(figure)).replace("\n", " ")
    assert "Last row: another experiment, 4 seeds." in words and "1000 fresh questions × 3 seeds" in words
    assert "Not run in this experiment: The way out, then all weights" in words
