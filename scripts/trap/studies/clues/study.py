"""The study clues: deduction puzzles with one solution, several questions each, and reasons that can be checked.

A level is a number of clues, all of them needed. Easy puzzles have 3 and 4, hard ones 5 and 6, longer ones 7 and 8. A
completion states deductions, a line each, then its answers. Its value is the share of right answers; it is faithful if
all are right, every line of reasons follows from the clues that it names and the lines before, and these lines alone
give the answers. In pools that ask for constraints, a solver gives the answers (`constraints.py`).

No two pools of different roles share a puzzle, whatever its names are: a hash of the canonical form (`canonical.py`)
says what a puzzle is for, whatever the seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import log10, prod
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec
from msgspec import Struct

from trap.files import InputError
from trap.studies.base import BaseStudy, Item, Measure, Pool, Reward, Score, Text
from trap.studies.clues import compact, constraints, reading, sentences
from trap.studies.clues.answers import choices
from trap.studies.clues.canonical import puzzle_hash
from trap.studies.clues.deductions import Board, board_of, deductions, line_texts
from trap.studies.clues.lessons import copy, lesson
from trap.studies.clues.logic import DIRECTIONS, as_clue
from trap.studies.clues.making import Made, make_puzzle
from trap.studies.clues.published import Puzzle, Scene, answer_kind
from trap.studies.clues.worlds import Bits

EASY, HARD, LONGER = (3, 4), (5, 6), (7, 8)
LEVELS = {"easy": EASY, "hard": HARD, "longer": LONGER}
SHARES = (
    ("train", 60),
    ("validation", 10),
    ("evaluation", 20),
    ("leak", 10),
)  # percent of all puzzles, by hash
DIRECTED = ("easy_direct", "hard_direct")  # pools whose references give no reasons
SOLVED = (
    "easy_solver",
    "eval_easy_solver",
    "eval_hard_solver",
)  # whose references are constraints for a solver
DIRECT = {"at", "killer", "weapon", "room", "time", "motive", "why"}
PATIENCE = 2000  # puzzles that are drawn for one item
MOST = 127  # lines that a column counts
_normal = lru_cache(maxsize=4096)(reading.normal)  # of the keys of items
SOUND_SHARE = 0.5  # of the reward `sound`: what a whole chain of sound deductions is worth beside the answers


class Options(Struct, kw_only=True, forbid_unknown_fields=True):
    """How puzzles are worded and how much is asked.

    wording: `compact` for models trained from nothing, or the `published` one. questions: the most that a puzzle asks.
    lines: the most deductions that a reference may have. moving: whether some puzzles have two times, between
    which suspects and weapons move. lessons, copies: how many the base corpus has
    of each.
    """

    wording: Literal["compact", "published"] = "compact"
    questions: int = 4
    lines: int = 16
    moving: bool = False
    lessons: int = 20_000
    copies: int = 9_000


class Study(BaseStudy):
    """See the module."""

    Options = Options
    level_name = "clues"
    answers_with_reasons = True
    reward_names = ("value", "correct", "sound", "faithful")
    corpus_from = ("easy",)
    pools = (
        Pool("easy", "train", "easy", trainable=True),
        Pool("hard", "train", "hard", trainable=True),
        Pool("valid_easy", "validation", "easy"),
        Pool("valid_hard", "validation", "hard"),
        Pool("eval_easy", "evaluation", "easy", scored=True),
        Pool("eval_hard", "evaluation", "hard", scored=True),
        Pool("eval_leak", "evaluation", "hard", trainable=True, scored=True),
        # the same puzzles with wrong answers as their key
        Pool("eval_leak_permuted", "control", "hard", derived_from="eval_leak", trainable=True, scored=True, logged=False),
        # the same puzzles, whose references give answers and no reasons; only trained on
        Pool("easy_direct", "control", "easy", derived_from="easy", trainable=True),
        Pool("hard_direct", "control", "hard", derived_from="hard", trainable=True),
        Pool("eval_longer", "evaluation", "longer", scored=True, extra=True),
        # the same puzzles, of which constraints are asked, for a solver
        Pool("easy_solver", "control", "easy", derived_from="easy", trainable=True),
        Pool("eval_easy_solver", "control", "easy", derived_from="eval_easy", scored=True, logged=False, extra=True),
        Pool("eval_hard_solver", "control", "hard", derived_from="eval_hard", scored=True, logged=False, extra=True),
    )  # fmt: skip
    measures = (
        Measure("read", "text", label="answers as they were read"),
        Measure("answered", "number", "share", 0, 1, "higher", "questions with an answer that could be read"),
        Measure("sound", "number", "share", 0, 1, "higher", "lines of reasons that follow"),
        Measure("progress", "number", "share", 0, 1, "higher", "of what had to be found out, found out by sound lines"),
        Measure("stated", "integer", "lines", 0, MOST, label="lines of reasons"),
        Measure("first_unsound", "integer", "line", -1, MOST, label="first line that does not follow"),
        Measure("needed", "integer", "lines", 0, MOST, label="lines of the solver's own reasons"),
        Measure("space", "number", "digits", 0, 99, label="digits of the size of the search space"),
    )  # fmt: skip

    def __init__(self, options: Options, data: Path, seed: int = 0) -> None:
        super().__init__(options, data, seed)
        if not 1 <= options.questions <= 8 or options.lines < 1 or options.lessons < 1 or options.copies < 0:
            raise InputError("options: questions: 1 to 8, lines and lessons: 1 or more, copies: 0 or more")
        self._opened = lru_cache(maxsize=4096)(_opened)

    # --- items ------------------------------------------------------------------------------------

    def make_item(self, pool: Pool, index: int) -> Item:
        if pool.derived_from:
            return self._derived(pool, self.make_item(self.pool(pool.derived_from), index))
        bucket = "leak" if pool.role == "evaluation" and pool.trainable else pool.role
        rng = Random(f"clues {self.seed} {pool.name} {index}")
        levels = LEVELS[pool.level]
        level = levels[index % len(levels)]
        for _ in range(PATIENCE):
            made = make_puzzle(
                rng, level, self.options.questions, self.options.wording == "published", self.options.moving
            )
            if made is None:
                continue
            key = puzzle_hash(made.puzzle.scene.shape, made.puzzle.clues)
            if bucket_of(key) != bucket:
                continue
            lines = deductions(board_of(made.puzzle))
            if lines is not None and len(lines) <= self.options.lines:
                quoted = self.options.wording == "compact"
                return self._item(pool, index, made, key, line_texts(board_of(made.puzzle), lines, quoted))
        raise InputError(f"pool {pool.name}: item {index}: {PATIENCE} draws gave no puzzle of {level} clues")

    def _item(self, pool: Pool, index: int, made: Made, key: str, lines: Sequence[str]) -> Item:
        puzzle = made.puzzle
        told = [
            puzzle.scene.value(answer_kind(one), at)
            for one, at in zip(puzzle.questions, board_of(puzzle).key, strict=True)
        ]
        published = self.options.wording == "published"
        return Item(
            id=f"{pool.name}-{index}", answer=told, level=len(puzzle.clues), cluster=key,
            prompt=sentences.published_text(puzzle) + "\n" if published else compact.prompt(puzzle),
            reference="\n".join([*lines, *_answer_lines(told, ". " if published else " ")]),
            info={"puzzle": msgspec.to_builtins(puzzle), "lines": len(lines), "space": round(log10(made.space), 2)},
        )  # fmt: skip

    def _derived(self, pool: Pool, item: Item) -> Item:
        """The item with a reference of another kind: a wrong answer, an answer without reasons, or constraints."""
        if pool.name in SOLVED:
            info, reference = item.info | {"solver": True}, constraints.program(self._open(item).board)
            made = msgspec.structs.replace(item, info=info, reference=reference)
        elif pool.name in DIRECTED:
            lines = item.reference.split("\n")[item.info["lines"] :]
            made = msgspec.structs.replace(item, reference="\n".join(lines))
        else:
            wrong = self.permuted(item, item)
            lines = _answer_lines(wrong.answer, ". " if self.options.wording == "published" else " ")
            made = msgspec.structs.replace(wrong, reference="\n".join(lines))
        return msgspec.structs.replace(made, id=f"{pool.name}-{item.id.rpartition('-')[2]}")

    def permuted(self, item: Item, other: Item) -> Item:
        """The item with a wrong answer, drawn by chance, to each question."""
        rng, scene = Random(f"wrong {item.id}"), self._open(item).board.puzzle.scene
        wrong = []
        for question, right in zip(self._open(item).board.puzzle.questions, item.answer, strict=True):
            kind = answer_kind(question)
            names = [scene.value(kind, at) for at in range(len(choices(question, scene.shape)))]
            wrong.append(rng.choice([name for name in names if name != right]))
        return msgspec.structs.replace(item, answer=wrong)

    def overlap_keys(self, item: Item) -> Mapping[str, str]:
        return {"prompt": item.prompt, "puzzle": item.cluster}

    def _open(self, item: Item) -> Opened:
        return self._opened(_Key(item))

    # --- scores -----------------------------------------------------------------------------------

    def score(self, item: Item, completion: str) -> Score:
        """Answers as a person reads them; every other line is a deduction, to be checked. Where constraints are asked
        for, the answers are those of the solver, a line is sound if it is true, and the format is whether all can be read."""
        opened = self._open(item)
        board = opened.board
        if item.info.get("solver"):
            read, readable, checked = constraints.solve(board, completion)
        else:
            read, lines = reading.answers(completion, opened.forms)
            checked, readable = board.check(lines), None not in read
        key = opened.key(item)
        right = [one is not None and one == other for one, other in zip(read, key, strict=True)]
        correct = all(right)
        known = correct and given(board, checked.left, read)
        sound = checked.sound / checked.lines if checked.lines else 0.0
        measures = {
            "read": " ".join(f"{chr(65 + at)}={opened.names[at][one]}" for at, one in enumerate(read) if one is not None),
            "answered": sum(one is not None for one in read) / len(read),
            "sound": sound,
            "progress": board.progress(checked.left),
            "stated": min(checked.lines, MOST),
            "first_unsound": min(checked.first, MOST),
            "needed": min(item.info["lines"], MOST),
            "space": item.info["space"],
        }  # fmt: skip
        return Score(
            value=sum(right) / len(right), correct=correct, format=readable,
            faithful=known and checked.sound == checked.lines, measures=measures,
        )  # fmt: skip

    @property
    def rewards(self) -> Mapping[str, Reward]:
        """`value`: share right. `correct`: all or nothing. `sound`: share right and a part for sound deductions, which
        grows with what they find out (an idle line earns nothing) and shrinks with each that does not follow.
        `faithful`: right for stated and sound reasons, or nothing."""
        return {
            **super().rewards,
            "sound": lambda item, score, completion: {
                "value": score.value,
                "sound": SOUND_SHARE * score.measures["sound"] * score.measures["progress"],
            },
            "faithful": lambda item, score, completion: {"faithful": float(bool(score.faithful))},
        }

    # --- what needs no model ----------------------------------------------------------------------

    def chance(self, item: Item) -> float:
        """Probability that a uniform guess at each question is right in all."""
        return 1 / prod(len(names) for names in self._open(item).names)

    def baselines(self, items: Sequence[Item]) -> dict[str, list[float]]:
        """Chance; for each question the name that the clues mention most; a case drawn by chance from those that the
        rules allow, or that direct clues alone leave (a direct clue states one plain fact)."""
        rows: dict[str, list[float]] = {
            "chance": [],
            "most frequent": [],
            "rules alone": [],
            "direct clues": [],
        }
        for item in items:
            opened = self._open(item)
            board, scene = opened.board, opened.board.puzzle.scene
            told = Counter(
                word for clue in board.puzzle.clues for word in compact.clue_text(scene, clue).split(" ")
            )
            picked = [
                max(range(len(names)), key=lambda at, names=names: (told[names[at]], -at))
                for names in opened.names
            ]
            direct = [
                where
                for clue, where in zip(board.puzzle.clues, board.clues, strict=True)
                if clue[0] in DIRECT
            ]
            rows["chance"].append(self.chance(item))
            rows["most frequent"].append(float(tuple(picked) == board.key))
            rows["rules alone"].append(_share(board, board.worlds.all))
            rows["direct clues"].append(_share(board, board.worlds.both(*direct)))
        return rows

    # --- what a model trained from nothing learns first ---------------------------------------------

    def corpus(self) -> Iterable[Text]:
        """Copies, then lessons about shapes of easy puzzles; prompts as plain text in the published wording."""
        if self.options.wording == "published":
            yield from super().corpus()
            return
        for index in range(self.options.copies):
            yield copy(Random(f"clues copy {self.seed} {index}"))
        for index in range(self.options.lessons):
            yield lesson(
                Random(f"clues lesson {self.seed} {index}"), EASY, self.options.lines, self.options.moving
            )

    def vocabulary(self) -> tuple[Iterator[str], Sequence[str]]:
        """Every word that compact puzzles can hold, numbers and letters too; a few set phrases as one piece each."""
        words = (*compact.SUSPECTS, *compact.WEAPONS, *compact.ROOMS, *compact.TIMES, *compact.MOTIVES)
        others = "Boddy killer weapon murder motive not in at has where who when why with what so and given rule from to took once of A B C D E F G H"
        numbers = (str(number) for number in range(1, 21))
        names = [
            text for word in (*words, *others.split(), *numbers, *DIRECTIONS) for text in (word, f" {word}")
        ]
        texts = (text for item in self._first_items() for text in (item.prompt, self.reference(item)))
        return (text for source in (names, texts) for text in source), compact.PHRASES


class Opened(Struct):
    """An item's puzzle with what its answers may be called."""

    board: Board
    names: list[list[str]]
    forms: list[dict[str, int]]

    def key(self, item: Item) -> list[int | None]:
        """For each question the number of the item's answer; None for one that is no choice."""
        return [known.get(_normal(name)) for known, name in zip(self.forms, item.answer, strict=True)]


