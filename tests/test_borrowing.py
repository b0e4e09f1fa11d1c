"""Runs that another experiment has collected are taken over: equal rows, no extra pools, and a clear line for a lack."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import collect_runs
from make_items import make_items, write_runs, write_samples
from trap.analysis.borrowing import TABLES, borrow
from trap.analysis.collect import write_items
from trap.files import InputError
from trap.studies.hops.study import Study

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
RATES = {"sft": {"accuracy": 0.5, "faithful": 0.4}, "rsft_easy": {"accuracy": 0.6}}


def collected(folder: Path, runs: list[Path], *options: object) -> Path:
    assert collect_runs.main([*STUDY, "--runs", *map(str, runs), "--output", str(folder), *map(str, options)]) == 0  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two arms, two seeds each."""
    items = make_items(RATES, seeds=2, questions=6, starts=3)
    return write_runs(tmp_path_factory.mktemp("runs"), items)


def test_a_run_taken_from_another_experiment_gives_equal_rows(runs: list[Path], tmp_path: Path) -> None:
    of_sft = [run for run in runs if run.parts[-2] == "sft"]
    others = [run for run in runs if run not in of_sft]
    whole = collected(tmp_path / "whole", runs)
    lender = collected(tmp_path / "lender", of_sft)
    empty = collected(tmp_path / "first", others[:1])  # asked first, and holds none of them
    names = [f"hops/nano/torch/sft/{seed}" for seed in (1, 2)]
    joined = collected(tmp_path / "joined", others, "--others", empty, lender, "--borrow", *names)
    for name in TABLES:
        one, two = (pl.read_parquet(folder / f"{name}.parquet") for folder in (whole, joined))
        assert one.height and one.equals(two), name
    one, two = ((folder / "seconds.json").read_bytes() for folder in (whole, joined))
    assert one == two


def test_only_the_named_runs_are_taken(runs: list[Path], tmp_path: Path) -> None:
    lender = collected(tmp_path / "lender", runs)
    tables, seconds = borrow([lender], ["hops/nano/torch/sft/2"], Study)
    assert list(seconds) == ["hops/nano/torch/sft/2"]
    for name in TABLES:
        found = tables[name].select("arm", "seed").unique().rows()
        assert set(found) <= {("sft", 2)}, name
    assert tables["items"].height == 6 * 4


def test_the_first_folder_that_holds_a_run_supplies_it(runs: list[Path], tmp_path: Path) -> None:
    first, second = (collected(tmp_path / name, runs[:1]) for name in ("one", "two"))
    name = next(iter(json.loads((first / "seconds.json").read_text())))
    write_items(pl.read_parquet(second / "items.parquet").clear(), second / "items.parquet")
    assert borrow([first, second], [name], Study)[0]["items"].height == 6 * 4


def test_a_run_that_none_holds_is_one_clear_line(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lender, output = collected(tmp_path / "lender", runs[:1]), tmp_path / "joined"
    capsys.readouterr()
    arguments = [*STUDY, "--runs", str(runs[-1]), "--output", str(output)]
    missing = "hops/nano/torch/sft/9"
    assert collect_runs.main([*arguments, "--others", str(lender), "--borrow", missing]) == 1
    error = capsys.readouterr().err
    assert error == f"error: {lender}: no run {missing}\n" and not output.exists()
    with pytest.raises(InputError, match=r"nowhere/seconds\.json"):
        borrow([tmp_path / "nowhere"], [missing], Study)


def test_pools_that_only_the_lender_asks_are_left_out(runs: list[Path], tmp_path: Path) -> None:
    run = runs[0]
    arm, seed = run.parts[-2], int(run.name[1:])
    chosen = pl.col("arm") == arm, pl.col("seed") == seed
    more = []
    for pool in ("eval_hop6", "eval_hard_of4"):
        longer = make_items(RATES, seeds=2, questions=6, starts=3, pools=(pool,)).filter(*chosen)
        (run / pool).mkdir()
        write_items(longer, run / pool / "items.parquet")
        more.append(run / pool / "items.parquet")
    lender = collected(tmp_path / "lender", [run], "--more", *more)
    pools = set(pl.read_parquet(lender / "items.parquet")["pool"])
    assert {"eval_hop6", "eval_hard_of4"} < pools
    tables, _ = borrow([lender], [f"hops/nano/torch/{arm}/{seed}"], Study)
    assert set(tables["items"]["pool"]) == pools - {"eval_hop6", "eval_hard_of4"}


def test_pools_that_only_its_release_asked_stay_with_a_run(runs: list[Path], tmp_path: Path) -> None:
    release = collected(tmp_path / "release", runs[:1])
    rows = pl.read_parquet(release / "items.parquet")
    more = rows.filter(pl.col("pool") == "eval_hard").with_columns(
        pl.lit("eval_hop6").cast(pl.String).alias("pool")
    )
    write_items(
        pl.concat([rows.with_columns(pl.col("pool").cast(pl.String)), more]), release / "items.parquet"
    )
    (name,) = json.loads((release / "seconds.json").read_text())
    options = ["--others", release, "--borrow", name]
    for extends, height in (([], rows.height), (["--extends", release], rows.height + more.height)):
        folder = collected(tmp_path / f"to{height}", runs[1:2], *options, *extends)
        found = pl.read_parquet(folder / "items.parquet")
        assert found.height - pl.read_parquet(runs[1] / "items.parquet").height == height


def test_an_experiment_may_take_all_its_runs_over(runs: list[Path], tmp_path: Path) -> None:
    lender = collected(tmp_path / "lender", runs)
    names = list(json.loads((lender / "seconds.json").read_text()))
    folder = collected(tmp_path / "joined", [], "--others", lender, "--borrow", *names)
    for name in TABLES:
        one, two = (pl.read_parquet(place / f"{name}.parquet") for place in (lender, folder))
        assert one.equals(two), name


def test_counts_of_samples_of_a_release_stay_beside_new_ones(tmp_path: Path) -> None:
    runs = write_runs(
        tmp_path / "runs", make_items({"sft": {"accuracy": 0.5}}, seeds=2, questions=6, starts=3)
    )
    for run in runs:
        write_samples(run)
    searched = [run / "search/items.parquet" for run in runs]
    whole = collected(tmp_path / "whole", runs, "--more", *searched)
    first = collected(tmp_path / "first", runs[:1], "--more", searched[0])
    name = "hops/nano/torch/sft/1"
    more = ["--more", searched[1], "--others", first, "--borrow", name]
    both = collected(tmp_path / "both", runs[1:], *more, "--extends", first)
    counts = pl.read_parquet(whole / "samples.parquet")
    assert counts["seed"].unique().sort().to_list() == [1, 2] and counts.equals(
        pl.read_parquet(both / "samples.parquet")
    )
    lent = collected(tmp_path / "lent", runs[1:], *more)  # of another experiment, only its answers are taken
    assert pl.read_parquet(lent / "samples.parquet")["seed"].unique().to_list() == [2]
    assert pl.read_parquet(collected(tmp_path / "none", runs) / "samples.parquet").is_empty()
