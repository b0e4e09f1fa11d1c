"""The contract of a study: what is asked, how an answer is scored, what may be trained on.

A study is a folder `studies/NAME/` (in this package, or beside the working directory's `config/`) with a module
`study.py` that defines a class `Study`. The class says what the workflow must know before anything runs (options,
pools, measures, rewards); an instance makes items and scores completions. The names are those that tasks elsewhere
use: items with `prompt`, `answer` and `info` as in verifiers and reasoning-gym, a score between 0 and 1 with named
measures as in inspect.

A study that derives from `BaseStudy` needs `pools`, `make_item` and `score`; all else has a default.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
from msgspec import Struct

from trap.files import InputError, iter_jsonl
from trap.workflow.registry import load_member

Role = Literal["train", "validation", "evaluation", "control"]


class Item(Struct, kw_only=True, omit_defaults=True):
    """One row of a pool file. `reference` is a completion that earns the full score."""

    id: str
    prompt: str
    answer: Any = None
    reference: str = ""
    level: int = 0  # how hard it is, as the study counts: hops, steps, suspects
    cluster: str = ""  # what a bootstrap resamples together: a start, a puzzle; "" is the item itself
    info: dict[str, Any] = {}


@dataclass(frozen=True)
class Score:
    """What a completion earned. `value` is between 0 and 1; `measures` has the columns that the study declares.

    `faithful` is None where a study asks for no reasons; else it is True only for a right answer whose stated
    reasons were checked and hold. `detail` is for the study's own rewards and episodes, and leaves no trace in tables.
    """

    value: float
    correct: bool
    format: bool = True
    faithful: bool | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    detail: Any = None


@dataclass(frozen=True)
class Pool:
    """A declared pool of items. Nothing is ever read off its name.

    role: arms learn from `train`, settings are chosen on `validation`, results are reported on `evaluation`. A
    `control` is made from another pool (`derived_from`) with something changed, and is no honest set of questions.
    level: the difficulty in words, such as "easy". trainable: whether an arm may train on it; an arm that trains on an
    evaluation pool, or on one derived from it, is contaminated. scored: whether runs answer it. extra: whether it is
    asked only where an experiment names it.
    """

    name: str
    role: Role
    level: str = ""
    derived_from: str = ""
    trainable: bool = False
    scored: bool = False
    logged: bool = True  # whether completions of its first items are kept as episodes
    extra: bool = False
    ranked: bool = False  # whether the probabilities of its options are asked for as well

    @property
    def honest(self) -> bool:
        """Whether it is a set of questions that audits and baselines look at."""
        return self.role != "control"


@dataclass(frozen=True)
class Measure:
    """A column of `items.parquet` that the study fills: `name`, its type, unit, range, and which way is better."""

    name: str
    type: Literal["flag", "number", "integer", "text"] = "number"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    better: Literal["higher", "lower", ""] = ""
    label: str = ""


# A reward: (item, score, completion) -> named parts that add up to it.
Reward = Callable[[Any, Score, str], Mapping[str, float]]


class Text(Struct, kw_only=True):
    """A line of the base corpus. Stages are learned one after the other."""

    prompt: str
    completion: str
    stage: int = 0


class NoOptions(Struct, forbid_unknown_fields=True):
    """A study without options."""


class BaseStudy:
    """The contract with its defaults. Class attributes are read before anything runs: keep the import cheap."""

    Options: ClassVar[type[Struct]] = NoOptions
    pools: ClassVar[tuple[Pool, ...]] = ()
    measures: ClassVar[tuple[Measure, ...]] = ()
    level_name: ClassVar[str] = "level"  # what a level counts, in the plural, for axes and tables
    answers_with_reasons: ClassVar[bool] = False  # whether `faithful` means anything here
    reward_names: ClassVar[tuple[str, ...]] = ("value", "correct")  # names in `rewards`, the default first
    record: ClassVar[type] = Item  # the type of a pool file's row
    page_runs_models: ClassVar[bool] = False  # whether its page runs models in the browser
    corpus_from: ClassVar[tuple[str, ...] | None] = None  # what `corpus` reads; None: training pools
    name: str = ""  # the name of its folder, set when it is loaded

    def __init__(self, options: Any, data: Path, seed: int = 0) -> None:
        """`data` is the study's folder of shared files (its pools lie there, and what `sources` and rules make)."""
        self.options, self.data, self.seed = options, Path(data), seed

    # --- items ------------------------------------------------------------------------------------

    @classmethod
    def sources(cls, options: Any) -> list[str]:
        """Names of files in its data folder that items are made from. The study's own rules make them first."""
        return []

    @classmethod
    def pool(cls, name: str) -> Pool:
        """A declared pool. Raises InputError for a name that is none."""
        found = next((pool for pool in cls.pools if pool.name == name), None)
        if found is None:
            raise InputError(f"no pool {name!r} (there are {', '.join(pool.name for pool in cls.pools)})")
        return found

    @classmethod
    def has_reward(cls, name: str) -> bool:
        """Whether `rewards` has one of this name."""
        return name in cls.reward_names

    def size(self, pool: Pool) -> int | None:
        """How many items a pool has; None if it never runs out. Raises InputError if it has none at all."""
        return None

    def make_item(self, pool: Pool, index: int) -> Any:
        """Item `index` of a pool. It depends on (pool, seed, index) alone. Raises InputError if there is none."""
        raise NotImplementedError

    def items(self, pool: str, count: int, first: int = 0) -> Iterator[Any]:
        """`count` items of a pool from index `first` on, or fewer if the pool ends."""
        declared = self.pool(pool)
        size = self.size(declared)
        for index in range(first, first + count if size is None else min(first + count, size)):
            yield self.make_item(declared, index)

    def read(self, path: Path | str) -> list[Any]:
        """The items of a pool file. Raises InputError naming file and line."""
        return list(iter_jsonl(path, self.record))

    # --- scores -----------------------------------------------------------------------------------

    def score(self, item: Any, completion: str) -> Score:
        """The score of a completion. Must not raise, whatever the text."""
        raise NotImplementedError

    def reference(self, item: Any) -> str:
        """A completion that earns the full score."""
        return item.reference

    @property
    def rewards(self) -> Mapping[str, Reward]:
        """Rewards by name."""
        return {
            "value": lambda item, score, completion: {"value": score.value},
            "correct": lambda item, score, completion: {"correct": float(score.correct)},
        }

    def rank(self, item: Any, score: Score, completion: str, reward: str) -> tuple[float, ...]:
        """Sort key of a completion under a reward. Larger is better; the first entry is the reward itself."""
        total = sum(self.rewards[reward](item, score, completion).values())
        return (total, float(score.correct), -float(len(completion)))

    def choose(self, item: Any, completions: Sequence[str]) -> str:
        """One of several sampled completions, chosen without the key: the most common one. Ties go to the earlier.

        Raises ValueError for no completions.
        """
        if not completions:
            raise ValueError("nothing to choose from")
        return Counter(completions).most_common(1)[0][0]

    # --- what needs no model ----------------------------------------------------------------------

    def overlap_keys(self, item: Any) -> Mapping[str, str]:
        """By name, what training and evaluation must not share: the prompt, a template, a puzzle."""
        return {"prompt": item.prompt}

    def chance(self, item: Any) -> float:
        """Probability, from 0 to 1, that a blind answer to the item is right."""
        return 0.0

    def baselines(self, items: Sequence[Any]) -> dict[str, list[float]]:
        """By name, an answer that needs no model: its expected correctness, from 0 to 1, on each item."""
        return {"chance": [self.chance(item) for item in items]}

    def permuted(self, item: Any, other: Any) -> Any:
        """The item with a wrong key, by default the answer of another item. A gate checks that graders reject it."""
        return msgspec.structs.replace(item, answer=other.answer)

    def options_of(self, item: Any) -> Sequence[str]:
        """Completions that state only an answer, one per option, the right one first. Empty where answers are free."""
        return ()

    # --- what a model trained from nothing learns first ---------------------------------------------

    def corpus(self) -> Iterable[Text]:
        """The base corpus. By default it is the prompts of the pools in `corpus_from`, as plain text."""
        for item in self._first_items():
            yield Text(prompt="", completion=item.prompt)

    def vocabulary(self) -> tuple[Iterable[str], Iterable[str]]:
        """(texts, phrases) for a fresh tokenizer. Every word of a text becomes a piece, and every phrase one piece.

        By default the texts of the corpus and of all training references.
        """
        texts = [text for item in self._first_items() for text in (item.prompt, self.reference(item))]
        return texts, ()

    def _first_items(self) -> Iterator[Any]:
        names = [pool.name for pool in self.pools if pool.role == "train"]
        for name in names if self.corpus_from is None else self.corpus_from:
            yield from self.read(self.data / f"{name}.jsonl")

    # --- rows of tables and logs ---------------------------------------------------------------------

    def row(self, item: Any, score: Score) -> dict[str, Any]:
        """The values of an answered item in `items.parquet` that come from the study, by column."""
        return {
            "id": item.id,
            "level": item.level,
            "cluster": item.cluster or item.id,
            "correct": score.correct,
            "format": score.format,
            "faithful": score.faithful,
            "value": score.value,
            **{measure.name: score.measures.get(measure.name) for measure in self.measures},
        }

    def episode(
        self, item: Any, completion: str, score: Score, *, phase: str, step: int, kept: bool | None = None, pool: str = ""
    ) -> Any:  # fmt: skip
        """A line of `episodes.jsonl`: the item, the completion and its score."""
        return {
            "phase": phase, "step": step, "ex_id": item.id, "pool": pool, "level": item.level, "prompt": item.prompt,
            "completion": completion, "kept": kept,
            "score": {"value": score.value, "correct": score.correct, "format": score.format, "faithful": score.faithful}
            | {name: value for name, value in score.measures.items()},
        }  # fmt: skip

    def rollout_counts(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Counts of what was sampled, as the log and `meta.json` hold them. A study may rename some."""
        return counts

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        """Means over one pool for `metrics.json`. `scores` must not be empty."""
        n = len(scores)
        found = {
            "accuracy": sum(score.correct for score in scores) / n,
            "value": sum(score.value for score in scores) / n,
            "format": sum(score.format for score in scores) / n,
            "n_examples": n,
        }
        if self.answers_with_reasons:
            found["faithful"] = sum(bool(score.faithful) for score in scores) / n
        return found


def score_item(study: BaseStudy, item: Any, completion: str, pool: str = "") -> Score:
    """The study's score. Raises InputError naming the item if the grader raises or gives no score from 0 to 1."""
    try:
        score = study.score(item, completion)
    except InputError:
        raise
    except Exception as error:
        raise _at_item(study, item, pool, f"the grader raised {_named(error)}") from error
    if not isinstance(score, Score) or not 0 <= score.value <= 1:
        raise _at_item(study, item, pool, f"the grader gave no score from 0 to 1 but {score!r:.80}")
    return score


def reward_parts(
    study: BaseStudy, name: str, item: Any, score: Score, completion: str
) -> Mapping[str, float]:
    """The parts of a reward. Raises InputError naming the item where it raises or is not finite."""
    try:
        parts = study.rewards[name](item, score, completion)
        finite = isfinite(sum(parts.values()))
    except InputError:
        raise
    except Exception as error:
        raise _at_item(study, item, "", f"the reward `{name}` raised {_named(error)}") from error
    if not finite:
        raise _at_item(study, item, "", f"the reward `{name}` is not finite: {dict(parts)}")
    return parts


def rank_item(study: BaseStudy, name: str, item: Any, score: Score, completion: str) -> tuple[float, ...]:
    """The sort key of a completion under a reward. Raises InputError naming the item where the study raises."""
    try:
        return study.rank(item, score, completion, name)
    except InputError:
        raise
    except Exception as error:
        raise _at_item(study, item, "", f"ranking by `{name}` raised {_named(error)}") from error


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _at_item(study: BaseStudy, item: Any, pool: str, what: str) -> InputError:
    where = [f"study {study.name or type(study).__name__}", *([f"pool {pool}"] if pool else [])]
    return InputError(f"{': '.join(where)}: item {getattr(item, 'id', '?')}: {what}")


def study_class(name: str) -> type[BaseStudy]:
    """The class of a study by name. Raises InputError if there is none, or if its pools contradict each other."""
    module = load_member("study", name, "study")
    found = getattr(module, "Study", None)
    if not isinstance(found, type):
        raise InputError(f"{module.__file__}: it defines no class Study")
    names = [pool.name for pool in found.pools]
    for pool in found.pools:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", pool.name) or names.count(pool.name) > 1:
            raise InputError(f"study {name}: pool {pool.name!r}: a name in small letters, once, please")
        if (pool.role == "control") != bool(pool.derived_from) or pool.derived_from not in ("", *names):
            raise InputError(
                f"study {name}: pool {pool.name!r}: a control, and only one, is derived from a pool"
            )
    return found


def load_study(name: str, options: Any, data: Path | str, seed: int = 0) -> BaseStudy:
    """A study ready to make items and to score. `options`: plain values, checked against the study's `Options`."""
    kind = study_class(name)
    try:
        checked = msgspec.convert(options or {}, kind.Options)
    except msgspec.ValidationError as error:
        raise InputError(f"study {name}: options: {error}") from None
    study = kind(checked, Path(data), seed)
    study.name = name
    return study


__all__ = [
    "BaseStudy", "Item", "Measure", "NoOptions", "Pool", "Reward", "Role", "Score", "Text", "load_study",
    "rank_item", "reward_parts", "score_item", "study_class",
]  # fmt: skip
