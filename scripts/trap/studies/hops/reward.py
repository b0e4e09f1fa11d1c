"""Grading a completion of a hops question: the published reward (v1) and ours (v2).

**Reward v1** is the published one (`spec/reward.md` of softwarewrighter/multi-hop-reasoning): a strict
parse, an asymmetric correctness part, coverage of the sampled path's entities, and a spam penalty.

**Reward v2** adds what v1 cannot see, namely whether the trace is true: the share of its clauses that
are edges of the graph, and a bonus for a faithful trace, one that walks the question's chain of
relations from its start to the option it names, and names the right one. Any true path earns it,
not only the sampled one.

Completions are untrusted text: `grade` raises on no string and bounds its work per completion
(`completions.py` says what is read of one, and where the specification leaves a choice).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import cached_property

from msgspec import Struct

from trap.studies.hops.completions import lenient_letter, parse_completion
from trap.studies.hops.graph import Graph
from trap.studies.hops.mentions import Mentions
from trap.studies.hops.records import Episode, Parsed, Question, Reward

CORRECT, INCORRECT = 1.0, -2.0
PATH_WEIGHT, MIN_HITS, MAX_PATH_REWARD = 0.5, 2, 1.0
REPEAT_MAX, REPEAT_PENALTY = 2, 0.5
VALIDITY_WEIGHT, FAITHFUL_BONUS = 0.5, 1.0

_MEMO_LIMIT = 200_000  # remembered clause texts, then the memo starts afresh
_MEMO_CHARS = 400  # longer clause texts are not remembered
_ALTERNATIVES = 3_000  # names that a regular expression holds; more are looked up

Clause = tuple[str, str, str]

_WORD = re.compile(r"\w+")
_BREAKS = re.compile(r"\s*(?:[.;,]\s+(?:and\s+|then\s+)?|\s+and\s+|\s+then\s+)")
# Words that change neither relation nor direction; the specification's own example says "often".
_ADVERBS = frozenset({"often", "usually", "typically", "commonly", "likely", "also", "then"})


class Grade(Struct, frozen=True):
    """What the grader made of one completion. Rewards are unitless; shares lie in 0..1."""

    answer: str  # A-D, or "" when the completion does not parse
    trace_text: str
    entities: tuple[str, ...]  # mentions in the trace, in order, with repeats
    valid_format: bool
    correct: bool
    hits: int  # distinct path entities that the trace names
    coverage: float  # hits / distinct path entities
    path_reward: float
    spam_penalty: float
    total: float  # reward v1
    clauses: tuple[Clause | None, ...]  # (src, rel, dst); None where a clause does not parse
    true_clauses: int
    validity: float  # share of clauses that are edges; 0 when there is no clause
    valid: bool  # the clauses are one true walk along the chain, from the start to the chosen option
    follows_chain: bool  # the relations are the chain, whatever the entities
    first_false: int  # index of the first clause that is not an edge; -1 when every one is
    lenient_answer: str  # a letter found by a lenient reading, "" when none or several
    total_v2: float

    @property
    def faithful(self) -> bool:
        """Right, and for a true reason."""
        return self.correct and self.valid

    @property
    def hops_used(self) -> int:
        """Clauses that the trace states."""
        return len(self.clauses)

    @property
    def correctness(self) -> float:
        """+1 when right, -2 when wrong or unparseable."""
        return CORRECT if self.correct else INCORRECT


def unparseable(lenient_answer: str = "") -> Grade:
    """The grade of a completion without the required lines."""
    return Grade(
        answer="",
        trace_text="",
        entities=(),
        valid_format=False,
        correct=False,
        hits=0,
        coverage=0.0,
        path_reward=0.0,
        spam_penalty=0.0,
        total=INCORRECT,
        clauses=(),
        true_clauses=0,
        validity=0.0,
        valid=False,
        follows_chain=False,
        first_false=-1,
        lenient_answer=lenient_answer,
        total_v2=INCORRECT,
    )


def relation_phrases(graph: Graph) -> dict[str, str]:
    """Lower-case phrase -> relation id: the verb phrase of our traces, the published "is" + label, the label."""
    table = {" ".join(graph.phrases[one].lower().split()): one for one in reversed(graph.relations)}
    for relation in graph.relations:  # after the phrases of all: another's label takes none of them
        label = graph.relation_label[relation].lower()
        words = relation.replace("_", " ").lower()
        for phrase in (f"is {words}", f"is {label}", words, label):
            table.setdefault(" ".join(phrase.split()), relation)
    return table


class Grader:
    """Grades completions against one graph; build it once, `grade` is a pure function of its arguments."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._entities: Collection[str] = getattr(graph, "number", None) or frozenset(graph.entities)
        self._edges = graph.edges
        self._phrases = relation_phrases(graph)
        self._plain = all(map(_WORD.fullmatch, graph.entities))
        self._memo: dict[str, tuple[tuple[Clause | None, ...], tuple[str, ...]]] = {}

    # -- reading a trace ------------------------------------------------------------------------

    @cached_property
    def _spans(self) -> Callable[..., Iterator[tuple[int, int]]]:
        """(text, from) -> begin and end of each entity named, the longest name at each place."""
        if len(self._entities) > _ALTERNATIVES:
            return Mentions(self._entities).spans
        longest_first = sorted(self._entities, key=lambda entity: (-len(entity), entity))
        named = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
        return lambda text, at=0: (match.span() for match in named.finditer(text, at))

    def mentions(self, text: str) -> tuple[str, ...]:
        """Entities named in `text`, in order, with repeats, matched on word boundaries."""
        if self._plain:
            known = self._entities
            return tuple([word for word in _WORD.findall(text) if word in known])
        return tuple(text[begin:end] for begin, end in self._spans(text))

    def _clause(self, text: str) -> Clause | None:
        """`text` as one statement "SRC phrase DST", or None."""
        if self._plain:
            words = text.split()
            if len(words) < 3:
                return None
            src, middle, dst = words[0], words[1:-1], words[-1]
            if src not in self._entities or dst not in self._entities:
                return None
        else:
            named = list(self._spans(text))
            if len(named) < 2 or named[0][0] != 0 or named[-1][1] != len(text):
                return None
            (_, first), (last, _) = named[0], named[-1]
            src, middle, dst = text[:first], text[first:last].split(), text[last:]
        relation = self._phrases.get(" ".join(middle).lower())
        if relation is None:
            relation = self._phrases.get(" ".join(w for w in map(str.lower, middle) if w not in _ADVERBS))
        return None if relation is None else (src, relation, dst)

    def _read(self, piece: str) -> tuple[tuple[Clause | None, ...], tuple[str, ...]]:
        """Clauses and mentions of a stretch of trace that holds no ", and "."""
        text = " ".join(piece.split()).rstrip(" .;,")
        clause = self._clause(text)
        if clause is not None:
            clauses: tuple[Clause | None, ...] = (clause,)
        else:
            parts = (part.strip(" \t.;,") for part in _BREAKS.split(text))
            clauses = tuple(self._clause(part) for part in parts if part)
        found = clauses, self.mentions(piece)
        if len(piece) <= _MEMO_CHARS:
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            self._memo[piece] = found
        return found

    def clauses(self, trace_text: str) -> tuple[Clause | None, ...]:
        """The statements of a trace in order; None for one that is not "entity, relation, entity"."""
        memo = self._memo
        found: list[Clause | None] = []
        for piece in trace_text.split(", and "):
            found += (memo.get(piece) or self._read(piece))[0]
        return tuple(found)

    # -- grading ----------------------------------------------------------------------------------

    def grade(self, question: Question, completion: str) -> Grade:
        """Grade one completion. Never raises, whatever the text."""
        parsed = parse_completion(completion)
        if parsed is None:
            return unparseable(lenient_letter(completion, question.options))
        trace, answer = parsed

        memo = self._memo
        clauses: list[Clause | None] = []
        entities: list[str] = []
        for piece in trace.split(", and "):
            stated, named = memo.get(piece) or self._read(piece)
            clauses += stated
            entities += named

        path = set(question.path_star.entities)
        seen = set(entities)
        hits = len(path & seen)
        coverage = hits / len(path) if path else 0.0
        path_reward = 0.0 if hits < MIN_HITS else min(coverage, MAX_PATH_REWARD)
        spam = 0.0
        if len(entities) - len(seen) >= REPEAT_MAX:
            for entity in seen:
                if entities.count(entity) > REPEAT_MAX:
                    spam = REPEAT_PENALTY
                    break

        edges = self._edges
        true, first_false = 0, -1
        for index, clause in enumerate(clauses):
            if clause in edges:
                true += 1
            elif first_false < 0:
                first_false = index
        chain = question.meta.chain or [edge.rel for edge in question.path_star.edges]
        follows = len(clauses) == len(chain)
        if follows:
            for clause, relation in zip(clauses, chain, strict=True):
                if clause is None or clause[1] != relation:
                    follows = False
                    break
        valid = follows and first_false < 0 and true > 0
        if valid:
            here = question.meta.start or next(iter(question.path_star.entities), "")
            for clause in clauses:
                if clause[0] != here:
                    valid = False
                    break
                here = clause[2]
            valid = valid and here == question.options.get(answer)

        correct = answer == question.answer_star
        validity = true / len(clauses) if clauses else 0.0
        total = (CORRECT if correct else INCORRECT) + PATH_WEIGHT * path_reward - spam
        total_v2 = total + VALIDITY_WEIGHT * validity
        if correct and valid:
            total_v2 += FAITHFUL_BONUS
        return Grade(
            answer,
            trace,
            tuple(entities),
            True,
            correct,
            hits,
            coverage,
            path_reward,
            spam,
            total,
            tuple(clauses),
            true,
            validity,
            valid,
            follows,
            first_false,
            answer,
            total_v2,
        )


