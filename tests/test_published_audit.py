"""The published run, audited: every figure that the project states about it, from the published files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import audit_questions
import fetch_published
from trap.files import read_json, read_jsonl, write_jsonl
from trap.studies.hops import published as run_module
from trap.studies.hops.audit_episodes import compare
from trap.studies.hops.published import EASY, PublishedRun, findings
from trap.studies.hops.records import Episode, Parsed, Reward


@pytest.fixture(scope="module")
def folder(published: Path) -> Path:
    return published / "hops"


@pytest.fixture(scope="module")
def run(folder: Path) -> PublishedRun:
    return PublishedRun(folder)


@pytest.fixture(scope="module")
def facts(run: PublishedRun) -> dict:
    return {finding.id: finding for finding in findings(run)}


@pytest.fixture(scope="module")
def run_with_easy(folder: Path, run: PublishedRun, root: Path, tmp_path_factory) -> PublishedRun:
    """The published files together with the earlier commit's RSFT-on-easy episodes."""
    copy = tmp_path_factory.mktemp("published")
    for path in folder.iterdir():
        shutil.copyfile(path, copy / path.name)
    completions = json.loads((root / "tests/data/rsft_easy_completions.json").read_text())["completions"]
    questions = {question.id: question for question in run.evaluation}
    write_jsonl(
        copy / "episodes_rsft_easy.jsonl",
        [
            Episode(
                phase="rsft",
                step=300,
                ex_id=id,
                split="eval",
                prompt=questions[id].prompt,
                completion=completion,
                parsed=Parsed(),
                reward=Reward(correctness=0, path_coverage=0, path_reward=0, spam_penalty=0, total=0),
            )
            for id, completion in completions.items()
        ],
    )
    return PublishedRun(copy)


def test_checksums(folder):
    for source in fetch_published.FILES:
        if source.required:
            assert fetch_published.digest((folder / source.name).read_bytes()) == source.sha256, source.name


