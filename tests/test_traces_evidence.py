"""From graded traces to the study's own tables, measures of claims and figure, on answers that are made up."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from figure_texts import check_texts
from trap.analysis.cells import ItemTable, metrics_of
from trap.analysis.claim_specs import Measure, load_claims
from trap.analysis.measures import Evidence, Missing, measure
from trap.analysis.summaries import Summaries
from trap.files import InputError
from trap.studies.base import BaseStudy, Score, load_study, study_class
from trap.studies.columns import item_columns
from trap.studies.traces.analysis.failures import (
    confusion_table,
    confusion_text,
    failure_table,
    failures_text,
)
from trap.studies.traces.language import EXPERTS
from trap.studies.traces.lint import KINDS
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
SHEET = load_arms(ROOT / "config/traces/arms.tsv")
POOLS = {"eval_easy": 30, "eval_hard": 12}
SEEDS = 3
# How each arm answers: every so-manieth item goes wrong in this way.
WRONG = {
    "sft": (2, lambda text: text.replace("{op: query", "{op: ask")),
    "sft_hard": (3, lambda text: text[: len(text) // 2]),
    "rsft_hard": (1, lambda text: text),
    "rsft_easy": (1, lambda text: text.replace("expert: arithmetic", "expert: percentage")),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> BaseStudy:
    home = tmp_path_factory.mktemp("results")
    return load_study("traces", {}, home / "traces/data", 0)


@pytest.fixture(scope="module")
def items(study: BaseStudy) -> pl.DataFrame:
    rows = []
    for arm, (every, spoil) in WRONG.items():
        for seed in range(1, SEEDS + 1):
            for pool, count in POOLS.items():
                for number, item in enumerate(study.items(pool, count)):
                    text = spoil(item.reference) if number % every == 0 else item.reference
                    run = {
                        "study": "traces",
                        "model": "nano_nope",
                        "platform": "torch",
                        "arm": arm,
                        "seed": seed,
                    }
                    score: Score = study.score(item, text)
                    rows.append({**run, "pool": pool, **study.row(item, score), "ranked": None, "tokens": 20})
    return pl.DataFrame(rows, schema=item_columns(type(study)))


@pytest.fixture(scope="module")
def summaries(study: BaseStudy, items: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Summaries:
    spec = load_claims(ROOT / "config/traces/claims.yaml", type(study))
    return Summaries(spec, study, {}, items, pl.DataFrame(), SHEET, tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def evidence(study: BaseStudy, items: pl.DataFrame, summaries: Summaries) -> Evidence:
    return Evidence(
        summaries.spec, ItemTable(items, type(study)), pl.DataFrame(), {"items": "items.parquet"}, study=study
    )


def rate(table: pl.DataFrame, arm: str, kind: str, pool: str = "eval_easy") -> float:
    return table.filter(pl.col("arm") == arm, pl.col("kind") == kind, pl.col("pool") == pool)["value"].item()


def test_failures_are_counted(summaries: Summaries) -> None:
    table = failure_table(summaries)
    assert rate(table, "sft", "invented_operation") == pytest.approx(0.5)
    assert rate(table, "sft", "unparsed") == pytest.approx(0.5)
    assert rate(table, "sft_hard", "cut") == pytest.approx(1 / 3)
    assert rate(table, "rsft_hard", "stopped") == 0
    assert all(rate(table, "rsft_hard", kind) == 0 for kind in KINDS)
    for row in table.iter_rows(named=True):
        assert row["low"] - 1e-9 <= row["value"] <= row["high"] + 1e-9 and row["seeds"] == SEEDS
    text = failures_text(table)
    assert KINDS["invented_operation"] in text and KINDS["source_and_value"] not in text


def test_experts_that_are_confused_are_counted(summaries: Summaries, items: pl.DataFrame) -> None:
    table = confusion_table(summaries)
    assert table["n"].sum() == items.height
    confused = table.filter(pl.col("arm") == "rsft_easy", pl.col("asked") == "arithmetic")
    assert confused["written"].unique().to_list() == ["percentage"]
    assert "arithmetic | percentage" in confusion_text(table)


def test_metrics_by_expert(evidence: Evidence) -> None:
    assert {
        *(f"accuracy_{expert}" for expert in EXPERTS),
        "accuracy_composition",
        "confused_arithmetic",
    } <= metrics_of(study_class("traces")).keys()

    def found(arm: str, metric: str) -> float:
        what = Measure(arm=arm, model="nano_nope", platform="torch", pool="eval_easy", metric=metric)
        return measure(what, evidence).value

    assert found("rsft_hard", "accuracy_arithmetic") == found("rsft_hard", "accuracy_comparison") == 1
    assert found("rsft_easy", "confused_arithmetic") == 1 and found("rsft_hard", "confused_arithmetic") == 0
    assert found("rsft_easy", "accuracy_arithmetic") == 0 and found("rsft_easy", "accuracy_entity_track") == 1


def test_the_ceiling_comes_from_the_file(evidence: Evidence, study: BaseStudy) -> None:
    what = Measure(study="ceiling", of="compiled", model="nano_nope")
    with pytest.raises(Missing, match="not given"):
        measure(what, evidence)
    path = study.data.parent / "published/ceiling.json"
    path.parent.mkdir(parents=True)
    path.write_text((ROOT / "results/released/traces/published/ceiling.json").read_text())
    found = measure(what, evidence)
    assert (found.value, found.n, found.trained) == (pytest.approx(0.91), 400, False)
    with pytest.raises(Missing, match="no finding other"):
        measure(Measure(study="ceiling", of="other"), evidence)
    path.write_text(json.dumps({"findings": 3}))
    with pytest.raises(InputError, match="findings"):
        measure(what, evidence)


def test_the_figure_shows_every_kind(summaries: Summaries, tmp_path: Path) -> None:
    from trap.figures.estimates import Evidence as Drawn
    from trap.figures.theme import THEMES, style
    from trap.studies.traces.figures import failures

    tables = tmp_path / "tables"
    tables.mkdir()
    table = failure_table(summaries)
    table.write_parquet(tables / "failures.parquet")
    table.drop("kind").with_columns(metric=pl.lit("accuracy")).write_parquet(tables / "arms.parquet")
    (tmp_path / "claims.json").write_text("[]")
    drawn = Drawn(
        tmp_path / "claims.json", tables, sheet=SHEET, titles={"nano_nope": "nano"}, pools=study_class("traces").pools,
        level_name="steps",
    )  # fmt: skip
    with style(THEMES[0]):
        figure = failures.draw(drawn, THEMES[0])
        figure.set_dpi(100)
        check_texts(figure)
    marks = {artist.get_gid() for axes in figure.axes for artist in axes.get_children() if artist.get_gid()}
    shown = {mark.split(":", 1)[1] for mark in marks if mark.startswith("point:")}
    assert {f"nano_nope:sft:{kind}" for kind in failures.NAMES} <= shown


def test_the_figure_of_what_is_held_out_shows_each_pool_and_the_published_share(tmp_path: Path) -> None:
    from trap.figures.estimates import Evidence as Drawn
    from trap.figures.settings import load_settings
    from trap.figures.theme import THEMES
    from trap.studies.traces.figures import held

    tables = tmp_path / "tables"
    tables.mkdir()
    rows = [
        {
            "model": "nano_nope", "platform": "torch", "arm": arm, "pool": pool, "metric": "accuracy", "value": 0.5, "low": 0.4,
            "high": 0.6, "n": 100, "seeds": SEEDS,
        }
        for arm in ("sft_250", "sft", "sft_families")
        for pool in held.POOLS
    ]  # fmt: skip
    pl.DataFrame(rows).write_parquet(tables / "arms.parquet")
    claims = [{"id": "G5", "published": {"value": 0.927, "n": 248, "low": 0.888, "high": 0.957}}]
    (tmp_path / "claims.json").write_text(json.dumps(claims))
    drawn = Drawn(
        tmp_path / "claims.json", tables, sheet=SHEET, titles={"nano_nope": "nano"}, pools=study_class("traces").pools,
        level_name="steps", settings=load_settings(ROOT / "config/traces/figures.yaml"),
    )  # fmt: skip
    figure = held.draw(drawn, THEMES[0])
    marks = {artist.get_gid() for axes in figure.axes for artist in axes.get_children() if artist.get_gid()}
    shown = {mark.split(":", 1)[1] for mark in marks if mark.startswith("point:")}
    assert shown >= {
        f"nano_nope:{arm}:{pool}" for arm in ("sft_250", "sft", "sft_families") for pool in held.POOLS
    }
    assert "nano_nope:published" in shown and not any("sft_hard" in mark for mark in shown)
