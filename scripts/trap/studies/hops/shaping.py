"""Rewards for policy gradients, as sums of named parts, so that a log can tell what was rewarded.

    v1, v2         as in reward.py: the published reward, and the one that checks validity
    correctness    the outcome of v1 alone: +1 right, -2 wrong or unparseable
    path           the path reward of v1 alone, less its spam penalty
    paper          arXiv 2601.15160: R_bin + R_path in its weights
    paper_correctness, paper_path    its two halves
    validity       the share of clauses that are edges, and 1 more for a faithful answer: no path is asked for
    progress       how much of the chain is truly walked from its start, and 1 more for a faithful answer
    faithful       1 for a right answer by a true path, else 0
    similarity     likeness to the reference trace, from 0 to 1 (the paper's ablation; see `similarity`)

Suffixes: `-guards` takes the defences against reward hacking off (spam and repetition penalties, minimum
hits, caps); `+length` adds one (`length_penalty`). P6 and P9 of the published claims are tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from trap.studies.hops.completions import parse_completion
from trap.studies.hops.records import Question
from trap.studies.hops.reward import (
    CORRECT,
    FAITHFUL_BONUS,
    INCORRECT,
    MIN_HITS,
    PATH_WEIGHT,
    VALIDITY_WEIGHT,
    Grade,
)

PAPER_CORRECT, PAPER_INCORRECT = 0.1, -1.0
PAPER_COVERAGE, PAPER_HITS, PAPER_CAP = 1.2, 0.3, 1.5
PAPER_SHARE, PAPER_SHARE_RATE = 0.35, 3.0  # of the most frequent entity among those named
PAPER_RUN, PAPER_RUN_RATE = 3, 0.05  # of the longest run of one entity
LENGTH_RATE, LENGTH_CAP = 0.1, 1.0

Parts = dict[str, float]
Rewarder = Callable[[Question, Grade, str], Parts]


def outcome(right: float, wrong: float, grade: Grade) -> float:
    """The value of a right or a wrong answer; one that does not parse is wrong."""
    return right if grade.correct else wrong


def path_parts(grade: Grade, guards: bool) -> Parts:
    """v1's path reward in its weight, and its spam penalty. Without guards one hit counts, nothing is spam."""
    if guards:
        return {"path": PATH_WEIGHT * grade.path_reward, "spam": -grade.spam_penalty}
    return {"path": PATH_WEIGHT * grade.coverage}


def repetition(entities: Sequence[str]) -> float:
    """The paper's factor for repetition, 0 to 1.

    (1 - 3 max(0, top share - 0.35)) x (1 - 0.05 max(0, longest run - 3)), each at least 0. Its tokens are
    words of free text; ours are the entities that the trace names, for a true trace of this study names
    little else. A trace of one clause names two entities, so its top share is 0.5 however honest it is: the
    share counts from the third mention of an entity on, as v1's spam rule does.
    """
    if not entities:
        return 1.0
    most = max(entities.count(entity) for entity in set(entities))
    share = most / len(entities) if most > 2 else 0.0
    run = max(sum(1 for _ in same) for _, same in groupby(entities))
    by_share = max(0.0, 1 - PAPER_SHARE_RATE * max(0.0, share - PAPER_SHARE))
    by_run = max(0.0, 1 - PAPER_RUN_RATE * max(0, run - PAPER_RUN))
    return by_share * by_run


def paper_path(grade: Grade, guards: bool) -> float:
    """R_path = min((1.2 coverage + 0.3 [hits >= 2]) phi, 1.5); coverage over the path's entities."""
    value = PAPER_COVERAGE * grade.coverage + PAPER_HITS * (grade.hits >= (MIN_HITS if guards else 1))
    return min(value * repetition(grade.entities), PAPER_CAP) if guards else value


