"""The rerun: training curves of every seed, then estimates from two starts beside the published points."""

from __future__ import annotations

import math

import manim as m

from trap.film.look import FAINT, INK, MUTED, ROLES
from trap.film.parts import guessing, line, point, polyline, scale, segments, whisker
from trap.film.stage import Stage

COLORS = {"sft": "start", "sft_more": "start", "rsft_easy": "easy", "rsft_hard": "hard"}
STARTS = {
    "nano": ("cannot reach", -0.02),
    "nano_able": ("can reach", -0.42),
}  # {model: (name, height in a row)}
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

    def _plot(self) -> None:
        """The published scores as squares, with a row for each arm."""
        tall = self.shape.tall
        data, box = (
            self.facts.data,
            self.shape.content.part(*((0.04, 0.36, 0.9, 0.92) if tall else (0.25, 0.08, 0.7, 0.9))),
        )
        self.x = scale(0.0, 1.0, box.left, box.right)
        arms = list(dict.fromkeys(row["arm"] for row in data["rows"]))
        if tall:  # those that were published
            arms = [arm for arm in arms if arm in {entry["arm"] for entry in data["published"]}]
        self.up, self.down = (0.24, -0.18) if tall else (0.42, 0.0)
        pitch = box.height / len(arms)
        self.y = {arm: box.top - (i + 0.5) * pitch for i, arm in enumerate(arms)}
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
            label = line(self.facts.words[f"{arm}.label"], self.size("small" if tall else "body"), INK)
            at, edge = (point(box.left, y + 0.7), m.LEFT) if tall else (point(box.left - 0.4, y), m.RIGHT)
            self.labels[arm] = label.move_to(at, aligned_edge=edge)
        self.sweep(grid, *self.labels.values(), seconds=0.5)
        squares = []
        for entry in data["published"]:
            y = self.y[entry["arm"]] + self.up
            color = ROLES["published"]
            sign = m.Square(0.26, stroke_color=color, stroke_width=5).move_to(
                point(self.x(entry["value"]), y)
            )
            band = whisker(point(self.x(entry["low"]), y), point(self.x(entry["high"]), y), MUTED, 0.12, 3)
            squares.append(m.VGroup(band, sign))
        self.animate(*[m.FadeIn(square) for square in squares], seconds=0.6)
        self.side = self.shape.content.part(*((0, 0, 1, 0.27) if tall else (0.76, 0, 1, 1)))
        self.box = box
        self.result: m.VGroup | None = None

    def cue_ours(self, seconds: float) -> None:
        self._plot()

    def cue_starts(self, seconds: float) -> None:
        """Our estimates: a dot for the start that cannot reach, a diamond for the one that can."""
        x = self.box.left
        for model, (name, shift) in STARTS.items():
            sign = self._sign(model, INK).move_to(point(x + 0.15, self.box.top + 0.45))
            label = line(name, self.size("label"), INK).move_to(
                point(x + 0.5, self.box.top + 0.45), aligned_edge=m.LEFT
            )
            x = label.get_right()[0] + 0.8
            marks, values = [], []
            for entry in self.facts.data["rows"]:
                if entry["model"] != model or entry["arm"] not in self.y:
                    continue
                y, color = self.y[entry["arm"]] + shift + self.down, ROLES[COLORS[entry["arm"]]]
                ends = (point(self.x(entry["low"]), y), point(self.x(entry["high"]), y))
                sign_ = self._sign(model, color).move_to(point(self.x(entry["value"]), y))
                marks.append(m.VGroup(whisker(*ends, color, 0.14, 6), sign_))
                value = line(
                    self.facts.words[f"{model}.{entry['arm']}"], self.size("label"), color, bold=True
                )
                values.append(value.move_to(point(self.x(entry["high"]) + 0.3, y), aligned_edge=m.LEFT))
            self.animate(
                m.FadeIn(sign), m.FadeIn(label), *[m.GrowFromCenter(mark) for mark in marks], seconds=0.9
            )
            self.animate(*[m.FadeIn(value) for value in values], seconds=0.4)

    @staticmethod
    def _sign(model: str, color: str) -> m.VMobject:
        if list(STARTS).index(model) == 0:
            return m.Dot(radius=0.15, color=color)
        return m.Square(0.24, fill_color=color, fill_opacity=1, stroke_width=0).rotate(math.pi / 4)

    def _difference(self, name: str, what: str, of: str) -> None:
        """The difference between an arm and its control, from each start that was measured."""
        side, rows = self.side, m.VGroup()
        if self.shape.tall:
            return self._tell(name, what)
        y = side.top - 0.2
        for text in (f"{what} − {self.facts.words['sft_more.label']}", of):
            said = line(text, self.size("small"), MUTED)
            rows.add(said.move_to(point(side.right - 0.1, y), aligned_edge=m.RIGHT))
            y -= 0.55
        y -= 0.3
        for model in STARTS:
            if f"{name}_{model}" in self.facts.words:
                rows.add(*self._measured(name, model, side.left, (y, y - 0.6, y - 1.3)))
                y -= 2.3
        if self.result is not None:
            self.animate(m.FadeOut(self.result), seconds=0.3)
        self.animate(m.FadeIn(rows), seconds=0.5)
        self.result = rows

    def _tell(self, name: str, what: str) -> None:
        """The difference from each start, side by side under the plot."""
        side, rows = self.side, m.VGroup()
        head = line(f"{what} − {self.facts.words['sft_more.label']}", self.size("small"), MUTED)
        rows.add(head.move_to(point(side.left, side.top - 0.2), aligned_edge=m.LEFT))
        for number, model in enumerate(STARTS):
            if f"{name}_{model}" in self.facts.words:
                heights = tuple(side.top - down for down in (0.85, 1.42, 2.0))
                rows.add(*self._measured(name, model, side.left + 0.5 * number * side.width, heights))
        self.animate(m.FadeIn(rows), seconds=0.5)

    def _measured(self, name: str, model: str, x: float, heights: tuple[float, ...]) -> list[m.Mobject]:
        """Three lines at these heights: a start, its difference and the interval."""
        words = self.facts.words
        texts = (
            (STARTS[model][0], "small", MUTED),
            (words[f"{name}_{model}"], "body", INK),
            (words[f"{name}_{model}.interval"], "small", MUTED),
        )
        return [
            line(text, self.size(size), color, bold=size == "body").move_to(point(x, y), aligned_edge=m.LEFT)
            for (text, size, color), y in zip(texts, heights, strict=True)
        ]

    def cue_trap(self, seconds: float) -> None:
        if not hasattr(self, "box"):
            self._plot()
            self.cue_starts(seconds)
        self._difference("trap", self.facts.words["rsft_easy.label"], "right letters")

    def cue_match(self, seconds: float) -> None:
        self._difference("matching", self.facts.words["rsft_hard.label"], "right letters")

    def cue_kept(self, seconds: float) -> None:
        self._difference("matching_true", "true winners", "true reasons")
