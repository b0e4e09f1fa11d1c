"""What the audit says of runs: against brute force, against exact tests, and by hand on small cases."""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_files import choices, graded, lines, sums
from trap.analysis.statistics import clopper_pearson, mcnemar, pass_at_k
from trap.audit import pairing
from trap.audit.command import audit
from trap.audit.judging import judged_findings
from trap.files import InputError

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def findings(**files):
    return {finding.id: finding for finding in audit(**files).findings}


# --- runs -----------------------------------------------------------------------------------------------------


@FEW
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_two_runs_are_compared_exactly(marks):
    first, second = ([one[place] for one in marks] for place in (0, 1))
    with tempfile.TemporaryDirectory() as folder:
        found = findings(
            samples=[graded(Path(folder) / "a.jsonl", first), graded(Path(folder) / "b.jsonl", second)]
        )
    one = found["runs.b.minus.a"]
    p, lost, gained = mcnemar(first, second)
    assert one.value == pytest.approx((gained - lost) / len(marks), abs=1e-6) and one.more[
        "p"
    ] == pytest.approx(p, abs=1e-6)
    assert one.low <= one.value <= one.high and one.n == len(marks) and one.more["exact"]
    assert found["runs.a.accuracy"].low == clopper_pearson(sum(first), len(first))[0]


def test_an_exact_interval_covers():
    """Of all outcomes of six pairs, the interval leaves the truth out less often than one time in twenty."""
    n, up, down = 6, 0.35, 0.15
    missed = 0.0
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            weight = math.comb(n, gained) * math.comb(n - gained, lost) * up**gained * down**lost * (1 - up - down) ** (n - gained - lost)  # fmt: skip
            low, high = pairing.exact_interval(gained, lost, n)
            missed += weight * (not low <= up - down <= high)
    assert missed < 0.05


