"""Cases and candidate clues, drawn as the published generator draws them; every draw from a stream of its own.

What the published system draws is written down beside each function. Its own values came from sets of strings, so that
a seed alone did not repeat a puzzle; here all choices are from sequences in a fixed order.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from random import Random
from typing import NamedTuple

from trap.studies.clues.logic import (
    BODDY,
    DIRECTIONS,
    MURDER_WEAPON,
    MURDERER,
    Case,
    Clue,
    Shape,
    meaning,
)  # fmt: skip
from trap.studies.clues.logic import Truth as TruthOf

MOVES, CARRIES = (
    0.5,
    0.8,
)  # probabilities that a character moves, and that it takes along a weapon that it holds
UNIQUE_MOTIVES = 0.5
MOST_SUSPECTS, MOST_WEAPONS, MOST_ROOMS, MOST_MOTIVES = 10, 8, 17, 10
TRIES = 60  # cases in which nobody was alone with a weapon
COLUMNS = {
    2: (1, 2),
    3: (2,),
    4: (2,),
    5: (2, 3),
    6: (2, 3),
    7: (3,),
    8: (3,),
    9: (3,),
    10: (3, 4),
    11: (3, 4),
    12: (3, 4),
}


class Candidate(NamedTuple):
    """A true clue. The larger its bias, the later it is dropped. `asks`: the fact that a question asks for, if any."""

    clue: Clue
    bias: float
    asks: Clue | None = None


def published_shape(rng: Random) -> tuple[Shape, bool]:
    """(shape, whether each suspect has a motive alone). Motives of a shape are only counted here: one each."""
    players = rng.randint(1, 6)
    unique = rng.random() < UNIQUE_MOTIVES
    caps = (min(MOST_SUSPECTS, int(2.5 * players)), min(MOST_WEAPONS, int(2.125 * players)))
    weapons = max(2, min(players + rng.randint(-1, 5), caps[1]))
    suspects = min(weapons + rng.randint(0, weapons - 1), caps[0])
    rooms = min(suspects + rng.randint(0, suspects - 2), MOST_ROOMS, 3 * players)
    times = rng.randint(1, 2 * players)
    motives = suspects if unique else rng.randint(1, suspects)
    columns = rng.choice(COLUMNS.get(rooms, (4,)))
    return Shape(suspects, weapons, rooms, columns, times, (1,) * motives), unique


def draw_case(rng: Random, shape: Shape, unique: bool = True, early: bool = False) -> Case | None:
    """A case of a shape; None where chance put nobody alone beside a weapon (the caller draws again).

    With `unique` each motive of the shape is one suspect's. Else suspects draw theirs, and the shape of the case
    counts who has which; a motive that nobody drew is left out. `early`: weapons can be held from the first time on; in the
    published puzzles from the second one, so that with two times none is ever carried.
    """
    paths = {name: _walk(rng, shape, rng.randrange(shape.rooms), shape.times) for name in shape.suspect_names}
    weapons = {name: _carried(rng, shape, paths, early) for name in shape.weapon_names}
    motives = _motives(rng, shape, unique)
    held = sorted(set(motives))
    motives = tuple(held.index(motive) for motive in motives)
    counted = tuple(motives.count(number) for number in range(len(held)))
    shape = shape._replace(motives=counted if len(counted) > 1 else ())
    for _ in range(10):
        killer, time = rng.choice(shape.suspect_names), rng.randrange(shape.times)
        room = paths[killer][time]
        used = [name for name in shape.weapon_names if weapons[name][time] == room]
        if used and sum(path[time] == room for path in paths.values()) == 1:
            break
    else:
        return None
    weapon = rng.choice(used)
    before = _walk(rng, shape, room, time + 1)[::-1]
    boddy = (*before, *(room,) * (shape.times - time - 1))
    rooms = {**paths, BODDY: boddy, **weapons}
    return Case(shape, rooms, killer, weapon, time, motives if shape.motives else ())


def _walk(rng: Random, shape: Shape, room: int, times: int) -> tuple[int, ...]:
    path = [room]
    for _ in range(times - 1):
        path.append(rng.choice(shape.neighbours(path[-1])) if rng.random() < MOVES else path[-1])
    return tuple(path)


def _carried(rng: Random, shape: Shape, paths: dict[str, tuple[int, ...]], early: bool) -> tuple[int, ...]:
    """A weapon's path: whoever is with it picks it up, and takes it along with probability `CARRIES`."""
    path, holder = [], None
    for time in range(shape.times):
        room = path[-1] if path else rng.randrange(shape.rooms)
        if holder and paths[holder][time] != room and rng.random() < CARRIES:
            room = paths[holder][time]
        path.append(room)
        there = [name for name in shape.suspect_names if paths[name][time] == room and (time or early)]
        holder = rng.choice(there) if there else None
    return tuple(path)


