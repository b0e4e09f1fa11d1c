"""The thumbnail: the hook, and the two numbers."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, MUTED, ROLES, WRONG
from trap.film.parts import block, line, point
from trap.film.stage import Stage


class Scene(Stage):
    def prepare(self) -> None:
        self.remove(self.heading)
        safe, tall = self.shape.safe, self.shape.tall
        words = block(self.facts.words["hook"].split("\n"), 92 if tall else 110, INK, bold=True, leading=1.2)
        words.move_to(point(safe.left + 0.3, safe.top - 0.6), aligned_edge=m.UL)
        values = m.VGroup()
        for number, (key, color) in enumerate((("learned", ROLES["start"]), ("longer", WRONG))):
            value = line(self.facts.words[key], 120 if tall else 150, color, bold=True)
            values.add(
                value.move_to(
                    point(safe.left + 0.3, words.get_bottom()[1] - 1.2 - 1.7 * number), aligned_edge=m.LEFT
                )
            )
        under = line(self.facts.words["title"], 44, MUTED)
        under.move_to(point(safe.left + 0.3, values.get_bottom()[1] - 0.7), aligned_edge=m.LEFT)
        self.add(words, values, under)
