"""Platforms compared: what agrees agrees, what differs is seen, and nothing is compared that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import compare_experiments
import plot_figure
from make_items import make_items
from trap.analysis.agreement import agreement, agreement_text
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.collect import write_items
from trap.files import InputError
from trap.studies.hops.study import Study

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
RATES = {
    "sft_more": {"accuracy": 0.3, "faithful": 0.1},
    "rsft_easy": {"accuracy": 0.3, "faithful": 0.1},
    "rsft_hard": {"accuracy": 0.4, "faithful": 0.1},
}
POOLS = ("eval_hard",)


@pytest.fixture(scope="module")
def spec(root: Path) -> ClaimsFile:
    return load_claims(root / "config/hops/claims.yaml", Study)


def items(platform: str, rates: dict, seed: int, seeds: int = 3) -> pl.DataFrame:
    made = make_items(rates, questions=300, seeds=seeds, seed=seed, pools=POOLS)
    return made.with_columns(pl.lit(platform).alias("platform"))


@pytest.fixture(scope="module")
def rows(spec: ClaimsFile) -> pl.DataFrame:
    other = {**RATES, "rsft_easy": {"accuracy": 0.6, "faithful": 0.1}, "rsft_eval": {"accuracy": 0.9}}
    both = pl.concat([items("torch", RATES, 1), items("mlx", other, 2, seeds=4)])
    return agreement(spec, ItemTable(both, Study), "torch")


def test_an_arm_that_differs_is_seen(rows: pl.DataFrame) -> None:
    arms = {
        row["name"]: row
        for row in rows.filter((pl.col("kind") == "arm") & (pl.col("metric") == "accuracy")).to_dicts()
    }
    assert arms.keys() == RATES.keys()  # rsft_eval ran on one platform
    assert [arms[name]["agree"] for name in ("sft_more", "rsft_hard", "rsft_easy")] == [True, True, False]
    moved = arms["rsft_easy"]
    assert 0.2 < moved["difference"] < 0.4 and moved["difference_low"] > 0
    assert moved["difference"] == pytest.approx(moved["value"] - moved["reference_value"], abs=1e-5)
    assert (moved["platform"], moved["reference"], moved["seeds"], moved["reference_seeds"]) == (
        "mlx",
        "torch",
        4,
        3,
    )


def test_contrasts_are_compared_as_differences_of_differences(rows: pl.DataFrame) -> None:
    found = {row["name"]: row for row in rows.filter(pl.col("kind") == "contrast").to_dicts()}
    assert {"trap", "matching"} <= found.keys()
    assert found["matching"]["agree"] and not found["trap"]["agree"]
    trap = found["trap"]
    assert trap["difference"] == pytest.approx(trap["value"] - trap["reference_value"], abs=1e-5)
    assert trap["low"] > 0 > trap["reference_low"] - 0.1


def test_one_platform_is_nothing_to_compare(spec: ClaimsFile) -> None:
    with pytest.raises(InputError, match="evaluated on two platforms"):
        agreement(spec, ItemTable(items("mlx", RATES, 1), Study), "torch")


def test_the_text_has_every_row(rows: pl.DataFrame) -> None:
    text = agreement_text(rows)
    assert len(re.findall(r"^\| (?!arm |contrast )[a-z]", text, re.MULTILINE)) == rows.height
    for kind in ("arm", "contrast"):
        part = rows.filter(pl.col("kind") == kind)
        assert f"{kind}s: {int(part['agree'].sum())} of {part.height} agree" in text


def test_the_figure_has_a_mark_for_each_platform(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.write_parquet(tmp_path / "platforms.parquet")
    where = ["--tables", str(tmp_path), "--output-dir", str(tmp_path)]
    assert plot_figure.main(["platforms", *STUDY, "--experiment", "platforms", *where]) == 0
    marks = set(re.findall(r'id="(point:[^"]+)"', (tmp_path / "platforms.light.svg").read_text()))
    shown = rows.filter((pl.col("kind") == "contrast") & (pl.col("metric") == "accuracy"))
    assert marks == {f"point:nano:{row['name']}:{p}" for row in shown.to_dicts() for p in ("mlx", "torch")}


def test_the_command_writes_the_same_bytes_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, platform in enumerate(("torch", "mlx")):
        write_items(items(platform, RATES, number), tmp_path / platform / "items.parquet")
    how = ["platforms", *STUDY, "--experiment", "platforms", "--evidence", str(tmp_path / "mlx")]
    for name in ("one", "two"):
        others = ["--others", str(tmp_path / "torch/items.parquet"), "--output", str(tmp_path / name)]
        assert compare_experiments.main([*how, *others]) == 0
    for name in ("platforms.parquet", "platforms.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    table = pl.read_parquet(tmp_path / "one/platforms.parquet")
    assert set(table["platform"]) == {"mlx"} and set(table["reference"]) == {"torch"}
    assert compare_experiments.main([*how, "--output", str(tmp_path / "three")]) == 1
    assert "evaluated on two platforms" in capsys.readouterr().err and not (tmp_path / "three").exists()


def test_the_released_platforms_agree_but_for_a_few(tmp_path: Path, root: Path) -> None:
    released = root / "results/released/hops"
    how = ["platforms", *STUDY, "--experiment", "platforms", "--evidence", str(released / "platforms")]
    others = ["--others", str(released / "full/items.parquet"), "--output", str(tmp_path)]
    assert compare_experiments.main([*how, *others]) == 0
    table = pl.read_parquet(tmp_path / "platforms.parquet")
    assert table.height == 45 and table["agree"].sum() / table.height > 0.8
