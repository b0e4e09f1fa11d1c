"""config/hops/claims.yaml, and claims.json from runs with known rates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
import yaml

import collect_runs
import show_claim
import tabulate_claims
from make_items import make_items, write_runs
from trap.analysis.cells import ItemTable
from trap.analysis.claim_specs import Measure, load_claims
from trap.analysis.claims import NOT_TESTED, agreement, fill_in
from trap.analysis.measures import Evidence, Missing, measure
from trap.analysis.statistics import clopper_pearson
from trap.analysis.verdicts import VERDICTS
from trap.files import InputError, write_json
from trap.studies.hops.study import Study
from trap.workflow.sheet import load_arms

ROOT = Path(__file__).resolve().parent.parent
STUDY = ["--config", f"{ROOT}/config/config.yaml", "--study", "hops"]
SOURCE_IDS = (
    [f"F{n}" for n in range(1, 12)] + [f"B{n}" for n in range(1, 15)] + [f"P{n}" for n in range(1, 11)]
)
FIELDS = [
    "id",
    "source",
    "statement",
    "published",
    "value",
    "n",
    "seeds",
    "low",
    "high",
    "verdict",
    "file",
    "row",
    "rule",
    "commit",
    "seconds",
]


@pytest.fixture(scope="module")
def spec(root: Path):
    return load_claims(root / "config/hops/claims.yaml", Study)


# --- config/hops/claims.yaml ---------------------------------------------------------------------------


def test_every_source_claim_is_declared_exactly_once(spec) -> None:
    ids = [claim.id for claim in spec.claims]
    assert [name for name in ids if name in SOURCE_IDS] == SOURCE_IDS
    assert len(ids) == len(set(ids))
    assert all(not re.search(r"[{}]", claim.id + claim.statement) for claim in spec.claims)


def test_published_intervals_are_exact(spec) -> None:
    checked = 0
    for claim in spec.claims:
        figure = claim.published
        if figure and figure.low is not None:
            low, high = clopper_pearson(round(figure.value * figure.n), figure.n)
            assert (figure.low, figure.high) == pytest.approx((low, high), abs=6e-5), claim.id
            checked += 1
    assert checked >= 6


def test_its_arms_are_in_the_experiment_sheets(spec, root: Path) -> None:
    sheets = sorted((root / "config/hops").glob("arms*.tsv"))
    assert len(sheets) == 4
    known = {arm for sheet in sheets for arm in load_arms(sheet)}
    named = {arm for contrast in spec.contrasts for arm in (contrast.arm, contrast.minus)}
    named |= {arm for dose in spec.doses.values() for arm in dose.arms}
    for claim in spec.claims:
        for what in filter(None, (claim.measure, *claim.also.values())):
            named |= {arm for arm in (what.arm, what.minus) if arm and ":" not in arm}
    assert named <= known, sorted(named - known)


SMALL = """
confidence: 0.95
replicates: 200
margin: 0.03
minimum_seeds: 3
sources: {ours: this project}
defaults: {model: nano, platform: torch, pool: eval_hard, pools: [eval_hard]}
names: {}
doses: {share: {label: share, arms: {a: 0, b: 1}}}
contrasts: [{name: gain, arm: b, minus: a, statement: b over a}]
claims:
  - {id: one, source: ours, statement: b gains, measure: {contrast: gain}, reproduced: low > 0, not_reproduced: high < 0}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("statement: b gains", "statement: b gains, colour: red", "colour"),
        ("source: ours", "source: theirs", "unknown source 'theirs'"),
        ("low > 0", "low >> 0", "rule"),
        ("low > 0", "other.low > 0", "not under `also`"),
        ("{contrast: gain}", "{contrast: loss}", "unknown contrast 'loss'"),
        ("{contrast: gain}", "{contrast: gain, dose: share}", "exactly one"),
        ("{contrast: gain}", "{arm: a, metric: luck}", "unknown metric 'luck'"),
        ("{contrast: gain}", "{arm: a, net_of: b}", "only with minus_pool"),
        ("{contrast: gain}", "{dose: shares}", "unknown dose"),
        ("{contrast: gain}", "{study: luck}", "unknown 'luck' (known: property, finding, attention)"),
        ("{contrast: gain}", "{study: property, of: luck}", "unknown property 'luck'"),
        ("{contrast: gain}", "{study: attention, of: 5}", "of an arm"),
        ("{contrast: gain}", "{arm: a, of: 5}", "only with `study`"),
        ("{contrast: gain}", "{arm: a, runs: luck}", "winner_hops_used"),
        ("{contrast: gain}", "{arm: a, hops: [5]}", "hops"),
        ("pool: eval_hard, ", "", "pool"),
        (", not_reproduced: high < 0", "", "not_reproduced"),
        ("measure: {contrast: gain}, ", "", "needs a reason"),
        ("a: 0, b: 1", "a: 1, b: 1", "two different doses"),
        ("confidence: 0.95", "confidence: often", "confidence"),
        ("contrasts: [", "contrasts: [{name: gain, arm: a, minus: b, statement: twice}, ", "declared twice"),
        ("id: one", "id: 'one_{model}'", None),
        ("id: one", "id: 'one_{model}', over: {arm: [a]}", "not declared"),
        ("claims:", "claims: [", "not YAML"),
    ],
)
def test_mistakes_in_the_file_are_one_clear_error(
    tmp_path: Path, old: str, new: str, message: str | None
) -> None:
    assert old in SMALL
    path = tmp_path / "claims.yaml"
    path.write_text(SMALL.replace(old, new, 1))
    if message is None:
        assert load_claims(path, Study)
        return
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        load_claims(path, Study)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


