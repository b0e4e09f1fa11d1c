"""What was learned: right answers on problems like those taught, of other kinds, in other words; then longer ones."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, INK, MUTED, ROLES, WRONG
from trap.film.parts import block, line, lying, point, run
from trap.film.stage import Stage

BARS = {
    "learned": ("like those taught", "start"),
    "families": ("of other kinds", "easy"),
    "wordings": ("in other words", "leak"),
}


class Scene(Stage):
    def prepare(self) -> None:
        content = self.shape.content
        self.names = [entry["name"] for entry in self.facts.data["bars"]]
        self.pitch = 0.86 * content.height / len(self.names)
        self.track = 0.72 * content.width
        self.shapes: dict[str, m.VGroup] = {}
        for number, entry in enumerate(self.facts.data["bars"]):
            words, role = BARS[entry["name"]]
            y = content.top - (number + 0.5) * self.pitch
            label = line(words, self.size("body"), INK, bold=True)
            label.move_to(point(content.left, y + 0.55), aligned_edge=m.LEFT)
            back = lying(content.left, y - 0.25, self.track, 0.8, FAINT)
            shape = lying(content.left, y - 0.25, entry["value"] * self.track, 0.8, ROLES[role])
            value = line(self.facts.words[entry["name"]], self.size("head"), ROLES[role], bold=True)
            value.move_to(point(content.left + self.track + 0.25, y - 0.25), aligned_edge=m.LEFT)
            self.add(label, back)
            self.shapes[entry["name"]] = m.VGroup(shape, value)
        note = f"right by a sound program, {self.facts.words['seeds']} seeds"
        said = line(note, self.size("small"), MUTED)
        self.add(said.move_to(point(content.left, content.bottom + 0.3), aligned_edge=m.LEFT))

    def _show(self, *names: str) -> None:
        for name in names:
            shape, value = self.shapes[name]
            self.animate(run(shape), seconds=0.8)
            self.animate(m.FadeIn(value), seconds=0.3)

    def cue_hook(self, seconds: float) -> None:
        self.hold(0.5)

    def cue_right(self, seconds: float) -> None:
        self._show("learned")

    def cue_words(self, seconds: float) -> None:
        self._show("families", "wordings")

    def cue_longer(self, seconds: float) -> None:
        content, tall = self.shape.content, self.shape.tall
        value = line(self.facts.words["longer"], 130 if tall else 240, WRONG, bold=True)
        value.move_to(point(content.middle[0], content.middle[1] + 0.7))
        texts = ["on longer problems", self.facts.words["longer.interval"]]
        under = block(texts, self.size("body"), MUTED, align="middle")
        under.move_to(point(content.middle[0], content.middle[1] - 1.6))
        self.sweep(value, under, seconds=0.6)
