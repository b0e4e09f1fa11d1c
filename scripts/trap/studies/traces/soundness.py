"""Whether a right answer has a sound trace: its numbers come from the question, and every step is used.

A sound trace

- runs to the right answer, with the experts that the question asks for;
- computes: the answer is no given value, and no step that could have changed something changed nothing (`idle`);
- uses each of its steps: following the answer back through what each step read, every step is met;
- takes every number from the question, each no more often than the question says it, or from a word that means it
  (`half` means 2); and where the item tells which numbers its solution needs, it uses those and no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from trap.studies.traces.quantities import Number, meant_in, said_in
from trap.studies.traces.solver import Run

# Operations without effect: a sound trace may have them.
REMARKS = frozenset(("formula", "state"))
GIVEN = frozenset(("init", "given", "query", "formula", "state"))

UNUSED, STRANGE, LACKING, IDLE, NOT_RUN = (
    "unused step",
    "strange number",
    "number left out",
    "idle step",
    "did not run",
)


def used(run: Run) -> set[int]:
    """Numbers of the nodes that the answer was made from, the query among them."""
    nodes, queue = run.nodes, [run.asked] if run.asked >= 0 else []
    found = set(queue)
    for node in queue:
        for earlier in nodes[node].reads:
            if earlier not in found:
                found.add(earlier)
                queue.append(earlier)
    return found


@lru_cache(maxsize=8192)
def _of_question(question: str) -> tuple[dict[Number, int], frozenset[Number]]:
    return dict(Counter(said_in(question))), frozenset(meant_in(question))


def complaints(run: Run, question: str, needs: Sequence[Number] | None = None) -> list[str]:
    """What keeps a run from being sound, apart from its answer: kinds of the constants above, each once."""
    if run.fault or run.answer is None:
        return [NOT_RUN]
    nodes, made_from = run.nodes, used(run)
    found = []
    if len(made_from) < len(nodes) and any(
        number not in made_from and node.op not in REMARKS for number, node in enumerate(nodes)
    ):
        found.append(UNUSED)
    literals: dict[Number, int] = {}
    idle, computes = False, False
    for number in made_from:
        node = nodes[number]
        idle = idle or node.idle
        computes = computes or node.op not in GIVEN
        for literal in node.literals:
            literals[literal] = literals.get(literal, 0) + 1
    if idle or not computes:
        found.append(IDLE)
    said, meant = _of_question(question)
    strange = any(
        times > said.get(literal, 0) and literal not in meant for literal, times in literals.items()
    )
    lacking = not any(literal in said for literal in literals)
    if needs is not None:
        wanted: dict[Number, int] = {}
        for need in needs:
            wanted[need] = wanted.get(need, 0) + 1
        lacking = any(times > literals.get(need, 0) and need not in meant for need, times in wanted.items())
        strange = strange or any(
            times > wanted.get(literal, 0) and literal not in meant for literal, times in literals.items()
        )
    if strange:
        found.append(STRANGE)
    if lacking:
        found.append(LACKING)
    return found


def sound(run: Run, question: str, needs: Sequence[Number] | None = None) -> bool:
    """Whether a run that gave the right answer is sound."""
    return not complaints(run, question, needs)
