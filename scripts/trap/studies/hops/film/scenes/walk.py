"""The task: a real question walks the real graph."""

from __future__ import annotations

import itertools

import manim as m

from trap.film.look import INK, MUTED, PATH, RIGHT, ROLES
from trap.film.parts import Chain, GraphMap, block, discs, folded, line, point, segments
from trap.film.stage import Stage

KINDS = {"symptom": "symptoms", "cause": "causes", "diagnostic": "checks", "fix": "fixes", "tool": "tools"}


class Scene(Stage):
    def prepare(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        self.picture = content.part(0, 0.54, 1, 1) if tall else content.part(0, 0, 0.56, 1)
        self.column = content.part(0, 0, 1, 0.51) if tall else content.part(0.595, 0, 1, 1)
        self.written = "small" if tall else "label"
        self.map = GraphMap(self.facts.data, self.picture)
        self.add(self.map)
        self.bring_to_back(self.map)
        self.question: m.VGroup | None = None

    def cue_map(self, seconds: float) -> None:
        """Name the kinds of entities one after the other, and light up each kind in the map."""
        present = [(kind, word) for kind, word in KINDS.items() if kind in self.facts.data["kinds"]]
        words = block([word for _, word in present], self.size("body"), MUTED, leading=1.6)
        words.move_to(point(self.column.left, self.column.middle[1]), aligned_edge=m.LEFT)
        self.animate(m.FadeIn(words), seconds=0.5)
        every = [self.map.places[name] for name in self.facts.data["entities"]]
        lit: list[m.Animation] = []
        for word, (kind, _) in zip(words, present, strict=True):
            spots = discs([every[number] for number in self.facts.data["kinds"][kind]], 0.12, INK)
            self.animate(*lit, m.FadeIn(spots), word.animate.set_color(INK), seconds=0.4)
            self.hold(round((seconds - 1.4) / len(present) - 0.4, 1))
            lit = [m.FadeOut(spots), word.animate.set_color(MUTED)]
        self.animate(*lit[:1], m.FadeOut(words), seconds=0.4)

    def cue_question(self, seconds: float) -> None:
        column = self.column
        question = block(
            folded(self.facts.words["question"], 40 if self.shape.tall else 30), self.size(self.written), INK
        )
        question.move_to(point(column.left, column.top - 0.1), aligned_edge=m.UL)
        self.question = m.VGroup(question)
        start = self.facts.data["path"][0]["src"]
        self.spots = [self.map.spot(start)]
        options = [f"{letter})  {entity}" for letter, entity in self.facts.data["options"].items()]
        self.options = block(options, self.size(self.written), MUTED)
        self.options.move_to(point(column.left, column.bottom + 0.1), aligned_edge=m.DL)
        self.question.add(self.options)
        self.animate(m.FadeIn(self.question), m.GrowFromCenter(self.spots[0]), seconds=0.6)

    def cue_hops(self, seconds: float) -> None:
        path, column, tall = self.facts.data["path"], self.column, self.shape.tall
        rows = 2 * len(path) + 1
        room = column.height if tall else column.height - 2.75
        pitch = min(0.56, room / rows)
        sizes = (36, 30) if tall else (self.size("label"), self.size("small"))
        chain = Chain(path, (column.left, column.top), pitch, *sizes, column.width - (1.0 if tall else 2.4))
        chain.rows[0].set_color(PATH)
        nearer = GraphMap(
            self.facts.data, self.picture.inset(0.2), {end for c in path for end in (c["src"], c["dst"])}
        )
        start = nearer.spot(path[0]["src"])
        leaving = [self.question if tall else self.question[0], self.map, *self.spots]
        self.animate(
            *map(m.FadeOut, leaving), m.FadeIn(nearer), m.FadeIn(start), m.FadeIn(chain.rows[0]), seconds=0.6
        )
        self.map = nearer
        self.bring_to_back(nearer)
        step = (seconds - 2.0) / len(path)
        for number, clause in enumerate(path):
            link, spot = self.map.link(clause["src"], clause["dst"]), self.map.spot(clause["dst"])
            last = number == len(path) - 1
            row = chain.rows[2 * number + 2].set_color(RIGHT if last else PATH)
            if last:
                spot.set_color(RIGHT)
            self.animate(m.Create(link), m.FadeIn(chain.rows[2 * number + 1]), seconds=round(0.6 * step, 1))
            self.animate(m.GrowFromCenter(spot), m.FadeIn(row), seconds=round(0.3 * step, 1))
        letter = self.facts.data["right"]
        if tall:
            answer = line(f"= {letter}", chain.rows[-1].px, RIGHT, bold=True)
            answer.next_to(chain.rows[-1], m.RIGHT, buff=0.4)
            self.animate(m.FadeIn(answer), seconds=0.4)
        else:
            place = list(self.facts.data["options"]).index(letter)
            others = [self.options[i] for i in range(len(self.options)) if i != place]
            self.animate(
                self.options[place].animate.set_color(RIGHT),
                *[other.animate.set_opacity(0.4) for other in others],
                seconds=0.4,
            )

        self.chain = chain

    def cue_sizes(self, seconds: float) -> None:
        """Draw brackets beside the path: how far easy questions go, and how far hard ones go."""
        rows, taught = self.chain.rows, int(self.facts.words["longest_easy"])
        x = max(row.get_right()[0] for row in rows) + 0.25
        marks = [0, min(2 * taught, len(rows) - 1), len(rows) - 1]
        for key, color, first, last in (("easy", ROLES["easy"], *marks[:2]), ("hard", RIGHT, *marks[1:])):
            high, low = rows[first].get_y() - 0.12, rows[last].get_y() + 0.12
            if high - low < 0.1:
                continue
            corners = [point(x, high), point(x + 0.2, high), point(x + 0.2, low), point(x, low)]
            bracket = segments(itertools.pairwise(corners), color, 4)
            texts = [
                line(key, self.size("small"), color, bold=True),
                line(self.facts.words[key], self.size("small"), color),
            ]
            name = m.VGroup(*texts).arrange(m.RIGHT, buff=0.18)
            name.move_to(point(x + 0.35, (high + low) / 2), aligned_edge=m.LEFT)
            self.animate(m.FadeIn(bracket), m.FadeIn(name), seconds=0.5)
            self.hold(0.4)