# --- claims.json ----------------------------------------------------------------------------------

RATES = {
    "base": {"accuracy": 0.0, "format": 0.0},
    "sft": {"accuracy": 0.4},
    "sft_more": {"accuracy": 0.4},
    "rsft_easy": {"accuracy": 0.4},
    "rsft_hard": {"accuracy": 0.6, "faithful": 0.5},
    "rsft_eval": {"accuracy": 0.6, "eval_leak": 0.95},
}


def _collected(
    folder: Path, rates: dict = RATES, models: tuple[str, ...] = ("nano",), **options
) -> list[str]:
    """Options of a program that reads the evidence of such runs, with a tenth of the replicates."""
    options = {"questions": 240, "starts": 48, "seeds": 5} | options
    items = pl.concat([make_items(rates, model=model, **options) for model in models])
    runs = write_runs(folder / "runs", items)
    collected = folder / "collected"
    assert collect_runs.main([*STUDY, "--runs", *map(str, runs), "--output", str(collected)]) == 0
    data = folder / "results/hops/data"
    data.mkdir(parents=True)
    declared = (ROOT / "config/hops/claims.yaml").read_text(encoding="utf-8")
    assert "replicates: 2000" in declared
    (folder / "claims.yaml").write_text(
        declared.replace("replicates: 2000", "replicates: 200"), encoding="utf-8"
    )
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    settings["studies"]["hops"] = {"claims": str(folder / "claims.yaml")}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return [
        "--config", str(folder / "config.yaml"), "--study", "hops", "--sheet", f"{ROOT}/config/hops/arms.tsv", "--evidence", str(collected), "--data", str(data),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("claims")
    output = folder / "claims.json"
    arguments = _collected(folder, models=("nano", "nano_able"))
    assert tabulate_claims.main([*arguments, "--output", str(output)]) == 0
    return {claim["id"]: claim for claim in json.loads(output.read_text())}


def test_every_claim_has_a_row_with_every_field(claims: dict[str, dict], spec) -> None:
    assert list(claims) == [claim.id for claim in spec.claims]
    for claim in claims.values():
        assert set(FIELDS) <= set(claim)
        assert claim["verdict"] in VERDICTS
        assert (claim["verdict"] == "not tested here") == (claim["value"] is None)
        assert claim["value"] is not None or claim["reason"], claim["id"]
        if claim["low"] is not None:
            assert claim["low"] <= claim["value"] <= claim["high"], claim["id"]


def test_verdicts_follow_the_known_rates(claims: dict[str, dict]) -> None:
    assert claims["contamination_nano"]["verdict"] == "reproduced"
    assert claims["contamination_nano"]["value"] == pytest.approx(0.35, abs=0.05)
    assert claims["contamination_nano"]["contaminated"] is True
    assert claims["matching_nano"]["verdict"] == "reproduced"
    assert claims["matching_nano"]["contaminated"] is False
    over_fresh = claims["leak_nano_rsft_eval"]["also"]["over_fresh"]
    assert over_fresh["value"] == pytest.approx(0.35, abs=0.07) and "net of" in over_fresh["comparison"]
    assert claims["B9"]["verdict"] == "not reproduced"
    assert claims["B2"]["verdict"] == "reproduced"
    assert claims["faithful_nano_sft"]["verdict"] == "reproduced"
    assert claims["faithful_nano_rsft_hard"]["verdict"] == "not reproduced"
    assert claims["P5"] | {"value": 0.0, "verdict": "not reproduced"} == claims["P5"]
    assert claims["P5"]["also"]["in_groups"]["value"] == 0.0
    assert claims["P9"]["value"] == 0.5 and claims["P9"]["also"]["specification_of_the_post"]["value"] == -1.5


def test_what_was_not_run_is_not_tested_and_says_so(claims: dict[str, dict]) -> None:
    assert claims["B14"]["verdict"] == "not tested here"
    assert "arm rsft_hard_k32 was not run in this experiment" in claims["B14"]["reason"]
    assert "nano_nope was not run" in claims["trap_nano_nope"]["reason"]
    assert claims["F4"]["verdict"] == "not tested here" and "not given" in claims["F4"]["reason"]
    assert claims["B12"]["seconds"] is None
    for name in ("P4", "P7", "P8", "grpo_nano_nope", "ignition_rsft_64_nano", "sixteen_prompts"):
        assert claims[name]["verdict"] == "not tested here", claims[name]
    assert "arm ignite_rsft_n0 was not run in this experiment." in claims["ignition_rsft_0_nano"]["reason"]
    assert "nano_nope was not run on torch. GRPO on hard prompts" in claims["P4"]["reason"]
    assert (
        "eval_leak_permuted" in claims["memorisation_nano"]["reason"]
        or "rsft_eval_permuted" in (claims["memorisation_nano"]["reason"])
    )


def test_seconds_count_each_run_once(claims: dict[str, dict]) -> None:
    assert claims["trap_nano"]["seconds"] == 2 * 5 * 2.5  # two arms, five seeds, 2.5 s each
    assert claims["contamination_nano"]["seconds"] == 2 * 5 * 2.5


def test_a_verdict_needs_enough_seeds(tmp_path: Path) -> None:
    rates = {"sft_more": {"accuracy": 0.4}, "rsft_hard": {"accuracy": 0.9}}
    arguments = _collected(tmp_path, rates, seeds=4, questions=60, starts=30)
    output = tmp_path / "claims.json"
    assert tabulate_claims.main([*arguments, "--output", str(output)]) == 0
    matching = next(claim for claim in json.loads(output.read_text()) if claim["id"] == "matching_nano")
    assert matching["low"] > 0 and matching["p_holm"] < 0.05  # what the rule asks, but for the seeds
    assert matching["verdict"] == "inconclusive"
    assert "4 training seeds: a verdict needs at least 5." in matching["reason"]


@pytest.mark.parametrize("place", ["hops", "released/hops"])
def test_findings_of_the_audit_become_claims(tmp_path: Path, place: str) -> None:
    arguments = _collected(tmp_path, {"sft": {"accuracy": 0.4}}, questions=20, starts=10)
    audit = tmp_path / "results" / place / "published/audit.json"
    audit.parent.mkdir(parents=True)
    findings = [
        {
            "id": "F4",
            "statement": "true traces",
            "value": 0.0,
            "n": 60,
            "low": 0.0,
            "high": 0.06,
            "unit": "share",
        },
        {
            "id": "F6",
            "value": -0.1,
            "unit": "difference of shares",
            "detail": {"mcnemar_p": 0.73, "fisher_p_360m": 0.58},
        },
    ]
    audit.write_text(json.dumps({"findings": findings}))
    output = tmp_path / "claims.json"
    assert tabulate_claims.main([*arguments, "--output", str(output)]) == 0
    claims = {claim["id"]: claim for claim in json.loads(output.read_text())}
    assert claims["F4"]["verdict"] == "reproduced" and claims["F4"]["file"] == str(audit)
    assert claims["F6"]["verdict"] == "reproduced" and claims["F6"]["also"]["mcnemar_p"]["value"] == 0.73
    assert claims["F11"]["verdict"] == "not tested here"
    audit.write_text(json.dumps({"findings": []}))
    assert tabulate_claims.main([*arguments, "--output", str(output)]) == 1


def test_the_published_files_give_the_findings(tmp_path: Path, published: Path) -> None:
    import audit_questions

    arguments = _collected(tmp_path, {"sft": {"accuracy": 0.4}}, questions=20, starts=10)
    audit, output = tmp_path / "results/hops/published/audit.json", tmp_path / "claims.json"
    assert (
        audit_questions.main(["--published", str(published / "hops"), "--output", str(audit), "--quiet"]) == 0
    )
    assert tabulate_claims.main([*arguments, "--output", str(output)]) == 0
    claims = {claim["id"]: claim for claim in json.loads(output.read_text())}
    for name in ("F1", "F2", "F3", "F4", "F5", "F6", "F9", "F11"):
        assert claims[name]["verdict"] == "reproduced", claims[name]


def test_repeated_runs_are_compared_row_by_row(spec) -> None:
    items = make_items({"sft": {"accuracy": 0.5}}, seeds=1, questions=50)
    assert agreement(items, items) == (200, 200)
    changed = items.with_columns(tokens=pl.when(pl.col("id") == "eval_easy_0003").then(1).otherwise("tokens"))
    assert agreement(items, changed) == (199, 200)
    with pytest.raises(InputError, match="share no run"):
        agreement(items, items.with_columns(arm=pl.lit("other")))


def test_a_missing_cell_says_why(spec) -> None:
    table = ItemTable(make_items({"sft": {"accuracy": 0.5}}, seeds=2, pools=("eval_hard",)), Study)
    evidence = Evidence(spec, table, pl.DataFrame(), {})
    of = {"model": "nano", "platform": "torch", "pool": "eval_hard"}
    assert measure(Measure(arm="sft", **of), evidence).value == pytest.approx(0.5, abs=0.1)
    for what, why in (
        (Measure(**of | {"arm": "sft", "model": "giant"}), "model giant was not run"),
        (Measure(**of | {"arm": "sft", "pool": "eval_leak"}), "scored on the pool eval_leak"),
        (Measure(arm="rsft_hard", **of), "not run in this experiment"),
        (Measure(arm="sft", minus="baseline:most_paths", **of), "needs the items of eval_hard"),
    ):
        with pytest.raises(Missing, match=why):
            measure(what, evidence)


def test_show_claim_prints_where_a_number_comes_from(
    claims, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(list(claims.values())))
    assert show_claim.main(["--claims", str(path), "B4", "B12", "F7"]) == 0
    shown = capsys.readouterr().out
    for piece in (
        "verdict",
        "tabulate_claims",
        "seconds",
        "commit",
        "arm=rsft_easy",
        "n = 240 x 5 seeds",
        "-margin",
    ):
        assert piece in shown, piece
    assert show_claim.main(["--claims", str(path), "b4"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert show_claim.main(["--claims", str(path)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(claims)


def test_a_grid_s_ledger_fills_in_what_was_not_tested(tmp_path: Path) -> None:
    def claim(name: str, verdict: str, file: str) -> dict:
        return {"id": name, "verdict": verdict, "file": file, "value": None}

    own = [
        claim("one", "reproduced", "own"),
        claim("two", NOT_TESTED, "own"),
        claim("three", NOT_TESTED, "own"),
    ]
    grid = tmp_path / "grid.json"
    write_json(grid, [claim("one", "not reproduced", "grid"), claim("two", "inconclusive", "grid"), claim("three", NOT_TESTED, "grid")])  # fmt: skip
    later = tmp_path / "later.json"
    write_json(later, [claim("two", "reproduced", "later")])
    filled = fill_in(own, [grid, later])
    assert [(c["id"], c["verdict"], c["file"]) for c in filled] == [
        ("one", "reproduced", "own"),
        ("two", "inconclusive", "grid"),
        ("three", NOT_TESTED, "own"),
    ]
    assert fill_in(own, []) == own
    with pytest.raises(InputError, match=r"nowhere\.json"):
        fill_in(own, [tmp_path / "nowhere.json"])