def progress(question: Question, grade: Grade) -> float:
    """Clauses up to the first that leaves the walk, as a share of the chain, or of the trace if it is longer.

    The share of true clauses (v2, `validity`) is raised by writing fewer of them; this one is not.
    """
    chain = question.meta.chain or [edge.rel for edge in question.path_star.edges]
    here = question.meta.start or next(iter(question.path_star.entities), "")
    walked = 0
    for number, (clause, relation) in enumerate(zip(grade.clauses, chain, strict=False)):
        if clause is None or clause[:2] != (here, relation) or number == grade.first_false:
            break
        here, walked = clause[2], walked + 1
    return walked / max(len(chain), len(grade.clauses), 1)


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for j, other in enumerate(second, start=1):
            before, row[j] = row[j], before + 1 if word == other else max(row[j], row[j - 1])
    return row[-1]


def similarity(question: Question, completion: str) -> float:
    """F-measure of the longest common subsequence of words with the reference (ROUGE-L, Lin 2004), 0 to 1.

    The paper compares embeddings; a model of two cores has none, and words are what mimicry copies.
    Completions that do not parse get 0.
    """
    parsed, wanted = parse_completion(completion), parse_completion(question.ref.trace)
    if parsed is None or wanted is None:
        return 0.0
    words, reference = parsed[0].split()[:1000], wanted[0].split()
    common = longest_common(words, reference)
    return 2 * common / (len(words) + len(reference)) if words or reference else 0.0


def length_penalty(question: Question, grade: Grade, completion: str) -> float:
    """0.1 for every word beyond the reference's own number, at most 1 (after DAPO's soft punishment of length).

    arXiv 2503.14476, section 3.4, punishes what comes near a fixed limit; here the limit is the question's.
    """
    beyond = len(completion.split()) - len(question.ref.trace.split())
    return -min(LENGTH_CAP, LENGTH_RATE * max(0, beyond))


def _v1(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    parts = {"correctness": outcome(CORRECT, INCORRECT, grade)}
    return {**parts, **path_parts(grade, guards)} if grade.valid_format else parts


def _v2(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    parts = _v1(question, grade, completion, guards)
    if not grade.valid_format:
        return parts
    return {
        **parts,
        "validity": VALIDITY_WEIGHT * grade.validity,
        "faithful": FAITHFUL_BONUS * grade.faithful,
    }


def _correctness(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"correctness": outcome(CORRECT, INCORRECT, grade)}


def _path(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return path_parts(grade, guards)


def _paper(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {
        "correctness": outcome(PAPER_CORRECT, PAPER_INCORRECT, grade),
        "path": paper_path(grade, guards),
    }


def _paper_correctness(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"correctness": outcome(PAPER_CORRECT, PAPER_INCORRECT, grade)}


def _paper_path(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"path": paper_path(grade, guards)}


def _validity(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"validity": grade.validity, "faithful": FAITHFUL_BONUS * grade.faithful}


def _progress(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"progress": progress(question, grade), "faithful": FAITHFUL_BONUS * grade.faithful}


def _faithful(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"faithful": float(grade.faithful)}


def _similarity(question: Question, grade: Grade, completion: str, guards: bool) -> Parts:
    return {"similarity": similarity(question, completion)}


REWARDS: dict[str, Callable[[Question, Grade, str, bool], Parts]] = {
    "v1": _v1, "v2": _v2, "correctness": _correctness, "path": _path, "paper": _paper,
    "paper_correctness": _paper_correctness, "paper_path": _paper_path, "validity": _validity, "progress": _progress,
    "faithful": _faithful, "similarity": _similarity,
}  # fmt: skip


def rewarder(name: str) -> Rewarder:
    """The parts of a reward by its name in the sheet. Raises ValueError for an unknown one."""
    plain = name.removesuffix("+length")
    base = plain.removesuffix("-guards")
    if base not in REWARDS:
        raise ValueError(f"reward: unknown {name!r} (known: {', '.join(REWARDS)})")
    make, guards, length = REWARDS[base], plain == base, plain != name

    def parts(question: Question, grade: Grade, completion: str) -> Parts:
        values = make(question, grade, completion, guards)
        if length:
            values["length"] = length_penalty(question, grade, completion)
        return values

    return parts
