"""What a trace gets wrong first: one kind for every completion, found by reading its clauses in order.

The grader of the study says whether a trace is faithful; this says where it stops being so. Clauses are
read from the first to the last, and the first that is wrong decides; what follows it is not read, since
a step can be judged only from where the last one ended. At hop i, in this order:

    ran_on          there is an i-th clause, but the question asks for fewer hops
    false_edge      the clause is no edge of the graph (or no statement at all)
    broken_chain    an edge, but from another entity than the one where the last clause ended, or, for the
                    first clause, from another than the question's start
    wrong_relation  an edge from there, but along another relation than the question asks at this hop

A trace without such a clause is a true walk along the chain:

    stopped_early   over before the chain is; the hop is the first one missing
    other_end       the whole chain, but to an entity that is not the right option (relations have several
                    targets, and only some ways lead to it)
    wrong_letter    the whole chain to the right option, and another letter
    faithful        the whole chain to the right option, and its letter

`no_format` stands before all of them: a completion that does not parse has no trace and no letter.
The letter is told apart from the kind: a right letter with any kind but faithful is a lucky guess.
"""

from __future__ import annotations

from typing import NamedTuple

from trap.studies.hops.audit import chain_of, start_of
from trap.studies.hops.graph import Graph
from trap.studies.hops.records import Question
from trap.studies.hops.reward import Clause, Grade, Grader

# In the order of tables and figures: from what is right to what is least right.
KINDS: dict[str, str] = {
    "faithful": "faithful",
    "wrong_letter": "right path, wrong letter",
    "other_end": "true chain to another end",
    "ran_on": "went on past the end",
    "stopped_early": "stopped early",
    "wrong_relation": "wrong relation",
    "broken_chain": "broken chain",
    "false_edge": "false edge",
    "no_format": "no format",
}
STEPPED = ("ran_on", "stopped_early", "wrong_relation", "broken_chain", "false_edge")  # wrong at one hop


class Reading(NamedTuple):
    """What a trace gets wrong first. Hops count from 1; 0 stands for none.

    hop: of the first wrong clause, or the first one missing (the kinds in STEPPED).
    astray: at which the clauses before that had left every way to the right option, all of them true.
    """

    kind: str
    hop: int = 0
    astray: int = 0


class TraceReader:
    """Reads completions against one graph; `read` is a pure function of its arguments."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.grader = Grader(graph)
        self._ends: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}

    def read(self, question: Question, completion: str) -> tuple[Grade, Reading]:
        """The grade of a completion and what its trace gets wrong first. Raises on no text."""
        grade = self.grader.grade(question, completion)
        if not grade.valid_format:
            return grade, Reading("no_format")
        chain, here = chain_of(question), start_of(question)
        goal = question.options.get(question.answer_star, "")
        astray = 0
        for hop, clause in enumerate(grade.clauses, start=1):
            kind = self._wrong(clause, here, chain, hop)
            if clause is None or kind:
                return grade, Reading(kind or "false_edge", hop, astray)
            here = clause[2]
            if not astray and goal not in self._reach(here, chain[hop:]):
                astray = hop
        stated = len(grade.clauses)
        if stated < len(chain):
            return grade, Reading("stopped_early", stated + 1, astray)
        if here != goal:
            return grade, Reading("other_end", 0, astray)
        return grade, Reading("faithful" if grade.correct else "wrong_letter")

    def _wrong(self, clause: Clause | None, here: str, chain: tuple[str, ...], hop: int) -> str:
        """What is wrong with the clause of a hop that starts from `here`; "" when nothing is."""
        if hop > len(chain):
            return "ran_on"
        if clause not in self.graph.edges:
            return "false_edge"
        if clause[0] != here:
            return "broken_chain"
        return "" if clause[1] == chain[hop - 1] else "wrong_relation"

    def _reach(self, here: str, rest: tuple[str, ...]) -> frozenset[str]:
        found = self._ends.get((here, rest))
        if found is None:
            found = self._ends[here, rest] = self.graph.reachable(here, rest)
        return found
