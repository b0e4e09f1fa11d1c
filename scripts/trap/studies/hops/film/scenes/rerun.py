"""The rerun: training curves of every seed, then estimates beside the published points."""

from __future__ import annotations

import math

import manim as m

from trap.film.look import FAINT, INK, MUTED, ROLES
from trap.film.parts import guessing, line, point, polyline, scale, segments, whisker
from trap.film.stage import Stage

COLORS = {"sft": "start", "sft_more": "start", "rsft_easy": "easy", "rsft_hard": "hard"}
STAGES = ((("sft",), "SFT"), (("rsft_easy", "rsft_hard"), "RSFT"))


class Scene(Stage):
    def cue_curves(self, seconds: float) -> None:
        box = self.shape.content.inset(0.3, 0.2).part(0.06, 0.09, 0.86, 0.88)
        curves, share = self.facts.data["curves"], self.facts.data["share"]
        values = [y for lines in curves.values() for one in lines for _, y in one]
        value = (lambda y: y) if share else (lambda y: math.log(max(y, 1e-4)))
        ticks = self.facts.data["ticks"] if share else []
        low, high = (0.0, ticks[-1]) if share else (value(min(values)), value(max(values)))
        y = scale(low, high, box.bottom, box.top)
        frame = m.VGroup(
            segments([(point(box.left, box.bottom), point(box.right, box.bottom))], MUTED, 3),
            line(self.facts.words["axis"], self.size("label"), MUTED).move_to(
                point(box.left, box.top + 0.45), aligned_edge=m.LEFT
            ),
        )
        for tick in ticks:
            mark = line(self.facts.words[f"tick.{tick}"], self.size("small"), MUTED)
            frame.add(mark.move_to(point(box.left - 0.2, y(tick)), aligned_edge=m.RIGHT))
            frame.add(segments([(point(box.left, y(tick)), point(box.right, y(tick)))], FAINT, 2))
        if share:
            level = y(self.facts.data["chance"])
            name = line("guessing", self.size("small"), MUTED)
            frame.add(guessing(point(box.left, level), point(box.right, level)))
            frame.add(name.move_to(point(box.right + 0.25, level), aligned_edge=m.LEFT))
        middle = box.left + 0.5 * box.width
        places = {"SFT": (box.left, middle - 0.2), "RSFT": (middle + 0.2, box.right)}
        for _, name in STAGES:
            label = line(name, self.size("label"), INK, bold=True)
            frame.add(label.move_to(point(sum(places[name]) / 2, box.bottom - 0.45)))
        self.add(frame)  # from the first frame on
        for arms, name in STAGES:
            x = scale(0.0, 1.0, *places[name])
            lines = m.VGroup()
            for arm in arms:
                for one in curves.get(arm, []):
                    points = [point(x(step), y(value(v))) for step, v in one]
                    if len(points) > 1:
                        lines.add(polyline(points, ROLES[COLORS[arm]], 4))
            names = m.VGroup()
            for number, arm in enumerate(arms):
                text = line(
                    self.facts.words[f"{arm}.label"], self.size("label"), ROLES[COLORS[arm]], bold=True
                )
                names.add(
                    text.move_to(
                        point(box.right + 0.25, box.top - 0.3 - 0.6 * (number + (name == "RSFT"))),
                        aligned_edge=m.LEFT,
                    )
                )
            length = round((seconds - 1.5) / len(STAGES), 1)
            self.animate(
                m.FadeIn(names), *[m.Create(one) for one in lines], seconds=length, rate_func=m.linear
            )

    def cue_ours(self, seconds: float) -> None:
        data, box = self.facts.data, self.shape.content.part(0.24, 0.08, 0.72, 0.96)
        self.x = scale(0.0, 1.0, box.left, box.right)
        pitch = box.height / len(data["rows"])
        self.y = {row["arm"]: box.top - (i + 0.5) * pitch for i, row in enumerate(data["rows"])}
        grid = m.VGroup()
        for tick in (0.0, 0.5, 1.0):
            grid.add(segments([(point(self.x(tick), box.bottom), point(self.x(tick), box.top))], FAINT, 2))
            mark = line(self.facts.words[f"tick.{tick}"], self.size("small"), MUTED)
            grid.add(mark.move_to(point(self.x(tick), box.bottom - 0.35)))
        level = self.x(self.facts.data["chance"])
        grid.add(guessing(point(level, box.bottom), point(level, box.top)))
        grid.add(line("guessing", self.size("small"), MUTED).move_to(point(level, box.bottom - 0.35)))
        self.labels = {}
        for arm, y in self.y.items():
            label = line(self.facts.words[f"{arm}.label"], self.size("body"), INK)
            self.labels[arm] = label.move_to(point(box.left - 0.4, y), aligned_edge=m.RIGHT)
        self.sweep(grid, *self.labels.values(), seconds=0.5)
        squares = []
        for entry in data["published"]:
            y = self.y[entry["arm"]] + 0.34
            color = ROLES["published"]
            sign = m.Square(0.26, stroke_color=color, stroke_width=5).move_to(
                point(self.x(entry["value"]), y)
            )
            band = whisker(point(self.x(entry["low"]), y), point(self.x(entry["high"]), y), MUTED, 0.12, 3)
            squares.append(m.VGroup(band, sign))
        self.animate(*[m.FadeIn(square) for square in squares], seconds=0.6)
        self.dots = {}
        for entry in data["rows"]:
            y = self.y[entry["arm"]] - 0.22
            color = ROLES[COLORS[entry["arm"]]]
            band = whisker(point(self.x(entry["low"]), y), point(self.x(entry["high"]), y), color, 0.14, 6)
            dot = m.Dot(point(self.x(entry["value"]), y), radius=0.15, color=color)
            self.dots[entry["arm"]] = m.VGroup(band, dot)
        self.animate(*[m.GrowFromCenter(dot) for dot in self.dots.values()], seconds=1.0)
        values = [
            line(
                self.facts.words[entry["arm"]], self.size("body"), ROLES[COLORS[entry["arm"]]], bold=True
            ).move_to(
                point(self.x(max(entry["high"], 0.0)) + 0.3, self.y[entry["arm"]] - 0.22), aligned_edge=m.LEFT
            )
            for entry in data["rows"]
        ]
        self.animate(*[m.FadeIn(value) for value in values], seconds=0.4)
        self.side = self.shape.content.part(0.76, 0, 1, 1)
        self.result: m.VGroup | None = None

    def _difference(self, arm: str, key: str) -> None:
        """Joins an arm with its control and says what lies between them."""
        y1, y2 = self.y["sft_more"] - 0.22, self.y[arm] - 0.22
        x = self.side.left
        bracket = segments(
            [(point(x, y1), point(x + 0.25, y1)), (point(x + 0.25, y1), point(x + 0.25, y2)), (point(x + 0.25, y2), point(x, y2))],
            INK, 4,
        )  # fmt: skip
        value = line(self.facts.words[key], self.size("body"), INK, bold=True)
        value.move_to(point(x + 0.55, (y1 + y2) / 2 + 0.28), aligned_edge=m.LEFT)
        interval = line(self.facts.words[f"{key}.interval"], self.size("label"), MUTED)
        interval.move_to(point(x + 0.55, (y1 + y2) / 2 - 0.32), aligned_edge=m.LEFT)
        shown = m.VGroup(bracket, value, interval)
        if self.result is not None:
            self.animate(m.FadeOut(self.result), seconds=0.3)
        self.animate(m.FadeIn(shown), seconds=0.5)
        self.result = shown

    def cue_trap(self, seconds: float) -> None:
        self._difference("rsft_easy", "trap_nano")

    def cue_match(self, seconds: float) -> None:
        self._difference("rsft_hard", "matching_nano")
