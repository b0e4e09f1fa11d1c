"""The trap against model size: what changes with size is seen, and the target asks for these runs alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import compare_experiments
import plot_figure
import train_base
from make_items import make_items
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import ClaimsFile, load_claims
from trap.analysis.collect import write_items
from trap.analysis.scaling import scaling, scaling_text, size_text
from trap.files import InputError, write_json
from trap.studies.hops.records import Edge, Entity, GraphFile, Relation
from trap.studies.hops.study import Study
from trap.workflow.config import Model, load_config
from trap.workflow.opening import open_study
from trap.workflow.plan import Plan

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
SIZES = {"small": 1_000_000, "middle": 10_000_000, "large": 100_000_000}
POOLS = ("eval_hard",)
GRAPH = GraphFile(
    entities=[Entity(id="Slow", type="cause"), Entity(id="Cache", type="cause")],
    relations=[Relation(id="leads_to")],
    edges=[Edge(src="Slow", rel="leads_to", dst="Cache")],
)


@pytest.fixture(scope="module")
def spec(root: Path) -> ClaimsFile:
    return load_claims(root / "config/hops/claims.yaml", Study)


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
    return scaling(spec, ItemTable(items(lambda n: 0.1 + 0.2 * n), Study), SIZES, "torch")


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
    more = scaling(spec, ItemTable(items(lambda n: 0.1 + 0.2 * n, seeds=8), Study), SIZES, "torch")
    widths = [row["high"] - row["low"] for table in (rows, more) for row in found(table, "slope", "trap")]
    assert widths[1] < widths[0]
    assert {row["seeds"] for row in found(more, "arm", "rsft_easy")} == {8}


def test_sizes_that_cannot_be_compared_are_refused(spec: ClaimsFile) -> None:
    table = ItemTable(items(lambda n: 0.1), Study)
    with pytest.raises(InputError, match="items of two sizes are needed, of small, tiny; there are 1"):
        scaling(spec, table, {"small": 10, "tiny": 5}, "torch")
    with pytest.raises(InputError, match="equally many parameters"):
        scaling(spec, table, {"small": 10, "large": 10}, "torch")


def test_a_size_that_ran_part_of_the_arms_is_still_shown(spec: ClaimsFile) -> None:
    part = items(lambda n: 0.3).filter((pl.col("model") != "large") | (pl.col("arm") == "rsft_hard"))
    rows = scaling(spec, ItemTable(part, Study), SIZES, "torch")
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


def test_the_figure_has_a_mark_for_each_size(rows: pl.DataFrame, tmp_path: Path) -> None:
    rows.write_parquet(tmp_path / "scaling.parquet")
    where = ["--tables", str(tmp_path), "--output-dir", str(tmp_path)]
    assert plot_figure.main(["scaling", *STUDY, "--experiment", "scaling", *where]) == 0
    marks = set(re.findall(r'id="(point:[^"]+)"', (tmp_path / "scaling.light.svg").read_text()))
    expected = {f"point:contrast:{name}:{m}" for name in ("trap", "matching") for m in SIZES}
    assert marks == expected


def test_the_size_from_the_shape_is_the_model_s(
    root: Path, hops_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    config = load_config("config/config.yaml")
    spec, study = config.models["nano_3m"], open_study(config, "hops", hops_data)
    made = train_base.fresh_model(spec, study, 1, "cpu")
    vocabulary = made.tokenizer.get_vocab_size()
    assert compare_experiments.weights_of("x", spec, vocabulary) == sum(
        w.numel() for w in made.weights.values()
    )
    with pytest.raises(InputError, match=r"models\.x: vocabulary: not said"):
        compare_experiments.weights_of("x", Model(source="a/b"), vocabulary)


def test_the_command_writes_the_same_bytes_twice(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ("nano_quarter", "nano", "nano_3m")
    made = items(lambda n: 0.3).with_columns(
        pl.col("model").replace_strict(dict(zip(SIZES, models, strict=True)))
    )
    here, there = tmp_path / "here", tmp_path / "there"
    write_items(made.filter(pl.col("model") != "nano"), here / "items.parquet")
    write_items(made.filter(pl.col("model") == "nano"), there / "items.parquet")
    write_json(tmp_path / "kg.json", GRAPH)
    how = ["scaling", *STUDY, "--experiment", "scaling", "--data", str(tmp_path), "--evidence", str(here)]
    for name in ("one", "two"):
        others = ["--others", str(there / "items.parquet"), "--output", str(tmp_path / name)]
        assert compare_experiments.main([*how, *others]) == 0
    for name in ("scaling.parquet", "scaling.md"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert set(pl.read_parquet(tmp_path / "one/scaling.parquet")["model"]) >= set(models)
    how[how.index("--experiment") + 1] = "mini"
    assert compare_experiments.main([*how, "--output", str(tmp_path / "three")]) == 1
    assert "no `mini`" in capsys.readouterr().err and not (tmp_path / "three").exists()


def test_larger_sizes_are_no_part_of_the_paper(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    plan = Plan.of(load_config("config/config.yaml"), "hops")
    models = {name: {run.model for run in plan.runs(name)} for name in ("default", "full", "scaling")}
    others = {"nano_quarter", "nano_3m"}
    assert models["scaling"] == {"nano", *others}
    assert not models["full"] & others and not models["default"] & others
    # of the model that the others have as well, nothing is trained again
    assert {run.model for run in plan.collected("scaling")} == others
