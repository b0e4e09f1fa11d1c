"""Lines for answers that need no model: which baselines of a study figures of accuracy draw, and their names."""

from __future__ import annotations

from pathlib import Path

import pytest

import made_up_evidence
from figure_texts import check_texts, texts
from test_figures import CONFIG, draw
from trap.figures import theme
from trap.figures.catalogue import load_figure
from trap.figures.opening import open_evidence
from trap.figures.references import references
from trap.figures.settings import parse_settings


def opened(folder: Path, values: dict | None = None):
    evidence = open_evidence(CONFIG, "hops", None, folder / "claims.json", folder / "tables")
    if values is not None:
        evidence.settings = parse_settings({"pool": "eval_hard", **values}, "test")
    return evidence


@pytest.mark.parametrize(
    "baselines, shown",
    [
        ({"chance": 0.25, "constant": 0.25, "most_paths": 0.39, "first_relation": 0.41, "ceiling": 1.0}, ["chance", "first_relation"]),
        ({"chance": 0.25, "first_relation": 0.31, "most_paths": 0.39}, ["chance", "most_paths"]),
        ({"chance": 0.25, "constant": 0.25}, ["chance"]),
        ({"constant": 0.25, "chance": 0.25, "weak": 0.1}, ["chance"]),
        ({"chance": 0.0, "sum": 0.02, "other": 0.01}, ["sum"]),
        ({"chance": 0.0, "sum": 0.0, "ceiling": 1.0}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_chance_and_the_best_baseline_are_drawn(
    baselines: dict[str, float], shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up_evidence, "BASELINES", baselines)
    made_up_evidence.write(tmp_path)
    evidence = opened(tmp_path)
    assert list(references(evidence)) == shown
    with theme.style(theme.LIGHT):
        for name in ("trap", "matching"):
            figure = load_figure("hops", name).draw(evidence, theme.LIGHT)
            dashed = {
                round(float(line.get_xdata()[0] if name == "trap" else line.get_ydata()[0]), 6)
                for axes in figure.axes
                for line in axes.lines
                if line.get_linestyle() == "--"
            }
            assert dashed == {baselines[one] for one in shown}, name
            words = " ".join(t.get_text() for t, _ in texts(figure)).replace("\n", " ")
            assert ("Dashed, answers that need no model:" in words) == bool(shown)
            for one in shown:
                assert f"{one.replace('_', ' ')} {100 * baselines[one]:.0f}\u00a0%" in words


def test_a_study_may_name_its_lines_itself_and_explain_them(tmp_path: Path) -> None:
    made_up_evidence.write(tmp_path)
    trap = {"baselines": ["constant"], "explained": {"constant": "always the same letter"}}
    evidence = opened(tmp_path, {"trap": trap})
    assert list(references(evidence)) == ["constant"]
    with theme.style(theme.LIGHT):
        figure = load_figure("hops", "trap").draw(evidence, theme.LIGHT)
        words = " ".join(t.get_text() for t, _ in texts(figure)).replace("\n", " ")
    assert "constant 28\u00a0% (always the same letter)." in words


@pytest.mark.parametrize("low, high", [(0.25, 0.41), (0.02, 0.05), (0.05, 0.3), (0.3, 0.9), (0.7, 0.95)])
def test_names_of_lines_stand_apart_wherever_the_lines_are(
    low: float, high: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_up_evidence, "BASELINES", {"chance": low, "first_relation": high})
    made_up_evidence.write(tmp_path)
    with theme.style(theme.LIGHT):
        check_texts(draw("trap", tmp_path))
