"""Tables from run folders: columns, known values, baselines on a hand-made graph, equal bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

import collect_runs
import tabulate_claims
import tabulate_results
from make_items import make_items, write_runs, write_samples
from trap.analysis.baselines import baseline_items, baseline_table
from trap.analysis.cells import ItemTable, read_items
from trap.analysis.collect import CURVE_COLUMNS, ITEM_ORDER, collect, run_columns, write_items
from trap.analysis.runs import read_runs, read_seconds
from trap.analysis.statistics import detectable
from trap.files import InputError, write_json, write_jsonl
from trap.report.wording import estimate_text, number_text
from trap.studies.columns import item_columns
from trap.studies.hops.records import Edge, Entity, GraphFile, Question, Relation
from trap.studies.hops.study import Options, Study
from trap.workflow.plan import TABLES
from trap.workflow.sheet import load_arms

# s --r--> a, b; a --r--> x; b --t--> y; s --t--> c; c --r--> x, z
EDGES = [
    ("s", "r", "a"),
    ("s", "r", "b"),
    ("a", "r", "x"),
    ("b", "t", "y"),
    ("s", "t", "c"),
    ("c", "r", "x"),
    ("c", "r", "z"),
]
FILE = GraphFile(
    entities=[Entity(id=name) for name in "sabcxyz"],
    relations=[Relation(id="r"), Relation(id="t")],
    edges=[Edge(src=src, rel=rel, dst=dst) for src, rel, dst in EDGES],
)
ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
ARMS = ("sft", "sft_more", "rsft_easy", "rsft_hard", "rsft_eval", "rsft_hard_k1")


def _question(number: int, chain: list[str], options: str, gold: str, pool: str = "eval_hard") -> Question:
    return msgspec.convert(
        {
            "id": f"{pool}_{number:04}",
            "split": "eval",
            "hop_len": len(chain),
            "question": "?",
            "options": dict(zip("ABCD", options, strict=True)),
            "answer_star": gold,
            "path_star": {"entities": ["s", "a", "x"], "edges": []},
            "prompt": "?",
            "ref": {"trace": ""},
            "meta": {"start": "s", "chain": chain},
        },
        Question,
    )


def _study(folder: Path) -> Study:
    write_json(folder / "kg.json", FILE)
    return Study(Options(), folder)


def test_baselines_on_a_graph_small_enough_to_count(tmp_path: Path) -> None:
    questions = [
        _question(0, ["r", "r"], "xyzc", "A"),  # after r: x (by a), y (by b); along r, r: x
        _question(1, ["t", "r"], "yxza", "C"),  # after t: x, z; along t, r: x, z: ill posed
    ]
    items = baseline_items(_study(tmp_path), {"eval_hard": questions})
    # walks of at most 2 edges from s: x 2, y 1, z 1, c 1, a 1
    expected = [
        {"chance": 0.25, "constant": 1.0, "most_paths": 1.0, "first_relation": 0.5, "ceiling": 1.0},
        {"chance": 0.25, "constant": 0.0, "most_paths": 0.0, "first_relation": 0.5, "ceiling": 0.5},
    ]
    for row, values in zip(items.to_dicts(), expected, strict=True):
        assert {name: row[name] for name in values} == values
        assert (row["level"], row["cluster"]) == (2, "s")
    table = baseline_table(items)
    whole = {row["baseline"]: row["value"] for row in table.filter(pl.col("level").is_null()).to_dicts()}
    assert whole == {
        "chance": 0.25, "constant": 0.5, "most_paths": 0.5, "first_relation": 0.5, "ceiling": 0.75,
    }  # fmt: skip
    assert table.filter(pl.col("level") == 2).height == 5


def test_a_question_from_another_graph_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no entity 'q'"):
        baseline_items(_study(tmp_path), {"eval_hard": [_question(0, ["r", "r"], "xyzq", "A")]})


def _rates() -> dict:
    rates: dict = {arm: {"accuracy": 0.4} for arm in ARMS}
    rates["rsft_hard"] = {"accuracy": 0.6, "faithful": 0.5}
    rates["rsft_eval"] = {"accuracy": 0.6, "eval_leak": 0.95}
    return rates


def _make(folder: Path, **options) -> Path:
    """Collected tables, a graph and pools in `folder`."""
    items = make_items(_rates(), questions=120, starts=24, **options)
    rollouts = {"sampled": 800, "prompts": 100, "winners": 90, "winner_faithful": 9, "winner_correct": 0.8}
    meta = {
        "rsft_hard": {
            "data": {"rollouts": rollouts | {"any_correct": 0.8, "winner_means": {"hops_used": 2.5}}}
        },
        "rsft_hard_k1": {
            "data": {"rollouts": rollouts | {"any_correct": 0.3}},
            "hyper": {"num_generations": 1},
        },
    }
    runs = write_runs(folder / "runs", items, meta)
    write_json(folder / "kg.json", FILE)
    for pool in ("eval_hard", "eval_shuffled"):
        order = "xyzc" if pool == "eval_hard" else "yxcz"
        rows = [_question(n, ["r", "r"], order, "A" if pool == "eval_hard" else "B") for n in range(120)]
        write_jsonl(folder / f"{pool}.jsonl", rows)
    for run in runs:
        write_samples(run)
    more = ["--more", *(str(run / "search/items.parquet") for run in runs)]
    assert (
        collect_runs.main([*STUDY, "--runs", *map(str, reversed(runs)), *more, "--output", str(folder)]) == 0
    )
    return folder


def _tabulate(folder: Path) -> None:
    shared = [
        *STUDY, "--sheet", f"{ROOT}/config/hops/arms.tsv", "--evidence", str(folder), "--data", str(folder),
        "--pools", str(folder / "eval_hard.jsonl"), str(folder / "eval_shuffled.jsonl"),
    ]  # fmt: skip
    assert tabulate_results.main([*shared, "--output", str(folder / "tables")]) == 0
    assert tabulate_results.main([*shared, "--own", "shuffle", "--output", str(folder / "tables")]) == 0
    assert tabulate_claims.main([*shared, "--output", str(folder / "claims.json")]) == 0


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _make(tmp_path_factory.mktemp("tables"))
    _tabulate(folder)
    return folder / "tables"


def _row(table: pl.DataFrame, **values) -> dict:
    found = table.filter(*(pl.col(name) == value for name, value in values.items()))
    assert found.height == 1, (values, found)
    return found.row(0, named=True)


def test_collected_tables_have_the_declared_columns_and_all_rows(tables: Path) -> None:
    items = read_items([tables.parent / "items.parquet"], Study)
    assert items.columns == list(item_columns(Study)) and items.height == len(ARMS) * 3 * (4 * 120 + 10)
    runs = pl.read_parquet(tables.parent / "runs.parquet")
    assert runs.columns == list(run_columns(Study)) and runs.height == len(ARMS) * 3
    assert _row(runs, arm="rsft_hard", seed=1)["winner_faithful"] == 0.1  # a count of 90 winners
    assert _row(runs, arm="rsft_hard", seed=1)["winner_correct"] == 0.8  # a share already
    curves = pl.read_parquet(tables.parent / "curves.parquet")
    assert curves.columns == list(CURVE_COLUMNS) and curves.height == len(ARMS) * 3 * 7
    assert not {"seconds", "time"} & set(items.columns)


def test_arms_hold_every_metric_with_an_interval_beside_the_baselines(tables: Path) -> None:
    arms = pl.read_parquet(tables / "arms.parquet")
    row = _row(arms, arm="rsft_hard", pool="eval_hard", metric="accuracy")
    assert row["value"] == pytest.approx(0.6, abs=0.08)
    assert row["low"] < row["value"] < row["high"] and (row["n"], row["seeds"]) == (120, 3)
    assert _row(arms, arm="rsft_eval", pool="eval_leak", metric="accuracy")["contaminated"] is True
    assert _row(arms, arm="baseline:chance", pool="eval_hard")["value"] == 0.25
    assert _row(arms, arm="baseline:ceiling", pool="eval_hard")["value"] == 1.0
    assert (arms["low"] <= arms["value"]).all() and (arms["value"] <= arms["high"]).all()


def test_by_level_splits_what_arms_joins(tables: Path) -> None:
    by_level = pl.read_parquet(tables / "by_level.parquet")
    whole = _row(pl.read_parquet(tables / "arms.parquet"), arm="sft", pool="eval_easy", metric="accuracy")
    parts = by_level.filter(
        pl.col("arm") == "sft", pl.col("pool") == "eval_easy", pl.col("metric") == "accuracy"
    )
    assert parts["level"].to_list() == [1, 2, 3] and parts["n"].sum() == whole["n"]
    assert (parts["value"] * parts["n"]).sum() / whole["n"] == pytest.approx(whole["value"], abs=1e-5)


def test_contrasts_are_paired_and_corrected(tables: Path) -> None:
    contrasts = pl.read_parquet(tables / "contrasts.parquet")
    row = _row(contrasts, name="contamination")
    assert row["low"] > 0.2 and row["p_holm"] < 0.05 and len(row["mcnemar_p"]) == 3 == row["mcnemar_below_05"]
    assert (contrasts["p_holm"] >= contrasts["p"]).all()
    null = _row(contrasts, name="trap")
    assert null["low"] < 0 < null["high"] and null["equivalent"] is False
    items = read_items([tables.parent / "items.parquet"], Study)
    chosen = {
        arm: items.filter(pl.col("arm") == arm, pl.col("pool") == "eval_leak")
        for arm in ("rsft_eval", "rsft_hard")
    }
    assert row["value"] == pytest.approx(
        chosen["rsft_eval"]["correct"].mean() - chosen["rsft_hard"]["correct"].mean(), abs=1e-6
    )
    assert sum(row["only_arm"]) - sum(row["only_minus"]) == round(row["value"] * 360)


def test_contrasts_say_what_they_could_have_seen_and_where_their_variance_lies(tables: Path) -> None:
    contrasts = pl.read_parquet(tables / "contrasts.parquet")
    parts = contrasts.select(pl.sum_horizontal("part_seeds", "part_items", "part_rest")).to_series()
    assert np.allclose(parts, 1, atol=1e-5) and contrasts["room"].to_list() == [""] * contrasts.height
    for row in contrasts.to_dicts():
        assert row["detectable"] == pytest.approx(detectable(row["se"], row["df"]), rel=1e-3)
        assert row["detectable"] > 2.8 * row["se"]
    assert "smallest it could see" in (tables / "contrasts.md").read_text()


def test_the_best_checkpoint_is_chosen_on_another_pool_than_it_is_scored_on(tables: Path) -> None:
    found = pl.read_parquet(tables / "checkpoints.parquet")
    row = _row(found, arm="sft", pool="valid_hard", metric="accuracy")
    # easy items are best at the first probe, where hard ones are worse than at the last
    numbers = {
        "chosen_on": "valid_easy",
        "probes": 2,
        "step": 1,
        "last": 0.5,
        "best": 0.3,
        "difference": -0.2,
        "seeds": 3,
    }
    assert {name: row[name] for name in numbers} == numbers and row["n"] == 100
    other = _row(found, arm="sft", pool="valid_easy", metric="accuracy")
    assert (other["chosen_on"], other["step"], other["difference"]) == ("valid_hard", 3, 0)
    assert (found["pool"] != found["chosen_on"]).all()


def test_pass_at_k_is_counted_where_samples_were(tables: Path) -> None:
    found = pl.read_parquet(tables / "pass_at_k.parquet").filter(arm="sft", metric="accuracy")
    assert found["k"].to_list() == [1, 2, 4] and set(found["samples"]) == {4}
    # of 0 to 4 right in 4 samples, twice each
    assert found["value"].to_list() == pytest.approx([0.5, 0.2 * (0 + 3 / 6 + 5 / 6 + 1 + 1), 0.8], abs=1e-6)
    assert (found["low"] <= found["value"]).all() and (found["value"] <= found["high"]).all()
    assert found["n"].to_list() == [10] * 3 and found["seeds"].to_list() == [3] * 3


def test_doses_and_rollouts(tables: Path) -> None:
    doses = pl.read_parquet(tables / "doses.parquet")
    share = doses.filter(
        pl.col("family") == "hard_share", pl.col("pool") == "eval_hard", pl.col("metric") == "accuracy"
    )
    assert share["x"].to_list() == [0.0, 1.0]  # the doses that were run
    rollouts = pl.read_parquet(tables / "rollouts.parquet")
    assert rollouts["arm"].to_list() == ["rsft_hard", "rsft_hard_k1"]
    eight = _row(rollouts, arm="rsft_hard")
    assert eight["k"] == 8 and eight["leaked"] == 0.8
    assert eight["predicted_blind"] == pytest.approx(0.8999, abs=1e-4)
    assert eight["predicted"] == pytest.approx(1 - 0.7**8, abs=1e-6)


def test_shuffle_compares_options_not_only_letters(tables: Path) -> None:
    shuffle = pl.read_parquet(tables / "shuffle.parquet")
    row = _row(shuffle, arm="sft")
    items = read_items([tables.parent / "items.parquet"], Study).filter(pl.col("arm") == "sft")
    one, two = (
        items.filter(pl.col("pool") == pool).sort("id", "seed")["answer"].to_numpy()
        for pool in ("eval_hard", "eval_shuffled")
    )
    assert row["same_letter"] == pytest.approx(np.mean(one == two), abs=1e-6)
    moved = {"A": "B", "B": "A", "C": "D", "D": "C"}
    assert row["same_option"] == pytest.approx(
        np.mean([moved[a] == b for a, b in zip(one, two, strict=True)]), abs=1e-6
    )
    assert row["value"] == pytest.approx(row["accuracy_shuffled"] - row["accuracy"], abs=2e-6)


def test_every_table_has_a_markdown_twin_and_no_clock(tables: Path) -> None:
    for name in (*TABLES, "shuffle"):
        table = pl.read_parquet(tables / f"{name}.parquet")
        assert table.height, name
        assert (tables / f"{name}.md").read_text().startswith("# ")
        assert not [column for column in table.columns if "second" in column or "time" in column]
    text = (tables / "arms.md").read_text()
    assert "contaminated" in text and "| chance | baseline | 120 | 25 % |" in text
    assert pl.read_parquet(tables / "noise.parquet")["band"].min() > 0


def test_two_clean_passes_agree_to_the_byte(tables: Path, tmp_path: Path) -> None:
    again = _make(tmp_path)
    _tabulate(again)
    for path in sorted(tables.iterdir()):
        one, two = (
            hashlib.sha256(file.read_bytes()).hexdigest() for file in (path, again / "tables" / path.name)
        )
        assert one == two, path.name


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda run: (run / "meta.json").unlink(), "meta.json: no such file"),
        (lambda run: (run / "items.parquet").unlink(), "items.parquet: no such file"),
        (lambda run: (run / "items.parquet").write_bytes(b"PAR1half"), "not a readable Parquet"),
        (lambda run: (run / "meta.json").write_text('{"study": "hops"}'), "missing required field"),
        (lambda run: (run / "episodes.jsonl").unlink(), "episodes.jsonl: no such file"),
        (lambda run: (run / "log.jsonl").write_text('{"kind": "train"}\n{"kind":'), "log.jsonl:2"),
    ],
)
def test_half_a_run_is_one_clear_error(tmp_path: Path, capsys, break_it, message: str) -> None:
    runs = write_runs(tmp_path, make_items({"sft": {"accuracy": 0.5}}, seeds=2, questions=10))
    break_it(runs[0])
    output = tmp_path / "collected"
    arguments = [*STUDY, "--runs", *map(str, runs), "--output", str(output)]
    assert collect_runs.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and message in error and error.count("\n") == 1
    assert not output.exists()


def test_a_run_given_twice_or_mislabelled_is_refused(tmp_path: Path, capsys) -> None:
    runs = write_runs(tmp_path, make_items({"sft": {"accuracy": 0.5}}, seeds=1, questions=10))
    arguments = [*STUDY, "--output", str(tmp_path / "collected")]
    assert collect_runs.main(["--runs", str(runs[0]), str(runs[0]), *arguments]) == 1
    assert "given twice" in capsys.readouterr().err
    meta = (runs[0] / "meta.json").read_text()
    (runs[0] / "meta.json").write_text(meta.replace('"arm": "sft"', '"arm": "rsft_easy"'))
    assert collect_runs.main(["--runs", str(runs[0]), *arguments]) == 1
    assert "meta.json says 'rsft_easy'" in capsys.readouterr().err


def test_many_runs_stay_small(tmp_path: Path) -> None:
    arms = {f"arm{number}": {"accuracy": 0.5, "faithful": 0.3} for number in range(5)}
    items = make_items(arms, seeds=2, questions=825, starts=150).sort(ITEM_ORDER)
    write_items(items, tmp_path / "items.parquet")
    # 400 runs of 3 300 items, all outcomes pure chance, must stay below 8 MB
    assert (tmp_path / "items.parquet").stat().st_size / items.height * 400 * 3300 < 8e6
    assert ItemTable(read_items([tmp_path / "items.parquet"], Study), Study).arms("nano") == set(arms)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.41, 0.35, 0.47, "share", 1000, 3), "41 % [35-47], n = 1000 x 3 seeds"),
        ((0.004, 0.0, 0.011, "share", 1000, 1), "0.4 % [0-1.1], n = 1000 x 1 seed"),
        ((0.12, 0.08, 0.15, "points", 1000, 10), "+12.0 points [+8.0 to +15.0], n = 1000 x 10 seeds"),
        ((-0.03, -0.05, 0.0, "points", 300, 3), "-3.0 points [-5.0 to 0.0], n = 300 x 3 seeds"),
        ((2.4, 2.3, 2.5, "hops", 1000, 3), "2.40 hops [2.30-2.50], n = 1000 x 3 seeds"),
        ((0.9, None, None, "share", None, None), "90 %"),
        ((None, None, None, "share", None, None), ""),
    ],
)
def test_numbers_for_people(numbers: tuple, text: str) -> None:
    assert estimate_text(*numbers) == text
    assert number_text(None, "share") == "-"


def test_names_come_from_the_sheet_and_seconds_from_their_file(
    tables: Path, root: Path, tmp_path: Path
) -> None:
    seconds = read_seconds(tables.parent / "seconds.json")
    runs = read_runs(tables.parent / "runs.parquet", load_arms(root / "config/hops/arms.tsv"), seconds)
    assert set(runs.filter(arm="rsft_hard")["label"]) == {"B RSFT hard"}
    assert set(runs.filter(arm="rsft_hard")["short"]) == {"RSFT hard"}
    assert runs.filter("contaminated")["arm"].unique().to_list() == ["rsft_eval"]
    assert set(runs["seconds_train"]) == {2.0} and set(runs["seconds_evaluate"]) == {0.5}
    bare = read_runs(tables.parent / "runs.parquet")
    assert (
        bare["label"].to_list() == bare["arm"].to_list() and bare["seconds_train"].null_count() == bare.height
    )
    broken = tmp_path / "seconds.json"
    broken.write_text('{"hops/nano/torch/sft/s1": {"train": "long", "evaluate": 1}}', encoding="utf-8")
    with pytest.raises(InputError, match="sft/s1: train: not a number"):
        read_seconds(broken)


def test_longer_chains_join_the_items_of_their_run(tmp_path: Path) -> None:
    near, far = (make_items({"sft": {"accuracy": 0.5}}, questions=20, starts=5, seeds=1, pools=pools)
                 for pools in (("eval_hard",), ("eval_hop6",)))  # fmt: skip
    (run,) = write_runs(tmp_path / "runs", near)
    with pytest.raises(InputError, match=r"far/items\.parquet"):
        collect([run], Study, [run / "far/items.parquet"])
    (run / "far").mkdir()
    write_items(far, run / "far/items.parquet")
    assert set(collect([run], Study).items["pool"]) == {"eval_hard"}
    both = collect([run], Study, [run / "far/items.parquet"])
    assert both.items.group_by("pool").len().sort("pool").rows() == [("eval_hard", 20), ("eval_hop6", 20)]
    assert both.runs.height == 1
    write_items(far.with_columns(seed=pl.lit(9, pl.Int16)), run / "far/items.parquet")
    with pytest.raises(InputError, match=r"far/items\.parquet: seed"):
        collect([run], Study, [run / "far/items.parquet"])
    with pytest.raises(InputError, match="its run is not among those given"):
        collect([run], Study, [tmp_path / "other/s1/far/items.parquet"])
