"""Two real programs, run step by step: one as long as taught, and one that had to be longer."""

from __future__ import annotations

from typing import Any

import manim as m

from trap.film.look import INK, MUTED, PATH, RIGHT, WRONG, Box
from trap.film.parts import CROSS, TICK, block, folded, line, panel, point
from trap.film.stage import Stage


class Scene(Stage):
    def _run(self, program: dict[str, Any], seconds: float) -> None:
        content, tall = self.shape.content, self.shape.tall
        px = self.size("small" if tall else "label")
        asked = block(folded(program["question"], 42 if tall else 26), px, MUTED)
        asked.move_to(point(content.left, content.top), aligned_edge=m.UL)
        if tall:
            room = Box(content.left, content.bottom, content.right, asked.get_bottom()[1] - 0.25)
        else:
            room = content.part(0.42, 0, 1, 1)
        lines = program["lines"]
        pitch = min(0.95, (room.height - 1.1) / len(lines))
        self.sweep(asked, panel(room), seconds=0.4)
        pace = max(0.2, min(0.6, int(10 * (seconds - 1.4) / len(lines)) / 10))
        size = min(self.size("small" if tall else "body"), 62 * pitch)
        for number, one in enumerate(lines):
            y = room.top - 0.2 - (number + 0.5) * pitch
            value = line(one["value"], size * 1.1, PATH, bold=True)
            value.move_to(point(room.right - 0.3, y), aligned_edge=m.RIGHT)
            step = line(one["step"], size, INK)
            wide = room.width - 0.9 - value.width
            if step.width > wide:
                step = line(one["step"], max(28.0, size * wide / step.width), INK)
            step.move_to(point(room.left + 0.3, y), aligned_edge=m.LEFT)
            self.animate(m.FadeIn(step), m.FadeIn(value), seconds=pace)
        right = program["right"]
        color = RIGHT if right else WRONG
        said = line(
            f"{TICK if right else CROSS}  {'right' if right else 'wrong'}",
            self.size("head"),
            color,
            bold=True,
        )
        said.move_to(point(room.right - 0.3, room.bottom + 0.5), aligned_edge=m.RIGHT)
        self.animate(m.FadeIn(said), seconds=0.4)

    def cue_taught(self, seconds: float) -> None:
        self._run(self.facts.data["taught"], seconds)

    def cue_longer(self, seconds: float) -> None:
        self._run(self.facts.data["longer"], seconds)
