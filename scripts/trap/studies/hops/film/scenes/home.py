"""What to take home: the verdicts counted, then the lessons."""

from __future__ import annotations

import manim as m

from trap.film.look import FAITHFUL, INK, LEAK, MUTED, RIGHT, ROLES
from trap.film.parts import block, line, point
from trap.film.stage import Stage

VERDICTS = (
    ("reproduced", "held up", RIGHT),
    ("not_reproduced", "did not", LEAK),
    ("inconclusive", "undecided", ROLES["easy"]),
    ("not_tested_here", "not tested", MUTED),
)
LESSONS = (
    (("Was the test", "in the training set?"), LEAK),
    (("How many questions,", "and how many seeds?"), ROLES["start"]),
    (("Are the reasons true,", "or only the letters right?"), FAITHFUL),
)


class Scene(Stage):
    def cue_score(self, seconds: float) -> None:
        content, counts = self.shape.content, self.facts.data["verdicts"]
        pitch = content.height / len(VERDICTS)
        apart = min(1.4, (content.width - 6.4) / max(*counts.values(), 1))
        for number, (key, text, color) in enumerate(VERDICTS):
            y = content.top - (number + 0.5) * pitch
            value = line(self.facts.words[key], self.size("big"), color, bold=True)
            value.move_to(point(content.left + 1.6, y), aligned_edge=m.RIGHT)
            label = line(text, self.size("body"), INK)
            label.move_to(point(content.left + 2.0, y), aligned_edge=m.LEFT)
            dots = m.VGroup(
                *[
                    m.Dot(point(content.left + 6.0 + apart * place, y), radius=0.3 * apart, color=color)
                    for place in range(counts[key])
                ]
            )
            self.animate(m.FadeIn(value), m.FadeIn(label), m.FadeIn(dots), seconds=0.5)

    def cue_lessons(self, seconds: float) -> None:
        self.sweep()
        content, tall = self.shape.content, self.shape.tall
        pitch = content.height / len(LESSONS)
        for number, (words, color) in enumerate(LESSONS):
            y = content.top - (number + 0.5) * pitch
            texts = list(words) if tall else [" ".join(words)]
            lesson = block(texts, self.size("head"), INK, bold=True)
            lesson.move_to(point(content.left + 0.7, y), aligned_edge=m.LEFT)
            sign = m.Rectangle(
                width=0.16, height=0.9 * len(texts), stroke_width=0, fill_color=color, fill_opacity=1
            )
            sign.move_to(point(content.left + 0.2, y))
            self.animate(m.FadeIn(lesson), m.GrowFromCenter(sign), seconds=0.6)
            if number < len(LESSONS) - 1:
                self.hold(0.4)

    def cue_end(self, seconds: float) -> None:
        x, y = self.shape.content.middle
        title = line("The distribution trap, tested", self.size("big"), INK, bold=True)
        title.move_to(point(x, y + 0.9))
        under = block(
            ["claims, tables, models, this film: one command each", "make paper    make verify    make film"],
            self.size("body"), MUTED, align="middle", leading=1.7,
        )  # fmt: skip
        under.move_to(point(x, y - 0.9))
        self.sweep(title, under, seconds=0.6)
