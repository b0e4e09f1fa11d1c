"""Right letter without a reason: the length of traces, one question answered twice, and shares of faithful answers."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, FAITHFUL, INK, MUTED, PATH, ROLES, Box
from trap.film.parts import Answer, block, folded, line, lying, point, polyline, run, scale, segments
from trap.film.stage import Stage

MODELS = {
    "nano": ("cannot reach", ROLES["start"]),
    "nano_able": ("can reach", PATH),
}
BARS = {"nano": ("cannot", "reach"), "nano_able": ("can", "reach"), "leaked": ("saw the test",)}


class Scene(Stage):
    def cue_lengths(self, seconds: float) -> None:
        content, lines = self.shape.content, self.facts.data["lines"]
        box = content.part(0.12, 0.16, 0.62, 0.88)
        most = max(asked for line_ in lines.values() for asked, _ in line_)
        top = max(most, *(stated for line_ in lines.values() for _, stated in line_)) + 0.3
        x, y = scale(0.5, most + 0.2, box.left, box.right), scale(0.0, top, box.bottom, box.top)
        frame = m.VGroup(segments([(point(box.left, box.bottom), point(box.right, box.bottom))], MUTED, 3))
        for asked, _ in next(iter(lines.values())):
            for at in (point(x(asked), box.bottom - 0.4), point(box.left - 0.35, y(asked))):
                frame.add(line(str(int(asked)), self.size("small"), MUTED).move_to(at))
            frame.add(segments([(point(box.left, y(asked)), point(box.right, y(asked)))], FAINT, 2))
        frame.add(
            line("links asked", self.size("label"), MUTED).move_to(
                point((box.left + box.right) / 2, box.bottom - 0.9)
            ),
            line("links stated", self.size("label"), MUTED).move_to(
                point(content.left, box.top + 0.4), aligned_edge=m.LEFT
            ),
        )
        taught = float(self.facts.words["taught"]) + 0.5
        edge = m.DashedLine(
            point(x(taught), box.bottom), point(x(taught), box.top), stroke_color=MUTED, stroke_width=3
        )
        words = line("taught", self.size("label"), MUTED).move_to(
            point(x(taught) - 0.15, box.top - 0.25), aligned_edge=m.RIGHT
        )
        beyond = line("beyond", self.size("label"), MUTED).move_to(
            point(x(taught) + 0.15, box.bottom + 0.3), aligned_edge=m.LEFT
        )
        self.add(frame, edge, words, beyond)
        self.hold(0.5)
        for model, points in lines.items():
            text, color = MODELS[model]
            curve = polyline([point(x(a), y(s)) for a, s in points], color, 7)
            ends = m.VGroup(*[m.Dot(point(x(a), y(s)), radius=0.12, color=color) for a, s in points])
            name = line(text, self.size("label"), color, bold=True)
            name.move_to(point(box.right + 0.4, y(points[-1][1])), aligned_edge=m.LEFT)
            self.animate(m.Create(curve), m.FadeIn(ends), seconds=1.2)
            self.animate(m.FadeIn(name), seconds=0.3)

    def _answer(self, model: str, box: Box, fast: float) -> None:
        """A real trace, statement by statement, with its marks; then its letter."""
        trace = self.facts.data["traces"][model]
        text, color = MODELS[model]
        rows = max(len(self.facts.data["path"]), len(trace["clauses"]))
        answer = Answer(trace, text, color, box, rows, self.size("label"), self.size("body"))
        *steps, letter = answer.steps
        for step in steps:
            self.animate(m.FadeIn(step), seconds=fast)
        stated = line(self.facts.words[f"{model}.stated"], self.size("label"), MUTED)
        stated.next_to(letter, m.RIGHT, buff=0.6)
        self.animate(m.FadeIn(letter), m.FadeIn(stated), seconds=fast)

    def _ask(self) -> Box:
        content = self.shape.content
        lines = folded(self.facts.words["question"], 40 if self.shape.tall else 84)
        asked = block(lines, self.size("label"), MUTED)
        asked.move_to(point(content.left, content.top), aligned_edge=m.UL)
        self.sweep(asked)
        return Box(content.left, content.bottom, content.right, asked.get_bottom()[1] - 0.3)

    def cue_walked(self, seconds: float) -> None:
        room = self._ask()
        steps = sum(len(trace["clauses"]) + 2 for trace in self.facts.data["traces"].values())
        fast = max(0.1, min(0.4, int(10 * (seconds - 1.2) / steps) / 10))
        self._answer("nano", room.part(0, 0, 0.48, 1), fast)
        self._answer("nano_able", room.part(0.53, 0, 1, 1), fast)

    def _bars(self, names: list[str], places: dict[str, int], fast: float) -> None:
        box, count = self.bars_box, len(self.facts.data["bars"])
        x = scale(0.0, self.most, box.left, box.right)
        pitch = box.height / count
        for entry in self.facts.data["bars"]:
            if entry["model"] not in names:
                continue
            model = entry["model"]
            y = box.top - (places[model] + 0.5) * pitch
            words = [" ".join(BARS[model])] if self.shape.tall else list(BARS[model])
            label = block(words, self.size("body"), INK, bold=True, align="right")
            if self.shape.tall:
                label.move_to(point(self.shape.content.left, y + 0.83), aligned_edge=m.LEFT)
                high, low, thick = 0.2, -0.46, 0.54
            else:
                label.move_to(point(box.left - 0.4, y), aligned_edge=m.RIGHT)
                high, low, thick = 0.42, -0.42, 0.62
            shapes, values = [], []
            for up, part, color in ((high, "right", INK), (low, "faithful", FAITHFUL)):
                length = entry[part]["value"] * (x(1.0) - x(0.0))
                shapes.append(lying(box.left, y + up, length, thick, color))
                value = line(self.facts.words[f"{model}.{part}"], self.size("body"), color, bold=True)
                values.append(value.move_to(point(box.left + length + 0.25, y + up), aligned_edge=m.LEFT))
            self.animate(m.FadeIn(label), *[run(shape) for shape in shapes], seconds=fast)
            self.animate(*[m.FadeIn(value) for value in values], seconds=0.3)

    def _bars_frame(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        self.bars_box = content.part(0, 0.0, 0.8, 0.9) if tall else content.part(0.25, 0.0, 0.85, 0.86)
        self.most = max(entry["right"]["value"] for entry in self.facts.data["bars"])
        legend = m.VGroup()
        x = content.left if tall else self.bars_box.left
        for text, color in (("right letter", INK), ("right for a true reason", FAITHFUL)):
            sign = m.Square(0.34, fill_color=color, fill_opacity=1, stroke_width=0)
            sign.move_to(point(x + 0.17, content.top - 0.25))
            label = line(text, self.size("label"), color)
            label.move_to(point(x + 0.5, content.top - 0.25), aligned_edge=m.LEFT)
            x = label.get_right()[0] + 0.6
            legend.add(sign, label)
        self.sweep(legend)
        self.places = {entry["model"]: number for number, entry in enumerate(self.facts.data["bars"])}

    def cue_shares(self, seconds: float) -> None:
        self._bars_frame()
        self._bars(["nano", "nano_able"], self.places, 0.8)

    def cue_leaked(self, seconds: float) -> None:
        if not hasattr(self, "places"):
            self._bars_frame()
            self._bars(["nano", "nano_able"], self.places, 0.5)
        self._bars(["leaked"], self.places, 0.8)
