"""The published hops run, audited: its files, the figures its authors report, and what re-reading them shows.

Findings F1-F11 are facts about the published data and code at one commit of
softwarewrighter/multi-hop-reasoning. Those marked "computed" come out of the files each time; those
marked "read" were read in its source code or documentation, which `source` names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct, field

from trap.files import InputError, read_jsonl
from trap.studies.hops.audit import (
    CHANCE,
    DatasetAudit,
    Overlap,
    Shown,
    audit_overlap,
    audit_questions,
    leaked_letter,
)
from trap.studies.hops.audit_episodes import GradedPhase, QuestionIndex, audit_episodes, compare, unpaired
from trap.studies.hops.exact_tests import exact_interval, mcnemar, wilson_interval
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.records import Episode, Question

REPOSITORY = "softwarewrighter/multi-hop-reasoning"
COMMIT = "ebf538d"
EASY_COMMIT = "26a347e"  # holds the RSFT-on-easy episodes that the later commit replaced

# What the authors report for SmolLM-360M (documentation/results.md): right answers of 30 questions.
REPORTED_360M = {"base": 0, "sft": 11, "rsft_easy": 8, "rsft_hard": 20}
REPORTED_N = 30
SAMPLES = 8  # completions per prompt in their rejection sampling
# RSFT on easy questions, 135M, counted in the episodes of EASY_COMMIT for when that file is not at hand.
EASY = {"n": 20, "correct": 4, "true": 10, "clauses": 46, "true_traces": 0, "gained": 3, "lost": 5}


class Finding(Struct, kw_only=True):
    """One fact. `value` and its 95 % interval are shares of `n` unless `unit` says otherwise."""

    id: str
    statement: str
    value: float | None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    unit: str = "share"
    how: str = "computed"  # computed | read
    source: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class PublishedRun:
    """The published files of one folder, read, checked and audited.

    Raises InputError when a file is missing or malformed. `episodes_rsft_easy.jsonl` may be absent.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; scripts/fetch_published.py gets the published files")
        self.graph: Graph = load_graph(folder / "kg.json")
        self.evaluation = read_jsonl(folder / "eval.jsonl", Question)
        self.training = read_jsonl(folder / "train.jsonl", Question)
        self.index = QuestionIndex([*self.evaluation, *self.training])
        self.eval_audit: DatasetAudit = audit_questions(self.graph, self.evaluation, "eval.jsonl", "eval")
        self.train_audit: DatasetAudit = audit_questions(self.graph, self.training, "train.jsonl", "train")
        self.overlap: Overlap = audit_overlap(
            self.graph, self.evaluation, "eval", Shown(self.training, "train")
        )
        self.phases = self._phases(folder / "episodes.jsonl")
        missing = {"base", "sft", "rsft"} - self.phases.keys()
        if missing:
            raise InputError(f"{folder / 'episodes.jsonl'}: no episodes of phase {sorted(missing)[0]!r}")
        easy = folder / "episodes_rsft_easy.jsonl"
        self.easy: GradedPhase | None = self._phases(easy).get("rsft") if easy.exists() else None

    def _phases(self, path: Path) -> dict[str, GradedPhase]:
        graded = audit_episodes(self.graph, self.index, read_jsonl(path, Episode), path.name)
        return {phase.audit.phase: phase for phase in graded}


def _share(k: int, n: int) -> dict[str, Any]:
    low, high = exact_interval(k, n)
    return {"value": k / n, "n": n, "low": low, "high": high}


def findings(run: PublishedRun) -> list[Finding]:
    """F1-F11 and the survey figures S1-S6, in order."""
    found = [*_leakage(run), *_knowable(run), *_traces(run), *_differences(run), *_from_code(), *_survey(run)]
    return sorted(found, key=lambda finding: (finding.id[0], int(finding.id[1:])))


