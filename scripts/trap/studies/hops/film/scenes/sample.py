"""Rejection sampling: darts at the letters, the right one copied into the training book, then the book itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import manim as m

from trap.film.look import FAINT, FAITHFUL, INK, MUTED, PANEL, RIGHT, Box
from trap.film.parts import block, folded, line, panel, point
from trap.film.stage import Stage

TURN = 2.399963  # the golden angle: darts of a board lie apart
RINGS = (1.0, 0.66, 0.33)  # shares of a board's radius


class Scene(Stage):
    def prepare(self) -> None:
        content, tall = self.shape.content, self.shape.tall
        self.field = content.part(0, 0.32, 1, 1) if tall else content.part(0, 0, 0.6, 1)
        self.side = content.part(0, 0, 1, 0.28) if tall else content.part(0.65, 0, 1, 1)
        letters = sorted(self.facts.data["options"])
        self.radius = min(0.235 * self.field.width, 0.235 * self.field.height)
        self.boards: dict[str, m.VGroup] = {}
        for number, letter in enumerate(letters):
            across, down = number % 2, number // 2
            cell = self.field.part(across / 2, (1 - down) / 2, (across + 1) / 2, (2 - down) / 2)
            x, y = cell.middle
            rings = m.VGroup(
                *[
                    m.Circle(radius=share * self.radius, stroke_color=MUTED, stroke_width=4, fill_opacity=0)
                    for share in RINGS
                ]
            ).move_to(point(x + 0.4, y))
            sign = line(letter, self.size("head"), INK, bold=True)
            sign.move_to(point(x + 0.1 - self.radius, y + 0.75 * self.radius))
            self.boards[letter] = m.VGroup(rings, sign)
            self.add(self.boards[letter])
        self.darts = m.VGroup()
        self.entries: list[m.Mobject] = []
        self.book: m.VGroup | None = None

    def _darts(self, letters: Sequence[str], right: str) -> m.VGroup:
        """Darts on their boards; those at the right letter are green."""
        count: dict[str, int] = {}
        group = m.VGroup()
        for number, letter in enumerate(letters):
            place = count[letter] = count.get(letter, -1) + 1
            angle = TURN * (place + 1) + number
            reach = (0.2 + 0.6 * ((place * 0.618 + 0.3) % 1)) * self.radius
            at = self.boards[letter][0].get_center() + point(reach * math.cos(angle), reach * math.sin(angle))
            color = RIGHT if letter == right else INK
            tail = m.Line(at, at + point(0.32, 0.32), stroke_color=color, stroke_width=5)
            group.add(m.VGroup(m.Dot(at, radius=0.13, color=color), tail))
        return group

    def _glow(self, right: str, hit: bool) -> None:
        for letter, (rings, sign) in self.boards.items():
            lit = hit and letter == right
            rings.set_stroke(RIGHT if lit else MUTED, width=9 if lit else 4)
            sign.set_color(RIGHT if lit else INK)

    def cue_tries(self, seconds: float) -> None:
        first = self.facts.data["rounds"][0]
        px = self.size("small" if self.shape.tall else "label")
        asked = block(folded(self.facts.words["question"], 42 if self.shape.tall else 26), px, MUTED)
        asked.move_to(point(self.side.left, self.side.top), aligned_edge=m.UL)
        options = [f"{letter})  {entity}" for letter, entity in self.facts.data["options"].items()]
        named = block(options, px, INK, leading=1.5)
        named.move_to(point(self.side.left, self.side.bottom), aligned_edge=m.DL)
        self.asked = m.VGroup(asked, named)
        self.add(self.asked)
        darts = self._darts(first["darts"], "")
        pace = max(0.1, min(0.4, int(10 * (seconds - 1.6) / len(darts)) / 10))
        for dart in darts:
            dart.shift(point(0.5, 0.5))
            self.animate(dart.animate.shift(point(-0.5, -0.5)), seconds=pace)
        self.remove(*darts)
        self.darts = self._darts(first["darts"], first["right"])
        self.add(self.darts)
        self._glow(first["right"], first["hit"])
        self.hold(0.2)

    def _open_book(self) -> list[m.Animation]:
        """The training book, with room for one line per round."""
        side, rounds = self.side, self.facts.data["rounds"]
        leaf = panel(side)
        name = line("training book", self.size("label"), MUTED)
        name.move_to(point(side.left + 0.3, side.top - 0.45), aligned_edge=m.LEFT)
        across = 5
        down = -(-len(rounds) // across)
        room = Box(
            side.left + 0.25,
            side.bottom + (0.2 if self.shape.tall else 3.0),
            side.right - 0.25,
            side.top - 0.85,
        )
        self.slots = []
        for number in range(len(rounds)):
            x, y = number % across, number // across
            self.slots.append(
                room.part(x / across, 1 - (y + 1) / down, (x + 1) / across, 1 - y / down).inset(0.06)
            )
        self.book = m.VGroup(leaf, name)
        leaving = [m.FadeOut(self.asked)] if getattr(self, "asked", None) is not None else []
        return [*leaving, m.FadeIn(self.book)]

    def _entry(self, number: int, entry: dict[str, Any]) -> m.VGroup:
        """What a round leaves in the book: the right letter, or nothing."""
        slot = self.slots[number]
        frame = m.Rectangle(
            width=slot.width,
            height=slot.height,
            stroke_width=3,
            stroke_color=RIGHT if entry["hit"] else FAINT,
        ).move_to(point(*slot.middle))
        group = m.VGroup(frame)
        if entry["hit"]:
            px = min(self.size("head"), 70 * slot.height)
            group.add(line(entry["right"], px, RIGHT, bold=True).move_to(point(*slot.middle)))
        self.entries.append(group)
        return group

    def cue_keep(self, seconds: float) -> None:
        first = self.facts.data["rounds"][0]
        self.animate(*self._open_book(), seconds=0.5)
        winner = next(
            d for d, letter in zip(self.darts, first["darts"], strict=True) if letter == first["right"]
        )
        copied = winner.copy()
        self.animate(copied.animate.move_to(point(*self.slots[0].middle)), seconds=0.9)
        self.remove(copied)
        self.add(self._entry(0, first))
        losers = [d for d, letter in zip(self.darts, first["darts"], strict=True) if letter != first["right"]]
        self.animate(*map(m.FadeOut, losers), seconds=0.4)

    def cue_luck(self, seconds: float) -> None:
        rounds = self.facts.data["rounds"]
        spent = 0.9
        if self.book is None:
            self.animate(*self._open_book(), seconds=0.4)
            spent += 0.4
        step = max(0.1, int(10 * (seconds - spent - 0.6) / len(rounds)) / 10)
        for number in range(len(self.entries), len(rounds)):
            entry = rounds[number]
            self.remove(*self.darts, self.darts)
            self.darts = self._darts(entry["darts"], entry["right"])
            self._glow(entry["right"], entry["hit"])
            self.add(self.darts, self._entry(number, entry))
            self.hold(step)
        if self.shape.tall:
            return
        side = self.side
        value = line(self.facts.words["blind"], self.size("big"), RIGHT, bold=True)
        value.move_to(point(side.left + 0.3, side.bottom + 1.95), aligned_edge=m.LEFT)
        under = line("by blind guessing", self.size("label"), MUTED)
        under.move_to(point(side.left + 0.3, side.bottom + 0.95), aligned_edge=m.LEFT)
        self.animate(m.FadeIn(value), m.FadeIn(under), seconds=0.5)

    def cue_reasons(self, seconds: float) -> None:
        """The real book: one square per question, empty where no answer was right."""
        content, book = self.shape.content, self.facts.data["book"]
        room = content.part(0, 0, 0.62, 1)
        across = max(1, round(math.sqrt(len(book) * room.width / room.height)))
        pitch = min(room.width / across, room.height / -(-len(book) // across))
        squares, true = m.VGroup(), m.VGroup()
        for number, entry in enumerate(book):
            x, y = number % across, number // across
            at = point(room.left + (x + 0.5) * pitch, room.top - (y + 0.5) * pitch)
            square = m.Square(
                0.86 * pitch, stroke_width=2, stroke_color=FAINT, fill_color=PANEL, fill_opacity=1
            )
            squares.add(square.move_to(at))
            if entry:
                square.set_stroke(RIGHT, width=3)
                letter = line(entry["letter"] or "–", max(36.0, min(60 * pitch, 66.0)), RIGHT, bold=True)
                squares.add(letter.move_to(at))
                if entry["faithful"]:
                    true.add(m.Square(0.86 * pitch, stroke_width=9, stroke_color=FAITHFUL).move_to(at))
        side = content.part(0.67, 0, 1, 1)
        texts = m.VGroup()
        for place, (key, words, color) in enumerate(
            (
                ("right", ("found a right", "letter"), RIGHT),
                ("faithful", ("of the kept", "by true steps"), FAITHFUL),
            )
        ):
            y = side.top - 0.8 - 3.6 * place
            value = line(self.facts.words[key], self.size("big"), color, bold=True)
            texts.add(value.move_to(point(side.left, y), aligned_edge=m.LEFT))
            under = block(list(words), self.size("body"), MUTED)
            texts.add(under.move_to(point(side.left, y - 0.75), aligned_edge=m.UL))
        self.sweep(squares, texts, seconds=0.6)
        if len(true):
            self.hold(0.6)
            self.animate(m.FadeIn(true), seconds=0.5)
