"""The reward: a real answer, scored part by part, then checked statement by statement."""

from __future__ import annotations

import manim as m

from trap.film.look import FAITHFUL, INK, MUTED, PATH, RIGHT, ROLES, WRONG
from trap.film.parts import Statements, block, folded, line, point
from trap.film.stage import Stage


class Scene(Stage):
    def prepare(self) -> None:
        content = self.shape.content
        self.left = content.part(0, 0, 0.56, 1)
        self.right = content.part(0.62, 0, 1, 1)
        self.rows: list[m.VGroup] = []

    def cue_answer(self, seconds: float) -> None:
        data, left = self.facts.data, self.left
        asked = block(folded(self.facts.words["question"], 50), self.size("small"), MUTED)
        asked.move_to(point(left.left, left.top), aligned_edge=m.UL)
        self.add(asked)
        self.hold(0.5)
        top = asked.get_bottom()[1] - 0.35
        clauses = data["trace"]["clauses"]
        pitch = min(1.5, (top - left.bottom - 1.0) / len(clauses))
        self.trace = Statements(clauses, (left.left, top), pitch, self.size("label"))
        for statement in self.trace.lines:
            self.animate(m.FadeIn(statement), seconds=0.5)
        self.letter = line(f"ANSWER: {data['trace']['letter']}", self.size("body"), INK, bold=True)
        self.letter.move_to(point(left.left + 0.6, top - len(clauses) * pitch - 0.35), aligned_edge=m.LEFT)
        self.animate(m.FadeIn(self.letter), seconds=0.4)

    def _part(self, text: str, key: str, color: str) -> m.VGroup:
        """One row of the sum on the right."""
        y = self.right.top - 0.5 - 1.15 * len(self.rows)
        label = line(text, self.size("body"), INK).move_to(point(self.right.left, y), aligned_edge=m.LEFT)
        value = line(self.facts.words[key], self.size("head"), color, bold=True)
        value.move_to(point(self.right.right, y), aligned_edge=m.RIGHT)
        row = m.VGroup(label, value)
        self.rows.append(row)
        return row

    def cue_letter(self, seconds: float) -> None:
        self.animate(self.letter.animate.set_color(ROLES["correctness"]), seconds=0.4)
        self.animate(m.FadeIn(self._part("right letter", "letter", ROLES["correctness"])), seconds=0.5)

    def cue_names(self, seconds: float) -> None:
        named = set(self.facts.data["named"])
        hits = [text for name, text in self.trace.entities if name in named]
        self.animate(*[text.animate.set_color(PATH) for text in hits], seconds=0.6)
        row = self._part(f"{self.facts.words['named']} path names", "names", ROLES["path"])
        self.animate(m.FadeIn(row), seconds=0.5)
        self.animate(m.FadeIn(self._part("repetition", "spam", MUTED)), seconds=0.4)
        y = self.right.top - 0.5 - 1.15 * len(self.rows) + 0.55
        rule = m.Line(
            point(self.right.left, y), point(self.right.right, y), stroke_color=MUTED, stroke_width=3
        )
        self.animate(m.Create(rule), m.FadeIn(self._part("reward", "total", INK)), seconds=0.6)

    def cue_truth(self, seconds: float) -> None:
        marks = [self.trace.mark(number) for number in range(len(self.trace.lines))]
        for number, mark in enumerate(marks):
            true = self.trace.clauses[number]["true"]
            phrase = self.trace.lines[number][1]
            self.animate(m.FadeIn(mark), phrase.animate.set_color(RIGHT if true else WRONG), seconds=0.6)
        row = self._part("true statements", "true", FAITHFUL)
        row.shift(point(0, -0.5))
        note = line("not part of the reward", self.size("label"), FAITHFUL)
        note.move_to(point(self.right.left, row.get_bottom()[1] - 0.6), aligned_edge=m.LEFT)
        self.animate(m.FadeIn(row), m.FadeIn(note), seconds=0.6)
