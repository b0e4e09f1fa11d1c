"""Where a model looks when it must write the next relation of a chain: at the question's right relation, or not.

A trace is shown to the model up to a clause's first entity, whose next token is the clause's relation. The
question names the relations in order, so the right place to look at is known. For each clause one head is followed:
the one that looks there most at that clause of the longest chains that were taught, and for later clauses the
one of the last taught clause. What these heads do on taught chains is therefore partly chosen; what they do
on longer ones is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from trap.analysis import resampling
from trap.analysis.resampling import Cell
from trap.files import InputError
from trap.report.markdown import pipe_table
from trap.studies.hops.analysis.error_tables import ESTIMATE_COLUMNS, share_text
from trap.studies.hops.records import Question

MAP_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("model", "arm"), pl.String),
    "level": pl.Int16,  # hops
    **dict.fromkeys(("clause", "relation"), pl.Int8),  # count from 1
    "weight": pl.Float64,  # mean over questions and seeds
}
POINTER_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("model", "arm"), pl.String),
    "level": pl.Int16,  # hops
    "clause": pl.Int8,  # ALL_CLAUSES: mean over them
    **ESTIMATE_COLUMNS,
}
ALL_CLAUSES = 0
Weights = Callable[[list[list[int]], list[list[int]]], np.ndarray]  # see `look`


def find(ids: Sequence[int], wanted: Sequence[int], where: str) -> list[int]:
    """Places of tokens that occur in this order. Raises InputError naming `where`."""
    places, start = [], 0
    for token in wanted:
        try:
            places.append(ids.index(token, start))
        except ValueError:
            raise InputError(f"{where}: its relations are not single tokens of this model") from None
        start = places[-1] + 1
    return places


def look(
    questions: Sequence[Question], encode: Callable[[str], list[int]], phrase: Callable[[str], str], weights: Weights,
    batch: int = 128,
) -> np.ndarray:  # fmt: skip
    """Attention on the question's relations, before each clause's: (questions, heads, clauses, relations).

    questions: of one hop count. phrase: words of a relation. weights: of rows of tokens and the places that
    are asked, (heads, rows, places, tokens); rows of one call are equally long.
    """
    rows: dict[int, list[int]] = {}
    asked: list[tuple[list[int], list[int], list[int]]] = []
    for number, question in enumerate(questions):
        prompt, trace = encode(question.prompt), encode(question.ref.trace)
        [*relations] = (
            token for edge in question.path_star.edges for token in encode(f" {phrase(edge.rel)}")
        )
        told = find(prompt, relations, question.id)
        written = [len(prompt) + place - 1 for place in find(trace, relations, question.id)]
        asked.append((prompt + trace, told, written))
        rows.setdefault(len(asked[-1][0]), []).append(number)
    found: list[np.ndarray | None] = [None] * len(asked)
    for numbers in rows.values():
        for at in range(0, len(numbers), batch):
            part = numbers[at : at + batch]
            seen = weights([asked[i][0] for i in part], [asked[i][2] for i in part])
            for row, i in enumerate(part):
                found[i] = seen[:, row][:, :, asked[i][1]]
    return np.stack([one for one in found if one is not None])


def follow(maps: dict[int, np.ndarray], taught: int) -> dict[int, np.ndarray]:
    """Of maps as `look` gives them, by hop count, those of the head that is followed: (questions, clauses, relations)."""
    heads = np.diagonal(maps[taught], axis1=2, axis2=3).mean(axis=0).argmax(axis=0)
    found = {}
    for hops, every in maps.items():
        chosen = [heads[min(clause, taught - 1)] for clause in range(hops)]
        found[hops] = every[:, chosen, range(hops)]
    return found


def tables(
    found: dict[tuple[str, str], dict[int, dict[int, np.ndarray]]], starts: dict[int, list[str]]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(maps, pointers) of the heads that were followed, (questions, clauses, relations) by arm, seed and hops.

    starts: the questions' start entities by hop count, over which intervals are taken, with the seeds.
    """
    maps, pointers = [], []
    for (model, arm), seeds in found.items():
        for hops, names in starts.items():
            each = np.stack(
                [seeds[seed][hops] for seed in sorted(seeds)]
            )  # seeds, questions, clauses, relations
            for clause, row in enumerate(each.mean(axis=(0, 1)), start=1):
                for relation, weight in enumerate(row, start=1):
                    maps.append((model, arm, hops, clause, relation, float(weight)))
            right = np.diagonal(each, axis1=2, axis2=3)
            for clause, value in _clauses(right):
                estimate = _estimate(f"{model}/attention", sorted(seeds), names, value)
                pointers.append({"model": model, "arm": arm, "level": hops, "clause": clause, **estimate})
    return (
        pl.DataFrame(maps, schema=MAP_COLUMNS, orient="row"),
        pl.DataFrame(pointers, schema=POINTER_COLUMNS),
    )


def _clauses(right: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(clause, weights by seed and question); ALL_CLAUSES first."""
    yield ALL_CLAUSES, right.mean(axis=2)
    for clause in range(right.shape[2]):
        yield clause + 1, right[:, :, clause]


def _estimate(group: str, seeds: list[int], starts: list[str], value: np.ndarray) -> dict[str, Any]:
    names, column = np.unique(np.array(starts), return_inverse=True)
    total = np.stack([np.bincount(column, weights=row, minlength=len(names)) for row in value])
    count = np.tile(np.bincount(column, minlength=len(names)).astype(float), (len(seeds), 1))
    # not a share of answers: each question gives a weight between 0 and 1, so no binomial interval
    cell = Cell(group, tuple(seeds), tuple(map(str, names)), total, count, share=False)
    found = resampling.estimate([cell])
    estimate = {name: getattr(found, name) for name in ESTIMATE_COLUMNS}
    bounds = {name: min(1.0, max(0.0, estimate[name])) for name in ("low", "high")}  # as every weight is
    return estimate | bounds


def text(pointers: pl.DataFrame) -> str:
    """The table for people: how much of the attention goes to the right relation."""
    parts = [
        "# Where the model looks for the next relation\n",
        "Share of attention on the question's right relation, when a clause's relation is to be written, of the head that "
        "looks there most at that clause of the longest chains that were taught (later clauses: at the last taught "
        "one). Mean over clauses, and by clause; 95 % intervals over seeds and questions in brackets.\n",
    ]
    for (hops,), part in pointers.partition_by("level", as_dict=True, maintain_order=True).items():
        clauses = part["clause"].unique().sort().to_list()
        header = [
            "model",
            "arm",
            "n x seeds",
            *("all" if c == ALL_CLAUSES else f"clause {c}" for c in clauses),
        ]
        rows = [
            [
                group["model"][0],
                group["arm"][0],
                f"{group['n'][0]} x {group['seeds'][0]}",
                *(share_text(row) for row in group.sort("clause").to_dicts()),
            ]
            for group in part.partition_by("model", "arm", maintain_order=True)
        ]
        parts += [f"## {hops} hops\n", pipe_table(header, rows)]
    return "\n".join(parts)
