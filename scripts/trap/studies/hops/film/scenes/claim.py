"""The published result: three bars, and how little so few questions can show."""

from __future__ import annotations

import manim as m

from trap.film.look import INK, LEAK, MUTED, PAPER, ROLES
from trap.film.parts import bar, block, line, point, segments, whisker
from trap.film.stage import Stage

LABELS = {
    "sft": ("worked answers", "start", "larger model"),
    "rsft_easy": ("easy practice", "easy", "larger model"),
    "rsft_eval_135m": ("hard practice", "hard", "smaller model"),
}


class Scene(Stage):
    def prepare(self) -> None:
        content, bars = self.shape.content, self.facts.data["bars"]
        pitch = content.width / len(bars)
        self.bar_width = (0.72 if self.shape.tall else 0.56) * pitch
        self.base = content.bottom + 1.25
        self.unit = (content.top - self.base) / (max(entry["high"] for entry in bars) + 0.04)
        self.columns: list[m.VGroup] = []
        self.whiskers: list[m.VGroup] = []
        self.models: list[m.Mobject] = []
        for number, entry in enumerate(bars):
            left = content.left + (number + (0.14 if self.shape.tall else 0.2)) * pitch
            text, role, model = LABELS[entry["name"]]
            shape = bar(left, self.base, self.bar_width, entry["value"] * self.unit, ROLES[role])
            middle = left + self.bar_width / 2
            value = line(
                self.facts.words[entry["name"]], 64 if self.shape.tall else self.size("big"), PAPER, bold=True
            )
            value.move_to(point(middle, self.base + 0.62))
            words = text.split() if self.shape.tall else [text]
            label = block(words, self.size("label"), INK, align="middle")
            label.move_to(point(middle, self.base - (0.65 if self.shape.tall else 0.4)))
            self.columns.append(m.VGroup(shape, value, label))
            # the text stands beside the bar, and a line at the bar's height connects the two
            x, top = left + self.bar_width + 0.1 * pitch, self.base + entry["value"] * self.unit
            interval = m.VGroup(
                segments([(point(left + self.bar_width, top), point(x, top))], MUTED, 3),
                whisker(
                    point(x, self.base + entry["low"] * self.unit),
                    point(x, self.base + entry["high"] * self.unit),
                    INK,
                ),
                m.Dot(point(x, top), radius=0.11, color=ROLES[role]),
            )
            size = line(f"n = {self.facts.words[entry['name'] + '.n']}", self.size("small"), MUTED)
            size.move_to(point(middle, self.base - 0.95))
            name = line(model, self.size("small"), ROLES[role])
            self.models.append(name.move_to(point(middle, self.base - 0.95)))
            self.whiskers.append(m.VGroup(interval, size))
        ground = m.Line(
            point(content.left, self.base),
            point(content.right, self.base),
            stroke_color=MUTED,
            stroke_width=3,
        )
        # on stage in the first frame, which players show before the film starts
        self.add(ground, *self.columns)
        last = self.columns[-1][0]
        self.doubt = line("?", self.size("big"), LEAK, bold=True)
        self.doubt.move_to(point(last.get_x(), last.get_top()[1] + 0.65))

    def cue_hook(self, seconds: float) -> None:
        self.hold(0.9)
        self._only(0, 1)
        self.hold(seconds / 2 - 1.4)
        self._only(2)
        self.animate(m.FadeIn(self.doubt, scale=0.5), seconds=0.5)

    def _only(self, *shown: int) -> None:
        changes = [m.FadeOut(self.doubt)] if self.doubt in self.mobjects else []
        for number, column in enumerate(self.columns):
            opacity = 1.0 if number in shown else 0.18
            changes.append(column.animate.set_opacity(opacity))
        self.animate(*changes, seconds=0.5)

    def cue_sft(self, seconds: float) -> None:
        self._only(0)

    def cue_drop(self, seconds: float) -> None:
        self._only(1)
        self.hold(seconds / 2 - 0.5)
        self._only(1, 2)

    def cue_doubt(self, seconds: float) -> None:
        self._only(0, 1, 2)
        self.animate(*[m.GrowFromCenter(w[0]) for w in self.whiskers], seconds=1.0)
        self.animate(*[m.FadeIn(w[1]) for w in self.whiskers], seconds=0.5)

    def cue_models(self, seconds: float) -> None:
        self.animate(*[m.FadeOut(w[1]) for w in self.whiskers], seconds=0.4)
        self.animate(*[m.FadeIn(name) for name in self.models], seconds=0.6)