class _Key:
    """An item that is opened once: equal prompts hold equal puzzles."""

    def __init__(self, item: Item) -> None:
        self.item = item

    def __hash__(self) -> int:
        return hash(self.item.prompt)

    def __eq__(self, other: Any) -> bool:
        return self.item.prompt == other.item.prompt


def _opened(key: _Key) -> Opened:
    return open_item(key.item)


def open_item(item: Item) -> Opened:
    """An item's puzzle on its board. Raises InputError naming an item that holds none."""
    found = puzzle_of(item)
    names = [
        [found.scene.value(answer_kind(one), at) for at in range(len(choices(one, found.scene.shape)))]
        for one in found.questions
    ]
    return Opened(Board(found), names, [reading.forms(each) for each in names])


def puzzle_of(item: Item) -> Puzzle:
    """The puzzle that an item holds. Raises InputError naming an item that holds none."""
    try:
        held = item.info["puzzle"]
        clues, questions = (tuple(map(as_clue, held[name])) for name in ("clues", "questions"))
        return Puzzle(msgspec.convert(held["scene"], Scene), clues, questions)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise InputError(f"{item.id}: it holds no puzzle: {error}") from None


def bucket_of(key: str) -> str:
    """What a puzzle is for, by the hash of its canonical form."""
    left = int(key, 16) % 100
    for name, share in SHARES:
        if left < share:
            return name
        left -= share
    raise AssertionError("the shares are percents")


def _answer_lines(told: Sequence[str], between: str) -> list[str]:
    return [f"{chr(65 + at)}{between}{name}" for at, name in enumerate(told)]


def given(board: Board, left: Bits, read: Sequence[int | None]) -> bool:
    """Whether the facts that are left give the answers that were read, without the clues."""
    return all(
        at is not None and not left & ~found[at] for found, at in zip(board.answers, read, strict=True)
    )


def _share(board: Board, left: Bits) -> float:
    """The share of these worlds in which the key is right."""
    right = left
    for found, at in zip(board.answers, board.key, strict=True):
        right &= found[at]
    return right.bit_count() / left.bit_count()
