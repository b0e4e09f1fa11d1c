"""What every logged trace gets wrong first, as one table of all runs.

Run folder: meta.json and episodes.jsonl, which holds the words behind the first questions of every pool.
The words themselves are too many to keep; the table has one row per answer and no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trap.analysis.borrowing import RUN_NAME
from trap.analysis.cells import read_table
from trap.analysis.episodes import Owner
from trap.files import InputError, iter_jsonl, read_json
from trap.studies.hops.analysis.errors import KINDS, TraceReader
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import Episode, Question

TRACE_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("study", "model", "platform", "arm"), pl.String),
    "seed": pl.Int16,
    **dict.fromkeys(("pool", "id"), pl.String),
    "level": pl.Int16,  # hops that the question asks for
    "cluster": pl.String,  # the entity that it starts from
    "correct": pl.Boolean,  # the letter
    "kind": pl.String,  # see trap.studies.hops.analysis.errors, as for the next two
    "hop": pl.Int8,
    "astray": pl.Int8,
}
_ORDER = ["study", "model", "platform", "pool", "id", "arm", "seed"]
_LONGEST = 127  # of an Int8; a trace may state more clauses


def collect_traces(
    folders: Sequence[Path | str], graph: Graph, pools: Mapping[str, Sequence[Question]]
) -> pl.DataFrame:
    """One row per logged answer to a question of these pools, in a fixed order (see TRACE_COLUMNS).

    Raises InputError for a folder without its files, a question that its pool does not have, and an answer
    that its run graded otherwise, which is one to other questions or about another graph.
    """
    reader = TraceReader(graph)
    questions = {pool: {question.id: question for question in found} for pool, found in pools.items()}
    rows = [row for folder in map(Path, folders) for row in _answers(folder, reader, questions)]
    return pl.DataFrame(rows, schema=TRACE_COLUMNS, orient="row").sort(_ORDER)


def with_borrowed(traces: pl.DataFrame, others: Sequence[Path], runs: Sequence[str]) -> pl.DataFrame:
    """The traces, and those of named runs (STUDY/MODEL/PLATFORM/ARM/SEED), each from the first file that has it.

    Raises InputError for a run that none of the files has.
    """
    parts, wanted = [traces], list(runs)
    for path in others:
        found = read_traces(path)
        here = set(found.select(RUN_NAME.unique()).to_series()) & set(wanted)
        parts.append(found.filter(RUN_NAME.is_in(sorted(here))))
        wanted = [name for name in wanted if name not in here]
    if wanted:
        raise InputError(f"{', '.join(map(str, others))}: no run {wanted[0]}")
    return pl.concat(parts).sort(_ORDER)


def _answers(
    folder: Path, reader: TraceReader, questions: Mapping[str, Mapping[str, Question]]
) -> Iterator[tuple[Any, ...]]:
    owner = read_json(folder / "meta.json", Owner)
    run = tuple(getattr(owner, name) for name in owner.__struct_fields__)
    path = folder / "episodes.jsonl"
    for number, episode in enumerate(iter_jsonl(path, Episode), start=1):
        pool = questions.get(episode.pool)
        if pool is None:
            continue
        question = pool.get(episode.ex_id)
        if question is None:
            raise InputError(f"{path}:{number}: ex_id: {episode.pool} has no question {episode.ex_id!r}")
        grade, reading = reader.read(question, episode.completion)
        if (grade.correct, grade.faithful) != (episode.reward.correctness > 0, bool(episode.reward.faithful)):
            raise InputError(f"{path}:{number}: reward: graded otherwise by this graph and these questions")
        hop, astray = (min(value, _LONGEST) for value in reading[1:])
        yield (
            *run, episode.pool, episode.ex_id, question.level, question.cluster, grade.correct, reading.kind,
            hop, astray,
        )  # fmt: skip


def read_traces(path: Path | str) -> pl.DataFrame:
    """traces.parquet. Raises InputError naming the file and the column."""
    frame = read_table(path)
    for column, kind in TRACE_COLUMNS.items():
        if column not in frame.columns:
            raise InputError(f"{path}: {column}: column missing")
        try:
            frame = frame.with_columns(pl.col(column).cast(kind))
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{path}: {column}: {str(error).splitlines()[0]}") from None
    unknown = sorted(set(frame["kind"]) - set(KINDS))
    if unknown:
        raise InputError(f"{path}: kind: unknown {unknown[0]!r}")
    return frame.select(list(TRACE_COLUMNS))
