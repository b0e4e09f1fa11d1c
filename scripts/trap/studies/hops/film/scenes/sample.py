"""Rejection sampling: real tries at one question, the winner, then all of them as a grid."""

from __future__ import annotations

from typing import Any

import manim as m

from trap.film.look import FAINT, FAITHFUL, INK, MUTED, PANEL, PATH, RIGHT, ROLES, WRONG, Box
from trap.film.parts import Answer, block, folded, line, panel, point, segments
from trap.film.stage import Stage

COLUMNS = 2  # of cards


def _link(start: float, end: float, y: float, true: bool) -> m.VMobject:
    """A statement between two entities: a line if it is true, a cross if the graph has no such edge."""
    if true:
        return segments([(point(start + 0.12, y), point(end - 0.12, y))], RIGHT, 6)
    x, arm = (start + end) / 2, min(0.09, 0.2 * (end - start))
    return segments(
        [(point(x - arm, y - side * arm), point(x + arm, y + side * arm)) for side in (1, -1)], WRONG, 5
    )


class Scene(Stage):
    def prepare(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        self.asked = content.part(0, 0.78, 1, 1) if tall else content.part(0, 0, 0.32, 1)
        self.field = content.part(0, 0, 1, 0.67) if tall else content.part(0.37, 0, 1, 1)
        self.cards: list[m.VGroup] = []
        asked = block(folded(self.facts.words["question"], 36 if tall else 26), self.size("label"), INK)
        asked.move_to(point(self.asked.left, self.asked.top), aligned_edge=m.UL)
        self.add(asked)

    def cue_tries(self, seconds: float) -> None:
        self.animate(m.FadeIn(self._signs()), seconds=0.5)
        tries = self.facts.data["tries"]
        rows = -(-len(tries) // COLUMNS)
        for number, entry in enumerate(tries):
            column, row = number % COLUMNS, number // COLUMNS
            cell = self.field.part(
                column / COLUMNS, 1 - (row + 1) / rows, (column + 1) / COLUMNS, 1 - row / rows
            ).inset(0.12)
            self.cards.append(self._card(entry, cell))
        pace = min(0.4, round((seconds - 1.2) / len(self.cards), 1))
        for card in self.cards:
            self.animate(m.FadeIn(card), seconds=pace)

    def _signs(self) -> m.VGroup:
        """The legend of the cards, below the question; in the short cut in one row."""
        signs, tall = m.VGroup(), self.shape.tall
        x, y = self.asked.left, self.field.top + 0.3 if tall else self.asked.bottom + 1.6
        texts = ("true", "false") if tall else ("true statement", "false statement")
        for text, true in zip(texts, (True, False), strict=True):
            dots = [m.Dot(point(at, y), radius=0.09, color=INK) for at in (x + 0.1, x + 0.72)]
            name = line(text, self.size("small"), MUTED).move_to(point(x + 1.0, y), aligned_edge=m.LEFT)
            signs.add(_link(x + 0.1, x + 0.72, y, true), *dots, name)
            x, y = (name.get_right()[0] + 0.5, y) if tall else (x, y - 0.65)
        name = line("number: the reward", self.size("small"), MUTED)
        return signs.add(name.move_to(point(x, y), aligned_edge=m.LEFT))

    def _card(self, entry: dict[str, Any], box: Box) -> m.VGroup:
        """Letter, chain of statements (broken where one is false) and reward of one try."""
        color = RIGHT if entry["correct"] else MUTED
        y = box.middle[1]
        letter = line(entry["letter"] or "–", self.size("head"), color, bold=True)
        letter.move_to(point(box.left + 0.5, y))
        total = line(entry["total"], self.size("label"), color, bold=True)
        total.move_to(point(box.right - 0.25, y), aligned_edge=m.RIGHT)
        left, right = box.left + 1.05, box.right - 1.25
        steps = max(len(entry["true"]), 1)
        step = min(0.62, (right - left) / (steps + 0.6))
        chain = m.VGroup(m.Dot(point(left, y), radius=0.09, color=INK))
        for number, true in enumerate(entry["true"]):
            x = left + number * step
            chain.add(_link(x, x + step, y, true), m.Dot(point(x + step, y), radius=0.09, color=INK))
        return m.VGroup(panel(box), letter, chain, total)

    def cue_keep(self, seconds: float) -> None:
        kept = [number for number, entry in enumerate(self.facts.data["tries"]) if entry["kept"]]
        fades, edges = [], []
        for number, card in enumerate(self.cards):
            if number in kept:
                edge = card[0].copy().set_fill(opacity=0).set_stroke(PATH, width=7)
                edges.append(edge)
            else:
                fades.append(card.animate.set_opacity(0.16))
        self.animate(*fades, *[m.Create(edge) for edge in edges], seconds=0.9)

    def cue_grid(self, seconds: float) -> None:
        grid = self.facts.data["grid"]
        self.sweep()
        content = self.shape.content
        across, down = len(grid), max(len(prompt) for prompt in grid)
        room = content.part(0.0, 0.0, 0.68, 1)
        pitch = min(room.width / across, room.height / down)
        top = room.middle[1] + 0.5 * down * pitch
        self.squares: list[m.VGroup] = []
        self.faithful = m.VGroup()
        for column, prompt in enumerate(grid):
            group = m.VGroup()
            for row, entry in enumerate(prompt):
                place = point(room.left + (column + 0.5) * pitch, top - (row + 0.5) * pitch)
                square = m.Square(
                    0.74 * pitch, stroke_width=4 if entry["kept"] else 0, stroke_color=PATH,
                    fill_color=RIGHT if entry["correct"] else PANEL, fill_opacity=1,
                ).move_to(place)  # fmt: skip
                if not entry["correct"]:
                    square.set_stroke(FAINT, width=1.5)
                group.add(square)
                if entry["kept"] and entry["faithful"]:
                    self.faithful.add(m.Dot(place, radius=0.16 * pitch, color=FAITHFUL))
            self.squares.append(group)
        step = max(0.1, round((seconds - 2.6) / across, 1))
        for group in self.squares:
            self.animate(m.FadeIn(group), seconds=step)
        self.side = content.part(0.73, 0, 1, 1)
        legend = m.VGroup()
        for number, (text, fill, edge) in enumerate((("right letter", RIGHT, RIGHT), ("kept", RIGHT, PATH))):
            y = self.side.top - 0.35 - 0.7 * number
            sign = m.Square(0.4, fill_color=fill, fill_opacity=1, stroke_color=edge, stroke_width=5)
            sign.move_to(point(self.side.left + 0.2, y))
            label = line(text, self.size("label"), INK).move_to(
                point(self.side.left + 0.7, y), aligned_edge=m.LEFT
            )
            legend.add(sign, label)
        self.animate(m.FadeIn(legend), seconds=0.4)

    def _figure(self, number: int, key: str, text: str, color: str) -> m.VGroup:
        """A large number with its meaning, on the right."""
        y = self.side.top - 2.75 - 1.8 * number
        value = line(self.facts.words[key], self.size("big"), color, bold=True)
        value.move_to(point(self.side.left, y), aligned_edge=m.LEFT)
        label = line(text, self.size("label"), MUTED).move_to(
            point(self.side.left, y - 0.75), aligned_edge=m.LEFT
        )
        return m.VGroup(value, label)

    def cue_luck(self, seconds: float) -> None:
        head = line("with a right letter:", self.size("label"), MUTED)
        head.move_to(point(self.side.left, self.side.top - 1.85), aligned_edge=m.LEFT)
        self.animate(
            m.FadeIn(head), m.FadeIn(self._figure(0, "blind", "by blind guessing", INK)), seconds=0.6
        )
        self.animate(m.FadeIn(self._figure(1, "right", "by this model", RIGHT)), seconds=0.6)

    def cue_reasons(self, seconds: float) -> None:
        self.animate(m.FadeIn(self._figure(2, "faithful", "kept with true steps", FAITHFUL)), seconds=0.6)
        if len(self.faithful):
            self.animate(m.FadeIn(self.faithful), seconds=0.4)

    def cue_after(self, seconds: float) -> None:
        content, again = self.shape.content, self.facts.data["again"]
        asked = block(folded(self.facts.words["asked_again"], 84), self.size("label"), MUTED)
        asked.move_to(point(content.left, content.top), aligned_edge=m.UL)
        self.sweep(asked)
        room = Box(content.left, content.bottom, content.right, asked.get_bottom()[1] - 0.3)
        rows = max(len(trace["clauses"]) for trace in again.values())
        answers = [
            Answer(again[key], text, ROLES[role], room.part(left, 0, right, 1), rows, self.size("label"), self.size("body"), 1.5)
            for key, text, role, left, right in (
                ("before", "before practice", "start", 0.0, 0.48),
                ("after", "after practice", "hard", 0.53, 1.0),
            )
        ]  # fmt: skip
        steps = [step for answer in answers for step in answer.steps]
        pace = min(0.5, (seconds - 1.6) / len(steps))
        for step in steps:
            self.animate(m.FadeIn(step), seconds=pace)
