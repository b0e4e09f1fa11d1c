"""Titles of figures: a typed title says what is drawn; a finding is stated where the ledger has it, and not of its opposite."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import made_up_evidence
import other_evidence
from test_figures import CONFIG, draw
from trap.analysis.claim_specs import ClaimSpec, load_claims
from trap.analysis.verdicts import judge
from trap.figures import theme
from trap.figures.catalogue import COMPARISONS, SHARED, figure_names, load_figure
from trap.figures.findings import headline
from trap.figures.opening import module_of
from trap.figures.settings import FigureSettings, Finding, load_settings
from trap.studies.base import study_class
from trap.workflow.config import load_config

ROOT = Path(__file__).parents[1]
STUDIES = load_config(ROOT / CONFIG).studies
DRAWN = (
    "trap",
    "matching",
    "leakage",
    "levels",
    "faithful",
    "errors",
    "reward",
    "training",
    "rollouts",
    "ignition",
)
# what a sentence about a result needs, and a title that says what is drawn does not
ASSERTS = re.compile(
    r"\b(lifts?|helps?|hurts?|gives?|needs?|it takes|gains?|loses?|falls?|rises?|grows?|teach(es)?|stays?|goes|lets? through|"
    r"more|less|fewer|higher|lower|better|worse|best|worst|only|alone|nothing|never|not|but|because|so)\b",
    re.IGNORECASE,
)  # fmt: skip


def declared() -> list[tuple[str, str, Finding]]:
    """(study, figure, finding) of every finding that a file of settings declares."""
    found = []
    for study, settings in STUDIES.items():
        figures = load_settings(settings.figures)
        for name in FigureSettings.__struct_fields__:
            found += [(study, name, one) for one in getattr(getattr(figures, name), "findings", [])]
    return found


FINDINGS = declared()


def specs(study: str) -> dict[str, ClaimSpec]:
    """The study's claims by id, with the rules of their verdicts."""
    settings = STUDIES[study]
    spec = load_claims(ROOT / settings.claims, study_class(module_of(settings, study)))
    return {claim.id: claim for claim in spec.claims}


def measured(claim: ClaimSpec, sign: int) -> dict[str, Any]:
    """A clear difference of ten points up or down, and what the claim's own rules make of it."""
    ends = sorted((sign * 0.05, sign * 0.15))
    values = {
        "value": sign * 0.1,
        "low": ends[0],
        "high": ends[1],
        "p": 0.001,
        "p_holm": 0.001,
        "margin": 0.03,
    }
    verdict, _ = judge(claim.yes, claim.no, values)
    return {"value": values["value"], "low": ends[0], "high": ends[1], "p_holm": 0.001, "verdict": verdict}


def says(figure: str, study: str, claims: Mapping[str, Mapping[str, Any]]) -> str:
    settings = getattr(load_settings(STUDIES[study].figures), figure)
    return headline(settings.findings, claims, settings.title)[0]


def ledgers(study: str, finding: Finding) -> tuple[dict[str, Any], dict[str, Any]]:
    """A ledger of clear differences that has the finding, and the one of the opposite differences."""
    known, holding, opposite = specs(study), {}, {}
    for name, words in finding.when.items():
        sign = next(sign for sign in (1, -1) if measured(known[name], sign)["verdict"] in words)
        holding[name], opposite[name] = measured(known[name], sign), measured(known[name], -sign)
    return holding, opposite


@pytest.mark.parametrize("study, figure, finding", FINDINGS, ids=lambda one: getattr(one, "says", one))
def test_a_finding_is_not_stated_of_the_opposite_evidence(study: str, figure: str, finding: Finding) -> None:
    holding, opposite = ledgers(study, finding)
    assert says(figure, study, holding) == finding.says
    findings = getattr(load_settings(STUDIES[study].figures), figure).findings
    turned = says(figure, study, opposite)
    assert turned not in {one.says for one in findings}, "no finding is left of the opposite differences"
    for name in finding.when:  # each condition counts by itself
        assert says(figure, study, holding | {name: opposite[name]}) != finding.says, name


def test_there_are_findings_to_test() -> None:
    assert {figure for _, figure, _ in FINDINGS} >= {"trap", "matching", "leakage"}


def mirrored(folder: Path) -> None:
    """Turn every share in the tables into its complement, so that what was more is less."""
    for path in (folder / "tables").glob("*.parquet"):
        table = pl.read_parquet(path)
        if {"value", "low", "high", "unit"} <= set(table.columns):
            share = pl.col("unit") == "share"
            pl.DataFrame(table).with_columns(
                pl.when(share).then(1 - pl.col(a)).otherwise(pl.col(b)).alias(b)
                for a, b in (("value", "value"), ("high", "low"), ("low", "high"))
            ).write_parquet(path)


def title(stem: str, folder: Path) -> str:
    with theme.style(theme.LIGHT):
        return draw(stem, folder).texts[0].get_text().replace("\n", " ")


@pytest.mark.parametrize("stem", DRAWN)
def test_opposite_evidence_never_draws_the_same_finding(stem: str, tmp_path: Path) -> None:
    """From tables and verdicts of one sign and of the other: the titles differ, or they state no finding."""
    known = specs("hops")
    drawn = {}
    for sign in (1, -1):
        changes = {name: measured(claim, sign) for name, claim in known.items() if claim.measure}
        made = [claim | changes.get(claim["id"], {}) for claim in made_up_evidence.claims_list()]
        made += [
            made_up_evidence.claim(name, **changes[name]) for name in changes if name.startswith("dose_")
        ]
        folder = made_up_evidence.write(tmp_path / str(sign), claims=made)
        if sign < 0:
            mirrored(folder)
        drawn[sign] = title(stem, folder)
    neutral = title(stem, made_up_evidence.write(tmp_path / "none", claims=[]))
    assert not ASSERTS.search(neutral), neutral
    assert drawn[1] != drawn[-1] or drawn[1] == neutral
    if stem in ("trap", "matching", "leakage"):
        assert drawn[1] != neutral  # a clear ledger is stated


@pytest.mark.parametrize("stem", (*SHARED, *COMPARISONS))
def test_titles_of_a_study_that_declares_nothing_state_nothing(stem: str, tmp_path: Path) -> None:
    other_evidence.write(tmp_path)
    with theme.style(theme.LIGHT):
        figure = load_figure("", stem).draw(other_evidence.evidence(tmp_path), theme.LIGHT)
    found = figure.texts[0].get_text()
    assert found and not ASSERTS.search(found), found


def test_typed_titles_state_nothing() -> None:
    """Those in the code of figures, and those that a file of settings falls back on."""
    typed = {}
    for study, settings in STUDIES.items():
        module, figures = module_of(settings, study), load_settings(settings.figures)
        for name in figure_names(module):
            typed[study, name, "TITLE"] = load_figure(module, name).TITLE
            typed[study, name, "title"] = getattr(getattr(figures, name, None), "title", "")
    assert len(typed) > 40
    assert [(key, text) for key, text in typed.items() if ASSERTS.search(text)] == []


@pytest.mark.parametrize(
    "text", ["What it takes before a model goes on by itself", "What more samples per prompt let through"]
)
def test_the_words_of_an_assertion_are_found(text: str) -> None:
    assert ASSERTS.search(text)


def test_a_condition_does_not_ask_for_a_verdict_and_its_opposite() -> None:
    for (_, _, finding), name in itertools.chain.from_iterable(
        zip([one] * len(one[2].when), one[2].when, strict=True) for one in FINDINGS
    ):
        assert not {"reproduced", "not reproduced"} <= set(finding.when[name]), (finding.says, name)
