"""Audit any dataset and any episodes in the published hops formats; gate our own pools.

    python scripts/audit_questions.py --graph kg.json --questions eval.jsonl [--training train.jsonl ...]
        [--episodes episodes.jsonl ...] [--gate] [--allow-overlap POOL ...] --output audit.json
    python scripts/audit_questions.py --published results/hops/published/files --output results/hops/published/audit.json

Writes a JSON document (`Audit`) and prints a summary. With --gate, an ill-posed or malformed question or
an undeclared overlap between an evaluation pool and a training pool makes the exit status 1, with one
line per violation on standard error; the JSON is written all the same. A pool's name is its file's stem.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from msgspec import Struct, field

from trap.cli import run_main
from trap.files import InputError, read_jsonl, write_json
from trap.studies.hops.audit import (
    DatasetAudit,
    Overlap,
    Reach,
    Shown,
    audit_overlap,
    audit_questions,
    gate,
    leaked_letter,
)
from trap.studies.hops.audit_episodes import (
    Comparison,
    GradedPhase,
    PhaseAudit,
    QuestionIndex,
    audit_episodes,
    compare_phases,
)
from trap.studies.hops.audit_summary import summary
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.published import COMMIT, REPOSITORY, Finding, PublishedRun, findings
from trap.studies.hops.records import Episode, Question


class GraphSize(Struct):
    file: str
    entities: int
    relations: int
    edges: int


class Audit(Struct, kw_only=True):
    """`audit.json`."""

    graph: GraphSize
    datasets: list[DatasetAudit]
    overlaps: list[Overlap]
    episodes: list[PhaseAudit] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    leaked_letter: dict[str, float] = field(
        default_factory=lambda: {str(k): leaked_letter(k) for k in (1, 2, 4, 8, 16, 32)}
    )
    allowed_overlaps: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    source: str = ""  # of published data: repository and commit
    findings: list[Finding] = field(default_factory=list)


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--graph", type=Path, help="kg.json")
    p.add_argument(
        "--questions", type=Path, nargs="+", default=[], help="evaluation questions, one or more files"
    )
    p.add_argument("--training", type=Path, nargs="+", default=[], help="training questions to compare with")
    p.add_argument("--episodes", type=Path, nargs="+", default=[], help="episodes on any of those questions")
    p.add_argument("--published", type=Path, help="folder of the published files: audits them, adds findings")
    p.add_argument("--gate", action="store_true", help="exit with status 1 on a violation")
    p.add_argument("--allow-overlap", nargs="+", default=[], metavar="POOL", help="pools of declared overlap")
    p.add_argument("--output", type=Path, required=True, help="audit.json")
    p.add_argument("--quiet", action="store_true", help="no summary")
    return p


def _size(graph: Graph, file: str) -> GraphSize:
    return GraphSize(file, len(graph.entities), len(graph.relations), len(graph.edges))


def audit_files(
    graph_file: Path,
    question_files: list[Path],
    training_files: list[Path],
    episode_files: list[Path],
    allowed: list[str],
) -> Audit:
    """Audit every file and every pair of an evaluation file with a training file."""
    graph = load_graph(graph_file)
    reach = Reach(graph)
    pools: dict[Path, list[Question]] = {}
    datasets = []
    for path in [*question_files, *training_files]:
        if path in pools:
            continue
        pools[path] = read_jsonl(path, Question)
        if not pools[path]:
            raise InputError(f"{path}: no questions")
        datasets.append(audit_questions(graph, pools[path], path.name, path.stem, reach))
    overlaps = []
    for training in training_files:
        shown = Shown(pools[training], training.stem)
        overlaps += [
            audit_overlap(graph, pools[questions], questions.stem, shown)
            for questions in question_files
            if questions != training
        ]
    index = QuestionIndex(question for rows in pools.values() for question in rows)
    phases: list[GradedPhase] = []
    for path in episode_files:
        phases += audit_episodes(graph, index, read_jsonl(path, Episode), path.name)
    return Audit(
        graph=_size(graph, graph_file.name),
        datasets=datasets,
        overlaps=overlaps,
        episodes=[phase.audit for phase in phases],
        comparisons=compare_phases(phases),
        allowed_overlaps=sorted(allowed),
        violations=gate(datasets, overlaps, allowed),
    )


def audit_published(folder: Path) -> Audit:
    """Audit the published files of a folder and state what they show."""
    run = PublishedRun(folder)
    phases = [*run.phases.values(), *([run.easy] if run.easy else [])]
    datasets, overlaps = [run.eval_audit, run.train_audit], [run.overlap]
    return Audit(
        graph=_size(run.graph, "kg.json"),
        datasets=datasets,
        overlaps=overlaps,
        episodes=[phase.audit for phase in phases],
        comparisons=compare_phases(phases),
        violations=gate(datasets, overlaps, ()),
        source=f"{REPOSITORY} at commit {COMMIT}",
        findings=findings(run),
    )


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)

    def body() -> int:
        if args.published:
            audit = audit_published(args.published)
        elif args.graph and args.questions:
            audit = audit_files(args.graph, args.questions, args.training, args.episodes, args.allow_overlap)
        else:
            raise InputError("give --graph and --questions, or --published")
        write_json(args.output, audit)
        if not args.quiet:
            print(summary(audit))
        if not args.gate:
            return 0
        for line in audit.violations:
            print(f"error: {line}", file=sys.stderr)
        return 1 if audit.violations else 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
