"""The ledger as a whole: what more seeds of another experiment say, and correction over all its tests."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_up_evidence import claim
from trap.analysis.claims import LEDGER_WORDS, NOT_TESTED, correct, fill_in
from trap.analysis.statistics import benjamini_hochberg
from trap.files import write_json
from trap.report.prose import committed, small_p


def entry(name: str, seeds: int | None = 3, verdict: str = "inconclusive", **changes: Any) -> dict[str, Any]:
    return claim(name, **{"seeds": seeds, "verdict": verdict, "reason": None, **changes})


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A ledger of ten seeds, of which one claim came from another experiment."""
    path = tmp_path / "full/claims.json"
    write_json(path, [
        entry("few", 10, "reproduced", value=0.4, low=0.3, high=0.5, text="ten", file="results/released/hops/full/items.parquet"),
        entry("from_grid", 6, "not reproduced", file="results/hops/grid/collected/items.parquet"),
        entry("same", 3),
        entry("untested", None, NOT_TESTED),
        entry("enough", 10, "not reproduced"),
        entry("absent", 10, "reproduced", value=0.7),
    ])  # fmt: skip
    return path


def test_a_claim_of_few_seeds_shows_what_more_say(full: Path) -> None:
    mine = [entry(name) for name in ("few", "from_grid", "same", "untested")]
    mine += [entry("enough", 5, "reproduced"), entry("absent", None, NOT_TESTED), entry("arithmetic", None)]
    found = {row["id"]: row for row in fill_in(mine, [full], minimum_seeds=5)}
    few = found["few"]
    assert (few["value"], few["verdict"], few["seeds"]) == (0.1, "inconclusive", 3)  # its own, as they were
    assert few["committed"] == {
        "experiment": "full", "value": 0.4, "low": 0.3, "high": 0.5, "n": 1000, "seeds": 10, "verdict": "reproduced",
        "text": "ten", "file": "results/released/hops/full/items.parquet",
    }  # fmt: skip
    assert found["from_grid"]["committed"]["experiment"] == "grid"  # where that ledger has it from
    for name in ("same", "untested", "enough", "arithmetic"):
        assert found[name]["committed"] is None, name
    assert found["absent"]["value"] == 0.7 and found["absent"]["committed"] is None
    assert not [row for row in found.values() if "ledger" in row]


def test_the_first_ledger_with_more_seeds_counts(tmp_path: Path, full: Path) -> None:
    weak = tmp_path / "weak/claims.json"
    write_json(weak, [entry("few", 3, value=0.9, file=None)])
    strong = tmp_path / "strong/claims.json"
    write_json(strong, [entry("few", 20, "not reproduced", file=None)])
    (found,) = fill_in([entry("few")], [weak, strong, full], minimum_seeds=5)
    assert (found["committed"]["experiment"], found["committed"]["seeds"]) == ("strong", 20)
    assert fill_in([entry("few")], [weak], minimum_seeds=5)[0]["committed"] is None


def test_a_claim_that_lacks_a_part_comes_from_runs_that_have_it(tmp_path: Path) -> None:
    mine = [entry("part", seeds=10, lacks=["near"]), entry("open", seeds=10)]
    whole, lacking = tmp_path / "whole/claims.json", tmp_path / "lacking/claims.json"
    write_json(lacking, [entry("part", seeds=10, verdict="inconclusive", lacks=["near"], value=0.3)])
    write_json(
        whole, [entry("part", seeds=5, verdict="reproduced", lacks=[], value=0.2), entry("open", value=0.2)]
    )
    part, undecided = fill_in(mine, [lacking, whole], minimum_seeds=5)
    assert (part["verdict"], part["value"], part["seeds"]) == ("reproduced", 0.2, 5)
    assert undecided == mine[1]  # inconclusive by its own numbers
    assert fill_in(mine, [lacking], minimum_seeds=5)[0] == mine[0]


def test_tables_show_it_in_words(full: Path) -> None:
    (found,) = fill_in([entry("few")], [full], minimum_seeds=5)
    assert str(committed(found)).replace("\u00a0", " ") == "+40.0 points [30.0–50.0], 10 seeds: held"
    assert str(committed(entry("few"))) == "–" == str(small_p(None))
    assert small_p(0.0312) == "0.031" and "0.001" in small_p(0.0000004)


def test_correction_counts_every_test_of_the_ledger_once() -> None:
    rows = [
        entry("a", verdict="reproduced", p=0.04, row="a"),
        entry("b", verdict="reproduced", p=0.001, row="b"),
        entry("b_again", verdict="reproduced", p=0.001, row="b"),
        entry("c", verdict="not reproduced", p=0.6, row="c"),
        entry("d", p=None, row="d"),
        entry(
            "c_too", verdict="reproduced", p=0.6, row="c", low=-0.01, high=0.01
        ),  # by no more than the margin
    ]
    found = {row["id"]: row for row in correct(rows)}
    three = benjamini_hochberg([0.04, 0.001, 0.6])
    assert [found[name]["p_ledger"] for name in ("a", "b", "b_again", "c", "d")] == pytest.approx(
        [three[0], three[1], three[1], three[2], None]
    )
    assert [row["verdict"] for row in found.values()] == [row["verdict"] for row in rows]
    assert found["a"]["p_ledger"] > 0.05  # below it alone, not among three
    assert found["a"]["reason"] == f"{LEDGER_WORDS} p = 0.06 over 3 tests."
    assert [found[name]["reason"] for name in ("b", "c", "d", "c_too")] == [None] * 4
    assert correct(list(found.values())) == list(found.values())  # said once, however often it is corrected
    reason = f"Its reason. {found['a']['reason']}"
    (alone,) = correct([entry("a", verdict="reproduced", p=0.04, row="a", reason=reason)])
    assert (alone["p_ledger"], alone["reason"]) == (0.04, "Its reason.")


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_p_values_are_ordered_and_between_the_plain_and_bonferroni(p_values: list[float]) -> None:
    found = benjamini_hochberg(p_values)
    for p, adjusted in zip(p_values, found, strict=True):
        assert p - 1e-12 <= adjusted <= min(1.0, p * len(p_values)) + 1e-12
    ranked = sorted(range(len(found)), key=p_values.__getitem__)
    assert all(found[a] <= found[b] + 1e-12 for a, b in itertools.pairwise(ranked))
    assert benjamini_hochberg([]) == []
