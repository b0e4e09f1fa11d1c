"""What training and evaluation share, and what is wrong within each: repeats, contradictions, missing parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from trap.audit.claims import Finding, percent, share_of
from trap.audit.minhash import NEAR, NearIndex
from trap.audit.tables import Table

SHOW = 3
NEAR_TEXTS = 100_000  # distinct questions that are looked for among near duplicates; more are sampled


def near_index(table: Table, texts: pl.Series) -> tuple[NearIndex, np.ndarray]:
    """An index of the distinct normalised questions, at most NEAR_TEXTS of them; and of each row its text, or -1.

    texts: the normalised questions of the first rows (those that were kept in full)."""
    _, first = np.unique(table["question"][: len(texts)], return_index=True)
    first = np.sort(first[table["question"][first] != 0])[:NEAR_TEXTS]
    of_hash = {int(table["question"][row]): place for place, row in enumerate(first.tolist())}
    member = np.array([of_hash.get(value, -1) for value in table["question"].tolist()], dtype=np.int64)
    return NearIndex(texts.gather(pl.Series(first, dtype=pl.UInt32))), member


def shared(train: np.ndarray, evaluation: np.ndarray) -> np.ndarray:
    """Which evaluation hashes stand in training, bool (n,). A hash of 0 is nothing and is never shared."""
    known = np.unique(train)
    if not len(known) or not len(evaluation):
        return np.zeros(len(evaluation), dtype=bool)
    place = np.minimum(np.searchsorted(known, evaluation), len(known) - 1)
    return (known[place] == evaluation) & (evaluation != 0)


def overlap_findings(train: Table, evaluation: Table, index: NearIndex, member: np.ndarray) -> list[Finding]:
    """How many evaluation rows training has shown: as written, normalised, with options, nearly, by template, by group."""
    n = evaluation.n
    exact = shared(train["exact"], evaluation["exact"])
    same = shared(train["question"], evaluation["question"])
    optioned = bool(evaluation["options"].any() and train["options"].any())
    level = "look" if optioned else "bad"  # with options, equal words may ask for something else
    findings = [
        _finding("overlap.exact", "The question stands in training, letter for letter", exact, n, train, evaluation, "exact", level),
        _finding("overlap.normalised", "The question stands in training, but for case, blanks and marks", same, n, train, evaluation, "question", level),
    ]  # fmt: skip
    if optioned:
        item = shared(train["item"], evaluation["item"])
        findings.append(_finding("overlap.item", "The question stands in training with the same options, in whatever order", item, n, train, evaluation, "item"))  # fmt: skip
    findings.append(_near(train, evaluation, index, member, same))
    findings += _answers(train, evaluation, same)
    for role in ("template", "group"):
        if evaluation.has(role) and train.has(role):
            there = shared(train[role], evaluation[role])
            known = int((evaluation[role] != 0).sum())
            level = "note" if role == "group" else "look" if there.any() else "fine"
            findings.append(
                share_of(
                    f"overlap.{role}",
                    "overlap",
                    f"The {role} of the question stands in training",
                    int(there.sum()),
                    known,
                    level=level,
                    next=f"Report accuracy on unseen {role}s beside the whole." if there.any() else "",
                )
            )
    return findings


def _finding(
    ident: str,
    says: str,
    there: np.ndarray,
    n: int,
    train: Table,
    evaluation: Table,
    by: str,
    level: str = "bad",
) -> Finding:
    k = int(there.sum())
    advice = "Take these questions out of training, or out of the evaluation, and report only what is left."
    return share_of(
        ident, "overlap", says, k, n, level=level if k else "fine", next=advice if k and level == "bad" else "",
        examples=_examples(train, evaluation, by, np.flatnonzero(there)[:SHOW]), more={"count": k},
    )  # fmt: skip


def _examples(train: Table, evaluation: Table, by: str, rows: Sequence[int] | np.ndarray) -> tuple[str, ...]:
    shown = []
    for row in rows:
        other = int(np.flatnonzero(train[by] == evaluation[by][row])[0])
        shown.append(
            f"{_beginning(evaluation, int(row))} ({evaluation.place(int(row))}, {train.place(other)})"
        )
    return tuple(shown)


def _beginning(table: Table, row: int) -> str:
    text = " ".join(table.texts[row].split()) if row < len(table.texts) else ""
    return f"“{text[:90]}{'…' if len(text) > 90 else ''}”"


def _near(train: Table, evaluation: Table, index: NearIndex, member: np.ndarray, same: np.ndarray) -> Finding:
    looked = member >= 0
    close = np.zeros(evaluation.n, dtype=bool)
    close[looked] = index.best[member[looked]] >= NEAR
    alone = close & ~same
    examples = []
    for row in np.flatnonzero(alone)[:SHOW].tolist():
        other = int(index.where[member[row]])
        value = index.best[member[row]]
        there = train.place(other) if other >= 0 else "training"
        examples.append(f"{_beginning(evaluation, row)} ({evaluation.place(row)}, {there}: {value:.2f})")
    k, n = int(alone.sum()), int(looked.sum())
    part = "" if n == evaluation.n else f" (of {n:,} rows that were looked for)"
    return share_of(
        "overlap.near", "overlap",
        f"A question that is not the same shares {percent(NEAR)} of its runs of three words with one in training{part}", k, n,
        level="look" if k else "fine", examples=tuple(examples), more={"count": k, "jaccard": NEAR},
        next="Read these pairs: another number may make another question, another wording does not." if k else "",
    )  # fmt: skip


def _answers(train: Table, evaluation: Table, same: np.ndarray) -> list[Finding]:
    """Of the questions that training has shown, how many were shown with the right answer."""
    k = int(same.sum())
    if not k or not (train["answer"] != 0).any():
        return []

    def pairs(table: Table) -> np.ndarray:
        mixed = table["question"] * np.uint64(0x9E3779B97F4A7C15) ^ table["answer"]
        return np.where((table["question"] != 0) & (table["answer"] != 0), mixed, np.uint64(0))

    there = shared(pairs(train), pairs(evaluation)) & same
    return [
        share_of(
            "overlap.answer",
            "overlap",
            "Of the shared questions, the right answer stands in training as well",
            int(there.sum()),
            k,
            level="bad" if there.any() else "note",
            more={"count": int(there.sum())},
            next="What these score is memory." if there.any() else "",
        )
    ]


# --- within one file ------------------------------------------------------------------------------------------


def data_findings(table: Table, name: str) -> list[Finding]:
    """Repeats, contradictions and missing parts of one file."""
    n = table.n
    findings = [
        _count(f"{name}.no_question", "no question", table["question"] == 0, table, "bad"),
        _count(f"{name}.repeated", "a question that stood there before, with its options", _repeats(table["item"]), table, "look"),
    ]  # fmt: skip
    if table.has("id"):
        findings.append(_count(f"{name}.no_id", "no id", table["id"] == 0, table, "look"))
        findings.append(
            _count(
                f"{name}.repeated_id", "an id that stood there before", _repeats(table["id"]), table, "look"
            )
        )
    if table.has("answer"):
        unread = table["answer"] == 0
        findings.append(_count(f"{name}.no_answer", "no answer that could be read", unread, table, "look"))
        clash = contradictions(table["item"], table["answer"])
        says = "an equal question with another answer elsewhere in the file"
        findings.append(_count(f"{name}.contradictions", says, clash, table, "look"))
    if table.fields.kind == "choice":
        counts = np.bincount(table["options"], minlength=1)
        shapes = ", ".join(
            f"{number:,} rows with {options}" for options, number in enumerate(counts) if number
        )
        findings.append(
            Finding(f"{name}.options", "data", f"{_called(name)}: options: {shapes}", n=n, unit="count")
        )
    return findings


def _called(name: str) -> str:
    return {"train": "Training", "eval": "Evaluation"}.get(name, name)


def _repeats(values: np.ndarray) -> np.ndarray:
    """Which rows have a value that stood in an earlier row, bool (n,)."""
    _, first = np.unique(values, return_index=True)
    again = np.ones(len(values), dtype=bool)
    again[first] = False
    return again & (values != 0)


def contradictions(items: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Which rows have a question that stands in the file with several answers, bool (n,)."""
    frame = pl.DataFrame({"item": items, "answer": answers})
    known = frame.filter((pl.col("item") != 0) & (pl.col("answer") != 0))
    several = known.group_by("item").agg(pl.col("answer").n_unique()).filter(pl.col("answer") > 1)["item"]
    return np.isin(items, several.to_numpy()) & (answers != 0)


def _count(ident: str, what: str, there: np.ndarray, table: Table, level: str) -> Finding:
    k = int(there.sum())
    rows = np.flatnonzero(there)[:SHOW].tolist()
    name = _called(ident.split(".")[0])
    return share_of(
        f"data.{ident}", "data", f"{name}: rows with {what}", k, table.n, level=level if k else "fine",
        examples=tuple(f"{table.place(row)} {_beginning(table, row)}" for row in rows), more={"count": k},
        next="Look at the rows named; each counts more than once or cannot be right for all." if k else "",
    )  # fmt: skip
