"""The solver: runs a program step by step, exactly, within bounds, and remembers where each value came from.

A value is an `int` or a `Fraction`. An argument is a variable; a text that is no variable is read as a number. A root
that is not rational is cut after 12 decimal places; everything else is exact.

`sub` takes arguments from the first one; `div`, `mod` and `pow` take two, `sqrt` and `abs` one. `transfer` starts an
entity that is not there at 0; both `transfer` and `consume` need enough. An `init` makes a variable a given one again,
whatever it was before. The answer of a part is what its last `query` asks for. In v1 that must have been computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from trap.studies.traces.language import (
    EXPERTS,
    FORM,
    MOST_BITS,
    MOST_POWER,
    OPERATIONS,
    Fault,
    Program,
    Step,
)
from trap.studies.traces.quantities import Number, read_number, whole

MOVES = frozenset(("transfer", "consume", "add_entity"))
SHARES = frozenset(("percent_off", "percent_increase", "percent_of"))
ROOT_PLACES = 10**12
PLAIN = 2**MOST_BITS  # whole numbers below are small enough


class Node(NamedTuple):
    """A step that ran. `reads`: nodes whose values it used; `idle`: whether it could have changed nothing."""

    part: int
    step: int
    op: str
    reads: tuple[int, ...]
    literals: tuple[Number, ...]  # numbers that stand in the step itself
    writes: tuple[str, ...] = ()
    value: Number | None = None
    idle: bool = False


class Run(NamedTuple):
    """A run: the answer or the fault, the nodes in order, and the node of the last query (-1: none)."""

    answer: Number | None
    fault: Fault | None
    nodes: list[Node]
    asked: int = -1
    left: tuple[tuple[str, Number], ...] = ()  # variables and values at the end of the last part


class Stopped(Exception):
    """A step cannot be run. `args` are the kind of fault and a detail."""


class Machine:
    """The state of one part: values by variable, the node that wrote each, and which of them were computed."""

    def __init__(self, part: int, expert: str, nodes: list[Node], results: list[tuple[Number, int]]) -> None:
        self.part, self.expert, self.nodes, self.results = part, expert, nodes, results
        self.operations = OPERATIONS[expert]
        self.values: dict[str, Number] = {}
        self.writer: dict[str, int] = {}
        self.computed: set[str] = set()
        self.answer: Number | None = None
        self.asked = -1

    def run(self, number: int, step: Step, version: int) -> None:
        """Run one step. Raises Stopped."""
        op, fields = step.op, step.values
        if op not in self.operations:
            raise Stopped("foreign_operation", f"{self.expert}: {op}")
        if op == "init":
            self._init(number, fields)
        elif op == "compute" or op == "compare":
            reads, literals = [], []
            names = fields["args"]
            given = [self._argument(one, reads, literals) for one in names]
            value = bounded(calculate(fields["compute_op"], given))
            idle = _idle(fields["compute_op"], names, given, value)
            self._computed(number, op, reads, literals, fields["var"], value, idle)
        elif op == "query":
            self._query(number, fields["var"], version)
        elif op in MOVES:
            self._move(number, op, fields)
        elif op in SHARES:
            reads, literals = [], []
            base = self._argument(fields["base"], reads, literals)
            rate = self._argument(fields["rate"].removesuffix("%"), reads, literals)
            share = {"percent_off": 100 - rate, "percent_increase": 100 + rate, "percent_of": rate}[op]
            value = bounded(base * Fraction(share) / 100)
            self._computed(number, op, reads, literals, fields["var"], value, value == base)
        elif op == "given":
            self._given(number, fields["values"])
        else:
            if op == "state":
                self._state(fields["assertions"])
            self.nodes.append(Node(self.part, number, op, (), ()))

    def _init(self, number: int, fields: dict[str, str]) -> None:
        name = fields["var"]
        if "source" in fields:
            value, node = self._source(fields["source"])
            made = Node(self.part, number, "init", (node,), (), (name,), value)
        else:
            value = read_number(fields["value"])
            if value is None:
                raise Stopped("not_a_number", f"{name}: {fields['value']}"[:40])
            value = bounded(value)
            made = Node(self.part, number, "init", (), (value,), (name,), value)
        self.values[name] = value
        self.computed.discard(name)
        self.writer[name] = len(self.nodes)
        self.nodes.append(made)

    def _computed(
        self,
        number: int,
        op: str,
        reads: list[int],
        literals: list[Number],
        name: str,
        value: Number,
        idle: bool,
    ) -> None:
        self.values[name] = value
        self.computed.add(name)
        self.writer[name] = len(self.nodes)
        self.nodes.append(Node(self.part, number, op, tuple(reads), tuple(literals), (name,), value, idle))

    def _query(self, number: int, name: str, version: int) -> None:
        if name not in self.values:
            raise Stopped("unknown_variable", name)
        if version and name not in self.computed:
            raise Stopped("query_of_given", name)
        self.answer, self.asked = self.values[name], len(self.nodes)
        self.nodes.append(Node(self.part, number, "query", (self.writer[name],), (), (), self.answer))

    def _state(self, pairs: tuple[tuple[str, str], ...]) -> None:
        for name, text in pairs:
            if name not in self.values:
                raise Stopped("unknown_variable", name)
            if read_number(text) != self.values[name]:
                raise Stopped("assertion_failed", f"{name}: {text}"[:40])

    def _given(self, number: int, pairs: tuple[tuple[str, str], ...]) -> None:
        """One node for each value that is given, so that one that nothing uses is seen."""
        for name, text in pairs:
            value = read_number(text)
            if value is None:
                raise Stopped("not_a_number", f"{name}: {text}"[:40])
            self.values[name] = bounded(value)
            self.computed.discard(name)
            self.writer[name] = len(self.nodes)
            self.nodes.append(Node(self.part, number, "given", (), (value,), (name,), value))

    def _argument(self, text: str, reads: list[int], literals: list[Number]) -> Number:
        if text in self.values:
            reads.append(self.writer[text])
            return self.values[text]
        value = read_number(text)
        if value is None:
            raise Stopped("unknown_variable", text[:40])
        literals.append(value)
        return value

    def _source(self, text: str) -> tuple[Number, int]:
        name, _, field = text.partition(".")
        digits = name.removeprefix("sub")
        if field == "result" and self.results:
            if name == "prev":
                return self.results[-1]
            number = int(digits) if name != digits and digits.isdecimal() and len(digits) < 4 else 0
            if 1 <= number <= len(self.results):
                return self.results[number - 1]
        raise Stopped("unknown_source", text[:40])

    def _move(self, number: int, op: str, fields: dict[str, str]) -> None:
        """Move an amount. What moves nothing, or from an entity to itself, is idle."""
        reads: list[int] = []
        literals: list[Number] = []
        amount = self._argument(fields["amount"], reads, literals)
        if amount < 0:
            raise Stopped("negative_amount", fields["amount"])
        names = (fields["from_entity"], fields["to_entity"]) if op == "transfer" else (fields["entity"],)
        if op == "consume" and names[0] not in self.values:
            raise Stopped("not_initialised", names[0])
        values = self.values
        for name in names:
            if name in self.writer:
                reads.append(self.writer[name])
            values.setdefault(name, 0)
            self.computed.add(name)
        if op != "add_entity":
            if values[names[0]] < amount:
                raise Stopped("not_enough", names[0])
            values[names[0]] = bounded(values[names[0]] - amount)
        if op != "consume":
            values[names[-1]] = bounded(values[names[-1]] + amount)
        idle = amount == 0 or (op == "transfer" and names[0] == names[1])
        for name in names:
            self.writer[name] = len(self.nodes)
        self.nodes.append(
            Node(self.part, number, op, tuple(reads), tuple(literals), names, values[names[-1]], idle)
        )


def bounded(value: Number) -> Number:
    """The value, as an int where it is whole. Raises Stopped where it is too large to go on with."""
    if type(value) is int and -PLAIN < value < PLAIN:
        return value
    value = whole(value)
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise Stopped("too_large", "")
    return value


def calculate(op: str, given: list[Number]) -> Number:
    """The value of an operation of `compute`. Raises Stopped."""
    if op == "add":
        return sum(given)
    if op == "sub":
        return given[0] - sum(given[1:])
    two = {"div": 2, "mod": 2, "pow": 2, "sqrt": 1, "abs": 1}.get(op)
    if two is not None and len(given) != two:
        raise Stopped("wrong_arguments", f"{op} takes {two}, not {len(given)}")
    first, rest = given[0], given[1:]
    if op == "mul":
        for one in rest:
            first = bounded(first * one)
        return first
    if op in ("div", "mod"):
        if rest[0] == 0:
            raise Stopped("divided_by_zero", op)
        return Fraction(first) / rest[0] if op == "div" else first % rest[0]
    if op == "pow":
        return _power(first, rest[0])
    if op == "sqrt":
        return _root(first)
    return {"abs": lambda: abs(first), "min": lambda: min(given), "max": lambda: max(given)}[op]()


def _power(base: Number, exponent: Number) -> Number:
    if exponent == Fraction(1, 2):
        return _root(base)
    if not isinstance(exponent, int):
        raise Stopped("no_real_value", "pow takes a whole exponent, or one half")
    if abs(exponent) > MOST_POWER:
        raise Stopped("too_large", "")
    if base == 0 and exponent < 0:
        raise Stopped("divided_by_zero", "pow")
    return Fraction(base) ** exponent


def _root(value: Number) -> Number:
    if value < 0:
        raise Stopped("no_real_value", "the root of a negative number")
    above, below = value.numerator, value.denominator
    one, two = isqrt(above), isqrt(below)
    if one * one == above and two * two == below:
        return Fraction(one, two)
    return Fraction(isqrt(above * ROOT_PLACES**2 // below), ROOT_PLACES)


def _idle(op: str, names: tuple[str, ...], given: list[Number], value: Number) -> bool:
    """Whether a computation hides something: it hands on an argument as it is, or what it does to one undoes it.

    One argument alone; an added 0 and a factor 1; and twice the same argument where only different ones say something.
    """
    if len(given) == 1:
        return value == given[0]
    if op == "add":
        return 0 in given
    if op == "mul":
        return 1 in given or 0 in given
    if len(set(names)) < len(names):
        return True
    return {"sub": 0, "div": 1, "pow": 1}.get(op) in given[1:] or (op == "mod" and value == given[0])


def steps(program: Program) -> Iterator[tuple[int, int, Step, Machine, Fault | None]]:
    """Run a program and yield (part, step number, step, state after it, fault or None); the first fault is the last."""
    nodes: list[Node] = []
    results: list[tuple[Number, int]] = []
    version = program.version
    for number, part in enumerate(program.parts):
        if part.expert not in EXPERTS:
            return
        machine = Machine(number, part.expert, nodes, results)
        for index, step in enumerate(part.steps):
            fault = None
            try:
                machine.run(index, step, version)
            except Stopped as stopped:
                fault = Fault(stopped.args[0], number, index, stopped.args[1])
            yield number, index, step, machine, fault
            if fault:
                return
        if machine.answer is None:
            return
        results.append((machine.answer, machine.asked))


def changes(program: Program) -> Iterator[tuple[int, int, Step, dict[str, Number], Machine, Fault | None]]:
    """As `steps`, with the values that each step made or changed, by name, and the state after it."""
    at, before = -1, {}
    for part, index, step, machine, fault in steps(program):
        if part != at:
            at, before = part, {}
        now = dict(machine.values)
        yield part, index, step, {n: v for n, v in now.items() if before.get(n) != v}, machine, fault
        before = now


def form_fault(program: Program) -> Fault | None:
    """The first step of no known form."""
    for number, part in enumerate(program.parts):
        for index, step in enumerate(part.steps):
            if step.fault:
                return Fault(step.fault, number, index, step.detail)
    return None


def expert_fault(program: Program) -> Fault | None:
    """The first expert that there is not."""
    for number, part in enumerate(program.parts):
        if part.expert not in EXPERTS:
            return Fault("unknown_expert", number, detail=part.expert[:40])
    return None


def run(program: Program) -> Run:
    """Run a program. Never raises: what stops it is the run's fault."""
    fault = form_fault(program) or expert_fault(program)
    if fault:
        return Run(None, fault, [])
    nodes: list[Node] = []
    results: list[tuple[Number, int]] = []
    version = program.version
    for number, part in enumerate(program.parts):
        machine, index = Machine(number, part.expert, nodes, results), -1
        try:
            for index, step in enumerate(part.steps):
                machine.run(index, step, version)
        except Stopped as stopped:
            return Run(None, Fault(stopped.args[0], number, index, stopped.args[1]), nodes)
        if machine.answer is None:
            return Run(None, Fault("no_query" if part.steps else "empty_trace", number), nodes)
        results.append((machine.answer, machine.asked))
    if not results:
        return Run(None, Fault("empty_composition"), nodes)
    answer, asked = results[-1]
    return Run(answer, None, nodes, asked, tuple(machine.values.items()))


__all__ = ["FORM", "Node", "Run", "expert_fault", "form_fault", "run", "steps"]
