"""The two numbers to take home."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, ROLES, WRONG
from trap.film.parts import line, point
from trap.film.stage import Stage

ROWS = (("learned", "like those taught"), ("longer", "when they are longer"))


class Scene(Stage):
    def cue_end(self, seconds: float) -> None:
        content, tall = self.shape.content, self.shape.tall
        colors = {"learned": ROLES["start"], "longer": WRONG}
        texts = []
        for number, (key, words) in enumerate(ROWS):
            y = content.top - (number + 0.5) * content.height / len(ROWS)
            value = line(self.facts.words[key], 130 if tall else 200, colors[key], bold=True)
            under = line(words, self.size("body"), INK)
            texts.append(value.move_to(point(content.left + 0.2, y + 0.5), aligned_edge=m.LEFT))
            texts.append(under.move_to(point(content.left + 0.2, y - 1.1), aligned_edge=m.LEFT))
        self.sweep(*texts, seconds=0.6)
