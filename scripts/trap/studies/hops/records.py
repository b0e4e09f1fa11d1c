"""Typed records of every file format, as published (`spec/schemas.md`), with our added fields.

Published fields keep their names and meanings; what we add is optional, so that published files
read as they are. `config/schemas/` holds JSON Schemas generated from these types.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

Letter = Literal["A", "B", "C", "D"]
LETTERS: tuple[Letter, ...] = ("A", "B", "C", "D")


class Entity(Struct, kw_only=True):
    id: str
    label: str = ""
    type: str = ""


class Relation(Struct, kw_only=True):
    """`phrase` is the verb phrase between two entities; without one it is made from the label."""

    id: str
    label: str = ""
    phrase: str | UnsetType = UNSET


class Edge(Struct, kw_only=True, frozen=True):
    src: str
    rel: str
    dst: str


class Tables(Struct, kw_only=True):
    """Parquet files beside the `kg.json` of a large graph, which then lists no entities and no edges itself."""

    entities: str
    edges: str


class GraphFile(Struct, kw_only=True):
    """`kg.json`."""

    version: str = "1.0"
    domain: str = ""
    entities: list[Entity]
    relations: list[Relation]
    edges: list[Edge]
    tables: Tables | UnsetType = UNSET


class Path(Struct, kw_only=True):
    """A walk through the graph: hops + 1 entities, hops edges."""

    entities: list[str]
    edges: list[Edge]


class Reference(Struct, kw_only=True):
    """A reference completion: `trace` holds the TRACE: and ANSWER: lines together, as published."""

    trace: str
    style_rules: list[str] = field(default_factory=list)


class QuestionMeta(Struct, kw_only=True, omit_defaults=True):
    topic: str = ""
    difficulty: str = ""
    distractor_type: str = ""
    # ours
    style: str = ""  # well_posed | published
    prompt_style: str = ""  # full | minimal
    start: str = ""
    chain: list[str] = field(default_factory=list)  # relation ids, in order
    pool: str = ""
    index: int = -1


class Question(Struct, kw_only=True):
    """One line of `train.jsonl`, `eval.jsonl` or a pool."""

    id: str
    split: str
    hop_len: int
    question: str
    options: dict[Letter, str]
    answer_star: Letter
    path_star: Path
    prompt: str
    ref: Reference
    meta: QuestionMeta = field(default_factory=QuestionMeta)

    # What every study's items have (`trap.studies.base.Item`), under the published names of the fields.

    @property
    def level(self) -> int:
        """The number of hops."""
        return self.hop_len

    @property
    def start(self) -> str:
        """The entity that the chain of relations starts from."""
        return self.meta.start or self.path_star.entities[0]

    @property
    def chain(self) -> list[str]:
        """Ids of the relations, in order."""
        return self.meta.chain or [edge.rel for edge in self.path_star.edges]

    @property
    def cluster(self) -> str:
        """Questions from one start resemble each other."""
        return self.start

    @property
    def answer(self) -> Letter:
        """The letter of the right option."""
        return self.answer_star

    @property
    def reference(self) -> str:
        """A completion that earns the full score."""
        return self.ref.trace

    @property
    def info(self) -> dict[str, Any]:
        """What a grader needs besides the answer."""
        return {
            "options": self.options,
            "start": self.start,
            "chain": self.chain,
            "path": self.path_star.entities,
        }


class Parsed(Struct, kw_only=True):
    answer: str | None = None  # published files hold "" where nothing parsed
    trace_text: str = ""
    trace_entities: list[str] = field(default_factory=list)
    path_entities: list[str] = field(default_factory=list)
    valid_format: bool = False


class Reward(Struct, kw_only=True):
    """Reward v1 parts as published; `validity` and `faithful` are ours (reward v2)."""

    correctness: float
    path_coverage: float
    path_reward: float
    spam_penalty: float
    total: float
    validity: float | None = None
    faithful: bool | None = None


class Episode(Struct, kw_only=True):
    """One line of `episodes.jsonl`: a prompt, a completion, and what the grader made of it."""

    phase: str
    step: int
    ex_id: str
    split: str
    prompt: str
    completion: str
    parsed: Parsed
    reward: Reward
    debug: dict[str, Any] = field(default_factory=dict)
    hop_len: int | None = None
    kept: bool | None = None
    pool: str = ""  # ours, as hop_len and kept are
