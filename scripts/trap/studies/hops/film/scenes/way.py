"""The way out: faithful accuracy on short and on longer chains, before and after practice on faithful answers."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, MUTED, PAPER, ROLES
from trap.film.parts import bar, line, point, rise, whisker
from trap.film.stage import Stage

GROUPS = (("nano", "with position encoding"), ("nano_nope", "without position encoding"))
BARS = (
    ("easy", "short chains", "easy"),
    ("hard", "long chains", "start"),
    ("after", "practised", "faithful"),
)


class Scene(Stage):
    def prepare(self) -> None:
        content = self.shape.content.part(0.02, 0.0, 0.98, 1)
        self.base = content.bottom + 1.4
        unit = (content.top - self.base - 1.3) / max(entry["high"] for entry in self.facts.data["bars"])
        pitch = content.width / len(GROUPS)
        width, step = 0.24 * pitch, 0.3 * pitch
        found = {(entry["model"], entry["bar"]): entry for entry in self.facts.data["bars"]}
        self.names: list[m.Mobject] = []
        self.bars: dict[tuple[str, str], m.VGroup] = {}
        for number, (model, text) in enumerate(GROUPS):
            left = content.left + number * pitch + 0.06 * pitch
            label = line(text, self.size("body"), INK, bold=True)
            self.names.append(label.move_to(point(left + step + width / 2, self.base - 1.05)))
            for place, (name, words, role) in enumerate(BARS):
                color, x, entry = ROLES[role], left + place * step, found[model, name]
                height = entry["value"] * unit
                interval = whisker(
                    *(point(x + 0.9 * width, self.base + entry[end] * unit) for end in ("low", "high")),
                    INK,
                    cap=0.09,
                )
                shape = bar(x, self.base, width, max(height, 0.03), color)
                inside = height > 1.1
                value = line(
                    self.facts.words[f"{model}.{name}"],
                    self.size("head"),
                    PAPER if inside else color,
                    bold=True,
                )
                value.move_to(point(x + width / 2, self.base + (height - 0.5 if inside else height + 0.5)))
                under = line(words, self.size("label"), MUTED).move_to(point(x + width / 2, self.base - 0.4))
                self.bars[model, name] = m.VGroup(shape, value, under, interval)
        axis = line("right for a true reason, of all questions", self.size("label"), MUTED)
        self.add(
            axis.move_to(point(content.left, content.top - 0.2), aligned_edge=m.LEFT),
            m.Line(
                point(content.left, self.base),
                point(content.right, self.base),
                stroke_color=MUTED,
                stroke_width=3,
            ),
            *self.names,
        )

    def _show(self, *keys: tuple[str, str]) -> None:
        parts = [self.bars[key] for key in keys]
        self.animate(*[m.FadeIn(part[2]) for part in parts], *[rise(part[0]) for part in parts], seconds=1.2)
        self.animate(*[m.FadeIn(part[1], part[3]) for part in parts], seconds=0.4)

    def cue_short(self, seconds: float) -> None:
        self._show(*((model, "easy") for model, _ in GROUPS))

    def cue_longer(self, seconds: float) -> None:
        self._show(*((model, "hard") for model, _ in GROUPS))

    def cue_own(self, seconds: float) -> None:
        self._show(("nano_nope", "after"))

    def cue_few(self, seconds: float) -> None:
        self._show(("nano", "after"))