def _motives(rng: Random, shape: Shape, unique: bool) -> tuple[int, ...]:
    if not shape.motives:
        return (0,) * shape.suspects
    if unique:
        held = [motive for motive, number in enumerate(shape.motives) for _ in range(number)]
        rng.shuffle(held)
        return tuple(held)
    return tuple(rng.randrange(len(shape.motives)) for _ in range(shape.suspects))


# --- candidate clues ----------------------------------------------------------------------------------------


def candidates(rng: Random, case: Case) -> list[Candidate]:
    """All clues that a puzzle is reduced from, in the order in which they are dropped, each once.

    Direct ones, and for D of these round(D/6)·2 of each indirect kind, as published.
    """
    shape = case.shape
    direct = [*_solution(case), *_places(rng, case), *_motive_clues(rng, case)]
    number = 2 * round(len(direct) / 6)
    found = [
        *direct, *_pairs(rng, case, number), *list(_together(rng, case))[:number], *_moves(rng, case)[:number],
        *_carries(case), *_neighbours(rng, case, number),
    ]  # fmt: skip
    once = {candidate.clue: candidate for candidate in reversed(found)}
    ordered = [candidate for candidate in found if once.get(candidate.clue) is candidate]
    truth = TruthOf(case)
    wrong = [candidate.clue for candidate in ordered if not meaning(candidate.clue, truth)]
    if wrong:
        raise AssertionError(f"a clue that is not true of its case: {wrong[0]} of {shape}")
    return sorted(ordered, key=lambda candidate: candidate.bias + rng.random())


def _solution(case: Case) -> Iterator[Candidate]:
    yield _asked(("killer", case.killer), -0.2)
    yield _asked(("weapon", case.weapon), -0.2)
    yield _asked(("room", case.room), -0.2)
    if case.shape.times > 1:
        yield _asked(("time", case.time), -0.2)
    if case.motives:
        yield _asked(("why", case.motives[int(case.killer[1:])]), -0.2)


def _asked(clue: Clue, bias: float) -> Candidate:
    return Candidate(clue, bias, clue)


def _places(rng: Random, case: Case, false: bool = False) -> list[Candidate]:
    """Who stood where when; with `false` each in a room where they were not."""
    found = []
    for piece in _shuffled(rng, case.shape.pieces):
        for time in _shuffled(rng, range(case.shape.times)):
            room = case.rooms[piece][time]
            if false:
                room = rng.choice([other for other in range(case.shape.rooms) if other != room])
            if piece == case.killer:
                found.append(Candidate(("at", MURDERER, room, time), -0.1))
            if piece == case.weapon:
                found.append(Candidate(("at", MURDER_WEAPON, room, time), -0.1))
            clue = ("at", piece, room, time)
            found.append(Candidate(clue, -0.15, None if piece == BODDY else clue))
            if piece[0] == "s" and case.motives:
                motive = case.motives[int(piece[1:])]
                alone = case.shape.motives[motive] == 1
                clue = ("at", f"m{motive}", room, time)
                if alone or not false:  # of several, another one might have stood there
                    found.append(Candidate(clue, -0.15, clue if alone else None))
    return found


def _motive_clues(rng: Random, case: Case) -> Iterator[Candidate]:
    for number, motive in enumerate(case.motives):
        clue = ("motive", f"s{number}", motive)
        backwards = case.shape.motives[motive] == 1 and rng.random() < 0.5
        yield Candidate(clue, 0.0, ("who", *clue[1:]) if backwards else clue)


