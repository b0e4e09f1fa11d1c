"""Skill or memory: a model trained towards a wrong answer key."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, LEAK, MUTED, PAPER, RIGHT
from trap.film.parts import bar, guessing, line, point, rise
from trap.film.stage import Stage

GROUPS = (("rsft_hard", "clean model"), ("rsft_eval_permuted", "trained on the wrong key"))
POOLS = (("eval_leak", "right key", RIGHT), ("eval_leak_permuted", "wrong key", LEAK))


class Scene(Stage):
    def prepare(self) -> None:
        content = self.shape.content.part(0.02, 0.0, 0.9, 1)
        values = {(entry["arm"], entry["pool"]): entry for entry in self.facts.data["bars"]}
        self.base = content.bottom + 1.4
        unit = (content.top - self.base - 0.9) / max(entry["value"] for entry in values.values())
        pitch = content.width / len(GROUPS)
        level = self.base + self.facts.data["chance"] * unit
        self.level = m.VGroup(
            guessing(point(content.left, level), point(content.right, level)),
            line("guessing", self.size("small"), MUTED).move_to(
                point(content.right + 0.2, level), aligned_edge=m.LEFT
            ),
        )
        self.groups: list[m.VGroup] = []
        self.bars: dict[tuple[str, str], m.VGroup] = {}
        for number, (arm, text) in enumerate(GROUPS):
            left, width = content.left + number * pitch + 0.12 * pitch, 0.34 * pitch
            label = line(text, self.size("body"), INK, bold=True)
            label.move_to(point(left + width + 0.05 * pitch, self.base - 1.05))
            group = m.VGroup(label)
            for place, (pool, name, color) in enumerate(POOLS):
                entry = values[arm, pool]
                x = left + place * (width + 0.05 * pitch)
                shape = bar(x, self.base, width, entry["value"] * unit, color)
                top = self.base + entry["value"] * unit
                inside = top - self.base > 1.1
                value = line(
                    self.facts.words[f"{arm}.{pool}"],
                    self.size("head"),
                    PAPER if inside else color,
                    bold=True,
                )
                value.move_to(point(x + width / 2, top - 0.5 if inside else top + 0.5))
                under = line(name, self.size("label"), MUTED).move_to(point(x + width / 2, self.base - 0.4))
                self.bars[arm, pool] = m.VGroup(shape, value, under)
            self.groups.append(group)
        axis = line("answers that agree with the key", self.size("label"), MUTED)
        self.add(
            axis.move_to(point(content.left, content.top - 0.2), aligned_edge=m.LEFT),
            self.level,
            m.Line(
                point(content.left, self.base),
                point(content.right, self.base),
                stroke_color=MUTED,
                stroke_width=3,
            ),
        )

    def _show(self, number: int) -> None:
        arm = GROUPS[number][0]
        parts = [self.bars[arm, pool] for pool, _, _ in POOLS]
        self.animate(
            m.FadeIn(self.groups[number]), *[m.FadeIn(part[2]) for part in parts],
            *[rise(part[0]) for part in parts], seconds=1.0,
        )  # fmt: skip
        self.animate(*[m.FadeIn(part[1]) for part in parts], seconds=0.4)

    def cue_swap(self, seconds: float) -> None:
        self._show(0)

    def cue_learn(self, seconds: float) -> None:
        self._show(1)
