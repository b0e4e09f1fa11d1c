"""Platforms compared: what agrees agrees, what differs is seen, and nothing is compared that is not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import polars as pl
import pytest

import compare_platforms
from make_items import make_items
from skips import reason
from test_workflow import ARMS, ROOT, copy_project, planned, snakemake
from trap.evidence.agreement import agreement, agreement_text
from trap.evidence.cells import ItemTable
from trap.evidence.claim_specs import ClaimsFile, load_claims
from trap.evidence.collect import write_items
from trap.evidence.figures.platforms import draw
from trap.evidence.theme import LIGHT, style
from trap.files import InputError

RATES = {
    "sft_more": {"accuracy": 0.3, "faithful": 0.1},
    "rsft_easy": {"accuracy": 0.3, "faithful": 0.1},
    "rsft_hard": {"accuracy": 0.4, "faithful": 0.1},
}
POOLS = ("eval_hard",)


@pytest.fixture(scope="module")
def spec(root: Path) -> ClaimsFile:
    return load_claims(root / "config/claims.yaml")


def items(platform: str, rates: dict, seed: int, seeds: int = 3) -> pl.DataFrame:
    made = make_items(rates, questions=300, seeds=seeds, seed=seed, pools=POOLS)
    return made.with_columns(pl.lit(platform).alias("platform"))


@pytest.fixture(scope="module")
def rows(spec: ClaimsFile) -> pl.DataFrame:
    other = {**RATES, "rsft_easy": {"accuracy": 0.6, "faithful": 0.1}, "rsft_eval": {"accuracy": 0.9}}
    return agreement(spec, ItemTable(pl.concat([items("torch", RATES, 1), items("mlx", other, 2, seeds=4)])))


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
        agreement(spec, ItemTable(items("mlx", RATES, 1)))


def test_the_text_has_every_row(rows: pl.DataFrame) -> None:
    text = agreement_text(rows)
    assert len(re.findall(r"^\| (?!arm |contrast )[a-z]", text, re.MULTILINE)) == rows.height
    for kind in ("arm", "contrast"):
        part = rows.filter(pl.col("kind") == kind)
        assert f"{kind}s: {int(part['agree'].sum())} of {part.height} agree" in text


def test_the_figure_has_a_mark_for_each_platform(rows: pl.DataFrame) -> None:
    with style(LIGHT):
        figure = draw(rows, LIGHT)
        marks = [line.get_gid() for axes in figure.axes for line in axes.lines if line.get_gid()]
        shown = rows.filter((pl.col("kind") == "contrast") & (pl.col("metric") == "accuracy"))
        expected = {f"point:nano:{row['name']}:{p}" for row in shown.to_dicts() for p in ("mlx", "torch")}
        assert len(marks) == len(set(marks)) and set(marks) == expected
        renderer = figure.canvas.get_renderer()
        for text in [
            *figure.texts,
            *(label for axes in figure.axes for label in [*axes.get_yticklabels(), axes.title]),
        ]:
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, text.get_text()


def test_the_command_writes_the_same_bytes_twice(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for number, platform in enumerate(("torch", "mlx")):
        files.append(str(tmp_path / f"{platform}.parquet"))
        write_items(items(platform, RATES, number), files[-1])
    claims = ["--claims", str(root / "config/claims.yaml")]
    for name in ("one", "two"):
        assert compare_platforms.main([*claims, "--items", *files, "--output", str(tmp_path / name)]) == 0
    names = {path.name for path in (tmp_path / "one").iterdir()}
    kinds = {f"platforms.{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")}
    assert names == {"platforms.md", "platforms.parquet"} | kinds
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names
    )
    assert compare_platforms.main([*claims, "--items", files[0], "--output", str(tmp_path / "three")]) == 1
    assert "evaluated on two platforms" in capsys.readouterr().err and not (tmp_path / "three").exists()


@pytest.mark.slow
def test_the_rule_takes_what_other_platforms_left(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    output = snakemake(folder, "--dry-run", "results/platforms/platforms.md", check=False)
    assert "results/hops/MODEL/PLATFORM/ARM/sSEED/items.parquet: there is none" in output
    assert "make mlx" in output and "Traceback" not in output and "Exception" not in output
    left = folder / "results/hops/nano/mlx/sft/s1"
    left.mkdir(parents=True)
    for name in ("items.parquet", "meta.json", "log.jsonl", "metrics.json", "episodes.jsonl"):
        (left / name).touch()
    targets = ["results/platforms/platforms.md", "results/hops/nano/torch/sft/s1/README.md"]
    counts = planned(folder, *targets)
    assert counts["compare_platforms"] == counts["collect_platforms"] == counts["write_model_card"] == 1
    assert counts["evaluate_adapter"] == len(ARMS)  # torch's own runs, and none of mlx
    # what was committed stands for runs that are not here
    shutil.rmtree(left)
    (folder / "results/platforms").mkdir()
    (folder / "results/platforms/items.parquet").touch()
    counts = planned(folder, targets[0])
    assert counts["compare_platforms"] == 1 and "collect_platforms" not in counts


@pytest.mark.skipif(
    not (ROOT / "results/platforms/items.parquet").is_file(), reason=reason("results", "no other platform's runs are committed")
)
def test_the_committed_comparison_is_that_of_the_committed_items(tmp_path: Path) -> None:
    committed = ROOT / "results/platforms"
    here = [str(ROOT / "results/tables/items.parquet"), str(committed / "items.parquet")]
    claims = ["--claims", str(ROOT / "config/claims.yaml")]
    assert compare_platforms.main([*claims, "--items", *here, "--output", str(tmp_path)]) == 0
    for name in ("platforms.md", "platforms.light.svg"):
        assert (tmp_path / name).read_bytes() == (committed / name).read_bytes(), name