def _pairs(rng: Random, case: Case, number: int) -> Iterator[Candidate]:
    """One of two (a true place and a false one), then both or neither (two true places, or two false ones)."""
    truth = TruthOf(case)

    def places(false: bool, count: int) -> list[Candidate]:
        made = _places(rng, case, false)[:count]
        return _shuffled(rng, [one for one in made if bool(meaning(one.clue, truth)) != false])

    for pair in zip(places(False, number), places(True, number), strict=False):
        one, other = pair if rng.random() < 0.5 else pair[::-1]
        yield Candidate(("xor", one.clue, other.clue), (one.bias + other.bias) / 2 + 0.1)
    half, pairs = round(number / 2), []
    for false in (False, True):
        pairs += zip(places(false, half), places(false, half), strict=False)
    for one, other in _shuffled(rng, pairs):
        if one.clue != other.clue:
            yield Candidate(("iff", one.clue, other.clue), (one.bias + other.bias) / 2 + 0.2)


def _together(rng: Random, case: Case) -> Iterator[Candidate]:
    """Two pieces in one room at a time, or in a room at some time."""
    shape = case.shape
    for time in _shuffled(rng, range(shape.times)):
        for room in _shuffled(rng, range(shape.rooms)):
            there = [piece for piece in shape.pieces if case.rooms[piece][time] == room]
            if len(there) < 2:
                continue
            one, other = rng.sample(there, 2)
            role = one
            if one == case.killer and other[0] != "s" and rng.random() < 0.66:
                role = MURDERER
            elif one[0] == "s" and other[0] != "s" and case.motives and rng.random() < 0.5:
                role = f"m{case.motives[int(one[1:])]}"
            if one == case.weapon and other[0] != "w" and rng.random() < 0.66:
                role = MURDER_WEAPON
            late = 1.5 if role in (MURDERER, MURDER_WEAPON) else 0.0
            if rng.random() < 0.5:
                yield Candidate(("same", role, other, time), 0.5 + late)
            elif shape.times > 1:
                yield Candidate(("met", role, other, room), 0.8 + late)


def _moves(rng: Random, case: Case) -> list[Candidate]:
    found = []
    steps = [
        (name, start, end, time)
        for name in case.shape.suspect_names
        for time, (start, end) in enumerate(pairwise(case.rooms[name]), start=1)
        if start != end
    ]
    for name, start, end, time in _shuffled(rng, steps):
        if name == case.killer:
            found.append(Candidate(("move", MURDERER, start, end, time), 0.2))
        for role in _by_motive(case, name):
            found.append(Candidate(("move", role, start, end, time), 0.1))
        found.append(Candidate(("move", name, start, end, time), 0.1))
    return found


def _carries(case: Case) -> Iterator[Candidate]:
    for weapon in case.shape.weapon_names:
        for time, (start, end) in enumerate(pairwise(case.rooms[weapon]), start=1):
            if start == end:
                continue
            name = next(
                s for s in case.shape.suspect_names if case.rooms[s][time - 1 : time + 1] == (start, end)
            )
            if name == case.killer:
                yield Candidate(("carry", MURDERER, weapon, start, end, time), 0.35)
            if weapon == case.weapon:
                yield Candidate(("carry", name, MURDER_WEAPON, start, end, time), 0.35)
            for role in (*_by_motive(case, name), name):
                yield Candidate(("carry", role, weapon, start, end, time), 0.2)


def _by_motive(case: Case, name: str) -> tuple[str, ...]:
    return (f"m{case.motives[int(name[1:])]}",) if case.motives else ()


def _neighbours(rng: Random, case: Case, number: int) -> Iterator[Candidate]:
    shape = case.shape
    for _ in range(number):
        time = rng.randrange(shape.times)
        used = sorted({case.rooms[piece][time] for piece in shape.pieces})
        if len(used) < 2:
            continue
        first, second = rng.sample(used, 2)
        there = {room: [p for p in shape.pieces if case.rooms[p][time] == room] for room in (first, second)}
        one, other = rng.choice(there[first]), rng.choice(there[second])
        for direction in DIRECTIONS:
            if shape.beside(second, direction) == first:
                yield Candidate(("beside", one, direction, other, time), 0.2)


def _shuffled(rng: Random, values):
    values = list(values)
    rng.shuffle(values)
    return values
