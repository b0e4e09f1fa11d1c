"""Luck alone: dice rolled again and again, until each of the published scores has appeared."""

from __future__ import annotations

import manim as m

from trap.film.look import FAINT, INK, MUTED, PANEL, RIGHT, ROLES, Box
from trap.film.parts import line, panel, point
from trap.film.stage import Stage

ROLE = {"sft": "start", "rsft_easy": "easy", "rsft_hard": "hard"}
PER_ROW = {False: 6, True: 4}  # dice, by whether the picture is upright
FIRST = 3  # rolls that are shown one by one


class Scene(Stage):
    def prepare(self) -> None:
        content, columns = self.shape.content, self.facts.data["columns"]
        self.per_row = PER_ROW[self.shape.tall]
        self.dice: list[m.VGroup] = []
        self.scores: list[m.Mobject] = []
        self.rooms: list[Box] = []
        for number, column in enumerate(columns):
            room = content.part(number / len(columns), 0, (number + 1) / len(columns), 0.87).inset(0.12, 0.0)
            frame = panel(room)
            count = len(next(iter(column["faces"].values())))
            rows = -(-count // self.per_row)
            pitch = min(0.9 * room.width / self.per_row, 0.6 * room.height / rows)
            left = room.middle[0] - 0.5 * self.per_row * pitch
            group = m.VGroup()
            for one in range(count):
                die = m.RoundedRectangle(
                    width=0.82 * pitch, height=0.82 * pitch, corner_radius=0.14 * pitch,
                    stroke_width=2, stroke_color=FAINT, fill_color=PANEL, fill_opacity=1,
                )  # fmt: skip
                x, y = one % self.per_row, one // self.per_row
                group.add(die.move_to(point(left + (x + 0.5) * pitch, room.top - 0.3 - (y + 0.5) * pitch)))
            self.add(frame, group)
            self.rooms.append(room)
            self.dice.append(group)
            size = line(f"{self.facts.words[column['name'] + '.n']} questions", self.size("small"), MUTED)
            self.add(size.move_to(point(room.middle[0], room.bottom + 0.4)))
            self.scores.append(m.VGroup())
        self.counter: m.Mobject = m.VGroup()
        self.locked: set[int] = set()
        self.shown = 0
        self._roll(self.facts.data["rolls"][0])

    def _roll(self, number: int) -> None:
        """Show the roll of that number. A column whose score has appeared keeps its dice."""
        self.remove(self.counter, *self.scores)
        words, content = self.facts.words, self.shape.content
        self.counter = line(f"roll {words[f'roll.{number}']}", self.size("head"), INK, bold=True)
        self.add(self.counter.move_to(point(content.left + 0.1, content.top - 0.3), aligned_edge=m.LEFT))
        for place, column in enumerate(self.facts.data["columns"]):
            at = min(number, column["last"])
            found, color = at == column["last"], ROLES[ROLE[column["arm"]]]
            for die, right in zip(self.dice[place], column["faces"][str(at)], strict=True):
                die.set_fill((color if found else RIGHT) if right else PANEL)
            room = self.rooms[place]
            size = self.size("head" if self.shape.tall else "big")
            score = line(words[f"{column['name']}.{at}"], size, color if found else MUTED, bold=True)
            self.scores[place] = score.move_to(point(room.middle[0], room.bottom + 1.4))
            self.add(score)
            if found and place not in self.locked:
                self.locked.add(place)
                edge = panel(room, edge=color).set_fill(opacity=0).set_stroke(width=8)
                self.add(edge)
        self.shown = number

    def cue_roll(self, seconds: float) -> None:
        first = self.facts.data["rolls"][:FIRST]
        for number in first:
            self._roll(number)
            self.hold(round(seconds / len(first) - 0.1, 1))

    def cue_luck(self, seconds: float) -> None:
        rolls = [number for number in self.facts.data["rolls"] if number > self.shown]
        step = max(0.1, int(10 * (seconds - 1.4) / max(len(rolls), 1)) / 10)
        for number in rolls:
            self._roll(number)
            self.hold(step)