def _leakage(run: PublishedRun) -> list[Finding]:
    tested = {question.id for question in run.phases["rsft"].questions}
    pool = {question.id for question in run.evaluation}
    blind = leaked_letter(SAMPLES)
    return [
        Finding(
            id="F1",
            statement='"RSFT hard" was trained on the evaluation questions that it was scored on',
            value=len(tested & pool) / len(tested),  # a fact about two files: no interval
            n=len(tested),
            source="README.md, documentation/training-status.md: core.rsft --examples data/eval.jsonl",
            detail={"tested": len(tested), "in_training_pool": len(tested & pool), "tested_360m": REPORTED_N},
        ),
        Finding(
            id="F2",
            statement="blind draws alone put the right letter among the samples of a prompt",
            value=blind,
            unit="probability",
            source="core/rsft.py: k_samples = 8",
            detail={
                "samples": SAMPLES,
                "questions": len(pool),
                "expected_right_letters": blind * len(pool),
            },
        ),
    ]


def _knowable(run: PublishedRun) -> list[Finding]:
    audit = run.eval_audit
    ceilings = audit.answerability
    constant = sum(question.answer_star == audit.constant_letter for question in run.phases["sft"].questions)
    tested = len(run.phases["sft"].questions)
    return [
        Finding(
            id="F3",
            statement="the best a solver can expect that knows the graph, the first relation and the hop count",
            value=ceilings["first_path"].oracle,
            n=audit.n,
            unit="expected accuracy",
            detail={
                "without_hop_count": ceilings["first_any"].oracle,
                "chance": CHANCE,
                "options_reachable_by_simple_paths": ceilings["path"].reachable,
                "several_by_walks": ceilings["walk"].several,
                "several_along_chain": ceilings["chain"].several,
                "most_paths": audit.most_paths,
            },
        ),
        Finding(
            id="F5",
            statement=f"always answering {audit.constant_letter} beats SFT and RSFT easy",
            **_share(constant, tested),
            detail={
                "letter": audit.constant_letter,
                "all_30": audit.answers[audit.constant_letter] / audit.n,
                "sft": run.phases["sft"].audit.accuracy,
                "rsft_easy": _easy(run)["correct"] / _easy(run)["n"],
            },
        ),
        Finding(
            id="F11",
            statement="evaluation question texts that stand word for word in the training file",
            **_share(run.overlap.texts, run.overlap.n),
            detail={"with_another_answer": run.overlap.texts_other_answer},
        ),
    ]


def _easy(run: PublishedRun) -> dict[str, Any]:
    """Counts of RSFT easy at 135M: from its episodes if they are at hand, else as counted from them."""
    if run.easy is None:
        return {**EASY, "from": f"counted at commit {EASY_COMMIT}"}
    audit, test = run.easy.audit, compare(run.phases["sft"], run.easy)
    return {
        "n": audit.n,
        "correct": audit.correct,
        "true": audit.true_clauses,
        "clauses": audit.clauses,
        "true_traces": audit.true_traces,
        "gained": test.gained,
        "lost": test.lost,
        "from": audit.file,
    }


def _traces(run: PublishedRun) -> list[Finding]:
    sft, hard, easy = run.phases["sft"].audit, run.phases["rsft"].audit, _easy(run)
    true_traces = sft.true_traces + hard.true_traces + easy["true_traces"]
    return [
        Finding(
            id="F4",
            statement="traces whose every clause is an edge of the graph (SFT, RSFT easy, RSFT hard)",
            **_share(true_traces, sft.n + hard.n + easy["n"]),
            detail={
                "true_clauses": {
                    "sft": [sft.true_clauses, sft.clauses],
                    "rsft_easy": [easy["true"], easy["clauses"]],
                    "rsft_hard": [hard.true_clauses, hard.clauses],
                },
                "hops_stated": {
                    "sft": sft.hops_used,
                    "rsft_easy": easy["clauses"] / easy["n"],
                    "rsft_hard": hard.hops_used,
                },
                "hops_asked": hard.hops_asked,
                "rsft_easy_from": easy["from"],
            },
        )
    ]


