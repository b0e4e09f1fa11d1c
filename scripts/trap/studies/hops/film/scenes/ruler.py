"""The ruler: a model that measures how far back a link stands looks at the wrong word of a longer question."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, INK, MUTED, PANEL, PATH, RIGHT, WRONG, Box
from trap.film.parts import block, line, lying, panel, point, segments
from trap.film.stage import Stage

GAP = 0.14  # between the cards of a question


class Scene(Stage):
    def prepare(self) -> None:
        data, content = self.facts.data, self.shape.content
        self.count, self.short = len(data["path"]), len(data["taught"])
        width = content.width / (self.count + data["link"] + 0.6)
        self.step = width
        self.first = m.VGroup()  # the upper row, which stands in the middle until the lower one comes
        self.upper = content.part(0, 0.26, 1, 0.74)
        self.lower = content.part(0, 0, 1, 0.48)
        self._row(self.upper, self.short, data["taught"], "as long as taught")
        self._key()

    def _key(self) -> None:
        """What the yellow beams mean, beside those of the upper row."""
        row = self.upper
        sign = line("yellow: where it looks", self.size("small"), PATH)
        self.first.add(sign.move_to(point(row.right, row.bottom + 0.2), aligned_edge=m.RIGHT))
        self.add(self.first)

    def _card(self, row: Box, place: float, words: list[str], color: str, fill: str = PANEL) -> m.VGroup:
        box = Box(
            row.left + place * self.step + GAP / 2, row.middle[1] - 1.15,
            row.left + (place + 1) * self.step - GAP / 2, row.middle[1] - 0.05,
        )  # fmt: skip
        text = block(words, 34, color, align="middle", leading=1.15)
        if text.width > box.width - 0.16:
            text = block(
                words, max(28.0, 34 * (box.width - 0.16) / text.width), color, align="middle", leading=1.15
            )
        return m.VGroup(
            panel(box, fill, color if color != MUTED else FAINT), text.move_to(point(*box.middle))
        )

    def _row(self, row: Box, count: int, weights: list[float], name: str) -> None:
        """A question of `count` links, the links already written, and how much each word is looked at."""
        data = self.facts.data
        said = line(name, self.size("label"), MUTED)
        said.move_to(point(row.right, row.top - 0.3), aligned_edge=m.RIGHT)
        cards = m.VGroup(said)
        for number in range(count):
            words = data["path"][number]["phrase"].split()
            half = -(-len(words) // 2)
            lines = [" ".join(words[:half]), " ".join(words[half:])] if len(words) > 2 else [" ".join(words)]
            cards.add(self._card(row, number, lines, RIGHT if number + 1 == data["link"] else MUTED))
        for number in range(data["link"]):
            last = number + 1 == data["link"]
            lines = ["next?"] if last else ["link", "written"]
            cards.add(self._card(row, count + 0.6 + number, lines, PATH if last else MUTED))
        base = row.middle[1] - 1.3
        for number, weight in enumerate(weights):
            x = row.left + (number + 0.5) * self.step
            height = max(0.04, weight * (base - row.bottom - 0.05))
            beam = m.Rectangle(
                width=0.5 * self.step, height=height, stroke_width=0, fill_color=PATH, fill_opacity=1
            )
            cards.add(beam.move_to(point(x, base), aligned_edge=m.UP))
        self.add(cards)
        if not len(self.first):
            self.first.add(cards)

    def _measure(self, row: Box, count: int, looked: int, good: bool, seconds: float) -> m.VGroup:
        """The ruler, from the word that is written next back to the word that is looked at."""
        color = RIGHT if good else WRONG
        start = row.left + (count + 0.6 + self.facts.data["link"] - 0.5) * self.step
        end = row.left + (looked - 0.5) * self.step
        y = row.middle[1] + 0.38
        ticks, x = [(point(start, y), point(end, y))], start
        while x > end + 0.01:
            ticks.append((point(x, y), point(x, y + 0.22)))
            x -= self.step / 4
        ruler = segments(ticks, color, 5)
        tip = m.Triangle(fill_color=color, fill_opacity=1, stroke_width=0).scale(0.2).rotate(m.PI)
        tip.move_to(point(end, y - 0.22))
        self.animate(m.Create(ruler), seconds=seconds)
        words = "the word it needs" if good else "the wrong word"
        said = line(words, self.size("label"), color, bold=True)
        said.move_to(point(max(end, row.left + said.width / 2 + 0.1), y + 0.62))
        self.animate(m.FadeIn(tip), m.FadeIn(said), seconds=0.4)
        return m.VGroup(ruler, tip, said)

    def cue_taught(self, seconds: float) -> None:
        self.hold(0.8)
        measured = self._measure(self.upper, self.short, self.facts.data["link"], True, 1.2)
        self.remove(*measured)
        self.first.add(*measured)

    def cue_longer(self, seconds: float) -> None:
        data = self.facts.data
        self.animate(self.first.animate.shift(point(0, 0.26 * self.shape.content.height)), seconds=0.5)
        self._row(self.lower, self.count, data["longer"], "longer")
        self.hold(0.8)
        self._measure(self.lower, self.count, data["looked"], False, 1.2)

    def cue_share(self, seconds: float) -> None:
        content, words = self.shape.content, self.facts.words
        value = line(words["share"], 240, WRONG, bold=True)
        value.move_to(point(content.middle[0], content.middle[1] + 0.9))
        under = block(
            ["of its attention on the right word", words["share.interval"]],
            self.size("body"),
            MUTED,
            align="middle",
        )
        under.move_to(point(content.middle[0], content.middle[1] - 1.3))
        self.sweep(value, under, *self._gauge(self.facts.data["share"], WRONG), seconds=0.6)

    def _gauge(self, share: float, color: str) -> list[m.Mobject]:
        """A share as a part of a whole bar."""
        room = self.shape.content.part(0.1, 0.02, 0.9, 0.12)
        y = room.middle[1]
        return [
            lying(room.left, y, room.width, 0.5, FAINT),
            lying(room.left, y, share * room.width, 0.5, color),
        ]

    def cue_mended(self, seconds: float) -> None:
        content = self.shape.content
        value = line(self.facts.words["mended"], 240, RIGHT, bold=True)
        value.move_to(point(content.middle[0], content.middle[1] + 0.9))
        under = line("right for a true reason, on long chains", self.size("body"), INK)
        under.move_to(point(content.middle[0], content.middle[1] - 1.3))
        self.sweep(value, under, *self._gauge(self.facts.data["mended"], RIGHT), seconds=0.6)
