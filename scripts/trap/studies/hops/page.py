"""The study's own part of its page: labels, the graph with its layout, and questions with their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trap.figures.estimates import Evidence, one
from trap.files import InputError, iter_jsonl
from trap.studies.hops.analysis.layout import whole_graph
from trap.studies.hops.finding import sentences
from trap.studies.hops.graph import load_graph
from trap.studies.hops.records import Question

ASKED = "Question: "  # before the question in a minimal prompt; page/studies/hops/store.js knows it too
ABOUT = ("What was claimed", "How this test works")
WORDS = {
    "pool_labels": {
        "eval_easy": "fresh easy questions",
        "eval_hard": "fresh hard questions",
        "eval_leak": "leaked questions",
        "easy": "easy questions, trained on",
        "hard": "hard questions, trained on",
        "valid_easy": "easy",
        "valid_hard": "hard",
    },
    "published_labels": {
        "base": "base model",
        "sft": "SFT",
        "rsft_easy": "RSFT easy",
        "rsft_eval_135m": "RSFT on eval.jsonl, smaller model",
        "rsft_eval_360m": "RSFT on eval.jsonl, larger model",
    },
    "scatter_words": "On fresh hard questions; on the diagonal every right letter has a true trace.",
}


def questions(pools: Iterable[Path], wanted: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows of questions.json, with all that the page needs to ask, show and grade a question.

    pools: files of pools. wanted: (pool, id) of each question. Raises InputError for a question that no file has.
    """
    found: dict[tuple[str, str], Question] = {}
    for path in pools:
        missing = {identifier for pool, identifier in wanted if pool == path.stem}
        if not missing:
            continue
        for question in iter_jsonl(path, Question):
            if question.id in missing:
                found[path.stem, question.id] = question
                missing.discard(question.id)
                if not missing:
                    break
    if absent := [key for key in wanted if key not in found]:
        raise InputError(f"episodes.parquet: id: no question {absent[0][1]!r} in a pool {absent[0][0]!r}")
    return [_question_row(found[key], key[0]) for key in wanted]


def _question_row(question: Question, pool: str) -> dict[str, Any]:
    """`question`, `start` and `chain` are left out where the prompt's first line, the path and its relations say the same."""
    relations = [edge.rel for edge in question.path_star.edges]
    told = {
        "question": (question.question, question.prompt.split("\n")[0].removeprefix(ASKED)),
        "start": (question.meta.start, question.path_star.entities[0]),
        "chain": (question.meta.chain, relations),
    }
    return {
        "id": question.id,
        "pool": pool,
        "level": question.hop_len,
        "prompt": question.prompt,
        "options": question.options,
        "answer_star": question.answer_star,
        "path": question.path_star.entities,
        "relations": relations,
        **{name: said for name, (said, known) in told.items() if said and said != known},
    }


def finding(evidence: Evidence) -> list[str]:
    """What was found, in the words that the post opens with too."""
    keys = {"model": "nano", "arm": "rsft_eval", "pool": evidence.leaked}
    table = evidence.table("arms")
    right, reasons = (one(table, **keys, metric=metric) for metric in ("accuracy", "faithful"))
    found = sentences(evidence.claims.get, right and right.value, reasons and reasons.value)
    return [str(sentence) for sentence in found]


def data(folder: Path) -> dict[str, Any]:
    """graph.json: the content of kg.json, with the place (x, y) of every entity on the map.

    folder: holds kg.json. The engine in the browser reads this file too.
    """
    graph = load_graph(folder / "kg.json")
    if graph.file.tables:
        raise InputError(
            f"{folder / 'kg.json'}: a graph of {len(graph.edges)} edges is too large for the page"
        )
    places = whole_graph(graph)
    file = msgspec.to_builtins(graph.file)
    for entity in file["entities"]:
        entity["x"], entity["y"] = places[entity["id"]]
    return {"graph.json": file}
