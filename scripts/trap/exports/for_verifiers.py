"""A study as a taskset of verifiers (0.4, `verifiers.v1`). The package is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import verifiers.v1 as vf
from pydantic import Field

from trap.exports.contents import Export, open_export


class StudyData(vf.TaskData):
    """An item. `item` is the whole of it, as its pool file has it."""

    answer: Any = None
    level: int = 0
    cluster: str = ""
    item: dict[str, Any] = Field(default_factory=dict)


class StudyTaskConfig(vf.TaskConfig):
    reward: str = ""
    """A reward of the study by its name; the score, from 0 to 1, without one."""


class StudyTask(vf.Task[StudyData, vf.State, StudyTaskConfig]):
    """An item with its reward and its measures, by the study's grader."""

    FOLDER: ClassVar[Path]

    @property
    def export(self) -> Export:
        return open_export(self.FOLDER)

    @cached_property
    def reopened(self) -> Any:
        return self.export.reopened(self.data.item)

    @property
    def key(self) -> str:
        return str(self.data.id)

    @vf.reward(weight=1.0)
    async def value(self, trace: vf.Trace) -> float:
        """The named reward of the last answer, or its score."""
        text = said(trace)
        return self.export.reward(
            self.reopened, self.export.score(self.reopened, text), text, self.config.reward
        )

    @vf.metric
    async def measures(self, trace: vf.Trace) -> dict[str, float]:
        """The score, whether it is right, in form and faithful, and what else the study measures."""
        return self.export.numbers(self.export.score(self.reopened, said(trace)))

    async def validate(self, runtime: vf.Runtime) -> bool | None:
        """Whether the reference earns the full score."""
        return self.export.score(self.reopened, self.export.study.reference(self.reopened)).value == 1


class StudyTasksetConfig(vf.TasksetConfig):
    pool: str = ""
    """A pool of items; the first evaluation pool without one."""
    task: StudyTaskConfig = StudyTaskConfig()


class StudyItems:
    """`load` of a taskset whose tasks are the items of a pool."""

    TASK: ClassVar[type[StudyTask]]
    config: StudyTasksetConfig

    def load(self) -> Iterator[StudyTask]:
        export = open_export(self.TASK.FOLDER)
        for item in export.items(self.config.pool):
            data = StudyData(
                id=item.id, prompt=item.prompt, answer=msgspec.to_builtins(item.answer), level=item.level,
                cluster=item.cluster, item=msgspec.to_builtins(item),
            )  # fmt: skip
            yield self.TASK(data, self.config.task)


def said(trace: vf.Trace) -> str:
    """The last answer, with the white space that it has: a format may depend on it."""
    messages = trace.assistant_messages
    return (messages[-1].content or "") if messages else ""
