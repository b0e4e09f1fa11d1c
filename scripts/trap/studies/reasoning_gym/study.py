"""Any dataset of the package reasoning-gym (requirements/reasoning_gym.txt) as a study.

Options name the dataset (`task`) and its own parameters for two levels, easy and hard. Questions come from the
package's generator, scores from its `score_answer`, fractions kept. Three things are ours:

- Pools share no question. The text of a prompt decides by its hash whether it is for training, validation,
  evaluation or the leak; no seed moves it, so that a run of one data seed never trained on an evaluation
  question of another.
- The answer stands on a line of its own, `ANSWER: …`, once. Other text earns nothing, and what was read is a
  column of the items (`read`).
- The question, or fields of its metadata, make a prompt that is short enough for a model trained from
  nothing (`prompt`); for some tasks the solution can be worked before the answer (`reasons`, see `reasons.py`).

A task whose reference does not earn the full score cannot be asked (graph_color and others give no answer), nor
one whose grader raises on what a model writes: that is an error with the item's name. Some graders of the
package (countdown, puzzle24, the symbolic ones) evaluate what they are given as an expression.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from math import nextafter
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from msgspec import Struct

from trap.files import InputError
from trap.studies.base import BaseStudy, Item, Measure, Pool, Score
from trap.studies.reasoning_gym.reasons import REASONS

MARK = "ANSWER: "
ANSWER = re.compile(r"ANSWER: (\S(?:.*\S)?)")
VIRTUAL = 2**31  # items of a dataset that makes each when it is asked for
PATIENCE = 3000  # candidates in a row that give no new question before a pool counts as exhausted
SHARES = (
    ("train", 0.6),
    ("validation", 0.1),
    ("evaluation", 0.2),
    ("leak", 0.1),
)  # of all questions, by hash
ROUNDING = 1e-9  # of fractions that a grader adds up
SEEN = 256  # training questions whose answers tell what a blind answer is worth
INSTALL = "python -m pip install --no-deps -r requirements/reasoning_gym.txt -c requirements/lock.txt"


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which dataset, and how it is asked.

    `easy` and `hard` are parameters of the dataset's own configuration class. A dataset that lists its items
    beforehand (gsm_symbolic, acre) wants `size` among them. `prompt` is filled with the question and the metadata,
    lists as their members with spaces between. `level` names the entry of the metadata that counts how hard an item
    is. `correct_from` is the score from which an answer counts as right. `split`: pieces of a fresh tokenizer are
    characters or words.
    """

    task: str
    easy: dict[str, Any]
    hard: dict[str, Any]
    prompt: str = "{question}\n"
    reasons: bool = False
    level: str = ""
    correct_from: float = 1.0
    split: str = "characters"


