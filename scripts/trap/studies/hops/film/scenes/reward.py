"""The reward: a real answer walks the graph, is scored part by part, and is then checked statement by statement."""

from __future__ import annotations

import manim as m

from trap.film.look import FAITHFUL, INK, MUTED, PATH, RIGHT, ROLES, WRONG, Box
from trap.film.parts import GraphMap, Statements, block, dim, folded, line, point
from trap.film.stage import Stage


class Scene(Stage):
    def prepare(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        top = content.top
        self.rows: list[m.VGroup] = []
        if not tall:
            asked = block(folded(self.facts.words["question"], 78), self.size("small"), MUTED)
            asked.move_to(point(content.left, top), aligned_edge=m.UL)
            self.add(asked)
            top = asked.get_bottom()[1] - 0.3
        room = Box(content.left, content.bottom, content.right, top)
        self.left = room.part(0, 0.6, 1, 1) if tall else room.part(0, 0, 0.53, 1)
        self.right = room.part(0, 0, 1, 0.57) if tall else room.part(0.57, 0, 1, 1)
        self.map = GraphMap(self.facts.data, self.left.inset(0.2), self._met())
        self.add(self.map)
        self.bring_to_back(self.map)
        self.trail = m.VGroup()

    def _met(self) -> set[str]:
        """The entities of the answer and of the true path."""
        clauses = [*self.facts.data["trace"]["clauses"], *self.facts.data["path"]]
        return {clause[end] for clause in clauses for end in ("src", "dst")}

    def cue_answer(self, seconds: float) -> None:
        """The walk of the answer: true steps light up edges, a false one leaves them; then the letter."""
        trace, right = self.facts.data["trace"], self.right
        clauses = trace["clauses"]
        pitch = min(1.3, (right.height - 0.9) / len(clauses))
        px = self.size("small" if self.shape.tall else "label")
        self.trace = Statements(clauses, (right.left, right.top), pitch, px, right.width)
        self.marks = [self.trace.mark(number) for number in range(len(clauses))]
        pace = min(0.9, int(10 * (seconds - 2.0) / len(clauses)) / 10)
        start = self.map.spot(clauses[0]["src"])
        walker = m.Dot(start.get_center(), radius=0.22, color=INK)
        self.animate(m.GrowFromCenter(start), m.FadeIn(walker), seconds=0.4)
        self.trail.add(start)
        for clause, said, mark in zip(clauses, self.trace.lines, self.marks, strict=True):
            place = self.map.places[clause["dst"]]
            if clause["src"] == clause["dst"]:
                step = self.map.spot(clause["dst"], WRONG)
            else:
                step = self.map.link(clause["src"], clause["dst"]) if clause["true"] else self.map.jump(clause["src"], clause["dst"])  # fmt: skip
            self.animate(m.FadeIn(step), m.FadeIn(said), walker.animate.move_to(place), seconds=pace)
            said[1].set_color(MUTED if clause["true"] else WRONG)
            self.add(mark)
            spot = self.map.spot(clause["dst"], PATH if clause["true"] else WRONG)
            self.add(spot)
            self.trail.add(step, spot)
        self.trail.add(walker)
        color = RIGHT if trace["correct"] else WRONG
        self.letter = line(f"ANSWER: {trace['letter']}", self.size("head"), color, bold=True)
        y = right.top - len(clauses) * pitch - 0.4
        self.letter.move_to(point(right.left + 0.6, y), aligned_edge=m.LEFT)
        self.animate(m.FadeIn(self.letter), seconds=0.5)

    def _part(self, text: str, key: str, color: str) -> m.VGroup:
        """One row of the sum on the left."""
        room = self.left
        y = room.top - 0.5 - 1.12 * len(self.rows)
        label = line(text, self.size("body"), INK).move_to(point(room.left + 0.2, y), aligned_edge=m.LEFT)
        value = line(self.facts.words[key], self.size("head"), color, bold=True)
        value.move_to(point(room.right - 0.4, y), aligned_edge=m.RIGHT)
        row = m.VGroup(label, value)
        self.rows.append(row)
        return row

    def cue_letter(self, seconds: float) -> None:
        self.animate(m.FadeOut(self.map), m.FadeOut(self.trail), *map(m.FadeOut, self.marks), seconds=0.4)
        row = self._part("right letter", "letter", ROLES["correctness"])
        self.animate(self.letter.animate.set_color(ROLES["correctness"]), m.FadeIn(row), seconds=0.5)

    def cue_names(self, seconds: float) -> None:
        named = set(self.facts.data["named"])
        hits = [text for name, text in self.trace.entities if name in named]
        row = self._part(f"{self.facts.words['named']} path names", "names", ROLES["path"])
        self.animate(*[text.animate.set_color(PATH) for text in hits], m.FadeIn(row), seconds=0.6)
        self.animate(m.FadeIn(self._part("repetition", "spam", MUTED)), seconds=0.4)
        y = self.left.top - 0.5 - 1.12 * len(self.rows) + 0.55
        rule = m.Line(
            point(self.left.left + 0.2, y),
            point(self.left.right - 0.4, y),
            stroke_color=MUTED,
            stroke_width=3,
        )
        self.animate(m.Create(rule), m.FadeIn(self._part("reward", "total", INK)), seconds=0.6)

    def cue_truth(self, seconds: float) -> None:
        rows = [dim(row, 0.45) for row in self.rows[:-1]]
        row = self._part("true statements", "true", FAITHFUL)
        note = line("not part of the reward", self.size("label"), FAITHFUL)
        note.move_to(point(self.left.left + 0.2, row.get_bottom()[1] - 0.35), aligned_edge=m.LEFT)
        self.animate(*rows, *map(m.FadeIn, self.marks), seconds=0.5)
        self.animate(m.FadeIn(row), m.FadeIn(note), seconds=0.6)
