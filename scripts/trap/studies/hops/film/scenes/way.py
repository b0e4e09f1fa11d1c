"""The way out: the question is walked truly on the graph, while the share of such answers rises step by step."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, FAITHFUL, INK, MUTED, PATH, RIGHT
from trap.film.parts import GraphMap, block, folded, line, lying, point
from trap.film.stage import Stage

LABELS = {
    "taught": "taught short chains for longer",
    "practised": "practised on its own true answers",
    "all": "with all of its weights",
    "chosen": "choosing among its own tries",
}


class Scene(Stage):
    def prepare(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        self.left = content.part(0, 0.6, 1, 1) if tall else content.part(0, 0.2, 0.5, 1)
        self.under = content.part(0, 0.46, 1, 0.58) if tall else content.part(0, 0, 0.5, 0.18)
        self.side = content.part(0, 0, 1, 0.44) if tall else content.part(0.55, 0, 1, 1)
        self.map = GraphMap(self.facts.data, self.left.inset(0.2), self._met())
        self.add(self.map)
        self.bring_to_back(self.map)
        self.clauses = self.facts.data["trace"]["clauses"]
        self.walker = m.Dot(self.map.places[self.clauses[0]["src"]], radius=0.22, color=INK)
        self.add(self.map.spot(self.clauses[0]["src"]), self.walker)
        self.steps = {entry["step"]: entry for entry in self.facts.data["steps"]}
        self.walked = 0
        self.value: m.Mobject | None = None
        self.said: m.Mobject | None = None
        side = self.side
        words = self.facts.words
        note = ["right for a true reason", f"{words['n']} long questions, {words['seeds']} seeds"]
        self.note = block(note, self.size("small" if tall else "label"), MUTED)
        self.note.move_to(point(side.left, side.bottom), aligned_edge=m.DL)
        self.y = side.bottom + (1.25 if tall else 1.9)
        track = m.Rectangle(width=side.width, height=0.34, stroke_width=0, fill_color=FAINT, fill_opacity=1)
        self.add(self.note, track.move_to(point(side.left, self.y), aligned_edge=m.LEFT))
        self.fill = lying(side.left, self.y, 0.03, 0.34, FAITHFUL)
        self.add(self.fill)

    def _met(self) -> set[str]:
        return {clause[end] for clause in self.facts.data["trace"]["clauses"] for end in ("src", "dst")}

    def _step(self, name: str, statements: int) -> None:
        """The number of a step, its bar, and the next statements of the walk."""
        side, tall = self.side, self.shape.tall
        place = self.steps[name]["value"]
        value = line(self.facts.words[name], 150 if tall else 260, FAITHFUL, bold=True)
        value.move_to(point(side.left, self.y + (1.05 if tall else 2.0)), aligned_edge=m.LEFT)
        label = block(folded(LABELS[name], 40 if tall else 22), self.size("label" if tall else "body"), INK)
        label.move_to(point(side.left, side.top), aligned_edge=m.UL)
        leaving = [m.FadeOut(self.value)] if self.value is not None else []
        longer = lying(side.left, self.y, place * side.width, 0.34, FAITHFUL)
        self.animate(*leaving, m.FadeIn(label), m.Transform(self.fill, longer), seconds=0.7)
        self.add(value)
        self.value = m.VGroup(value, label)
        for _ in range(statements):
            self._walk()

    def _walk(self) -> None:
        if self.walked >= len(self.clauses):
            return
        clause = self.clauses[self.walked]
        self.walked += 1
        last = self.walked == len(self.clauses)
        spot = self.map.spot(clause["dst"], RIGHT if last else PATH)
        link = self.map.link(clause["src"], clause["dst"])
        px = self.size("label")
        texts = [f"{clause['src']} {clause['phrase']}", clause["dst"]]
        said = block(texts, px, MUTED)
        said[1].set_color(RIGHT if last else PATH)
        said.move_to(point(self.under.left + 0.1, self.under.top), aligned_edge=m.UL)
        leaving = [m.FadeOut(self.said)] if self.said is not None else []
        if leaving:
            self.animate(*leaving, seconds=0.2)
        self.animate(m.Create(link), self.walker.animate.move_to(self.map.places[clause["dst"]]), seconds=0.5)
        self.animate(m.FadeIn(said), m.GrowFromCenter(spot), seconds=0.3)
        self.said = said

    def _share(self, place: int) -> int:
        """How many statements are walked until the step `place` ends."""
        return -(-len(self.clauses) * (place + 1) // len(LABELS)) - self.walked

    def cue_taught(self, seconds: float) -> None:
        self._step("taught", self._share(0))

    def cue_own(self, seconds: float) -> None:
        self._step("practised", self._share(1))

    def cue_all(self, seconds: float) -> None:
        self._step("all", self._share(2))

    def cue_chosen(self, seconds: float) -> None:
        self._step("chosen", self._share(3))
        letter = line(self.facts.data["trace"]["letter"], self.size("label"), RIGHT, bold=True)
        letter.move_to(point(self.said[1].get_right()[0] + 0.6, self.said[1].get_y()))
        self.animate(m.FadeIn(letter), seconds=0.4)
