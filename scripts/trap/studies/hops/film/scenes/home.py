"""What to take home: the verdicts counted, then the lessons."""

from __future__ import annotations

import manim as m

from trap.film.look import FAITHFUL, INK, LEAK, MUTED, PATH, RIGHT, ROLES
from trap.film.parts import GraphMap, block, line, point
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
            texts = list(words)
            lesson = block(texts, self.size("head") if tall else 82, INK, bold=True, leading=1.2)
            lesson.move_to(point(content.left + 0.7, y), aligned_edge=m.LEFT)
            sign = m.Rectangle(
                width=0.16, height=lesson.height, stroke_width=0, fill_color=color, fill_opacity=1
            )
            sign.move_to(point(content.left + 0.2, y))
            self.animate(m.FadeIn(lesson), m.GrowFromCenter(sign), seconds=0.6)
            if number < len(LESSONS) - 1:
                self.hold(0.4)

    def cue_end(self, seconds: float) -> None:
        """The question walks its graph once more, beside what to ask."""
        content, data, tall = self.shape.content, self.facts.data, self.shape.tall
        picture = content.part(0, 0.45, 1, 1) if tall else content.part(0, 0, 0.55, 1)
        side = content.part(0, 0, 1, 0.42) if tall else content.part(0.6, 0, 1, 1)
        path = data.get("path", [])
        graph = GraphMap(data, picture.inset(0.2), {end for one in path for end in (one["src"], one["dst"])})
        texts = m.VGroup()
        y = side.top - 1.6
        for word, under, color in (
            ("Right?", "or lucky?", RIGHT),
            ("For a reason?", "or by its letter?", FAITHFUL),
        ):
            head = line(word, self.size("big"), color, bold=True)
            texts.add(head.move_to(point(side.left, y), aligned_edge=m.LEFT))
            said = line(under, self.size("body"), MUTED)
            texts.add(said.move_to(point(side.left, y - 1.05), aligned_edge=m.LEFT))
            y -= 2.9
        self.sweep(graph, texts[0], texts[1], seconds=0.6)
        if path:
            self.add(graph.spot(path[0]["src"]))
        step = max(0.1, int(10 * (seconds - 2.2) / max(2 * len(path), 1)) / 10)
        for number, one in enumerate(path):
            last = number == len(path) - 1
            link, spot = graph.link(one["src"], one["dst"]), graph.spot(one["dst"], RIGHT if last else PATH)
            self.animate(m.Create(link), seconds=step)
            self.animate(m.GrowFromCenter(spot), seconds=step)
        self.animate(m.FadeIn(texts[2]), m.FadeIn(texts[3]), seconds=0.6)
