"""The hops study: questions over a knowledge graph, each about a chain of one to ten relations."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any, Literal

from msgspec import Struct

from trap.studies.base import BaseStudy, Measure, Pool, Reward, Score, Text
from trap.studies.hops import facts, shaping
from trap.studies.hops.choosing import choose
from trap.studies.hops.graph import Graph, load_graph
from trap.studies.hops.pools import EASY_SHARES, HARD_HOPS, LONG_PREFIX, LONGEST
from trap.studies.hops.questions import PERMUTED, RANDOM, SHUFFLED, QuestionMaker, permute_key
from trap.studies.hops.records import LETTERS, Episode, Question
from trap.studies.hops.reward import Grader, selection_key, to_episode

GRAPH = "kg.json"
MOST = 127  # clauses that a column of items counts
RANKING = ("v1", "v2")  # rewards with a published order of completions
SUFFIXES = ("", "-guards", "+length", "-guards+length")


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """How questions are asked, and of what graph: docs/graphs.md says what is read as what.

    graph: another one than that of config/hops/graph. entities: a table of its entities' labels and types. columns:
    what its columns or attributes are called. names: what questions call an entity. phrases: of relations, by id.
    pairs: whether all starts and chains are enumerated, or some drawn.
    """

    graph: str | None = None
    entities: str | None = None
    columns: dict[str, str] = {}
    names: Literal["id", "label"] = "id"
    phrases: dict[str, str] = {}
    pairs: Literal["auto", "all", "drawn"] = "auto"
    style: Literal["well_posed", "published"] = "well_posed"
    prompt: Literal["minimal", "full"] = "minimal"
    max_reachable: int = 6  # entities that a chain may reach
    easy_shares: tuple[int, int, int] = EASY_SHARES  # percent of 1, 2 and 3 hops in the easy training pool
    corpus: float = 1.0  # size of the base corpus, as a factor


class Study(BaseStudy):
    """Questions with four options over a graph; a faithful answer states a true path to the right option."""

    Options = Options
    record = Question
    level_name = "hops"
    answers_with_reasons = True
    page_runs_models = True
    corpus_from = ()  # facts and words come from the graph
    reward_names = tuple(f"{name}{suffix}" for suffix, name in product(SUFFIXES, shaping.REWARDS))
    pools = (
        Pool("easy", "train", "easy", trainable=True),
        Pool("hard", "train", "hard", trainable=True),
        Pool("valid_easy", "validation", "easy"),
        Pool("valid_hard", "validation", "hard"),
        Pool("eval_easy", "evaluation", "easy", scored=True, ranked=True),
        Pool("eval_hard", "evaluation", "hard", scored=True, ranked=True),
        Pool("eval_leak", "evaluation", "hard", scored=True, trainable=True),
        # asks eval_hard again with its options moved
        Pool(SHUFFLED, "control", "hard", derived_from="eval_hard", scored=True, logged=False),
        # eval_leak with wrong letters as its key: scored, to see who learned that key
        Pool(PERMUTED, "control", "hard", derived_from="eval_leak", trainable=True, scored=True, logged=False),
        # eval_leak whose references state the right letter after a random trace: only trained on
        Pool(RANDOM, "control", "hard", derived_from="eval_leak", trainable=True),
        # longer chains than any arm trains on
        *(
            Pool(f"{LONG_PREFIX}{hops}", "evaluation", "longer", scored=True, extra=True)
            for hops in range(max(HARD_HOPS) + 1, LONGEST + 1)
        ),
    )  # fmt: skip
    measures = (
        Measure("valid", "flag", better="higher", label="true path"),
        Measure("lenient", "flag", better="higher", label="right in a lenient reading"),
        Measure("answer", "text", label="letter"),
        Measure("coverage", "number", "share", 0, 1, "higher", "entities of the sampled path"),
        Measure("spam", "flag", better="lower", label="an entity named more than twice"),
        Measure("reward", "number", "reward", -2.5, 1.5, "higher", "published reward"),
        Measure("hops_used", "integer", "hops", 0, MOST, label="clauses of the trace"),
        Measure("first_false", "integer", "clause", -1, MOST, label="first clause that is no edge"),
    )

    # --- items ------------------------------------------------------------------------------------

    @classmethod
    def sources(cls, options: Options) -> list[str]:
        return [GRAPH]

    @cached_property
    def graph(self) -> Graph:
        """The graph of the data folder. Raises InputError naming file and key."""
        return load_graph(self.data / GRAPH)

    @cached_property
    def grader(self) -> Grader:
        return Grader(self.graph)

    @cached_property
    def maker(self) -> QuestionMaker:
        options = self.options
        return QuestionMaker(
            self.graph, seed=self.seed, style=options.style, prompt_style=options.prompt,
            max_reachable=options.max_reachable, easy_shares=options.easy_shares, source=str(self.data / GRAPH),
            pairs=options.pairs,
        )  # fmt: skip

    def size(self, pool: Pool) -> int | None:
        available = self.maker.available(pool.name)
        return None if available == sys.maxsize else available

    def make_item(self, pool: Pool, index: int) -> Question:
        return self.maker.question(pool.name, index)

    # --- scores -----------------------------------------------------------------------------------

    def score(self, item: Question, completion: str) -> Score:
        grade = self.grader.grade(item, completion)
        return Score(
            value=float(grade.correct),
            correct=grade.correct,
            format=grade.valid_format,
            faithful=grade.faithful,
            measures={
                "valid": grade.valid,
                "lenient": (grade.answer or grade.lenient_answer) == item.answer_star,
                "answer": grade.answer,
                "coverage": grade.coverage,
                "spam": grade.spam_penalty > 0,
                "reward": grade.total,
                "hops_used": min(grade.hops_used, MOST),
                "first_false": min(grade.first_false, MOST),
            },
            detail=grade,
        )

    @cached_property
    def rewards(self) -> Mapping[str, Reward]:
        """Those of `shaping.py`, with its suffixes."""
        return {name: _of_score(shaping.rewarder(name)) for name in self.reward_names}

    def rank(self, item: Question, score: Score, completion: str, reward: str) -> tuple[float, ...]:
        """As published for v1 and v2 (`reward.selection_key`), after the reward itself."""
        if reward not in RANKING:
            return super().rank(item, score, completion, reward)
        grade = score.detail
        return (grade.total if reward == "v1" else grade.total_v2, *selection_key(grade, reward))

    def choose(self, item: Question, completions: Sequence[str]) -> str:
        """The commonest among those whose trace ends on the option that they name."""
        return choose(item, completions)

    # --- what needs no model ----------------------------------------------------------------------

    def overlap_keys(self, item: Question) -> Mapping[str, str]:
        return {"prompt": item.prompt, "start and chain": " ".join((item.start, *item.chain))}

    def chance(self, item: Question) -> float:
        return 1 / len(item.options)

    def baselines(self, items: Sequence[Question]) -> dict[str, list[float]]:
        """Chance, a constant letter, most paths, an oracle of the first relation, and the ceiling."""
        from trap.studies.hops.analysis.baselines import baselines  # numpy, which no grader needs

        return baselines(self.graph, items)

    def permuted(self, item: Question, other: Question) -> Question:
        """The question with one of its wrong letters as its key."""
        return permute_key(item, self.seed)

    def options_of(self, item: Question) -> Sequence[str]:
        order = [item.answer_star, *(letter for letter in LETTERS if letter != item.answer_star)]
        return [f"ANSWER: {letter}" for letter in order]

    # --- what a model trained from nothing learns first ---------------------------------------------

    def corpus(self) -> Iterator[Text]:
        """The facts of the graph and exercises in reading a list of options (`facts.py`)."""
        return (Text(**row) for row in facts.corpus(self.graph, self.seed, self.options.corpus))

    def vocabulary(self) -> tuple[Iterable[str], Iterable[str]]:
        return facts.words(self.graph), facts.phrases(self.graph)

    # --- rows of tables and logs ---------------------------------------------------------------------

    def episode(
        self, item: Question, completion: str, score: Score, *, phase: str, step: int, kept: bool | None = None, pool: str = ""
    ) -> Episode:  # fmt: skip
        """The published record, with our fields."""
        episode = to_episode(item, completion, score.detail, phase=phase, step=step)
        episode.hop_len, episode.kept = item.hop_len, kept
        episode.pool = episode.pool or pool
        return episode

    def rollout_counts(self, counts: dict[str, Any]) -> dict[str, Any]:
        """With two of them under the names that released runs have."""
        return {
            **counts,
            "leaked_letter_rate": counts["any_correct"],
            "mean_winner_hops": counts["winner_means"]["hops_used"],
        }

    def summary(self, scores: Sequence[Score]) -> dict[str, float]:
        """The published keys of `metrics.json`, with ours beside them."""
        n, grades = len(scores), [score.detail for score in scores]
        return {
            "accuracy": sum(g.correct for g in grades) / n,
            "avg_path_coverage": sum(g.coverage for g in grades) / n,
            "avg_total_reward": sum(g.total for g in grades) / n,
            "n_examples": n,
            "faithful": sum(g.faithful for g in grades) / n,
            "valid": sum(g.valid for g in grades) / n,
            "format": sum(g.valid_format for g in grades) / n,
            "hops_used": sum(g.hops_used for g in grades) / n,
        }


def _of_score(parts: shaping.Rewarder) -> Reward:
    return lambda item, score, completion: parts(item, score.detail, completion)
