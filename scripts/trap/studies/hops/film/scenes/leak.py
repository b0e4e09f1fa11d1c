"""The leak: training questions were test questions, and what this alone does to the score."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, LEAK, MUTED, RIGHT, ROLES
from trap.film.parts import line, point, polyline, scale, segments
from trap.film.stage import Stage

PER_ROW = 5  # squares of a set of questions
COLORS = {"eval_leak": LEAK, "eval_hard": RIGHT}
NAMES = {"eval_leak": "leaked", "eval_hard": "fresh"}


class Scene(Stage):
    drawn = False  # whether the curves are on stage

    def cue_same(self, seconds: float) -> None:
        content = self.shape.content
        count = self.facts.data["questions"]
        rows = -(-count // PER_ROW)
        pitch = min(1.15, (content.height - 2.6) / rows, 0.42 * content.width / PER_ROW)

        def cards(color: str) -> m.VGroup:
            group = m.VGroup()
            for number in range(count):
                card = m.RoundedRectangle(
                    width=0.78 * pitch,
                    height=0.78 * pitch,
                    corner_radius=0.1 * pitch,
                    stroke_color=color,
                    stroke_width=5,
                    fill_opacity=0,
                )
                card.move_to(point((number % PER_ROW) * pitch, -(number // PER_ROW) * pitch))
                group.add(card)
            return group

        train, test = cards(ROLES["easy"]), cards(ROLES["start"])
        middle = content.middle
        apart = content.width * 0.27
        top = middle[1] + 0.2
        train.move_to(point(middle[0] - apart, top))
        test.move_to(point(middle[0] + apart, top))
        above = top + rows * pitch / 2 + 0.5
        names = [
            line("to train on", self.size("body"), ROLES["easy"], bold=True).move_to(
                point(middle[0] - apart, above)
            ),
            line("to test on", self.size("body"), ROLES["start"], bold=True).move_to(
                point(middle[0] + apart, above)
            ),
        ]
        self.add(train, names[0])
        self.hold(0.5)
        self.animate(m.FadeIn(test), m.FadeIn(names[1]), seconds=0.5)
        self.hold(0.4)
        self.animate(*[m.FadeOut(name) for name in names], seconds=0.3)
        larger = min(1.6, (content.height - 2.4) / (rows * pitch), 0.9 * content.width / (PER_ROW * pitch))
        self.animate(
            *[cards_.animate.scale(larger).move_to(point(middle[0], top)) for cards_ in (train, test)],
            seconds=1.2,
        )
        same = line(f"the same {self.facts.words['n']} questions", self.size("head"), LEAK, bold=True)
        same.move_to(point(middle[0], top - larger * rows * pitch / 2 - 0.6))
        self.animate(
            train.animate.set_stroke(LEAK).set_fill(LEAK, opacity=0.35), test.animate.set_stroke(LEAK), m.FadeIn(same),
            seconds=0.5,
        )  # fmt: skip

    def cue_dose(self, seconds: float) -> None:
        content, tall, lines = self.shape.content, self.shape.tall, self.facts.data["lines"]
        self.box = content.part(0.12, 0.2, 0.78, 0.9) if tall else content.part(0.08, 0.16, 0.6, 0.88)
        box = self.box
        x, y = (
            scale(0.0, 1.0, box.left, box.right),
            scale(0.0, self.facts.data["ticks"][-1], box.bottom, box.top),
        )
        self.y = y
        frame = m.VGroup(
            line("accuracy", self.size("label"), MUTED).move_to(
                point(box.left, box.top + 0.45), aligned_edge=m.LEFT
            ),
            line("share of the test that leaked", self.size("label"), MUTED).move_to(
                point((box.left + box.right) / 2, box.bottom - 0.95)
            ),
        )
        for tick in self.facts.data["ticks"]:
            frame.add(segments([(point(box.left, y(tick)), point(box.right, y(tick)))], FAINT, 2))
            mark = line(self.facts.words[f"tick.{tick}"], self.size("small"), MUTED)
            frame.add(mark.move_to(point(box.left - 0.2, y(tick)), aligned_edge=m.RIGHT))
        for tick in (0.0, 0.5, 1.0):
            mark = line(self.facts.words[f"tick.{tick}"], self.size("small"), MUTED)
            frame.add(mark.move_to(point(x(tick), box.bottom - 0.4)))
        self.sweep(frame)
        self.drawn = True
        shapes, ends = [], m.VGroup()
        for pool, points in lines.items():
            curve = polyline([point(x(a), y(v)) for a, v, _, _ in points], COLORS[pool], 7)
            band = m.Polygon(
                *[point(x(a), y(low)) for a, _, low, _ in points],
                *[point(x(a), y(high)) for a, _, _, high in reversed(points)],
                stroke_width=0, fill_color=COLORS[pool], fill_opacity=0.22,
            )  # fmt: skip
            shapes.append((curve, band))
            last = points[-1][1]
            value = line(self.facts.words[f"{pool}.last"], self.size("head"), COLORS[pool], bold=True)
            value.move_to(point(box.right + 0.3, y(last)), aligned_edge=m.LEFT)
            label = line(NAMES[pool], self.size("label"), COLORS[pool])
            label.move_to(point(box.right + 0.3, y(last) - 0.7), aligned_edge=m.LEFT)
            ends.add(value, label)
        self.animate(*[m.FadeIn(band) for _, band in shapes], seconds=0.3)
        self.animate(*[m.Create(curve) for curve, _ in shapes], seconds=1.8, rate_func=m.linear)
        self.animate(m.FadeIn(ends), seconds=0.4)
        self.ends = ends

    def cue_size(self, seconds: float) -> None:
        """The effect of the leak, as text inside the plot in the short cut and beside it in the wide one."""
        if not self.drawn:
            self.cue_dose(seconds)
        if self.shape.tall:
            for pool, key, share in (
                ("eval_leak", "contamination_nano", 0.82),
                ("eval_hard", "leak_spread_nano", 0.13),
            ):
                x, y = self.box.left + 0.3, self.box.bottom + share * self.box.height
                value = line(self.facts.words[key], self.size("body"), COLORS[pool], bold=True)
                value.move_to(point(x, y), aligned_edge=m.LEFT)
                under = line(self.facts.words[f"{key}.interval"], self.size("small"), MUTED)
                under.next_to(value, m.RIGHT, buff=0.3)
                self.animate(m.FadeIn(value), m.FadeIn(under), seconds=0.5)
                self.hold(0.6)
            return
        self._beside("cannot reach", "nano", 0)
        self.hold(0.6)
        self._beside("can reach", "nano_able", 1)

    def _beside(self, text: str, model: str, place: int) -> None:
        side = self.shape.content.part(0.72, 0.0, 1, 1)
        y = side.top - 0.2 - 3.6 * place
        rows = m.VGroup(
            line(text, self.size("small"), MUTED).move_to(point(side.left, y), aligned_edge=m.LEFT)
        )
        for number, (key, pool) in enumerate(
            ((f"contamination_{model}", "eval_leak"), (f"leak_spread_{model}", "eval_hard"))
        ):
            at = y - 0.72 - 1.36 * number
            value = line(self.facts.words[key], self.size("body"), COLORS[pool], bold=True)
            value.move_to(point(side.left, at), aligned_edge=m.LEFT)
            interval = self.facts.words[key + ".interval"]
            under = line(f"{NAMES[pool]} {interval}", self.size("small"), MUTED)
            under.move_to(point(side.left, at - 0.58), aligned_edge=m.LEFT)
            rows.add(value, under)
        self.animate(m.FadeIn(rows), seconds=0.6)
