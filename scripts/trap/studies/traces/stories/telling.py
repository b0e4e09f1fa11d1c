"""A story while it is told: its sentences, and the steps of the program that solves it."""

from __future__ import annotations

from collections.abc import Sequence

from trap.studies.traces.quantities import Number, spoken
from trap.studies.traces.stories.draws import Draws
from trap.studies.traces.stories.words import DISTRACTORS, HELD_WORDING, LEADS, NAMES, WORDINGS

IN_WORDS = 30  # percent of the numbers below 100 that are written in words
IN_DOZENS = 15  # percent of the multiples of twelve that are written in dozens
LEAST, MOST = 2, 5000  # of every value on the way


# Names of variables begin somewhere in these, so that short programs show every name that a long one may need.
LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_LETTERS, FIRST_RESULTS = 15, 12


class Again(Exception):
    """What was drawn cannot be told, so that the next candidate is tried."""


class Teller:
    """One story. `wording`: the number of its wording; None mixes those that are not held out."""

    def __init__(self, draws: Draws, held_wording: bool) -> None:
        self.draws, self.held_wording = draws, held_wording
        self.people = draws.shuffled(NAMES)
        self.cast: list[str] = []
        self.sentences: list[str] = []
        self.parts: list[tuple[str, list[str]]] = []
        self.needs: list[Number] = []
        self.told: list[str] = []  # events and numbers: what makes two stories one problem
        self.steps = 0
        self.value: Number = 0
        self.things = ""
        self._first = draws.below(FIRST_LETTERS), draws.below(FIRST_RESULTS)
        self._letters, self._results = self._first

    # --- people and sentences -------------------------------------------------------------------

    def person(self) -> str:
        """A new person."""
        self.cast.append(self.people[len(self.cast)])
        return self.cast[-1]

    def say(self, templates: Sequence[str], **slots: str) -> str:
        """Add a sentence in the story's wording. Returns the template that was chosen."""
        number = HELD_WORDING if self.held_wording else self.draws.below(WORDINGS - 1)
        self.sentences.append(_capital(templates[number].format(things=self.things, **slots)))
        return templates[number]

    def number(self, value: int, plain: bool = False) -> str:
        """How the story writes a number that its solution needs."""
        self.needs.append(value)
        self.told.append(str(value))
        return self.shown(value, plain)

    def shown(self, value: int, plain: bool = False) -> str:
        if plain or value >= 100:
            return f"{value:,}"
        if value % 12 == 0 and value > 12 and self.draws.chance(IN_DOZENS):
            return f"{spoken(value // 12)} dozen"
        return spoken(value) if self.draws.chance(IN_WORDS) else str(value)

    def distract(self, most: int) -> None:
        """Put sentences with numbers to no purpose before the question, each into another place."""
        for template in self.draws.sample(DISTRACTORS, self.draws.below(most + 1)):
            text = template.format(B=self.person(), n=self.shown(self.draws.between(3, 60)))
            self.sentences.insert(1 + self.draws.below(len(self.sentences)), text)

    def question(self) -> str:
        """The story in one line."""
        if self.draws.chance(40):
            self.sentences[0] = self.draws.one(LEADS) + self.sentences[0]
        return " ".join(self.sentences)

    # --- the program ----------------------------------------------------------------------------

    def begin(self, expert: str) -> bool:
        """Begin a part. Returns whether it goes on from the answer of the one before."""
        self.parts.append((expert, []))
        self._letters, self._results = self._first
        self.told.append(expert)
        return len(self.parts) > 1

    def line(self, text: str) -> None:
        self.parts[-1][1].append(f"{{{text}}}")

    def init(self, value: Number | None) -> str:
        """A variable with a number of the question; None: with the answer of the part before."""
        name = LETTERS[self._letters]
        self._letters += 1
        self.line(
            f"op: init, var: {name}, " + ("source: prev.result" if value is None else f"value: {value}")
        )
        return name

    def result(self) -> str:
        """The variable of the next result; it counts as a step."""
        self._results += 1
        self.steps += 1
        return f"r{self._results}"

    def compute(self, op: str, first: str, second: str, operation: str = "compute") -> str:
        name = self.result()
        self.line(f"op: {operation}, compute_op: {op}, args: [{first}, {second}], var: {name}")
        self.told.append(op)
        return name

    def query(self, name: str) -> None:
        self.line(f"op: query, var: {name}")

    def reach(self, value: Number) -> None:
        """Go on with a value. Raises Again where it is too small or too large."""
        if not LEAST <= value <= MOST:
            raise Again
        self.value = value

    def reference(self) -> str:
        """The program in format v1."""
        composed = len(self.parts) > 1
        lines = []
        for expert, steps in self.parts:
            lines += [f"- expert: {expert}", "  trace:"] if composed else [f"expert: {expert}", "trace:"]
            lines += [f"{'  ' if composed else ''}- {step}" for step in steps]
        return "\n".join(lines)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
