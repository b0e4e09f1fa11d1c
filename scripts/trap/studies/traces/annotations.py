"""From a published solution to a trace: the calculator annotations of GSM-8K, compiled.

A solution of GSM-8K (Cobbe et al., arXiv 2110.14168) marks its arithmetic: `<<16-3-4=9>>`. Each annotation becomes
steps; a number that an earlier annotation found becomes its variable, any other number an init. What the final answer
does not need is left out. The question is how many solutions have such a trace that runs to the gold answer: that is
the ceiling of what a model could reach by writing traces like these.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from trap.studies.traces.language import Fault
from trap.studies.traces.quantities import Number, close, read_number, said_in, whole, written
from trap.studies.traces.reading import read_program
from trap.studies.traces.solver import run
from trap.studies.traces.soundness import complaints

MARK = re.compile(r"<<([^<>]*)>>")
TOKEN = re.compile(r"\s*(?:(\d[\d,]*(?:\.\d+)?|\.\d+)(%?)|(\*\*|[-+*/()^]))")
OPS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "^": "pow", "**": "pow"}
DEEPEST = 50

NONE, UNREAD, OTHER, STOPPED = (
    "no annotations",
    "an annotation that is no arithmetic",
    "no annotation gives the gold answer",
    "the trace does not run to the gold answer",
)


class Compiled(NamedTuple):
    """What became of a solution. `trace` is "" where it has none, and `reason` says why."""

    gold: Number | None
    trace: str
    reason: str = ""
    steps: int = 0
    sound: bool = False
    why: tuple[str, ...] = ()


Tree = Number | tuple  # a number, or (operation, tree, tree)


def gold_of(solution: str) -> Number | None:
    """The answer after `####`, with its thousands separators, its sign and its fraction; None where there is none."""
    _, mark, text = solution.rpartition("####")
    return read_number(text.strip().replace("$", "").strip()) if mark else None


def gold_as_published(solution: str) -> Number | None:
    """The answer as the published loader read it: digits from the mark on, up to the first comma."""
    found = re.search(r"####\s*(-?\d+(?:\.\d+)?)", solution)
    return read_number(found[1]) if found else None


def parse(text: str) -> Tree | None:
    """The tree of an arithmetic expression; None if it is none. Never evaluates text."""
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            return None
        if found[3]:
            tokens.append(found[3])
        else:
            value = read_number(found[1])
            if value is None:
                return None
            tokens.append(whole(Fraction(value) / 100) if found[2] else value)
        at = found.end()
    try:
        tree, rest = _sum(tokens, 0)
    except (IndexError, ValueError):
        return None
    return tree if rest == len(tokens) else None


def _sum(tokens: list, depth: int, at: int = 0) -> tuple[Tree, int]:
    left, at = _product(tokens, depth, at)
    while at < len(tokens) and tokens[at] in ("+", "-"):
        right, end = _product(tokens, depth, at + 1)
        left, at = (OPS[tokens[at]], left, right), end
    return left, at


def _product(tokens: list, depth: int, at: int) -> tuple[Tree, int]:
    left, at = _power(tokens, depth, at)
    while at < len(tokens) and (tokens[at] in ("*", "/") or tokens[at] == "("):
        if tokens[at] == "(":  # 2(3+4)
            right, end = _power(tokens, depth, at)
            left, at = ("mul", left, right), end
        else:
            right, end = _power(tokens, depth, at + 1)
            left, at = (OPS[tokens[at]], left, right), end
    return left, at


def _power(tokens: list, depth: int, at: int) -> tuple[Tree, int]:
    left, at = _atom(tokens, depth, at)
    if at < len(tokens) and tokens[at] in ("^", "**"):
        right, at = _power(tokens, depth, at + 1)
        left = ("pow", left, right)
    return left, at


def _atom(tokens: list, depth: int, at: int) -> tuple[Tree, int]:
    if depth > DEEPEST:
        raise ValueError("too deep")
    token = tokens[at]
    if token == "(":
        tree, at = _sum(tokens, depth + 1, at + 1)
        if tokens[at] != ")":
            raise ValueError("an open bracket")
        return tree, at + 1
    if token == "-":
        tree, at = _atom(tokens, depth + 1, at + 1)
        return (whole(-tree) if not isinstance(tree, tuple) else ("sub", 0, tree)), at
    if isinstance(token, str):
        raise ValueError("a number is expected")
    return token, at + 1


class _Writer:
    """Steps of a trace, with the variables that hold what earlier annotations found."""

    def __init__(self, question: str) -> None:
        self.said = list(said_in(question))
        self.steps: list[tuple[str, str, tuple[str, ...]]] = []  # variable, what it is, what it reads
        self.found: list[tuple[Number, str]] = []  # values of annotations, and their variables
        self.given: dict[Number, str] = {}
        self.used: set[str] = set()

    def number(self, value: Number) -> str:
        """The variable of a number: an earlier result that nothing used, one of the question, an earlier result."""
        earlier = [name for found, name in reversed(self.found) if found == value]
        fresh = [name for name in earlier if name not in self.used]
        if fresh or (earlier and value not in self.said):
            name = (fresh or earlier)[0]
            self.used.add(name)
            return name
        if value not in self.given:  # a number that is used twice is given once
            self.given[value] = f"n{len(self.given) + 1}"
            self.steps.append((self.given[value], f"value: {written(value)}", ()))
        return self.given[value]

    def tree(self, tree: Tree) -> str:
        if not isinstance(tree, tuple):
            return self.number(tree)
        op, first, second = tree
        one, two = self.tree(first), self.tree(second)
        name = f"r{sum(not step[1].startswith('value') for step in self.steps) + 1}"
        self.steps.append((name, op, (one, two)))
        return name

    def trace(self, asked: str) -> tuple[str, int]:
        """The text of what `asked` needs, and how many computations that is."""
        needed, queue = set(), [asked]
        reads = {name: names for name, _, names in self.steps}
        while queue:
            name = queue.pop()
            if name not in needed:
                needed.add(name)
                queue.extend(reads[name])
        lines, computed = ["expert: arithmetic", "trace:"], 0
        for name, what, names in self.steps:
            if name not in needed:
                continue
            computed += bool(names)
            said = f"init, var: {name}, {what}" if not names else (
                f"compute, compute_op: {what}, args: [{', '.join(names)}], var: {name}"
            )  # fmt: skip
            lines.append(f"- {{op: {said}}}")
        return "\n".join([*lines, f"- {{op: query, var: {asked}}}"]), computed


def compile_solution(question: str, solution: str) -> Compiled:
    """The trace of a published solution, or why it has none. Never raises for a text."""
    gold = gold_of(solution)
    marks = MARK.findall(solution)
    if gold is None or not marks:
        return Compiled(gold, "", NONE)
    writer, last = _Writer(question), ""
    unread = False
    for mark in marks:
        sides = mark.split("=")
        tree, value = parse(sides[0]), read_number(sides[-1].strip().lstrip("$"))
        if len(sides) < 2 or tree is None or value is None:
            unread = True
            continue
        name = writer.tree(tree)
        writer.found.append((value, name))
        if close(value, gold):
            last = name
    if not last:
        return Compiled(gold, "", UNREAD if unread else OTHER)
    text, steps = writer.trace(last)
    program = read_program(text)
    if isinstance(program, Fault):
        return Compiled(gold, "", STOPPED)
    found = run(program)
    if found.answer is None or not close(found.answer, gold):
        return Compiled(gold, "", STOPPED)
    why = tuple(complaints(found, question))
    return Compiled(gold, text, "", steps, not why, why)
