"""The real episodes that the film shows, chosen from `episodes.parquet` by fixed rules.

A rule states what the episode must be an example of, and prefers short names and few statements, which read well on a
screen. Episodes differ between processors. So some rules widen their search if the first choice has no episode. If no
episode fits at all, a rule raises InputError, and the scene is left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from trap.files import InputError
from trap.studies.hops.graph import Graph
from trap.studies.hops.reward import Grader
from trap.studies.hops.wording import PHRASES

COLUMNS = (
    "study", "model", "arm", "seed", "kind", "pool", "id", "level", "sample", "kept", "prompt", "completion",
    "answer", "correct", "valid", "faithful", "format", "correctness", "coverage", "path_reward",
    "spam_penalty", "total", "hops_used", "true_clauses", "first_false", "path_entities", "trace_entities",
)  # fmt: skip
_OPTION = re.compile(r"^([A-Z])\) (.+)$", re.MULTILINE)
_QUESTION = re.compile(r"^Question: (.+)$", re.MULTILINE)
Row = dict[str, Any]


@dataclass(frozen=True)
class Clause:
    """A statement of a trace, and whether it is an edge of the graph."""

    src: str
    phrase: str
    dst: str
    true: bool


class Episodes:
    """Graded completions of finished runs, and the graph."""

    def __init__(self, table: pl.DataFrame, graph: Graph) -> None:
        """table: `episodes.parquet` with COLUMNS."""
        self.table, self.graph = table, graph
        self._where = "episodes.parquet"

    @cached_property
    def _joined(self) -> set[frozenset[str]]:
        """Pairs of entities with an edge."""
        return {frozenset((a, b)) for a, _, b in self.graph.edges}

    @cached_property
    def _grader(self) -> Grader:
        return Grader(self.graph)

    def rows(self, **conditions: object) -> list[Row]:
        """Episodes whose columns equal the conditions, sorted by id and sample."""
        found = self.table.filter(*[pl.col(name) == value for name, value in conditions.items()])
        return found.sort("id", "sample").to_dicts()

    def best(self, rows: Iterable[Row], what: str, key: Callable[[Row], Any]) -> Row:
        """The row with the smallest key, then the smallest id. Raises InputError, with `what`, if there is no row."""
        found = sorted(rows, key=lambda row: (key(row), row["id"]))
        if not found:
            raise InputError(f"{self._where}: no episode is {what}")
        return found[0]

    def clauses(self, row: Row) -> list[Clause]:
        """The statements of a completion's trace, without those that cannot be parsed."""
        trace = next((t for t in row["completion"].split("\n") if t.startswith("TRACE:")), "TRACE:")
        read = self._grader.clauses(trace.removeprefix("TRACE:").strip())
        return [
            Clause(c[0], self.graph.phrases[c[1]], c[2], c in self.graph.edges) for c in read if c is not None
        ]

    def steps_off(self, row: Row) -> bool:
        """Whether a trace is one walk that leaves the graph: it goes between two entities that have no link."""
        walk = self.clauses(row)
        if any(one.dst != then.src for one, then in itertools.pairwise(walk)):
            return False
        return any(one.src != one.dst and frozenset((one.src, one.dst)) not in self._joined for one in walk)

    def path(self, row: Row) -> list[Clause]:
        """The true path of a row's question, as statements.

        The relations come from the question's words, because two entities may have several edges. Raises InputError if
        the question does not name one relation per step.
        """
        question = question_of(row)
        alternatives = "|".join(re.escape(p) for p in sorted(PHRASES.values(), key=len, reverse=True))
        phrases = re.findall(alternatives, question)
        entities = row["path_entities"]
        if len(phrases) != len(entities) - 1:
            raise InputError(f"{self._where}: {row['id']}: the question does not name its path's relations")
        return [
            Clause(a, phrase, b, True) for a, phrase, b in zip(entities, phrases, entities[1:], strict=False)
        ]


def question_of(row: Row) -> str:
    """The question in a row's prompt. Raises InputError if there is none."""
    found = _QUESTION.search(row["prompt"])
    if found is None:
        raise InputError(f"episodes.parquet: {row['id']}: the prompt holds no question")
    return found[1]


def options_of(row: Row) -> dict[str, str]:
    """{letter: entity} of the options in a row's prompt."""
    return dict(_OPTION.findall(row["prompt"]))


def right_letter(row: Row) -> str:
    """The letter of the option at the end of the path."""
    return next(
        (letter for letter, entity in options_of(row).items() if entity == row["path_entities"][-1]), ""
    )


HARD = {"kind": "eval", "pool": "eval_hard"}
LIKED = ("rsft_hard", "sft", "rsft_easy")  # arms whose rewarded answers are shown first


