"""Claims that arithmetic or the grader settles, without training: name -> (value, n, unit, what was done)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trap.studies.hops import reward
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS, Question
from trap.training.policy_gradient import advantages

# The paper's weights (arXiv 2601.15160): R = R_bin + R_path.
PAPER_WRONG = -1.0
PAPER_PATH_CAP = 1.5
PAPER_COVERAGE, PAPER_HITS = 1.2, 0.3


@dataclass(frozen=True)
class Material:
    """What a property may look at: the graph and questions, when they were given."""

    graph: Graph | None = None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class Fact:
    value: float
    n: int | None
    unit: str
    comparison: str


def _wrong_with_full_path(_: Material) -> Fact:
    value = reward.INCORRECT + reward.PATH_WEIGHT * reward.MAX_PATH_REWARD
    return Fact(value, None, "reward", "reward v1 of a wrong answer whose trace covers the whole path")


def _wrong_with_full_path_paper(_: Material) -> Fact:
    value = PAPER_WRONG + min(PAPER_COVERAGE + PAPER_HITS, PAPER_PATH_CAP)
    return Fact(
        value, None, "reward", "the paper's reward of a wrong answer whose trace covers the whole path"
    )


def _order_changed_by_asymmetry(_: Material) -> Fact:
    """Pairs of graded completions whose order changes between wrong = -2 and wrong = -1: every pair of
    (correct, coverage, spam) on a grid of paths of 2..6 entities."""
    grid = []
    for size in range(2, 7):
        for hits in range(size + 1):
            path = min(hits / size, reward.MAX_PATH_REWARD) if hits >= reward.MIN_HITS else 0.0
            grid += [(right, path, spam) for right in (True, False) for spam in (0.0, reward.REPEAT_PENALTY)]

    def total(state: tuple[bool, float, float], wrong: float) -> float:
        right, path, spam = state
        return (reward.CORRECT if right else wrong) + reward.PATH_WEIGHT * path - spam

    pairs = list(itertools.combinations(grid, 2))
    changed = sum(
        (total(one, reward.INCORRECT) > total(two, reward.INCORRECT))
        != (total(one, -reward.CORRECT) > total(two, -reward.CORRECT))
        for one, two in pairs
    )
    return Fact(
        changed / len(pairs), len(pairs), "share", "pairs of outcomes that wrong = -1 would rank otherwise"
    )


def _blind_hit(_: Material) -> Fact:
    return Fact(
        1 - 0.75**8, None, "share", "probability that 8 blind draws on 4 options hit the right letter"
    )


def _paid_without_reason(material: Material) -> Fact | None:
    """Questions on which a trace without one true clause earns a path reward, by the best of three tricks."""
    if material.graph is None or not material.questions:
        return None
    grader = reward.Grader(material.graph)
    paid = sum(
        any(_pays(grader, question, trace) for trace in _tricks(question)) for question in material.questions
    )
    n = len(material.questions)
    return Fact(paid / n, n, "share", "questions where a trace with no true clause earns a path reward")


def _tricks(question: Question) -> list[str]:
    start = question.meta.start or question.path_star.entities[0]
    options = [question.options[letter] for letter in LETTERS if letter in question.options]
    return [
        " ".join([start] * 6),  # chant the start
        " ".join(options),  # copy the options
        f"{start} {question.options[question.answer_star]}",  # start and answer: two hits for free
    ]


def _pays(grader: reward.Grader, question: Question, trace: str) -> bool:
    grade = grader.grade(question, f"TRACE: {trace}\nANSWER: {question.answer_star}")
    return grade.true_clauses == 0 and reward.PATH_WEIGHT * grade.path_reward - grade.spam_penalty > 0


def _advantages_changed_by_asymmetry(_: Material) -> Fact:
    """Groups of 2 and of 8 samples whose advantages differ between the paper's +0.1 / -1.0 and +0.55 / -0.55,
    which lie as far apart: every number of right answers, every step of the path reward's grid."""
    changed = n = 0
    paths = [PAPER_PATH_CAP * step / 4 for step in range(5)]
    for size in (2, 8):
        for right in range(size + 1):
            for shift in range(len(paths)):
                path = np.array([paths[(shift + 3 * i) % len(paths)] for i in range(size)])
                is_right = np.arange(size) < right
                rewards = [np.where(is_right, *pair) + path for pair in ((0.1, PAPER_WRONG), (0.55, -0.55))]
                gained = [advantages(reward[None], "group", "group") for reward in rewards]
                changed += not np.allclose(*gained, atol=1e-9)
                n += 1
    return Fact(
        changed / n, n, "share", "groups whose advantages +0.55 and -0.55 would change (groups of 2 and 8)"
    )


PROPERTIES: dict[str, Callable[[Material], Fact | None]] = {
    "wrong_with_full_path": _wrong_with_full_path,
    "wrong_with_full_path_paper": _wrong_with_full_path_paper,
    "order_changed_by_asymmetry": _order_changed_by_asymmetry,
    "advantages_changed_by_asymmetry": _advantages_changed_by_asymmetry,
    "blind_hit": _blind_hit,
    "paid_without_reason": _paid_without_reason,
}
