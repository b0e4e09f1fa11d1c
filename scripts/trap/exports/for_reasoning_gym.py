"""A study as a dataset of reasoning-gym. The package is imported here and by the study of its name alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import register_dataset

from trap.exports.contents import open_export


@dataclass
class StudyConfig:
    """`pool`: the first evaluation pool without one. `seed` draws nothing: items are those of the export."""

    pool: str = ""
    reward: str = ""
    seed: int | None = 0
    size: int = 0  # as many as there are

    def validate(self) -> None:
        if self.size < 0:
            raise ValueError("size must not be negative")


class StudyDataset(ProceduralDataset):
    """The items of a pool in order, and over again if more are asked for."""

    FOLDER: ClassVar[Path]

    def __init__(self, config: StudyConfig) -> None:
        self.export = open_export(self.FOLDER)
        self.items = self.export.items(config.pool)
        super().__init__(config=config, seed=config.seed or 0, size=config.size or len(self.items))

    def __getitem__(self, idx: int) -> dict[str, Any]:
        """question: the prompt. answer: a completion that earns the full score. metadata: the item."""
        if not 0 <= idx < self.size:
            raise IndexError(idx)
        item = self.items[idx % len(self.items)]
        return {
            "question": item.prompt,
            "answer": self.export.study.reference(item),
            "metadata": {
                "source_dataset": self.export.about.study, "source_index": idx, "id": item.id, "level": item.level,
                "item": msgspec.to_builtins(item),
            },
        }  # fmt: skip

    def score_answer(self, answer: str | None, entry: dict[str, Any]) -> float:
        """The study's score of a whole completion, from 0 to 1, or the reward that the configuration names."""
        item, text = self.export.reopened(entry["metadata"]["item"]), answer or ""
        return self.export.reward(item, self.export.score(item, text), text, self.config.reward)


def register(name: str, folder: Path) -> type[StudyDataset]:
    """Make `create_dataset(name)` open the export of a folder."""
    kind = type("ExportedDataset", (StudyDataset,), {"FOLDER": folder})
    register_dataset(name, kind, StudyConfig)
    return kind
