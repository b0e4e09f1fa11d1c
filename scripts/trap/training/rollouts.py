"""Counts of what was sampled: samples, prompts with a right one, winners, and means of the winners' measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from trap.studies.base import BaseStudy, Score


def measure_sums(study: BaseStudy, scores: Sequence[Score]) -> dict[str, tuple[float, int]]:
    """By measure: (sum, number of scores that have it). Measures that are texts are left out."""
    found = {}
    for measure in study.measures:
        if measure.type != "text":
            values = [score.measures.get(measure.name) for score in scores]
            known = [float(value) for value in values if value is not None]
            found[measure.name] = (sum(known), len(known))
    return found


def measure_means(study: BaseStudy, scores: Sequence[Score]) -> dict[str, float]:
    """The mean of each measure over the scores that have it; 0 where none has."""
    return {name: total / max(1, n) for name, (total, n) in measure_sums(study, scores).items()}


class Counts(Struct):
    """Running counts of samples and winners. They can be stored in a checkpoint."""

    prompts: int = 0
    sampled: int = 0
    hits: int = 0  # prompts with a right sample
    winners: int = 0
    correct: int = 0  # of the winners
    faithful: int = 0
    sums: dict[str, tuple[float, int]] = {}  # measures of the winners

    def add(self, study: BaseStudy, scores: Sequence[Score], winners: Sequence[Score]) -> None:
        """Count one prompt's samples."""
        self.prompts += 1
        self.sampled += len(scores)
        self.hits += any(score.correct for score in scores)
        self.winners += len(winners)
        self.correct += sum(score.correct for score in winners)
        self.faithful += sum(bool(score.faithful) for score in winners)
        for name, (total, n) in measure_sums(study, winners).items():
            before, known = self.sums.get(name, (0.0, 0))
            self.sums[name] = (before + total, known + n)

    def facts(self, study: BaseStudy) -> dict[str, Any]:
        """The counts as the log and `meta.json` hold them.

        `any_correct` is the share of prompts with a right sample (pass@k); `winner_means` holds the means of the
        study's measures over the winners. `winner_faithful` is null where the study asks for no reasons.
        """
        return study.rollout_counts(
            {
                "sampled": self.sampled, "prompts": self.prompts, "winners": self.winners,
                "winner_correct": self.correct,
                "winner_faithful": self.faithful if study.answers_with_reasons else None,
                "any_correct": self.hits / max(1, self.prompts),
                "winner_means": {name: total / max(1, n) for name, (total, n) in self.sums.items()},
            }
        )  # fmt: skip
