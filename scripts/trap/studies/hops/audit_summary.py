"""The audit as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Left-aligned first column, right-aligned others, two spaces between."""
    cells = [list(map(str, row)) for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = []
    for row in cells:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *rest)).rstrip())
    return "\n".join("  " + line for line in lines)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def of(k: int, n: int) -> str:
    return f"{k}/{n}"


def summary(audit: Any) -> str:
    """The readable summary of an `Audit` (see scripts/audit_questions.py)."""
    graph = audit.graph
    parts = [
        f"graph {graph.file}: {graph.entities} entities, {graph.relations} relations, {graph.edges} edges"
    ]
    parts += [_dataset(data) for data in audit.datasets]
    if audit.overlaps:
        parts.append("already shown in training\n" + _overlaps(audit.overlaps))
    if audit.episodes:
        parts.append("episodes, graded again\n" + _episodes(audit.episodes))
    if audit.comparisons:
        parts.append("differences in accuracy, exact tests\n" + _comparisons(audit.comparisons))
    if audit.findings:
        parts.append("findings\n" + "\n".join(_finding(finding) for finding in audit.findings))
    number = len(audit.violations)
    parts.append("no violation" if not number else f"{number} violation{'s' * (number > 1)}:")
    if number:
        parts[-1] += "".join(f"\n  {line}" for line in audit.violations)
    return "\n\n".join(parts)


def _dataset(data: Any) -> str:
    hops = ", ".join(f"{n} of {hop} hop{'s' * (hop != '1')}" for hop, n in data.hops.items())
    rows = [
        [c.knows, *c.reachable, of(c.several, data.n), percent(c.oracle)] for c in data.answerability.values()
    ]
    lines = [
        f"{data.file}: {data.n} questions ({hops}), {data.distinct_texts} distinct texts, "
        f"{data.distinct_starts} starts, {data.ill_posed} ill-posed, {data.malformed} malformed",
        f"  chance {percent(data.chance)}, always {data.constant_letter} {percent(data.constant_accuracy)}"
        + ("" if data.most_paths is None else f", most paths {percent(data.most_paths)}"),
        table(["reachable options, knowing", "0", "1", "2", "3", "4", "several", "ceiling"], rows),
    ]
    return "\n".join([*lines, *(f"  note: {note}" for note in data.notes)])


def _overlaps(overlaps: Sequence[Any]) -> str:
    head = [
        "questions in training",
        "texts",
        "other answer",
        "(start, chain)",
        "paths",
        "edges",
        "graph covered",
    ]
    return table(
        head,
        [
            [
                f"{o.questions} in {o.training}",
                of(o.texts, o.n),
                o.texts_other_answer,
                of(o.start_chains, o.n),
                of(o.paths, o.n),
                of(o.edges_seen, o.edges),
                of(o.graph_edges_covered, o.graph_edges),
            ]
            for o in overlaps
        ],
    )


def _episodes(phases: Sequence[Any]) -> str:
    head = [
        "phase",
        "right",
        "95 % interval",
        "parsed",
        "constant",
        "true clauses",
        "true traces",
        "faithful",
    ]
    head += ["hops used/asked", "coverage", "reward"]
    return table(
        head,
        [
            [
                f"{p.file} {p.phase}",
                of(p.correct, p.n),
                f"{100 * p.low:.0f}-{100 * p.high:.0f} %",
                of(p.parsed, p.n),
                f"{p.constant_letter} {of(p.constant_correct, p.n)}",
                of(p.true_clauses, p.clauses),
                of(p.true_traces, p.n),
                of(p.faithful, p.n),
                f"{p.hops_used:.2f}/{p.hops_asked:.2f}",
                percent(p.coverage),
                f"{p.total:+.2f}",
            ]
            for p in phases
        ],
    )


def _comparisons(comparisons: Sequence[Any]) -> str:
    return table(
        ["from", "to", "counts", "gained", "lost", "McNemar p", "Fisher p", "items needed"],
        [
            [
                c.first,
                c.second,
                f"{of(c.first_correct, c.first_n)} -> {of(c.second_correct, c.second_n)}",
                c.gained,
                c.lost,
                f"{c.mcnemar_p:.3f}",
                f"{c.fisher_p:.3f}",
                c.items_needed or "-",
            ]
            for c in comparisons
        ],
    )


def _finding(finding: Any) -> str:
    if finding.value is None:
        return f"  {finding.id:<4}{'read':>22}  {finding.statement}"
    value = percent(finding.value)
    if finding.low is not None:
        value += f" ({100 * finding.low:.0f}-{100 * finding.high:.0f})"
    if finding.n is not None:
        value += f" n={finding.n}"
    return f"  {finding.id:<4}{value:>22}  {finding.statement}"
