"""Studies for tests of the methods: their completions say themselves what they are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trap.studies.base import BaseStudy, Item, Measure, NoOptions, Pool, Score


class Toy(BaseStudy):
    """Completions say their own reward: "0.5 some text"; a `!` marks reasons that do not hold."""

    name = "toy"
    pools = (Pool("easy", "train", "easy", trainable=True), Pool("hard", "train", "hard", trainable=True))
    measures = (Measure("words", "integer"), Measure("said", "text"))
    answers_with_reasons = True
    reward_names = ("v1", "v2")

    def __init__(self) -> None:
        super().__init__(NoOptions(), Path(), 0)

    def score(self, item: Any, completion: str) -> Score:
        stated = float(completion.split()[0])
        right, holds = stated > 0, "!" not in completion
        return Score(
            value=min(1.0, max(0.0, stated)),
            correct=right,
            faithful=right and holds,
            measures={"words": len(completion.split()), "said": completion},
            detail=(stated, holds),
        )

    @property
    def rewards(self) -> dict[str, Any]:
        return {
            "v1": lambda item, score, completion: {"stated": score.detail[0]},
            "v2": lambda item, score, completion: {
                "stated": score.detail[0],
                "holds": float(score.detail[1]),
            },
        }

    def rank(self, item: Any, score: Score, completion: str, reward: str) -> tuple[float, ...]:
        return (sum(self.rewards[reward](item, score, completion).values()),)

    def episode(self, item: Any, completion: str, score: Score, **more: Any) -> dict[str, Any]:
        return {"ex_id": item.id, "completion": completion, **more}


class Things(BaseStudy):
    """Naming the right thing is rewarded: 1 for an apple, whatever the question."""

    name = "things"
    pools = (Pool("hard", "train", trainable=True),)
    measures = (Measure("ends", "flag"),)
    reward_names = ("v1", "v2")

    def __init__(self) -> None:
        super().__init__(NoOptions(), Path(), 0)

    def score(self, item: Item, completion: str) -> Score:
        right = "apple" in completion
        return Score(float(right), right, measures={"ends": completion.endswith(".")})

    @property
    def rewards(self) -> dict[str, Any]:
        return dict.fromkeys(self.reward_names, lambda item, score, completion: {"apple": score.value})
