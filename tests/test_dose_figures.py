"""Figures of doses, and figures without any estimate: a panel for every model, and nothing empty in a post."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import made_up_evidence
from test_figures import draw, plot
from trap.figures import theme
from trap.figures.doses import spread
from trap.report.post import drawn_figures


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_evidence.write(tmp_path_factory.mktemp("evidence"))


@pytest.mark.parametrize("stem", ["matching", "leakage"])
def test_a_dose_figure_has_a_panel_below_the_other_for_each_start(
    stem: str, evidence: Path, tmp_path: Path
) -> None:
    with theme.style(theme.LIGHT):
        panels = draw(stem, evidence).axes
        made_up_evidence.write(tmp_path, keep_arms=set())
        (nothing,) = draw(stem, tmp_path).axes
    named = {gid.split(":")[1] for axes in panels for one in axes.lines if (gid := one.get_gid() or "")}
    assert named == {"nano", "nano_able"} and len(panels) == len(named)  # those that figures.yaml names
    boxes = [axes.get_position() for axes in panels]
    assert len({(round(box.x0, 6), round(box.width, 6)) for box in boxes}) == 1
    assert boxes[1].y1 < boxes[0].y0
    assert not any(spine.get_visible() for spine in nothing.spines.values())
    assert [text.get_text() for text in nothing.texts] == ["no such runs in this evidence"]


def test_spread_keeps_order_and_distance() -> None:
    moved = spread([0.5, 0.51, 0.99, 0.98], 0.05, 0, 1)
    assert all(b - a >= 0.05 - 1e-9 for a, b in itertools.pairwise(sorted(moved)))
    assert max(moved) <= 1 and moved[0] < moved[1] < moved[3] < moved[2]


@pytest.mark.parametrize("stem", ["trap", "matching", "errors"])
def test_posts_show_figures_with_estimates(stem: str, evidence: Path, tmp_path: Path) -> None:
    assert plot(stem, evidence, tmp_path / "out") == 0
    assert drawn_figures([tmp_path / "out"], tmp_path) == {stem: "out"}
