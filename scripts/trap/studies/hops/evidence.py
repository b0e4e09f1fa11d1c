"""What the hops study adds to the evidence: the length of traces, errors in them, attention, findings of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from trap.analysis.cells import read_table
from trap.analysis.extension import Extension, Metric, Table
from trap.analysis.summaries import Summaries
from trap.report.markdown import plain_text
from trap.studies.hops.analysis import attention
from trap.studies.hops.analysis.branches import branch_table, branches_text, question_branches
from trap.studies.hops.analysis.claims import MEASURES
from trap.studies.hops.analysis.error_tables import error_table, errors_text
from trap.studies.hops.analysis.rewards import reward_table, rewards_text
from trap.studies.hops.analysis.shuffling import shuffle_table
from trap.studies.hops.analysis.traces import read_traces

EPISODE_COLUMNS: dict[str, Any] = {
    "answer": pl.String,  # null where the format was missed
    "valid": pl.Boolean,  # a true path along the chain of relations to the chosen option
    **dict.fromkeys(("correctness", "coverage", "path_reward", "spam_penalty", "total"), pl.Float32),
    "validity": pl.Float32,  # share of clauses that are edges
    **dict.fromkeys(("hops_used", "true_clauses"), pl.Int16),
    "first_false": pl.Int16,  # index of the first clause that is no edge; -1 if none
    **dict.fromkeys(("trace_entities", "path_entities"), pl.List(pl.String)),
}


def _episode(row: Mapping[str, Any]) -> dict[str, Any]:
    """Of a line of episodes.jsonl in the published form, with our fields (`records.Episode`)."""
    parsed, reward, debug = row["parsed"], row["reward"], row.get("debug", {})
    correct = reward["correctness"] > 0
    return {
        "level": row.get("hop_len"), "correct": correct, "value": float(correct), "faithful": reward.get("faithful"),
        "format": parsed.get("valid_format", False), "answer": parsed.get("answer") or None,
        "correctness": reward["correctness"], "coverage": reward["path_coverage"], "path_reward": reward["path_reward"],
        "spam_penalty": reward["spam_penalty"], "total": reward["total"], "validity": reward.get("validity"),
        **{name: debug.get(name) for name in ("valid", "hops_used", "true_clauses", "first_false")},
        "trace_entities": parsed.get("trace_entities", []), "path_entities": parsed.get("path_entities", []),
    }  # fmt: skip


def _shuffle(summaries: Summaries) -> Table:
    found = shuffle_table(summaries)
    return Table(found, plain_text("The same questions with options shuffled", found))


def _errors(summaries: Summaries) -> Table:
    found = error_table(read_traces(summaries.folder / "traces.parquet"), summaries)
    return Table(found, errors_text(found))


def _branches(summaries: Summaries) -> Table:
    found = branch_table(summaries, question_branches(summaries.study.graph, summaries.honest))
    return Table(found, branches_text(found))


def _rewards(summaries: Summaries) -> Table:
    found = reward_table(summaries)
    return Table(found, rewards_text(found))


def _pointers(summaries: Summaries) -> Table:
    found = read_table(summaries.folder / "pointers.parquet")
    return Table(found, attention.text(found))


EXTENSION = Extension(
    metrics={
        "full_length": Metric("share", True, (pl.col("hops_used") >= pl.col("level")).cast(pl.Float64)),
        "first_false": None,  # a place, of which a mean says nothing
    },
    guessed=("lenient",),  # a letter as well
    dose_metrics=("hops_used",),
    shown=("valid", "coverage", "reward", "hops_used"),
    measures=MEASURES,
    tables={
        "shuffle": _shuffle,
        "errors": _errors,
        "branches": _branches,
        "rewards": _rewards,
        "pointers": _pointers,
    },
    episode_columns=EPISODE_COLUMNS,
    episode=_episode,
)