def _differences(run: PublishedRun) -> list[Finding]:
    sft, easy = run.phases["sft"].audit, _easy(run)
    large = unpaired(REPORTED_360M["sft"], REPORTED_N, REPORTED_360M["rsft_easy"], REPORTED_N)
    hard = compare(run.phases["sft"], run.phases["rsft"])
    cross = run.phases["rsft"].audit.accuracy
    return [
        Finding(
            id="F6",
            statement="the drop from SFT to RSFT easy, 135M: not distinguishable from luck",
            value=easy["correct"] / easy["n"] - sft.accuracy,
            n=easy["n"],
            unit="difference of shares",
            detail={
                "mcnemar_p": mcnemar(easy["gained"], easy["lost"]),
                "gained": easy["gained"],
                "lost": easy["lost"],
                "fisher_p_360m": large["fisher_p"],
                "items_needed_per_arm": large["items_needed"],
                "mcnemar_p_rsft_hard": hard.mcnemar_p,
                "rsft_easy_from": easy["from"],
            },
        ),
        Finding(
            id="F9",
            statement="the headline gain compares two models: 360M after RSFT easy with 135M after RSFT hard",
            value=cross - REPORTED_360M["rsft_easy"] / REPORTED_N,
            unit="difference of shares",
            detail={
                "same_model_360m": (REPORTED_360M["rsft_hard"] - REPORTED_360M["rsft_easy"]) / REPORTED_N,
                "same_model_135m": cross - easy["correct"] / easy["n"],
            },
            source="documentation/results.md",
        ),
    ]


def _from_code() -> list[Finding]:
    def read(id: str, statement: str, source: str) -> Finding:
        return Finding(id=id, statement=statement, value=None, unit="", how="read", source=source)

    return [
        read(
            "F7",
            "RSFT did not start from SFT: the adapter to resume is looked for in RSFT's own output folder",
            "core/mlx_sft.py: train_lora, train_lora_simple",
        ),
        read(
            "F8",
            '"LoRA" trained every parameter: the fallback adds adapters without freezing the model',
            "core/mlx_sft.py: train_lora_simple; adapters of 267 MB for 135M parameters",
        ),
        read(
            "F10",
            "the CUDA path trains on empty traces: it reads a key that no dataset has",
            'core/unsloth_sft.py: ex.get("trace_star", "")',
        ),
    ]


def _survey(run: PublishedRun) -> list[Finding]:
    overlap, hard, sft = run.overlap, run.phases["rsft"].audit, run.phases["sft"].audit
    evaluation, training = run.eval_audit.answerability, run.train_audit.answerability
    reported = {
        "sft_360m": (REPORTED_360M["sft"], REPORTED_N),
        "rsft_easy_360m": (REPORTED_360M["rsft_easy"], REPORTED_N),
        "rsft_hard_360m": (REPORTED_360M["rsft_hard"], REPORTED_N),
        "rsft_hard_135m": (hard.correct, hard.n),
    }
    return [
        Finding(
            id="S1",
            statement="evaluation questions with several options reachable in the stated number of hops",
            **_share(evaluation["walk"].several, run.eval_audit.n),
            detail={"along_chain": evaluation["chain"].several},
        ),
        Finding(
            id="S2",
            statement="expected accuracy of an oracle that treats reachable options as equal",
            value=evaluation["any_walk"].oracle,
            n=run.eval_audit.n,
            unit="expected accuracy",
            detail={"chance": CHANCE, "with_hop_count": evaluation["walk"].oracle},
        ),
        Finding(
            id="S3",
            statement="training questions with several options reachable in the stated number of hops",
            **_share(training["walk"].several, run.train_audit.n),
        ),
        Finding(
            id="S4",
            statement="graph edges that the training questions cover",
            value=overlap.graph_edges_covered / overlap.graph_edges,
            n=overlap.graph_edges,
            detail={"covered": overlap.graph_edges_covered},
        ),
        Finding(
            id="S5",
            statement="edges of evaluation paths seen in training",
            value=overlap.edges_seen / overlap.edges,
            n=overlap.edges,
            detail={
                "seen": overlap.edges_seen,
                "distinct": [overlap.distinct_edges_seen, overlap.distinct_edges],
            },
        ),
        Finding(
            id="S6",
            statement="path coverage hardly moves while accuracy more than doubles (SFT to RSFT hard, 135M)",
            value=hard.coverage - sft.coverage,
            n=hard.n,
            unit="difference of shares",
            detail={
                "coverage": [sft.coverage, hard.coverage],
                "accuracy": [sft.accuracy, hard.accuracy],
                "wilson": {name: [k, n, *wilson_interval(k, n)] for name, (k, n) in reported.items()},
            },
        ),
    ]
