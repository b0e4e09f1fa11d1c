"""Auditing episodes: are the traces true, and is a difference between two phases more than luck?

Every completion is graded again, so that the numbers do not depend on what the file says about itself;
where the recorded reward disagrees, the disagreement is counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from trap.files import InputError
from trap.studies.hops.exact_tests import exact_interval, fisher, items_needed, mcnemar
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import LETTERS, Episode, Question
from trap.studies.hops.reward import Grade, Grader


class PhaseAudit(Struct, kw_only=True):
    """The episodes of one phase in one file."""

    file: str
    phase: str
    n: int
    parsed: int
    correct: int
    accuracy: float
    low: float  # exact 95 % interval of the accuracy
    high: float
    lenient_correct: int  # a right letter found by a forgiving reader
    clauses: int
    true_clauses: int
    true_traces: int  # every clause an edge, at least one clause
    valid: int  # one true walk along the chain to the chosen option
    faithful: int
    follows_chain: int
    hops_used: float  # mean clauses, unparseable completions counting as none
    hops_asked: float
    coverage: float
    total: float  # mean reward v1
    answers: dict[str, int]
    constant_letter: str  # the best constant answer to the same questions
    constant_correct: int
    recorded_differs: int  # episodes whose recorded total is not what the reward gives


class Comparison(Struct, kw_only=True):
    """Two phases on the questions that both answered (paired) and on all they answered (unpaired)."""

    first: str
    second: str
    paired: int
    gained: int  # wrong in the first, right in the second
    lost: int
    mcnemar_p: float
    first_correct: int
    first_n: int
    second_correct: int
    second_n: int
    fisher_p: float
    items_needed: int | None  # per arm, to show this difference with 80 % power; None if there is none


class GradedPhase(Struct):
    """A phase audit together with what it was computed from."""

    audit: PhaseAudit
    questions: list[Question]
    grades: list[Grade]


class QuestionIndex:
    """Finds the question of an episode by id, and by prompt where an id stands for several."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self._by_id: dict[str, list[Question]] = defaultdict(list)
        for question in questions:
            self._by_id[question.id].append(question)

    def of(self, episode: Episode, where: str) -> Question:
        """The question an episode answers. Raises InputError naming `where` when there is none."""
        candidates = self._by_id.get(episode.ex_id, [])
        exact = [question for question in candidates if question.prompt == episode.prompt]
        if exact:
            return exact[0]
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise InputError(f"{where}: no question {episode.ex_id!r} in the given files")
        raise InputError(f"{where}: several questions {episode.ex_id!r}, none with this prompt")


def audit_episodes(
    graph: Graph, index: QuestionIndex, episodes: Sequence[Episode], file: str
) -> list[GradedPhase]:
    """Audit each phase of an episodes file, in the order in which the phases appear."""
    grader = Grader(graph)
    phases: dict[str, list[tuple[Episode, Question]]] = {}
    for number, episode in enumerate(episodes, start=1):
        question = index.of(episode, f"{file}:{number}")
        phases.setdefault(episode.phase, []).append((episode, question))
    return [_audit_phase(grader, file, phase, rows) for phase, rows in phases.items()]


def _audit_phase(grader: Grader, file: str, phase: str, rows: list[tuple[Episode, Question]]) -> GradedPhase:
    questions = [question for _, question in rows]
    grades = [grader.grade(question, episode.completion) for episode, question in rows]
    n = len(rows)
    correct = sum(grade.correct for grade in grades)
    low, high = exact_interval(correct, n)
    gold = Counter(question.answer_star for question in questions)
    constant = max(LETTERS, key=lambda letter: gold[letter])
    audit = PhaseAudit(
        file=file,
        phase=phase,
        n=n,
        parsed=sum(grade.valid_format for grade in grades),
        correct=correct,
        accuracy=correct / n,
        low=low,
        high=high,
        lenient_correct=sum(
            g.lenient_answer == q.answer_star for g, q in zip(grades, questions, strict=True)
        ),
        clauses=sum(grade.hops_used for grade in grades),
        true_clauses=sum(grade.true_clauses for grade in grades),
        true_traces=sum(0 < grade.hops_used == grade.true_clauses for grade in grades),
        valid=sum(grade.valid for grade in grades),
        faithful=sum(grade.faithful for grade in grades),
        follows_chain=sum(grade.follows_chain for grade in grades),
        hops_used=sum(grade.hops_used for grade in grades) / n,
        hops_asked=sum(question.hop_len for question in questions) / n,
        coverage=sum(grade.coverage for grade in grades) / n,
        total=sum(grade.total for grade in grades) / n,
        answers={letter: sum(grade.answer == letter for grade in grades) for letter in LETTERS},
        constant_letter=constant,
        constant_correct=gold[constant],
        recorded_differs=sum(
            abs(episode.reward.total - grade.total) > 1e-6
            for (episode, _), grade in zip(rows, grades, strict=True)
        ),
    )
    return GradedPhase(audit, questions, grades)


def compare(first: GradedPhase, second: GradedPhase) -> Comparison:
    """Exact tests of a difference in accuracy between two phases."""

    def right(phase: GradedPhase) -> dict[tuple[str, str], bool]:
        return {(q.id, q.prompt): g.correct for q, g in zip(phase.questions, phase.grades, strict=True)}

    before, after = right(first), right(second)
    shared = before.keys() & after.keys()
    gained = sum(after[key] and not before[key] for key in shared)
    lost = sum(before[key] and not after[key] for key in shared)
    return Comparison(
        first=_name(first),
        second=_name(second),
        paired=len(shared),
        gained=gained,
        lost=lost,
        mcnemar_p=mcnemar(gained, lost),
        **unpaired(first.audit.correct, first.audit.n, second.audit.correct, second.audit.n),
    )


def unpaired(k1: int, n1: int, k2: int, n2: int) -> dict:
    """The fields of a Comparison that need only counts."""
    return {
        "first_correct": k1,
        "first_n": n1,
        "second_correct": k2,
        "second_n": n2,
        "fisher_p": fisher(k1, n1, k2, n2),
        "items_needed": None if k1 * n2 == k2 * n1 else items_needed(k1 / n1, k2 / n2),
    }


def _name(phase: GradedPhase) -> str:
    return f"{phase.audit.file} {phase.audit.phase}"


def compare_phases(phases: Sequence[GradedPhase]) -> list[Comparison]:
    """Every phase after the first parsed one against it and its predecessors, within one file and across."""
    answered = [phase for phase in phases if phase.audit.parsed]
    return [
        compare(first, second)
        for index, second in enumerate(answered)
        for first in answered[:index]
        if {(q.id, q.prompt) for q in first.questions} & {(q.id, q.prompt) for q in second.questions}
    ]