class Study(BaseStudy):
    """See the module."""

    Options: ClassVar[type[Struct]] = Options
    pools: ClassVar[tuple[Pool, ...]] = (
        Pool("easy", "train", "easy", trainable=True),
        Pool("hard", "train", "hard", trainable=True),
        Pool("valid_easy", "validation", "easy"),
        Pool("valid_hard", "validation", "hard"),
        Pool("eval_easy", "evaluation", "easy", scored=True),
        Pool("eval_hard", "evaluation", "hard", scored=True),
        Pool("eval_leak", "evaluation", "hard", trainable=True, scored=True),
        Pool("eval_leak_permuted", "control", "hard", derived_from="eval_leak", trainable=True, scored=True),
    )
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("read", "text", label="what was read as the answer"),
        Measure("worked", "flag", better="higher", label="the solution is worked as the reference works it"),
    )

    corpus_from: ClassVar[tuple[str, ...]] = (
        "easy",
    )  # hard questions are new to every arm that does not name them

    def __init__(self, options: Options, data: Path, seed: int = 0) -> None:
        super().__init__(options, data, seed)
        self._made: dict[str, list[Item]] = {}  # by pool, in order
        self._tried: dict[str, int] = {}  # candidates so far, by pool
        self._known: dict[str, set[str]] = {}  # questions so far, by pool
        if options.reasons and options.task not in REASONS:
            raise InputError(
                f"options: reasons: there are none for {options.task} (only for {', '.join(REASONS)})"
            )
        if options.split not in ("characters", "words"):
            raise InputError(f"options: split: characters or words, not {options.split!r}")

    # --- the package --------------------------------------------------------------------------------

    @cached_property
    def _datasets(self) -> dict[str, Any]:
        """The dataset of each level. Raises InputError naming the option that the package does not accept."""
        try:
            from reasoning_gym.factory import DATASETS, create_dataset
        except ImportError as error:
            raise InputError(f"the package reasoning-gym is missing ({error}): {INSTALL}") from None
        task, found = self.options.task, {}
        if task not in DATASETS:
            raise InputError(f"options: task: reasoning-gym has no dataset {task!r}")
        known = {field.name for field in fields(DATASETS[task][1])}
        for level in ("easy", "hard"):
            given = getattr(self.options, level)
            if odd := sorted(set(given) - known):
                raise InputError(
                    f"options: {level}: {task} has no parameter {odd[0]!r} ({', '.join(sorted(known))})"
                )
            try:
                found[level] = create_dataset(task, **{"seed": 0, "size": VIRTUAL, **given})
            except (AssertionError, TypeError, ValueError) as error:
                raise InputError(f"options: {level}: {task}: {error}") from None
        return found

    # --- items ----------------------------------------------------------------------------------------

    def make_item(self, pool: Pool, index: int) -> Item:
        if pool.derived_from:
            return self._with_wrong_key(pool, index)
        made = self._made.setdefault(pool.name, [])
        while len(made) <= index:
            made.append(self._next(pool, len(made)))
        return made[index]

    def _next(self, pool: Pool, index: int) -> Item:
        """The next candidate that belongs to the pool and asks what no earlier item of the pool asks."""
        bucket = "leak" if pool.role == "evaluation" and pool.trainable else pool.role
        known = self._known.setdefault(pool.name, set())
        first = self._tried.get(pool.name, 0)
        for candidate in range(first, first + PATIENCE):
            entry = self._draw(pool, candidate)
            prompt = self._prompt(entry)
            if bucket_of(same(prompt)) == bucket and same(prompt) not in known:
                known.add(same(prompt))
                self._tried[pool.name] = candidate + 1
                return self._item(pool, index, prompt, entry)
        raise InputError(
            f"{self.options.task}: pool {pool.name} has {index} questions and no more: give its level more room"
        )

    def _draw(self, pool: Pool, candidate: int) -> dict[str, Any]:
        size = getattr(self.options, pool.level).get("size", VIRTUAL)
        digest = hashlib.blake2b(
            f"{self.options.task}/{pool.name}/{self.seed}/{candidate}".encode(), digest_size=8
        )
        return self._datasets[pool.level][int.from_bytes(digest.digest()) % size]

    def _prompt(self, entry: dict[str, Any]) -> str:
        values = {
            name: " ".join(map(str, value)) if isinstance(value, list | tuple) else value
            for name, value in entry["metadata"].items()
        }
        try:
            return self.options.prompt.format(**{**values, "question": entry["question"]})
        except (KeyError, IndexError, ValueError) as error:
            raise InputError(f"options: prompt: {self.options.task} cannot fill it: {error!r}") from None

    def _item(self, pool: Pool, index: int, prompt: str, entry: dict[str, Any]) -> Item:
        options, name = self.options, f"{self.options.task}-{pool.name}-{index}"
        if (
            not isinstance(entry["answer"], str)
            or "\n" in entry["answer"].strip()
            or not entry["answer"].strip()
        ):
            raise InputError(f"{name}: {options.task} gives no answer that fits a line: {entry['answer']!r}")
        try:
            level = (
                int(entry["metadata"][options.level]) if options.level else ("easy", "hard").index(pool.level)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"options: level: {options.task} has no such number in its metadata: {error!r}"
            ) from None
        # As it will be read again; what JSON does not know (fractions) is kept as text. A grader that minds fails a gate.
        entry = msgspec.json.decode(msgspec.json.encode(entry, enc_hook=str))
        reasons = REASONS[options.task](entry) if options.reasons else ""
        return Item(
            id=name, prompt=prompt, answer=entry["answer"], reference=f"{reasons}{MARK}{entry['answer'].strip()}",
            level=level, info={"entry": entry, "asked": pool.level},
        )  # fmt: skip

    def _with_wrong_key(self, pool: Pool, index: int) -> Item:
        """The item of the pool that this one is derived from, with the key of the next that has another answer."""
        source = self.pool(pool.derived_from)
        item = self.make_item(source, index)
        for step in range(1, 100):
            other = self.make_item(source, index + step)
            if other.answer != item.answer:
                break
        else:
            raise InputError(f"{item.id}: a hundred items with one and the same answer: no wrong key")
        wrong = self.permuted(item, other)
        return msgspec.structs.replace(
            wrong, id=f"{self.options.task}-{pool.name}-{index}", reference=f"{MARK}{other.answer.strip()}"
        )

    def permuted(self, item: Item, other: Item) -> Item:
        """The item with all that the other one is graded by: some graders never look at the answer."""
        info = {**item.info, "entry": other.info["entry"]}
        return msgspec.structs.replace(item, answer=other.answer, info=info)

    # --- scores ---------------------------------------------------------------------------------------

    def score(self, item: Item, completion: str) -> Score:
        """The package's score of what stands on the answer line. Raises InputError where its grader raises."""
        reasons, read = parse(completion)
        if read is None:
            return Score(0.0, False, format=False, measures={"read": None, "worked": False})
        try:
            value = float(self._datasets[item.info["asked"]].score_answer(read, item.info["entry"]))
        except Exception as error:
            raise InputError(
                f"{item.id}: the grader of {self.options.task} raised {error!r} on the answer {read!r}"
            ) from error
        if 1 < value < 1 + ROUNDING:
            value = nextafter(1, 0)  # a sum of fractions; a right answer gets 1 and no more
        if not 0 <= value <= 1:
            raise InputError(
                f"{item.id}: the grader of {self.options.task} gave {value} for the answer {read!r}"
            )
        correct = value >= self.options.correct_from
        worked = correct and self.options.reasons and reasons == self._worked(item)
        return Score(value, correct, measures={"read": read, "worked": worked})

    def _worked(self, item: Item) -> str:
        return REASONS[self.options.task](item.info["entry"]).strip()

    # --- what needs no model ----------------------------------------------------------------------------

    def overlap_keys(self, item: Item) -> Mapping[str, str]:
        return {"prompt": same(item.prompt)}

    @cached_property
    def _answers(self) -> dict[str, Counter[str]]:
        """Answers of the first training questions, by level."""
        return {
            pool.level: Counter(self.make_item(pool, index).answer for index in range(SEEN))
            for pool in self.pools
            if pool.role == "train"
        }

    def chance(self, item: Item) -> float:
        """Probability that an answer drawn from those of training questions is the item's."""
        seen = self._answers[item.info["asked"]]
        return seen[item.answer] / seen.total()

    def baselines(self, items: Sequence[Item]) -> dict[str, list[float]]:
        """Drawn from the answers of training questions; uniform over them; always the most frequent."""
        rows: dict[str, list[float]] = {"chance": [], "uniform": [], "most frequent": []}
        for item in items:
            seen = self._answers[item.info["asked"]]
            rows["chance"].append(self.chance(item))
            rows["uniform"].append((item.answer in seen) / len(seen))
            rows["most frequent"].append(float(item.answer == max(sorted(seen), key=seen.__getitem__)))
        return rows

    # --- a fresh tokenizer --------------------------------------------------------------------------------

    def vocabulary(self) -> tuple[Iterable[str], Iterable[str]]:
        """Characters (or words) of training items, and the mark before an answer as one piece."""
        texts, phrases = super().vocabulary()
        if self.options.split == "characters":
            texts = sorted({character for text in texts for character in text})
        return texts, [*phrases, MARK]


def same(prompt: str) -> str:
    """What makes two prompts one: small letters, single spaces."""
    return " ".join(prompt.casefold().split())


def bucket_of(prompt: str) -> str:
    """What a prompt is for, by its hash."""
    digest = hashlib.blake2b(prompt.encode(), digest_size=8, person=b"split").digest()
    left = int.from_bytes(digest) / 2**64
    for name, share in SHARES:
        if left < share:
            return name
        left -= share
    return SHARES[-1][0]


def parse(completion: str) -> tuple[str, str | None]:
    """(what stands before, the answer): the answer is None unless one line, the last, is `ANSWER: …`."""
    lines = completion.strip().split("\n")
    found = ANSWER.fullmatch(lines[-1].rstrip())
    if not found or any(MARK.strip() in line for line in (*lines[:-1], found[1])):
        return completion, None
    return "\n".join(lines[:-1]).strip(), found[1]
