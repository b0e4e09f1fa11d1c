"""The study's own work, without peers: grading, and making and auditing questions. One process."""

from __future__ import annotations

from itertools import count

from workload import Row, Workload, rate

GRADED, MADE = 50_000, 20_000


def measure_grading(work: Workload) -> list[Row]:
    """Completions of every quality: right, wrong letter, random trace, cut short, no format at all."""
    from trap.studies.hops.questions import random_trace

    study = work.study
    pairs = []
    for question in work.questions("hard", 2000):
        right = question.ref.trace
        wrong = "ABCD"[("ABCD".index(question.answer_star) + 1) % 4]
        pairs += [(question, right), (question, right[:-1] + wrong)]
        pairs += [(question, random_trace(question, work.graph, 0)), (question, right[: len(right) // 2])]
        pairs += [(question, "I think it is " + question.options["A"])]

    def body() -> int:
        for question, text in pairs:
            study.score(question, text)
        return len(pairs)

    value = rate(body, work.seconds / 3)
    return [Row("grading", value, "completions/s", f"≥ {GRADED}", value >= GRADED)]


def measure_questions(work: Workload) -> list[Row]:
    """Fresh questions of both training pools, each made once; then also audited for being well posed.

    The maker is warm: its tables of the graph are ready, as after the first second of a pool.
    """
    from trap.studies.hops.audit import Reach, audit_questions
    from trap.studies.hops.questions import QuestionMaker

    maker, reach, batch, turns = QuestionMaker(work.graph, seed=0), Reach(work.graph), 1000, count()

    def make() -> tuple[str, list]:
        pool = ("easy", "hard")[(turn := next(turns)) % 2]
        return pool, list(maker.questions(pool, batch, turn // 2 * batch))

    def make_and_audit() -> int:
        pool, questions = make()
        audit = audit_questions(work.graph, questions, f"{pool}.jsonl", pool, reach)
        if audit.problems:
            raise RuntimeError(f"{len(audit.problems)} ill-posed questions")
        return len(questions)

    for _ in range(8):
        make_and_audit()
    made = rate(lambda: len(make()[1]), work.seconds / 3)
    audited = rate(make_and_audit, work.seconds / 3)
    return [
        Row("questions made", made, "questions/s"),
        Row("questions made and audited", audited, "questions/s", f"≥ {MADE}", audited >= MADE),
    ]