def test_groups_widen_the_interval(tmp_path):
    marks = [bool(n // 10 % 2) for n in range(200)]
    group = [f"g{n // 10}" for n in range(200)]
    other = [True] * 200
    alone = findings(samples=[graded(tmp_path / "a.jsonl", marks), graded(tmp_path / "b.jsonl", other)])
    grouped = findings(
        samples=[
            graded(tmp_path / "a.jsonl", marks, group=group),
            graded(tmp_path / "b.jsonl", other, group=group),
        ]
    )
    wide, narrow = (one["runs.b.minus.a"] for one in (grouped, alone))
    assert wide.value == narrow.value and wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert wide.more["clusters"] == 20 and not wide.more["exact"] and narrow.more["exact"]


def test_many_items_need_no_bootstrap(tmp_path):
    random = np.random.default_rng(3)
    first, second = random.random(5000) < 0.5, random.random(5000) < 0.55
    found = findings(
        samples=[graded(tmp_path / "a.jsonl", first.tolist()), graded(tmp_path / "b.jsonl", second.tolist())]
    )
    one = found["runs.b.minus.a"]
    error = (second.astype(float) - first).std() / math.sqrt(5000)
    assert (one.low, one.high) == pytest.approx(
        (one.value - 1.96 * error, one.value + 1.96 * error), abs=1e-4
    )
    assert one.more["needed"] > 100


def test_seeds_are_resampled(tmp_path):
    rows = [
        {"id": f"q{n}", "seed": seed, "correct": (n + seed) % (2 + seed) == 0}
        for seed in range(4)
        for n in range(60)
    ]
    found = findings(samples=[lines(tmp_path / "a.jsonl", rows), lines(tmp_path / "b.jsonl", [row | {"correct": True} for row in rows])])  # fmt: skip
    assert found["runs.b.minus.a"].more["seeds"] == 4 and "runs.a.pass@1" not in found


@FEW
@given(st.lists(st.lists(st.booleans(), min_size=2, max_size=5), min_size=1, max_size=6))
def test_pass_at_k_is_brute_force(marks):
    with tempfile.TemporaryDirectory() as folder:
        found = findings(samples=[graded(Path(folder) / "a.jsonl", marks)])
    for k in (1, 2, 4):
        if k > min(map(len, marks)):
            assert f"runs.a.pass@{k}" not in found
            continue
        shares = [np.mean([any(drawn) for drawn in itertools.combinations(item, k)]) for item in marks]
        assert found[f"runs.a.pass@{k}"].value == pytest.approx(np.mean(shares), abs=1e-6)
        assert pass_at_k(len(marks[0]), sum(marks[0]), k) == pytest.approx(shares[0])


def test_accuracy_given_that_an_answer_can_be_read(tmp_path):
    rows = [{"question": q, "choices": o, "answer": "ABCD"[k], "response": f"ANSWER: {'ABCD'[k]}" if n % 3 else "I do not know"} for n, (q, o, k) in enumerate(choices())]  # fmt: skip
    found = findings(samples=[lines(tmp_path / "a.jsonl", rows)])
    assert found["runs.a.accuracy"].value == 8 / 12 and found["runs.a.readable"].value == 8 / 12
    assert found["runs.a.given_readable"].value == 1.0 and found["runs.a.given_readable"].n == 8


def test_selection_is_held_against_blind_guesses(tmp_path):
    evaluation = lines(tmp_path / "e.jsonl", [{"id": f"q{n}", "question": q, "choices": o, "answer": "ABCD"[k]} for n, (q, o, k) in enumerate(choices())])  # fmt: skip
    marks = [[n % 2 == 0, False, False, False] for n in range(12)]
    found = findings(evaluation=evaluation, samples=[graded(tmp_path / "a.jsonl", marks)])
    assert found["selection.a.kept"].value == 1 / 2 and found["selection.a.blind"].value == pytest.approx(
        1 - 0.75**4
    )
    assert found["selection.a.blind"].level == "look"
    rows = [
        {"id": f"q{n}", "correct": bool(k == 0), "kept": k == 0 and n < 3}
        for n in range(12)
        for k in range(4)
    ]
    found = findings(evaluation=evaluation, samples=[lines(tmp_path / "a.jsonl", rows)])
    assert found["selection.a.kept"].value == 3 / 12


def test_seen_questions_are_told_from_unseen_ones(tmp_path):
    rows = [{"id": f"q{n}", **row} for n, row in enumerate(sums(100))]
    run = [{"id": f"q{n}", "correct": n < 40 or n % 5 == 0} for n in range(100)]
    report = audit(
        train=[lines(tmp_path / "t.jsonl", rows[:40])], evaluation=lines(tmp_path / "e.jsonl", rows),
        samples=[lines(tmp_path / "run.jsonl", run)],
    )  # fmt: skip
    found = {finding.id: finding for finding in report.findings}
    assert found["runs.run.seen"].value == 1.0 and found["runs.run.unseen"].value == 12 / 60
    assert "runs.run.unseen_minus.run" not in found
    assert found["runs.run.leak"].value == pytest.approx(0.8) and found["runs.run.leak"].level == "bad"
    assert report.verdict.level == "bad" and any(
        "80.0 points" in sentence for sentence in report.verdict.says
    )


def test_runs_without_a_common_item_are_said(tmp_path):
    second = lines(tmp_path / "b.jsonl", [{"id": "other", "correct": True}])
    assert "runs.apart" in findings(samples=[graded(tmp_path / "a.jsonl", [True]), second])


def test_samples_that_cannot_be_scored_are_one_line(tmp_path):
    with pytest.raises(InputError, match=r"a\.jsonl: no field says whether an answer is right"):
        audit(samples=[lines(tmp_path / "a.jsonl", [{"id": "1", "note": "x"}])])


# --- by hand --------------------------------------------------------------------------------------------------


def test_a_sheet_goes_out_and_comes_back(tmp_path):
    evaluation = lines(tmp_path / "e.jsonl", [{"id": n, **row} for n, row in enumerate(sums(150))])
    run = lines(tmp_path / "run.jsonl", [{"id": n, "completion": "=1+1 so #### 5"} for n in range(150)])
    audit(evaluation=evaluation, samples=[run], folder=tmp_path / "out")
    sheet = (tmp_path / "out/judge.csv").read_text().splitlines()
    assert len(sheet) == 101 and sheet[0].endswith("scored,reader_is")
    assert ",'=1+1 so #### 5,5,wrong," in sheet[1]  # no spreadsheet takes it for a formula
    with pytest.raises(InputError, match="reader_is: no row is filled"):
        judged_findings(tmp_path / "out/judge.csv")
    filled = [
        sheet[0],
        *(f"{line}{'wrong' if n < 4 else 'Right'}" for n, line in enumerate(sheet[1:61])),
        *sheet[61:],
    ]
    (tmp_path / "judged.csv").write_text("\n".join(filled))
    found = findings(judged=tmp_path / "judged.csv")["judging.error"]
    assert (found.value, found.n) == (4 / 60, 60) and (found.low, found.high) == clopper_pearson(4, 60)
    (tmp_path / "judged.csv").write_text("\n".join([*sheet[:2], sheet[2] + "maybe"]))
    with pytest.raises(InputError, match=r"judged\.csv:3: reader_is: right or wrong is wanted, not 'maybe'"):
        judged_findings(tmp_path / "judged.csv")