def test_fetch_from_a_folder(folder, tmp_path, capsys):
    assert fetch_published.main(["--from", str(folder), "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "kg.json").read_bytes() == (folder / "kg.json").read_bytes()
    capsys.readouterr()
    assert fetch_published.main(["--from", str(folder), "--output", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.count("already there") == 7


def test_recorded_rewards_agree(run):
    """Our reward v1 gives every recorded total: on these files the looser published parser changes nothing."""
    assert [phase.audit.recorded_differs for phase in run.phases.values()] == [0, 0, 0]
    assert all(phase.audit.n == 20 for phase in run.phases.values())


def test_rsft_eval_is_the_rsft_phase(folder):
    hard = [row for row in read_jsonl(folder / "episodes.jsonl", Episode) if row.phase == "rsft"]
    assert hard == read_jsonl(folder / "episodes_rsft_eval.jsonl", Episode)


def test_f1_trained_on_its_test(run, facts):
    assert (facts["F1"].value, facts["F1"].n) == (1.0, 20)
    assert [q.id for q in run.phases["rsft"].questions] == [q.id for q in run.evaluation[:20]]


def test_f2_blind_draws(facts):
    assert facts["F2"].value == pytest.approx(0.90, abs=0.0005)
    assert facts["F2"].detail["expected_right_letters"] == pytest.approx(27, abs=0.01)


def test_f3_what_can_be_known(run, facts):
    reach = run.eval_audit.answerability
    assert facts["F3"].value == pytest.approx(0.386, abs=0.0005)
    assert facts["F3"].detail["without_hop_count"] == pytest.approx(0.300, abs=0.0005)
    assert reach["path"].reachable == [0, 1, 5, 10, 14]
    assert reach["walk"].several == 30
    assert reach["chain"].several == 26


def test_f4_traces(run, run_with_easy, facts):
    sft, hard, easy = run.phases["sft"].audit, run.phases["rsft"].audit, run_with_easy.easy.audit
    assert [(a.true_clauses, a.clauses) for a in (sft, easy, hard)] == [(10, 53), (10, 46), (13, 48)]
    assert [a.true_traces for a in (sft, easy, hard)] == [0, 0, 0]
    assert [a.hops_used for a in (sft, easy, hard)] == pytest.approx([2.65, 2.30, 2.40])
    assert hard.hops_asked == pytest.approx(4.55)
    assert (facts["F4"].value, facts["F4"].n) == (0.0, 60)


def test_f5_constant_letter(run, facts):
    assert facts["F5"].value == pytest.approx(0.35) and facts["F5"].detail["letter"] == "A"
    assert facts["F5"].detail["all_30"] == pytest.approx(1 / 3)
    assert run.phases["sft"].audit.accuracy == pytest.approx(0.30)
    assert facts["F5"].detail["rsft_easy"] == pytest.approx(0.20)


def test_f6_not_distinguishable(run, run_with_easy, facts):
    test = compare(run.phases["sft"], run_with_easy.easy)
    assert (test.first_correct, test.second_correct, test.paired) == (6, 4, 20)
    assert test.mcnemar_p == pytest.approx(0.73, abs=0.005)
    assert facts["F6"].detail["mcnemar_p"] == pytest.approx(test.mcnemar_p)
    assert facts["F6"].detail["fisher_p_360m"] == pytest.approx(0.58, abs=0.005)
    assert facts["F6"].detail["items_needed_per_arm"] == pytest.approx(338, abs=1)


def test_f9_same_model(facts):
    assert facts["F9"].detail["same_model_360m"] == pytest.approx(0.40)
    assert facts["F9"].detail["same_model_135m"] == pytest.approx(0.55)


def test_f11_texts_in_training(facts):
    assert (facts["F11"].value * 30, facts["F11"].n) == (pytest.approx(12), 30)
    assert facts["F11"].detail["with_another_answer"] == 12


def test_survey(run, facts):
    assert run.eval_audit.answerability["any_walk"].oracle == pytest.approx(0.29, abs=0.005)
    assert run.train_audit.answerability["walk"].several == 56
    assert (run.overlap.graph_edges_covered, run.overlap.graph_edges) == (158, 629)
    assert (run.overlap.edges_seen, run.overlap.edges) == (50, 135)
    assert facts["S6"].detail["coverage"] == pytest.approx([0.31, 0.33], abs=0.005)
    percent = {name: [round(100 * x) for x in row[2:]] for name, row in facts["S6"].detail["wilson"].items()}
    assert percent == {
        "sft_360m": [22, 54],
        "rsft_easy_360m": [14, 44],
        "rsft_hard_360m": [49, 81],
        "rsft_hard_135m": [53, 89],
    }


def test_counts_stand_in_for_the_easy_episodes(run, run_with_easy):
    counted = {**run_module._easy(run_with_easy)}
    counted.pop("from")
    assert counted == EASY
    with_file = {f.id: (f.value, f.low, f.high) for f in findings(run_with_easy)}
    assert with_file == {f.id: (f.value, f.low, f.high) for f in findings(run)}


def test_command(folder, tmp_path, capsys):
    output = tmp_path / "audit.json"
    assert audit_questions.main(["--published", str(folder), "--output", str(output)]) == 0
    assert "F11" in capsys.readouterr().out
    audit = read_json(output, audit_questions.Audit)
    assert [finding.id for finding in audit.findings] == [f"F{i}" for i in range(1, 12)] + [
        f"S{i}" for i in range(1, 7)
    ]
    assert (
        audit_questions.main(["--published", str(folder), "--output", str(output), "--gate", "--quiet"]) == 1
    )
    assert "26 of 30 questions ill-posed" in capsys.readouterr().err


def test_the_general_command_agrees(folder, tmp_path):
    output = tmp_path / "audit.json"
    options = [
        "--graph",
        folder / "kg.json",
        "--questions",
        folder / "eval.jsonl",
        "--training",
        folder / "train.jsonl",
    ]
    options += ["--episodes", folder / "episodes.jsonl", "--output", output, "--quiet"]
    assert audit_questions.main([str(option) for option in options]) == 0
    audit = read_json(output, audit_questions.Audit)
    assert audit.overlaps[0].texts == 12 and audit.episodes[0].true_clauses == 10


def test_missing_folder(tmp_path, capsys):
    assert (
        audit_questions.main(["--published", str(tmp_path / "no"), "--output", str(tmp_path / "a.json")]) == 1
    )
    assert "fetch_published.py" in capsys.readouterr().err
