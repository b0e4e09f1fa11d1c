"""The trap against model size: what changes with size is seen, and the target asks for these runs alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import yaml

import compare_sizes
import train_base
from make_items import make_items
from test_workflow import ROOT, copy_project, planned
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.collect import write_items
from trap.analysis.scaling import scaling, scaling_text, size_text
from trap.figures.scaling import draw
from trap.figures.theme import LIGHT, style
from trap.files import InputError
from trap.workflow.config import Model, load_config
from trap.workflow.plan import Plan

SIZES = {"small": 1_000_000, "middle": 10_000_000, "large": 100_000_000}
POOLS = ("eval_hard",)


@pytest.fixture(scope="module")
def spec(root: Path) -> ClaimsFile:
    return load_claims(root / "config/claims.yaml")


def items(easy: Callable[[int], float], seeds: int = 3) -> pl.DataFrame:
    """Three sizes; `easy` is the accuracy of the arm on easy prompts at the n-th of them."""
    return pl.concat(
        make_items(
            {"sft_more": {"accuracy": 0.5}, "rsft_easy": {"accuracy": easy(n)}, "rsft_hard": {"accuracy": 0.5}},
            questions=400, seeds=seeds, seed=n, pools=POOLS, model=model,
        )
        for n, model in enumerate(SIZES)
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows(spec: ClaimsFile) -> pl.DataFrame:
    return scaling(spec, ItemTable(items(lambda n: 0.1 + 0.2 * n)), SIZES)


def found(rows: pl.DataFrame, kind: str, name: str) -> list[dict]:
    wanted = (pl.col("kind") == kind) & (pl.col("name") == name) & (pl.col("metric") == "accuracy")
    return rows.filter(wanted).to_dicts()


def test_a_contrast_that_shrinks_has_a_slope(rows: pl.DataFrame) -> None:
    trap = found(rows, "contrast", "trap")
    assert [row["model"] for row in trap] == list(SIZES)
    assert [row["value"] for row in trap] == pytest.approx([-0.4, -0.2, 0.0], abs=0.07)
    (slope,) = found(rows, "slope", "trap")
    # three sizes a factor of ten apart: the slope is half of what lies between the ends
    assert slope["value"] == pytest.approx((trap[2]["value"] - trap[0]["value"]) / 2, abs=1e-5)
    assert slope["low"] > 0 and slope["unit"] == "points"
    (same,) = found(rows, "slope", "matching")
    assert same["low"] < 0 < same["high"]


def test_more_seeds_make_narrower_intervals(spec: ClaimsFile, rows: pl.DataFrame) -> None:
    more = scaling(spec, ItemTable(items(lambda n: 0.1 + 0.2 * n, seeds=8)), SIZES)
    widths = [row["high"] - row["low"] for table in (rows, more) for row in found(table, "slope", "trap")]
    assert widths[1] < widths[0]
    assert {row["seeds"] for row in found(more, "arm", "rsft_easy")} == {8}


def test_sizes_that_cannot_be_compared_are_refused(spec: ClaimsFile) -> None:
    table = ItemTable(items(lambda n: 0.1))
    with pytest.raises(InputError, match="items of two sizes are needed, of small, tiny; there are 1"):
        scaling(spec, table, {"small": 10, "tiny": 5})
    with pytest.raises(InputError, match="equally many parameters"):
        scaling(spec, table, {"small": 10, "large": 10})


def test_a_size_that_ran_part_of_the_arms_is_still_shown(spec: ClaimsFile) -> None:
    part = items(lambda n: 0.3).filter((pl.col("model") != "large") | (pl.col("arm") == "rsft_hard"))
    rows = scaling(spec, ItemTable(part), SIZES)
    assert [row["model"] for row in found(rows, "contrast", "trap")] == ["small", "middle"]
    assert len(found(rows, "slope", "trap")) == 1 and len(found(rows, "arm", "rsft_hard")) == 3


def test_the_text_has_every_row(rows: pl.DataFrame) -> None:
    text = scaling_text(rows)
    lines = re.findall(r"^\| (?!arm |contrast )[a-z].*$", text, re.MULTILINE)
    cells = sum(len(re.findall(r"\[[^\]]*\]", line)) for line in lines)
    assert cells == rows.height
    assert "small, 1.0 M" in text and "large, 100 M" in text


def test_sizes_are_written_short() -> None:
    assert [size_text(n) for n in (953_856, 2_650_000, 134_515_008)] == ["0.95 M", "2.6 M", "135 M"]


def test_the_figure_has_a_mark_for_each_size(rows: pl.DataFrame) -> None:
    with style(LIGHT):
        figure = draw(rows, LIGHT)
        marks = [line.get_gid() for axes in figure.axes for line in axes.lines if line.get_gid()]
        expected = {f"point:arm:{arm}:{m}" for arm in ("sft_more", "rsft_easy", "rsft_hard") for m in SIZES}
        expected |= {f"point:contrast:{name}:{m}" for name in ("trap", "matching") for m in SIZES}
        assert len(marks) == len(set(marks)) and set(marks) == expected
        renderer = figure.canvas.get_renderer()
        labels = [label for axes in figure.axes for label in [*axes.get_xticklabels(), axes.title]]
        for text in [*figure.texts, *labels]:
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, text.get_text()


def test_the_size_from_the_shape_is_the_model_s(root: Path) -> None:
    spec = load_config(root / "config/config.yaml").models["nano_3m"]
    made = train_base.fresh_model(spec, str(root / "results/hops/data/kg.json"), 1, "cpu")
    vocabulary = made.tokenizer.get_vocab_size()
    assert compare_sizes.weights_of("x", spec, vocabulary) == sum(w.numel() for w in made.weights.values())
    with pytest.raises(InputError, match=r"models\.x: vocabulary: not said"):
        compare_sizes.weights_of("x", Model(source="a/b"), vocabulary)


def test_the_command_writes_the_same_bytes_twice(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = items(lambda n: 0.3).with_columns(
        pl.col("model").replace_strict(dict(zip(SIZES, ("nano", "nano_3m", "nano_11m"), strict=True)))
    )
    write_items(made, tmp_path / "items.parquet")
    how = ["--claims", str(root / "config/claims.yaml"), "--graph", str(root / "results/hops/data/kg.json")]
    how += ["--config", str(root / "config/config.yaml"), "--items", str(tmp_path / "items.parquet")]
    models = ["--models", "nano", "nano_3m", "nano_11m"]
    for name in ("one", "two"):
        assert compare_sizes.main([*how, *models, "--output", str(tmp_path / name)]) == 0
    names = {path.name for path in (tmp_path / "one").iterdir()}
    kinds = {f"scaling.{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")}
    assert names == {"scaling.md", "scaling.parquet"} | kinds
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names
    )
    assert compare_sizes.main([*how, "--models", "nano", "mini", "--output", str(tmp_path / "three")]) == 1
    assert "no model `mini`" in capsys.readouterr().err and not (tmp_path / "three").exists()


def test_larger_sizes_are_no_part_of_the_paper(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"))
    models = {size: {run.model for run in plan.runs(size)} for size in ("default", "full", "scaling")}
    assert models["scaling"] == {"nano_quarter", "nano", "nano_3m"}
    assert not models["full"] & {"nano_quarter", "nano_3m"} and not models["default"] & {
        "nano_quarter",
        "nano_3m",
    }


@pytest.mark.slow
def test_the_target_trains_the_sizes_and_draws_one_figure(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    path = folder / "config/config.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values["sizes"]["scaling"] = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["sizes"]["scaling"]  # fmt: skip
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    counts = planned(folder, "scaling")
    seeds, adapters = 3, len(values["sizes"]["scaling"]["models"]["nano"]) - 1  # but for the base
    assert counts["train_base"] == 3 and counts["train_adapter"] == 3 * seeds * adapters
    assert counts["evaluate_adapter"] == 3 * (seeds * adapters + 1) and counts["compare_sizes"] == 1
    assert counts["collect_runs"] == 1 and not {"render_post", "tabulate_claims"} & counts.keys()
