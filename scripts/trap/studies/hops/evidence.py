"""What the hops study adds to the evidence: the length of traces, errors in them, attention, findings of the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from trap.analysis.extension import Extension, Metric, Table
from trap.analysis.summaries import Summaries
from trap.report.markdown import plain_text
from trap.studies.hops.analysis import attention
from trap.studies.hops.analysis.branches import branch_table, branches_text, question_branches
from trap.studies.hops.analysis.claims import MEASURES
from trap.studies.hops.analysis.error_tables import error_table, errors_text
from trap.studies.hops.analysis.rewards import ablations, reward_table, rewards_text
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


def tables(summaries: Summaries) -> dict[str, Table]:
    """Shuffled options; what traces get wrong, where they were read; rewards, where arms differ in nothing else;
    where models look, where that was mapped."""
    shuffle = shuffle_table(summaries)
    found = {"shuffle": Table(shuffle, plain_text("The same questions with options shuffled", shuffle))}
    if (path := summaries.folder / "traces.parquet").is_file():
        errors = error_table(read_traces(path), summaries)
        measured = question_branches(summaries.study.graph, summaries.pools)
        branches = branch_table(summaries, measured)
        found |= {"errors": Table(errors, errors_text(errors))}
        found |= {"branches": Table(branches, branches_text(branches))}
    if ablations(summaries):
        rewards = reward_table(summaries)
        found["rewards"] = Table(rewards, rewards_text(rewards))
    if (path := summaries.folder / "pointers.parquet").is_file():
        pointers = pl.read_parquet(path)
        found["pointers"] = Table(pointers, attention.text(pointers))
    return found


EXTENSION = Extension(
    metrics={
        "full_length": Metric("share", True, (pl.col("hops_used") >= pl.col("level")).cast(pl.Float64)),
        "first_false": None,  # a place, of which a mean says nothing
    },
    dose_metrics=("hops_used",),
    shown=("valid", "coverage", "reward", "hops_used"),
    measures=MEASURES,
    tables=tables,
    episode_columns=EPISODE_COLUMNS,
    episode=_episode,
)