def followed(episodes: Episodes, far: str, near: str, after: Episodes | None, walker: tuple[str, str]) -> str:
    """The id of the hard question that is followed through the film, "" if none that such an arm answers names its links.

    Preferred: a question to which some answer has the right letter although its walk leaves the graph, which model
    `far` breaks off and model `near` answers truly, and which `walker`, a model and an arm of `after`, answers truly.
    Then few hops and short names.
    """
    answers = [row for arm in LIKED for row in episodes.rows(arm=arm, **HARD)]
    off = {row["id"] for row in answers if _praised(row) and episodes.steps_off(row)}
    truly = {row["id"] for row in answers if row["model"] == near and row["arm"] == "sft" and row["faithful"]}
    broken = {
        row["id"] for row in answers if row["model"] == far and row["arm"] == "sft" and _breaks_off(row)
    }
    model, arm = walker
    kept = after.rows(model=model, arm=arm, **HARD) if after else []
    home = {row["id"] for row in kept if row["faithful"]}

    def order(row: Row) -> tuple[Any, ...]:
        one = row["id"]
        missing = (one not in off) + (one not in truly & broken) + (one not in home)
        return missing, one not in off, row["level"], max(map(len, row["path_entities"]))

    told = [row for row in {row["id"]: row for row in answers}.values() if _told(episodes, row)]
    return min(told, key=lambda row: (*order(row), row["id"]))["id"] if told else ""


def _praised(row: Row) -> bool:
    """Whether the published reward likes an answer although a statement of it is false."""
    return bool(
        row["correct"] and row["path_reward"] > 0 and row["first_false"] >= 0 and row["true_clauses"] > 0
    )


def _breaks_off(row: Row) -> bool:
    """Whether a readable trace stops before the end of its path."""
    return bool(row["format"] and not row["valid"] and 2 <= row["hops_used"] < row["level"])


def home_again(after: Episodes, model: str, arm: str, followed: str) -> Row:
    """A true answer of an arm to the question `followed`, else to another hard question."""
    rows = [row for row in after.rows(model=model, arm=arm, **HARD) if row["faithful"] and _told(after, row)]
    return after.best(
        rows,
        f"a hard question that {model} {arm} walks truly",
        lambda row: (row["id"] != followed, row["level"]),
    )


def walked(episodes: Episodes, far: str, near: str, followed: str = "") -> tuple[Row, Row]:
    """Two answers to one hard question after SFT: model `far` breaks off, model `near` writes a faithful trace.

    Preferred: the question `followed`, few hops, an answer of `far` that follows the true path before it breaks off.
    """
    where = HARD | {"arm": "sft"}
    true = {row["id"]: row for row in episodes.rows(model=near, **where) if row["faithful"]}
    pairs = [row for row in episodes.rows(model=far, **where) if row["id"] in true and _breaks_off(row)]
    first = episodes.best(
        pairs,
        f"a hard question that {near} answers by a true chain and {far} breaks off",
        lambda row: (
            row["id"] != followed,
            row["level"],
            -_followed(episodes, row),
            row["correct"],
            max(map(len, row["path_entities"])),
        ),
    )
    return first, true[first["id"]]


def asked(episodes: Episodes, followed: str) -> Row:
    """A hard question whose path the film walks: the one that is followed, else any that names its relations."""
    own = episodes.rows(id=followed, **HARD)[:1] if followed else []
    rows = own or [row for row in episodes.rows(**HARD) if _told(episodes, row)]
    return episodes.best(
        rows,
        "a hard question whose words name the links of its path",
        lambda row: (row["level"], max(map(len, row["path_entities"])), row["model"], row["arm"]),
    )


def _told(episodes: Episodes, row: Row) -> bool:
    """Whether `Episodes.path` can read the path of a row's question."""
    try:
        return len(episodes.path(row)) > 0
    except InputError:
        return False


def _followed(episodes: Episodes, row: Row) -> int:
    """The number of first statements of a trace that agree with the true path."""
    count = 0
    for stated, asked in zip(episodes.clauses(row), episodes.path(row), strict=False):
        if (stated.src, stated.phrase, stated.dst) != (asked.src, asked.phrase, asked.dst):
            break
        count += 1
    return count


def rewarded(episodes: Episodes, model: str, followed: str = "") -> Row:
    """An answer that the published reward likes although its reason is wrong: right letter, a false statement.

    Preferred: an answer to the question `followed` whose walk leaves the graph, then answers of `model`, then of the
    arm rsft_hard, then to hard questions, and so on down the sort key.
    """
    rows = [
        row
        for row in episodes.rows(kind="eval", correct=True)
        if _praised(row)
        if _told(episodes, row) and not all(clause.true for clause in episodes.clauses(row))
    ]
    return episodes.best(
        rows,
        "a right letter with a false statement",
        lambda row: (
            row["id"] != followed or row["arm"] not in LIKED or not episodes.steps_off(row),
            row["model"] != model,
            row["arm"] != "rsft_hard",
            row["pool"] != "eval_hard",
            abs(row["hops_used"] - 3),
            row["hops_used"] - len(episodes.clauses(row)),
            -row["path_reward"],
            max(map(len, row["trace_entities"])),
            row["model"],
            row["arm"],
            row["pool"],
        ),
    )


def sampled(episodes: Episodes, model: str, arm: str = "rsft_hard") -> list[list[Row]]:
    """Rollouts of an arm as one list of K samples per prompt, in the order of the prompts' ids.

    Raises InputError if there are none.
    """
    prompts: dict[str, list[Row]] = {}
    for row in episodes.rows(kind="rollout", arm=arm, model=model):
        prompts.setdefault(row["id"], []).append(row)
    if not prompts:
        raise InputError(f"{episodes._where}: no rollouts of {model} {arm}")
    return list(prompts.values())