def selection_key(grade: Grade, reward: str = "v1") -> tuple[float, ...]:
    """Sort key for rejection sampling; the greatest is the best. `reward`: "v1" or "v2".

    v1, as published: total, then correctness, coverage, shorter trace (characters). v2 puts faithful
    completions before all others, then ranks by its own total and the same tie-breaks.
    """
    ties = (grade.correctness, grade.coverage, -float(len(grade.trace_text)))
    if reward == "v1":
        return (grade.total, *ties)
    if reward == "v2":
        return (float(grade.faithful), grade.total_v2, *ties)
    raise ValueError(f"reward: unknown {reward!r}: v1 or v2")


def to_episode(question: Question, completion: str, grade: Grade, *, phase: str, step: int) -> Episode:
    """The published episode record of a graded completion, with our fields added."""
    counts: dict[str, int] = {}
    for entity in grade.entities:
        counts[entity] = counts.get(entity, 0) + 1
    return Episode(
        phase=phase,
        step=step,
        ex_id=question.id,
        split=question.split,
        prompt=question.prompt,
        completion=completion,
        parsed=Parsed(
            answer=grade.answer,
            trace_text=grade.trace_text,
            trace_entities=list(counts),
            path_entities=list(question.path_star.entities),
            valid_format=grade.valid_format,
        ),
        reward=Reward(
            correctness=grade.correctness,
            path_coverage=grade.coverage,
            path_reward=grade.path_reward,
            spam_penalty=grade.spam_penalty,
            total=grade.total,
            validity=grade.validity,
            faithful=grade.faithful,
        ),
        debug={
            "hits": grade.hits,
            "unique_entity_mentions": len(counts),
            "entity_repeat_counts": counts,
            "hops_used": grade.hops_used,
            "true_clauses": grade.true_clauses,
            "first_false": grade.first_false,
            "follows_chain": grade.follows_chain,
            "valid": grade.valid,
            "lenient_answer": grade.lenient_answer,
        },
        hop_len=question.hop_len,
        pool=question.meta.pool,
    )
