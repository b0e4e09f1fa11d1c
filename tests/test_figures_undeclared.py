"""Figures of a study that declares nothing about them: each is drawn, in words that no other study has."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import other_evidence
from figure_texts import check_texts, texts
from trap.figures import theme
from trap.figures.catalogue import COMPARISONS, SHARED, load_figure
from trap.studies.base import Pool

CONFIG = "config/config.yaml"
# marks for one model: an arm of each role, of which one is contaminated; two levels; two doses; no reasons
OTHER_POINTS = {
    "trap": 7, "matching": 2, "leakage": 4, "levels": 12, "faithful": 0, "rollouts": 1, "training": 0, "scaling": 2, "platforms": 4,
}  # fmt: skip
HOPS_WORDS = re.compile(r"\bhops?\b|\btrace|\bletter|RSFT|\bSFT\b|GRPO|eval_|rotary", re.IGNORECASE)


def other(stem: str, folder: Path):
    found = other_evidence.evidence(folder)
    return load_figure("", stem).draw(found, theme.LIGHT)


@pytest.mark.parametrize("stem", (*SHARED, *COMPARISONS))
def test_a_study_that_declares_nothing_gets_every_figure(stem: str, tmp_path: Path) -> None:
    other_evidence.write(tmp_path)
    with theme.style(theme.LIGHT):
        figure = other(stem, tmp_path)
        figure.set_dpi(100)
        check_texts(figure)
        words = " ".join(text.get_text() for text, _ in texts(figure)).replace("\n", " ")
        marks = [
            one.get_gid() for axes in figure.axes for one in [*axes.lines, *axes.patches] if one.get_gid()
        ]
    alt = other_evidence.evidence(tmp_path).text(load_figure("", stem).ALT)
    assert sum(gid.startswith("point:") for gid in marks) == OTHER_POINTS[stem], marks
    assert not HOPS_WORDS.search(words) and not HOPS_WORDS.search(alt), words
    assert "Squares: published" not in words and "Not run in this experiment" not in words
    if stem == "faithful":
        assert "this study checks no reasons" in words
    if stem not in ("faithful", "rollouts", "matching", "leakage", "platforms"):
        assert "Taught on knotty ones" in words


def test_pools_that_ask_the_same_levels_are_not_drawn_in_one_line(tmp_path: Path) -> None:
    other_evidence.write(tmp_path)
    by_level = pl.read_parquet(tmp_path / "tables/by_level.parquet")
    again = by_level.filter(pool="warm").with_columns(pool=pl.lit("warm_again"))
    pl.concat([by_level, again]).write_parquet(tmp_path / "tables/by_level.parquet")
    evidence = other_evidence.evidence(
        tmp_path, pools=(*other_evidence.POOLS, Pool("warm_again", "evaluation", "plain", scored=True))
    )
    assert "warm_again" in evidence.fresh
    with theme.style(theme.LIGHT):
        figure = load_figure("", "levels").draw(evidence, theme.LIGHT)
    marks = [line.get_gid() for line in figure.axes[0].lines if (line.get_gid() or "").startswith("point:")]
    assert len(marks) == OTHER_POINTS["levels"] and not any("warm_again" in mark for mark in marks)


@pytest.mark.parametrize("stem", (*SHARED, *COMPARISONS))
def test_a_study_that_declares_nothing_may_miss_arms(stem: str, tmp_path: Path) -> None:
    other_evidence.write(tmp_path, drop=("stretched", "peeked", "shown"))
    with theme.style(theme.LIGHT):
        check_texts(other(stem, tmp_path))


def test_no_shared_figure_names_what_one_study_has(root: Path) -> None:
    """Arms, pools and experiments of hops stand in its settings and in its own figures, nowhere else."""
    from trap.workflow.config import load_config
    from trap.workflow.sheet import load_arms

    settings = load_config(CONFIG).studies["hops"]
    arms = {name for sheet in (root / "config/hops").glob("arms*.tsv") for name in load_arms(sheet)}
    names = (
        arms
        | set(settings.counts)
        | {"hops_used", "coverage", "nano", "nano_nope", "nano_reach", "nano_able"}
    )
    quoted = re.compile(
        "|".join(f"[\"']{re.escape(name)}[\"']" for name in sorted(names - {"base", "easy", "hard"}))
    )
    for path in [*(root / "scripts/trap/figures").glob("*.py"), *(root / "scripts/trap/report").glob("*.py")]:
        assert not quoted.search(path.read_text()), (path, quoted.search(path.read_text()))
        assert "trap.studies.hops" not in path.read_text(), path
