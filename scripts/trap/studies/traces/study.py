"""The study `traces`: a word problem becomes a YAML program, and a solver runs it.

The model routes and structures; the solver computes. So a trace copies numbers and names and states no answer. Easy
problems take 1 to 3 steps, hard ones 5 to 8. Pools are apart by problem, and some also by wording and by family.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from trap.files import InputError
from trap.studies.base import BaseStudy, Item, Measure, Pool, Reward, Score, Text
from trap.studies.traces.grading import grade
from trap.studies.traces.language import MOST_STEPS
from trap.studies.traces.lint import KINDS, failures
from trap.studies.traces.prompts import PROMPTS
from trap.studies.traces.quantities import Number, number_of, said_in, written
from trap.studies.traces.stories import lessons
from trap.studies.traces.stories.problems import EASY, HARD, Kind, Problem, problem

# What each pool asks: the steps, the share of problems, whether wording and families are held out.
ASKED: dict[str, Kind] = {
    "easy": Kind(EASY, "train"),
    "hard": Kind(HARD, "train"),
    "train_families": Kind(EASY, "train", held=True),
    "valid_easy": Kind(EASY, "validation"),
    "valid_hard": Kind(HARD, "validation"),
    "valid_wording": Kind(EASY, "validation", held_wording=True),
    "eval_easy": Kind(EASY, "evaluation"),
    "eval_hard": Kind(HARD, "evaluation"),
    "eval_leak": Kind(HARD, "leak"),
    "eval_wording": Kind(EASY, "evaluation", held_wording=True),
    "eval_family": Kind(EASY, "evaluation", held=True),
    "eval_wording_hard": Kind(HARD, "evaluation", held_wording=True),
    "eval_family_hard": Kind(HARD, "evaluation", held=True),
}
PERMUTED = "eval_leak_permuted"


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """`prompt`: what stands before a question (`prompts.py`). `corpus`: size of the base corpus, as a factor."""

    prompt: Literal["question", "minimal", "verbose"] = "question"
    corpus: float = 1.0


class Study(BaseStudy):
    """See the module."""

    Options: ClassVar[type[Struct]] = Options
    level_name = "steps"
    answers_with_reasons = True
    corpus_from = ()  # made here, of training problems alone
    reward_names = ("graduated", "binary", "sound")
    pools = (
        Pool("easy", "train", "easy", trainable=True),
        Pool("hard", "train", "hard", trainable=True),
        # problems of the families that are held out: what writing families for the questions asked would teach
        Pool("train_families", "train", "easy", trainable=True),
        Pool("valid_easy", "validation", "easy"),
        Pool("valid_hard", "validation", "hard"),
        Pool("valid_wording", "validation", "easy"),
        Pool("eval_easy", "evaluation", "easy", scored=True),
        Pool("eval_hard", "evaluation", "hard", scored=True),
        Pool("eval_leak", "evaluation", "hard", trainable=True, scored=True),
        Pool("eval_wording", "evaluation", "easy", scored=True),
        Pool("eval_family", "evaluation", "easy", scored=True),
        Pool("eval_wording_hard", "evaluation", "hard", scored=True, extra=True),
        Pool("eval_family_hard", "evaluation", "hard", scored=True, extra=True),
        # eval_leak with the key and the trace of another of its problems
        Pool(PERMUTED, "control", "hard", derived_from="eval_leak", trainable=True, scored=True),
    )
    measures = (
        Measure("parsed", "flag", better="higher", label="a trace of known steps"),
        Measure("routed", "flag", better="higher", label="the right experts"),
        Measure("valid", "flag", better="higher", label="ran to an answer"),
        Measure("steps", "integer", "steps", 0, MOST_STEPS, label="steps written"),
        Measure("cut", "flag", better="lower", label="ends within a step"),
        Measure("asked", "text", label="experts that the question asks for"),
        Measure("written", "text", label="experts of the trace"),
        Measure("fault", "text", label="why it did not run"),
        Measure("unsound", "text", label="what keeps a right trace from being sound"),
        *(Measure(name, "flag", better="lower", label=label) for name, label in KINDS.items()),
    )

    # --- items ------------------------------------------------------------------------------------

    def make_item(self, pool: Pool, index: int) -> Item:
        if pool.derived_from:
            return self._with_wrong_key(pool, index)
        try:
            made = problem(ASKED[pool.name], f"{self.seed} {pool.name} {index}")
        except ValueError as error:
            raise InputError(f"pool {pool.name}: item {index}: {error}") from None
        return self._item(pool, index, made)

    def _item(self, pool: Pool, index: int, made: Problem) -> Item:
        return Item(
            id=f"{pool.name}-{index}", prompt=f"{PROMPTS[self.options.prompt]}{made.question}\n", answer=written(made.answer),
            reference=made.reference, level=made.steps, cluster=made.family,
            info={
                "question": made.question, "experts": list(made.experts), "needs": [written(need) for need in made.needs],
                "problem": made.key,
            },
        )  # fmt: skip

    def _with_wrong_key(self, pool: Pool, index: int) -> Item:
        """The problem with the key, the experts and the trace of the next one that has another answer."""
        source = self.pool(pool.derived_from)
        item = self.make_item(source, index)
        others = (self.make_item(source, index + step) for step in range(1, 100))
        other = next((one for one in others if one.answer != item.answer), None)
        if other is None:
            raise InputError(f"{item.id}: a hundred items with one and the same answer: no wrong key")
        info = {**item.info, "experts": other.info["experts"], "needs": other.info["needs"]}
        return msgspec.structs.replace(
            self.permuted(item, other), id=f"{pool.name}-{index}", reference=other.reference, info=info
        )

    # --- scores -----------------------------------------------------------------------------------

    def score(self, item: Item, completion: str) -> Score:
        experts = tuple(item.info["experts"])
        found = grade(
            completion,
            number_of(item.answer),
            experts,
            item.info["question"],
            _needs(tuple(item.info["needs"])),
        )
        failed = failures(found, item.reference)
        program = found.program
        return Score(
            value=found.reward,
            correct=found.correct,
            format=found.parsed,
            faithful=found.sound,
            measures={
                "parsed": found.parsed,
                "routed": found.routed,
                "valid": found.valid,
                "steps": sum(len(part.steps) for part in program.parts) if program else 0,
                "cut": bool(completion.strip()) and not completion.rstrip().endswith("}"),
                "asked": " ".join(experts),
                "written": " ".join(program.experts)[:100] if program else None,
                "fault": found.fault.kind if found.fault else None,
                "unsound": ", ".join(found.complaints) or None,
                **{name: name in failed for name in KINDS},
            },
            detail=found,
        )

    @property
    def rewards(self) -> Mapping[str, Reward]:
        """The published steps, all or nothing, and nothing but sound traces."""
        return {
            "graduated": lambda item, score, completion: {"value": score.value},
            "binary": lambda item, score, completion: {"correct": float(score.correct)},
            "sound": lambda item, score, completion: {"sound": float(bool(score.faithful))},
        }

    # --- what needs no model ----------------------------------------------------------------------

    def overlap_keys(self, item: Item) -> Mapping[str, str]:
        return {"prompt": item.prompt, "problem": item.info["problem"]}

    def baselines(self, items: Sequence[Item]) -> dict[str, list[float]]:
        """Nothing is right by chance. The last number of the question; the sum of all; the first two added, multiplied."""
        rows: dict[str, list[float]] = {
            name: [] for name in ("chance", "last number", "sum", "first two multiplied")
        }
        for item in items:
            said, answer = said_in(item.info["question"]), number_of(item.answer)
            guesses = (None, said[-1], sum(said), said[0] * said[min(1, len(said) - 1)])
            for name, guess in zip(rows, guesses, strict=True):
                rows[name].append(float(guess == answer))
        return rows

    # --- what a model trained from nothing learns first ---------------------------------------------

    def corpus(self) -> Iterator[Text]:
        """Stories and their numbers (`lessons.py`)."""
        for given, asked in lessons.listings(self.seed, self.options.corpus):
            yield Text(prompt=f"{given}\n", completion=asked)

    def vocabulary(self) -> tuple[Iterable[str], Iterable[str]]:
        """Words whole, numbers in digits, and the set phrases of a program as one piece each."""
        return lessons.lexicon(), lessons.phrases()


@lru_cache(maxsize=65536)
def _needs(texts: tuple[str, ...]) -> tuple[Number, ...]:
    return tuple(number_of(text) for text in texts)
