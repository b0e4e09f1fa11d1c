"""The thumbnail: the three published scores and the question."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, MUTED, PAPER, ROLES
from trap.film.parts import bar, block, line, point
from trap.film.stage import Stage

COLORS = ("start", "easy", "leak")


class Scene(Stage):
    def prepare(self) -> None:
        self.remove(self.heading)
        safe, tall = self.shape.safe, self.shape.tall
        bars = self.facts.data["bars"]
        room = safe.part(0.02, 0.42, 0.98, 0.98) if tall else safe.part(0.54, 0.08, 1, 0.95)
        pitch = room.width / len(bars)
        unit = room.height / max(entry["value"] for entry in bars)
        for number, (entry, color) in enumerate(zip(bars, COLORS, strict=True)):
            shape = bar(
                room.left + (number + 0.1) * pitch,
                room.bottom,
                0.84 * pitch,
                entry["value"] * unit,
                ROLES[color],
            )
            value = line(
                self.facts.words[entry["name"]],
                84,
                PAPER,
                bold=True,
            )
            value.move_to(point(shape.get_x(), room.bottom + 0.85))
            self.add(shape, value)
        words = block(self.facts.words["hook"].split("\n"), 92 if tall else 98, INK, bold=True, leading=1.2)
        under = line(self.facts.words["title"], 44 if tall else 48, MUTED)
        if tall:
            words.move_to(point(safe.left + 0.3, room.bottom - 0.6), aligned_edge=m.UL)
        else:
            words.move_to(point(safe.left + 0.1, 0.5), aligned_edge=m.LEFT)
        under.next_to(words, m.DOWN, buff=0.55, aligned_edge=m.LEFT)
        self.add(words, under)
