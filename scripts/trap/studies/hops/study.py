"""The hops study as methods and evaluation see it (`trap.studies.Study`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.files import read_jsonl
from trap.studies.base import BaseStudy, Pool
from trap.studies.hops.graph import load_graph
from trap.studies.hops.records import LETTERS, Episode, Question
from trap.studies.hops.reward import Grade, Grader, selection_key, to_episode


class Hops:
    def __init__(self, graph: Path | str) -> None:
        self.grader = Grader(load_graph(graph))

    def read(self, path: Path | str) -> list[Question]:
        return read_jsonl(path, Question)

    def grade(self, item: Question, completion: str) -> Grade:
        return self.grader.grade(item, completion)

    def key(self, grade: Grade, reward: str) -> tuple:
        total = grade.total if reward == "v1" else grade.total_v2
        return (total, *selection_key(grade, reward))

    def episode(
        self,
        item: Question,
        completion: str,
        grade: Grade,
        *,
        phase: str,
        step: int,
        kept: bool | None = None,
    ) -> Episode:
        episode = to_episode(item, completion, grade, phase=phase, step=step)
        episode.hop_len, episode.kept = item.hop_len, kept
        return episode

    def row(self, item: Question, grade: Grade) -> dict[str, Any]:
        return {
            "id": item.id,
            "hops": item.hop_len,
            "start": item.meta.start or item.path_star.entities[0],
            "correct": grade.correct,
            "valid": grade.valid,
            "faithful": grade.faithful,
            "format": grade.valid_format,
            "lenient": (grade.answer or grade.lenient_answer) == item.answer_star,
            "answer": grade.answer,
            "coverage": grade.coverage,
            "spam": grade.spam_penalty > 0,
            "reward": grade.total,
            "hops_used": min(grade.hops_used, 127),
            "first_false": min(grade.first_false, 127),
        }

    def letters(self, item: Question) -> list[str]:
        order = [item.answer_star, *(letter for letter in LETTERS if letter != item.answer_star)]
        return [f"ANSWER: {letter}" for letter in order]


def load(graph: Path | str) -> Hops:
    return Hops(graph)


class Study(BaseStudy):
    """Its declarations; items and scores follow."""

    corpus_from = ()  # its facts come from the graph

    pools = (
        Pool("easy", "train", "easy", trainable=True),
        Pool("hard", "train", "hard", trainable=True),
        Pool("valid_easy", "validation", "easy"),
        Pool("valid_hard", "validation", "hard"),
        Pool("eval_easy", "evaluation", "easy", scored=True, ranked=True),
        Pool("eval_hard", "evaluation", "hard", scored=True, ranked=True),
        Pool("eval_leak", "evaluation", "hard", scored=True, trainable=True),
        Pool("eval_shuffled", "control", "hard", derived_from="eval_hard", scored=True, logged=False),
        Pool(
            "eval_leak_permuted",
            "control",
            "hard",
            derived_from="eval_leak",
            scored=True,
            trainable=True,
            logged=False,
        ),
        Pool("eval_leak_random", "control", "hard", derived_from="eval_leak", trainable=True),
        *(Pool(f"eval_hop{hops}", "evaluation", "longer", scored=True, extra=True) for hops in range(6, 11)),
    )

    @classmethod
    def sources(cls, options: Any) -> list[str]:
        return ["kg.json"]

    @classmethod
    def has_reward(cls, name: str) -> bool:
        return True

    @classmethod
    def ranks_by(cls, name: str) -> bool:
        return name in ("v1", "v2")
