"""A difference between two arms at the floor or the ceiling of a metric gets no verdict, and says so with numbers."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from make_items import make_items
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.claims import claim_rows
from trap.analysis.contrasts import CONTRAST_COLUMNS, contrast_rows
from trap.analysis.measures import Evidence
from trap.analysis.resampling import Cell, estimate
from trap.analysis.room import room_of
from trap.report.markdown import contrasts_text
from trap.studies.hops.study import Study

MARGIN = 0.1
POOLS = ("eval_hard", "eval_shuffled")
CLAIMS = """
confidence: 0.95
replicates: 200
margin: 0.1
minimum_seeds: 3
sources: {ours: this project}
defaults: {model: nano, platform: torch, pool: eval_hard, pools: [eval_hard]}
names: {}
doses: {}
contrasts:
  - {name: gain, arm: b, minus: a, statement: b over a}
  - {name: gain_faithful, arm: b, minus: a, metric: faithful, statement: b over a}
claims:
  - {id: gain, source: ours, statement: b gains, measure: {contrast: gain}, reproduced: low > 0, not_reproduced: high < margin}
  - {id: faithful, source: ours, statement: b gains, measure: {contrast: gain_faithful}, reproduced: low > 0, not_reproduced: high < margin}
  - {id: direct, source: ours, statement: b gains, measure: {arm: b, minus: a}, reproduced: low > 0, not_reproduced: high < margin}
  - {id: steps, source: ours, statement: b goes on, measure: {arm: b, minus: a, metric: hops_used}, reproduced: low > 9, not_reproduced: high < 9}
  - {id: shuffled, source: ours, statement: same, measure: {arm: b, minus_pool: eval_shuffled}, reproduced: low > -1, not_reproduced: high < -1}
  - {id: alone, source: ours, statement: b is right, measure: {arm: b}, reproduced: low > 0, not_reproduced: high < 0}
"""


def chance_of(items: pl.DataFrame, value: float = 0.25) -> pl.DataFrame:
    """Baselines in which a blind answer is right with this probability."""
    keys = items.select("pool", "id", "level", "cluster").unique(maintain_order=True)
    return keys.with_columns(chance=pl.lit(value))


def rows(folder: Path, a: dict, b: dict, chance: float | None = 0.25) -> dict[str, dict]:
    path = folder / "claims.yaml"
    path.write_text(CLAIMS, encoding="utf-8")
    spec: ClaimsFile = load_claims(path, Study)
    items = make_items({"a": a, "b": b}, seeds=5, questions=400, starts=100, pools=POOLS)
    table = ItemTable(items, Study, None if chance is None else chance_of(items, chance))
    contrasts = contrast_rows(spec, table, items)
    shown = pl.DataFrame(contrasts, schema=CONTRAST_COLUMNS)
    assert ("none: " in contrasts_text(shown)) == any(shown["room"])
    runs = pl.DataFrame(
        {"model": ["nano"], "platform": ["torch"], "arm": ["a"], "contaminated": [False],
         "seconds_train": [1.0], "seconds_evaluate": [1.0]}
    )  # fmt: skip
    by_key = {(row["name"], row["model"], row["platform"]): row for row in contrasts}
    found = claim_rows(spec, Evidence(spec, table, runs, {}, by_key), "a_rule", "a_commit")
    return {claim["id"]: claim for claim in found}


def test_two_arms_at_chance_give_no_verdict(tmp_path: Path) -> None:
    found = rows(tmp_path, {"accuracy": 0.25}, {"accuracy": 0.26, "faithful": 0.01})
    for name in ("gain", "direct"):
        claim = found[name]
        assert (claim["verdict"], claim["room"]) == ("inconclusive", "floor"), name
        assert claim["high"] < 0.1  # by its rule alone it would not be reproduced
        assert claim["reason"].startswith("Both stand at chance (25 %), with 2")
        assert claim["reason"].endswith("there is no room to see a difference.")
    assert found["faithful"]["room"] == "floor"
    assert found["faithful"]["reason"].startswith("Both stand at zero, with 0.")
    # what is no share, no difference of two arms, or a difference between pools, is judged as before
    assert [found[name]["room"] for name in ("steps", "alone", "shuffled")] == ["", "", ""]
    assert [found[name]["verdict"] for name in ("steps", "alone", "shuffled")] == [
        "not reproduced", "reproduced", "reproduced",
    ]  # fmt: skip


def test_two_arms_at_the_ceiling_give_no_verdict(tmp_path: Path) -> None:
    found = rows(tmp_path, {"accuracy": 0.98, "faithful": 0.6}, {"accuracy": 0.99, "faithful": 0.6})
    assert (found["gain"]["verdict"], found["gain"]["room"]) == ("inconclusive", "ceiling")
    assert found["gain"]["reason"].startswith("Both stand at the ceiling, with 9")
    assert found["faithful"]["room"] == ""


def test_one_arm_off_the_floor_is_room_enough(tmp_path: Path) -> None:
    found = rows(tmp_path, {"accuracy": 0.25}, {"accuracy": 0.5})
    assert (found["gain"]["verdict"], found["gain"]["room"]) == ("reproduced", "")
    lower = rows(tmp_path, {"accuracy": 0.45}, {"accuracy": 0.46})
    assert (lower["gain"]["verdict"], lower["gain"]["room"]) == ("not reproduced", "")


def test_without_the_items_of_a_pool_the_floor_is_nothing(tmp_path: Path) -> None:
    found = rows(tmp_path, {"accuracy": 0.25}, {"accuracy": 0.26}, chance=None)
    assert found["gain"]["room"] == "" and found["gain"]["verdict"] == "not reproduced"
    items = make_items({"a": {}}, seeds=1, questions=8, pools=("eval_hard", "eval_leak"))
    table = ItemTable(items, Study, chance_of(items.filter(pool="eval_hard"), 0.2))
    assert table.chance("eval_hard") == pytest.approx(0.2)
    assert table.chance("eval_leak") == pytest.approx(0.2)  # of the pools whose items were given


def _cell(shares: list[float], n: int) -> Cell:
    """One question a cluster; `shares` of them right, by seed."""
    total = [[1.0] * round(share * n) + [0.0] * (n - round(share * n)) for share in shares]
    array = pl.DataFrame(total, orient="row").to_numpy()
    return Cell(
        "nano", tuple(range(len(shares))), tuple(map(str, range(n))), array, array * 0 + 1, True, 0, 1
    )


SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3)


@settings(max_examples=25, deadline=None)
@given(SHARES, SHARES, st.sampled_from(["accuracy", "faithful"]))
def test_there_is_no_room_exactly_where_both_intervals_lie_within_the_margin(
    first: list[float], second: list[float], metric: str
) -> None:
    items = make_items({"a": {}}, seeds=1, questions=4, pools=("eval_hard",))
    table = ItemTable(items, Study, chance_of(items))
    cells = [_cell(shares, 40) for shares in (first, second)]
    ends = [estimate([cell], replicates=100) for cell in cells]
    floor = 0.25 if metric == "accuracy" else 0.0
    low = all(found.high < floor + MARGIN for found in ends)
    high = all(found.low > 1 - MARGIN for found in ends)
    found = room_of(table, "eval_hard", metric, cells, MARGIN, replicates=100)
    assert found.place == ("floor" if low else "ceiling" if high else "")
    assert bool(found.reason) == bool(found.place)
    assert room_of(table, "eval_hard", metric, cells[::-1], MARGIN, replicates=100).place == found.place
    assert room_of(table, "eval_hard", "hops_used", cells, MARGIN, replicates=100).place == ""
